//! What is wrong with rules that can be read: all of it, each with its line.

use std::collections::BTreeMap;

use super::owner::OwnerRule;
use super::rules::{ProfileRules, Strategy};
use super::segments::segment;
use crate::expression::{Fault, ITEMS};
use crate::overlay::{Flaw, Lines, no_such};

/// All flaws of `rules`, which were read from `text` over the defaults.
pub(super) fn flaws(rules: &ProfileRules, text: &str) -> Vec<Flaw> {
    let mut check = Check { rules, lines: Lines(text), found: Vec::new() };
    check.fields();
    check.refusals();
    check.names();
    check.owner();
    check.tags();
    check.segments();
    check.found
}

struct Check<'r> {
    rules: &'r ProfileRules,
    lines: Lines<'r>,
    found: Vec<Flaw>,
}

impl Check<'_> {
    fn flaw(&mut self, path: &[&str], sentence: impl Into<String>) {
        self.found.push(self.lines.flaw(path, sentence));
    }

    /// A refusal needs words, and words of refusal a strategy that minds them.
    fn refusals(&mut self) {
        let rules = self.rules;
        for (name, rule) in &rules.fields {
            let minded = rules.strategy(name) == Strategy::RevokedWins;
            if minded && rule.refusals.is_empty() {
                let sentence =
                    "has the strategy revoked_wins and no refusals; write the values that refuse, like [\"no\"]";
                self.flaw(&["fields", name, "strategy"], sentence);
            }
            if !minded && !rule.refusals.is_empty() {
                let sentence =
                    "names refusals, which only the strategy revoked_wins minds; add strategy = \"revoked_wins\"";
                self.flaw(&["fields", name, "refusals"], sentence);
            }
        }
    }

    fn fields(&mut self) {
        let rules = self.rules;
        for (name, rule) in &rules.fields {
            let strategy = rules.strategy(name);
            let by_order = strategy == Strategy::SourceOrder;
            let ordered = !rule.order.is_empty();
            if by_order != ordered && rule.computed.is_none() {
                let sentence = if by_order {
                    "has the strategy source_order and no order; name its sources, the most trusted first"
                } else {
                    "names an order of sources, which only the strategy source_order follows; add strategy = \"source_order\""
                };
                self.flaw(&["fields", name, if by_order { "strategy" } else { "order" }], sentence);
            }
            if rule.computed.is_some() && (rule.strategy.is_some() || ordered || rule.sticky.is_some()) {
                let sentence =
                    "is computed, so there is no conflict to settle; remove strategy, order and sticky, or computed";
                self.flaw(&["fields", name], sentence);
            }
            if rule.at_least.is_some() && (rule.computed.is_none() || rule.at_least == Some(0)) {
                self.flaw(&["fields", name, "at_least"], "is for computed fields, and at least 1");
            }
            for source in rule.order.iter().filter(|source| !is_source(source)) {
                self.flaw(&["fields", name, "order"], not_a_source(source));
            }
        }
        if rules.default.computed.is_some() {
            self.flaw(&["default", "computed"], "is for single fields");
        }
    }

    fn names(&mut self) {
        let rules = self.rules;
        for name in &rules.name_fields {
            self.field(name, &["name_fields"]);
        }
    }

    fn owner(&mut self) {
        let rules = self.rules;
        for rule in &rules.owner.order {
            if let OwnerRule::Field(name) = rule {
                self.field(name, &["owner", "order"]);
            }
        }
    }

    fn field(&mut self, name: &str, path: &[&str]) {
        if !self.rules.fields.contains_key(name) {
            let known: Vec<&str> = self.rules.fields.keys().map(String::as_str).collect();
            self.flaw(path, format!("names {name:?}, which {}", no_such("field", name, &known)));
        }
    }

    fn segments(&mut self) {
        let rules = self.rules;
        if rules.fields.len() > ITEMS {
            let sentence =
                format!("declares {} fields; {ITEMS} are the most that a condition can be given", rules.fields.len());
            self.flaw(&["fields"], sentence);
            return;
        }
        for (name, declared) in &rules.segments {
            for Fault { line, sentence } in segment(&declared.when, rules).err().unwrap_or_default() {
                let mut flaw = self.lines.flaw(&["segments", name, "when"], sentence);
                flaw.line = flaw.line.map(|at| at + line);
                self.found.push(flaw);
            }
        }
    }

    fn tags(&mut self) {
        let rules = self.rules;
        let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (tag, rule) in &rules.tags {
            if rule.systems.is_empty() {
                self.flaw(&["tags", tag], "has no system; name it in [tags.NAME.systems.\"/connectors/...\"]");
            }
            let known: Vec<&str> = rule.systems.keys().map(String::as_str).collect();
            if let Some(owner) = &rule.owner {
                match rule.systems.get(owner) {
                    None => self.flaw(
                        &["tags", tag, "owner"],
                        format!("{owner:?} {}", no_such("system of this tag", owner, &known)),
                    ),
                    Some(at) if !at.direction.hears() => {
                        self.flaw(&["tags", tag, "owner"], "is never heard: its direction is out; write in or both");
                    }
                    Some(_) => {}
                }
            }
            for (system, at) in &rule.systems {
                let path = ["tags", tag, "systems", system];
                if !is_source(system) {
                    self.flaw(&path, not_a_source(system));
                }
                if at.name.trim().is_empty() {
                    self.flaw(&path, "needs a name that is not empty: the system's own word");
                }
                if let Some(other) = taken.insert((system, &at.name), tag) {
                    self.flaw(&path, format!("calls this tag {:?}, and {other} too; a word means one tag", at.name));
                }
            }
        }
    }
}

fn is_source(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| !rest.is_empty())
}

fn not_a_source(text: &str) -> String {
    format!("names {text:?}, which is no source; write it as events do, like /connectors/crm")
}
