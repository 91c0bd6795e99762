//! One rule: what it is about, when it counts, what it does.

use std::collections::{BTreeMap, BTreeSet};

use super::content::ATTRIBUTES;
use super::read::{Reading, Table, Told, suggestion};
use crate::expression::{Expression, Vocabulary};

/// Keys of a `[[rule]]`, with what each means.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("field", "What it is about: a profile field, or \"*\" for every one."),
    ("tag", "What it is about: a tag, or \"*\" for every one."),
    ("attribute", "What it is about: an attribute of the call or chat."),
    ("data", "What it is about: a key of the data that travels with a call, or \"*\"."),
    ("when", "An expression; the rule counts only where it is true."),
    ("rename", "Does: gives it another name. What stands under that name already is replaced."),
    ("translate", "Does: replaces the value (of a tag, the name) by a table, `{ \"1\" = \"gold\" }`."),
    (
        "otherwise",
        "With translate: what becomes of a value that is not in the table: \"keep\" (which counts if absent) or \"drop\".",
    ),
    (
        "compute",
        "Does: replaces the value (of a tag, the name) by that of an expression; makes a field that is not there.",
    ),
    ("drop", "Does: `drop = true` takes it out."),
    (
        "route",
        "Does: makes it a field or tag, `{ field = \"level\" }` or `{ tag = \"gold\" }`. Of what was a tag the field's \
               value is the tag's name, or `value`; it is emptied when the tag is taken away. A tag is set where the value is \
               not empty, or where the expression `set` is true; else it is taken away.",
    ),
    ("keep", "With route: `keep = true` leaves it where it was, too."),
];

/// Keys of `route`.
const ROUTE: &[&str] = &["field", "tag", "value", "set"];
/// Keys of which a rule has one.
const SUBJECTS: [(&str, Kind); 4] =
    [("field", Kind::Field), ("tag", Kind::Tag), ("attribute", Kind::Attribute), ("data", Kind::Data)];
const ACTIONS: [&str; 5] = ["rename", "translate", "compute", "drop", "route"];

/// What a name is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Field,
    Tag,
    Attribute,
    Data,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Tag => "tag",
            Self::Attribute => "attribute",
            Self::Data => "data key",
        }
    }
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) kind: Kind,
    /// `None` for every one.
    pub(super) name: Option<String>,
}

/// What becomes of a value that a table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    Keep,
    Drop,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Rename(String),
    Translate(BTreeMap<String, String>, Otherwise),
    Compute(Expression),
    Drop,
    ToField { name: String, value: Option<String>, keep: bool },
    ToTag { name: String, set: Option<Expression>, keep: bool },
}

/// One rule, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) line: usize,
    pub(super) subject: Subject,
    pub(super) when: Option<Expression>,
    pub(super) action: Action,
}

/// The names that there are.
pub(super) struct Names<'n> {
    pub(super) fields: BTreeSet<&'n str>,
    pub(super) tags: BTreeSet<&'n str>,
    pub(super) data: BTreeSet<&'n str>,
    pub(super) vocabulary: Vocabulary,
}

impl Names<'_> {
    fn known(&self, kind: Kind) -> Vec<&str> {
        match kind {
            Kind::Field => self.fields.iter().copied().collect(),
            Kind::Tag => self.tags.iter().copied().collect(),
            Kind::Data => self.data.iter().copied().collect(),
            Kind::Attribute => ATTRIBUTES.iter().map(|attribute| attribute.name).collect(),
        }
    }

    /// Tells a name that nobody declared.
    pub(super) fn check(&self, kind: Kind, told: Told<'_>, reading: &mut Reading<'_>) {
        let known = self.known(kind);
        if !known.contains(&told.text) {
            let (what, near) = (kind.word(), suggestion(told.text, &known));
            let mend = match kind {
                Kind::Field => "; new fields are named under [source] or [profile]",
                Kind::Tag => "; new tags are named under [source] or [profile]",
                Kind::Data => "; new keys are named under [source]",
                Kind::Attribute => "",
            };
            let mend = if near.starts_with("; did") { "" } else { mend };
            reading.wrong(told.line, format!("there is no {what} {:?}{near}{mend}", told.text));
        }
    }
}

impl Rule {
    /// Reads one; `None` if anything of it is wrong, which is told then.
    pub(super) fn read<'t>(table: Table<'t>, names: &Names<'_>, reading: &mut Reading<'t>) -> Option<Self> {
        let before = reading.problems.len();
        let subject = subject(table, names, reading);
        let when = reading.text(table, "when").and_then(|told| expression(told, names, reading));
        let action = subject.as_ref().and_then(|subject| action(table, subject, names, reading));
        let rule = Self { line: table.line, subject: subject?, when, action: action? };
        rule.check(reading);
        (reading.problems.len() == before).then_some(rule)
    }

    /// What the parts say of each other.
    fn check(&self, reading: &mut Reading<'_>) {
        let every = self.subject.name.is_none();
        if every && matches!(self.action, Action::Rename(_) | Action::ToField { .. } | Action::ToTag { .. }) {
            reading.wrong(self.line, "every one cannot become the same one; name it instead of \"*\"");
        }
        if self.subject.kind == Kind::Tag && matches!(self.action, Action::ToTag { .. }) {
            reading.wrong(self.line, "a tag is made another tag by rename");
        }
    }

    /// Whether it makes its field where it is not there.
    pub(super) fn makes(&self) -> bool {
        const SAID: [&str; 4] = ["fields", "tags", "attributes", "data"];
        let read = |expression: &Expression| expression.variables().any(|name| SAID.contains(&name));
        match (&self.action, self.subject.kind) {
            // What is computed of nothing would be there in every event.
            (Action::Compute(value), Kind::Field) => read(value) || self.when.as_ref().is_some_and(read),
            _ => false,
        }
    }
}

