//! Settings read over embedded defaults: a table adds to or replaces single keys, anything else replaces the whole.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};
use trunkline_config::nearest;

/// Reads `text` over `defaults`. Unknown keys and wrong types are errors of `T`, so they are named.
pub(crate) fn read<T: DeserializeOwned>(defaults: &str, text: &str) -> Result<T, toml::de::Error> {
    let mut settings: Table = toml::from_str(defaults)?;
    lay(&mut settings, toml::from_str(text)?);
    settings.try_into()
}

fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// What is wrong at one place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Its line, from 1; `None` for what stands in the defaults.
    pub line: Option<usize>,
    /// The key: `fields.city.strategy`; empty for a text that is no TOML.
    pub key: String,
    /// What is wrong and what to write instead.
    pub sentence: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.sentence)
    }
}

/// As [`read`], with the line of what is wrong and the name that was perhaps meant.
pub(crate) fn read_located<T: DeserializeOwned>(defaults: &str, text: &str) -> Result<T, Flaw> {
    let lines = Lines(text);
    let no_toml = |error: toml::de::Error| Flaw {
        line: error.span().map(|span| lines.number(span.start)),
        key: String::new(),
        sentence: format!("is no TOML: {}", error.message()),
    };
    let mut settings: Table = toml::from_str(defaults).map_err(no_toml)?;
    lay(&mut settings, toml::from_str(text).map_err(no_toml)?);
    serde_path_to_error::deserialize(Value::Table(settings)).map_err(|error| {
        // A place in a list is told by the list's key.
        let keys = error.path().iter().filter(|segment| matches!(segment, Segment::Map { .. }));
        let mut path: Vec<String> = keys.map(ToString::to_string).collect();
        let told = error.into_inner();
        let message = told.message();
        let mut names = message.split('`').skip(1).step_by(2);
        let unknown = message.starts_with("unknown field").then(|| names.next()).flatten();
        if let Some(name) = unknown
            && path.last().is_none_or(|last| last != name)
        {
            path.push(name.to_owned());
        }
        let sentence = match unknown {
            Some(name) => no_such("key", name, &names.collect::<Vec<_>>()),
            None => format!("is no good: {message}"),
        };
        lines.flaw(&path.iter().map(String::as_str).collect::<Vec<_>>(), sentence)
    })
}

/// `is no key; did you mean strategy?`
pub(crate) fn no_such(what: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("is no {what}; did you mean {near}?"),
        None if known.is_empty() => format!("is no {what}"),
        None => format!("is no {what}; there are {}", known.join(", ")),
    }
}

/// Finds the lines of keys in a TOML text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'t>(pub(crate) &'t str);

impl Lines<'_> {
    /// A flaw at the key that `path` leads to, or at the nearest table around it that the text has.
    pub(crate) fn flaw(self, path: &[&str], sentence: impl Into<String>) -> Flaw {
        Flaw { line: self.of(path), key: path.join("."), sentence: sentence.into() }
    }

    fn of(self, path: &[&str]) -> Option<usize> {
        let table = DeTable::parse(self.0).ok()?;
        let (mut inside, mut found) = (Some(table.get_ref()), None);
        for part in path {
            let Some((key, value)) = inside.and_then(|table| entry(table, part)) else { break };
            found = Some(key.span().start);
            inside = match value.get_ref() {
                DeValue::Table(table) => Some(table),
                _ => None,
            };
        }
        found.map(|at| self.number(at))
    }

    fn number(self, at: usize) -> usize {
        self.0.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }
}

type Entry<'t, 's> = (&'t Spanned<toml::de::DeString<'s>>, &'t Spanned<DeValue<'s>>);

fn entry<'t, 's>(table: &'t DeTable<'s>, name: &str) -> Option<Entry<'t, 's>> {
    table.iter().find(|(key, _)| key.get_ref().as_ref() == name)
}
