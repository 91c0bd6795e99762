//! Carrying out rules on what an event says.

use std::collections::BTreeMap;

use super::content::{About, Content};
use super::file::RuleFile;
use super::rule::{Action, Kind, Otherwise, Rule};
use crate::expression::{Datum, Expression, Facts, Failure};

/// A rule that could not be carried out on an event, which is unchanged by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct RuleFailure {
    /// The rule's file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Why, without values.
    pub reason: String,
}

/// What an event says, on its way through the rules.
pub(super) struct Run {
    pub(super) content: Content,
    pub(super) failures: Vec<RuleFailure>,
    facts: Facts,
    /// Whether the facts are behind the content.
    behind: bool,
}

/// One name that a rule is about, and what it says.
struct Case {
    name: String,
    /// `None` for what is not there yet.
    value: Option<String>,
    /// Of a tag.
    set: bool,
}

impl Run {
    pub(super) fn new(about: &About, content: Content) -> Self {
        Self { content, failures: Vec::new(), facts: about.facts(), behind: true }
    }

    /// Carries out a file's rules.
    pub(super) fn through(&mut self, file: &RuleFile) {
        for rule in &file.rules {
            for case in self.cases(rule) {
                if let Err(Failure::Wrong(reason)) = self.apply(rule, &case) {
                    self.failures.push(RuleFailure { file: file.name.clone(), line: rule.line, reason });
                }
            }
        }
    }

    /// What the event has of the rule's subject.
    fn cases(&self, rule: &Rule) -> Vec<Case> {
        let name = rule.subject.name.as_deref();
        if rule.subject.kind == Kind::Tag {
            let wanted = |(tag, set): (&String, &bool)| {
                let fits = name.is_none_or(|name| name == tag);
                fits.then(|| Case { name: tag.clone(), value: Some(tag.clone()), set: *set })
            };
            return self.content.tags.iter().filter_map(wanted).collect();
        }
        let said = self.said(rule.subject.kind);
        let case =
            |name: &str, value: Option<&String>| Case { name: name.to_owned(), value: value.cloned(), set: true };
        match name {
            None => said.iter().map(|(name, value)| case(name, Some(value))).collect(),
            Some(name) => match said.get(name) {
                None if !rule.makes() => Vec::new(),
                value => vec![case(name, value)],
            },
        }
    }

    fn said(&self, kind: Kind) -> &BTreeMap<String, String> {
        match kind {
            Kind::Attribute => &self.content.attributes,
            Kind::Data => &self.content.data,
            Kind::Field | Kind::Tag => &self.content.fields,
        }
    }

    fn said_mut(&mut self, kind: Kind) -> &mut BTreeMap<String, String> {
        self.behind = true;
        match kind {
            Kind::Attribute => &mut self.content.attributes,
            Kind::Data => &mut self.content.data,
            Kind::Field | Kind::Tag => &mut self.content.fields,
        }
    }

    /// Evaluates an expression about a case. What the event does not have makes the rule not count: [`Failure::Absent`].
    fn value(&mut self, expression: &Expression, case: &Case) -> Result<Datum, Failure> {
        if self.behind {
            self.content.tell(&mut self.facts);
            self.behind = false;
        }
        self.facts.set("name", Datum::Text(case.name.clone()));
        self.facts.set("set", Datum::Flag(case.set));
        match &case.value {
            Some(value) => self.facts.set("value", Datum::Text(value.clone())),
            None => self.facts.unset("value"),
        }
        expression.value(&self.facts)
    }

    fn holds(&mut self, expression: &Expression, case: &Case) -> Result<bool, Failure> {
        self.value(expression, case)?.into_flag()
    }

    fn apply(&mut self, rule: &Rule, case: &Case) -> Result<(), Failure> {
        if let Some(when) = &rule.when
            && !self.holds(when, case)?
        {
            return Ok(());
        }
        let kind = rule.subject.kind;
        match &rule.action {
            Action::Drop => self.drop(kind, &case.name),
            Action::Rename(new) => self.rename(kind, case, new),
            Action::Translate(table, otherwise) => {
                match (table.get(case.value.as_deref().unwrap_or_default()), otherwise) {
                    (Some(new), _) => self.replace(kind, case, new.clone()),
                    (None, Otherwise::Drop) => self.drop(kind, &case.name),
                    (None, Otherwise::Keep) => {}
                }
            }
            Action::Compute(expression) => {
                let new = self.value(expression, case)?.into_text()?;
                self.replace(kind, case, new);
            }
            Action::ToField { name, value, keep } => self.fill(kind, case, (name, value.as_deref()), *keep),
            Action::ToTag { name, set, keep } => {
                let set = match set {
                    Some(expression) => self.holds(expression, case)?,
                    None => case.value.as_deref().is_some_and(|value| !value.trim().is_empty()),
                };
                if !keep {
                    self.drop(kind, &case.name);
                }
                self.content.tags.insert(name.clone(), set);
                self.behind = true;
            }
        }
        Ok(())
    }

    fn drop(&mut self, kind: Kind, name: &str) {
        self.behind = true;
        if kind == Kind::Tag {
            self.content.tags.remove(name);
        } else {
            self.said_mut(kind).remove(name);
        }
    }

    fn rename(&mut self, kind: Kind, case: &Case, new: &str) {
        self.drop(kind, &case.name);
        match &case.value {
            _ if kind == Kind::Tag => drop(self.content.tags.insert(new.to_owned(), case.set)),
            Some(value) => drop(self.said_mut(kind).insert(new.to_owned(), value.clone())),
            None => {}
        }
    }

    /// Another value; of a tag, another name.
    fn replace(&mut self, kind: Kind, case: &Case, new: String) {
        if kind == Kind::Tag {
            self.rename(kind, case, &new);
        } else {
            self.said_mut(kind).insert(case.name.clone(), new);
        }
    }

    /// `value` stands for what the case says, if it says anything.
    fn fill(&mut self, kind: Kind, case: &Case, (name, value): (&str, Option<&str>), keep: bool) {
        let said = case.value.as_deref().unwrap_or_default();
        let empty = !case.set || said.trim().is_empty();
        let value = if empty { String::new() } else { value.unwrap_or(said).to_owned() };
        if !keep {
            self.drop(kind, &case.name);
        }
        self.said_mut(Kind::Field).insert(name.to_owned(), value);
    }
}