fn subject<'t>(table: Table<'t>, names: &Names<'_>, reading: &mut Reading<'t>) -> Option<Subject> {
    let subjects: Vec<(&str, Kind)> = SUBJECTS.into_iter().filter(|(key, _)| table.has(key)).collect();
    let [(key, kind)] = subjects[..] else {
        reading.wrong(table.line, "a rule is about one field, tag, attribute or data key: name it");
        return None;
    };
    let told = reading.text(table, key)?;
    if told.text == "*" && kind != Kind::Attribute {
        return Some(Subject { kind, name: None });
    }
    names.check(kind, told, reading);
    Some(Subject { kind, name: Some(told.text.to_owned()) })
}

fn action<'t>(table: Table<'t>, subject: &Subject, names: &Names<'_>, reading: &mut Reading<'t>) -> Option<Action> {
    let actions: Vec<&str> = ACTIONS.into_iter().filter(|key| table.has(key)).collect();
    let [key] = actions[..] else {
        reading.wrong(table.line, format!("a rule does one thing of {}", ACTIONS.join(", ")));
        return None;
    };
    for (other, needs) in [("otherwise", "translate"), ("keep", "route")] {
        if table.has(other) && key != needs {
            reading.wrong(table.line, format!("{other} goes with {needs} only"));
        }
    }
    match key {
        "rename" => {
            let told = reading.text(table, key)?;
            names.check(subject.kind, told, reading);
            Some(Action::Rename(told.text.to_owned()))
        }
        "translate" => translate(table, subject, names, reading),
        "compute" => {
            let told = reading.text(table, key)?;
            expression(told, names, reading).map(Action::Compute)
        }
        "drop" => {
            if reading.flag(table, key)? {
                return Some(Action::Drop);
            }
            reading.wrong(table.line, "drop = false does nothing; leave the rule out");
            None
        }
        _ => route(table, names, reading),
    }
}

fn translate<'t>(table: Table<'t>, subject: &Subject, names: &Names<'_>, reading: &mut Reading<'t>) -> Option<Action> {
    let entries = reading.map_of_texts(table, "translate")?;
    if subject.kind == Kind::Tag {
        for (from, to) in &entries {
            names.check(Kind::Tag, *from, reading);
            names.check(Kind::Tag, Told { text: to, line: from.line }, reading);
        }
    }
    let otherwise = match reading.text(table, "otherwise") {
        None => Otherwise::Keep,
        Some(told) => match told.text {
            "keep" => Otherwise::Keep,
            "drop" => Otherwise::Drop,
            other => {
                let near = suggestion(other, &["keep", "drop"]);
                reading.wrong(told.line, format!("otherwise must be \"keep\" or \"drop\", not {other:?}{near}"));
                Otherwise::Keep
            }
        },
    };
    Some(Action::Translate(
        entries.into_iter().map(|(from, to)| (from.text.to_owned(), to.to_owned())).collect(),
        otherwise,
    ))
}

fn route<'t>(table: Table<'t>, names: &Names<'_>, reading: &mut Reading<'t>) -> Option<Action> {
    let route = reading.table(table, "route", ROUTE)?;
    let keep = reading.flag(table, "keep").unwrap_or_default();
    match (reading.text(route, "field"), reading.text(route, "tag")) {
        (Some(told), None) => {
            names.check(Kind::Field, told, reading);
            if route.has("set") {
                reading.wrong(route.line, "set goes with a tag only");
            }
            let value = reading.text(route, "value").map(|told| told.text.to_owned());
            Some(Action::ToField { name: told.text.to_owned(), value, keep })
        }
        (None, Some(told)) => {
            names.check(Kind::Tag, told, reading);
            if route.has("value") {
                reading.wrong(route.line, "value goes with a field only");
            }
            let set = reading.text(route, "set").and_then(|told| expression(told, names, reading));
            Some(Action::ToTag { name: told.text.to_owned(), set, keep })
        }
        _ => {
            reading.wrong(route.line, "route goes to one field or tag: { field = \"name\" } or { tag = \"name\" }");
            None
        }
    }
}

fn expression(told: Told<'_>, names: &Names<'_>, reading: &mut Reading<'_>) -> Option<Expression> {
    match Expression::compile(told.text, &names.vocabulary) {
        Ok(expression) => Some(expression),
        Err(faults) => {
            for fault in faults {
                reading.wrong(told.line + fault.line, fault.sentence);
            }
            None
        }
    }
}
