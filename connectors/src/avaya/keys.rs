//! Reads a table of parameters key by key and collects what is wrong with it instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use config::Value;
use secrecy::SecretString;

use super::numbers;
use crate::contract::{ParamProblem, ParamsError};

/// A table being read.
pub(crate) struct Keys {
    values: config::Map<String, Value>,
    known: BTreeSet<&'static str>,
    problems: Vec<ParamProblem>,
}

impl Keys {
    /// Of a `params` table; anything else is read as an empty one and told as a problem.
    pub(crate) fn new(value: &Value) -> Self {
        let mut problems = Vec::new();
        let values = value.clone().into_table().unwrap_or_else(|_| {
            problems.push(problem_of("params", "must be a table"));
            config::Map::default()
        });
        Self { values, known: BTreeSet::new(), problems }
    }

    fn empty() -> Self {
        Self { values: config::Map::default(), known: BTreeSet::new(), problems: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.insert(key);
        self.values.remove(key)
    }

    /// Says what is wrong with `key`.
    pub(crate) fn problem(&mut self, key: &str, sentence: &str) {
        self.problems.push(problem_of(key, sentence));
    }

    /// Names keys that are accepted here and not used.
    pub(crate) fn know(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.take(key);
        }
    }

    /// A table inside; its problems come back by [`Keys::join`].
    pub(crate) fn table(&mut self, key: &'static str) -> Self {
        match self.take(key) {
            Some(value) if value.clone().into_table().is_ok() => Self::new(&value),
            Some(_) => {
                self.problem(key, "must be a table");
                Self::empty()
            }
            None => Self::empty(),
        }
    }

    /// Takes over the problems of an inner table.
    pub(crate) fn join(&mut self, key: &str, inner: Self) {
        if let Err(error) = inner.finish() {
            let named = error.problems.into_iter();
            self.problems
                .extend(named.map(|problem| ParamProblem { key: format!("{key}.{}", problem.key), ..problem }));
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        match value.into_string().map(|text| text.trim().to_owned()) {
            Ok(text) if text.is_empty() => {
                self.problem(key, "is empty; set it or leave it out");
                None
            }
            Ok(text) => Some(text),
            Err(_) => {
                self.problem(key, "must be a text");
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, key: &'static str, what: &str) -> String {
        let missing = !self.values.contains_key(key);
        let text = self.text(key);
        if missing {
            self.problem(key, &format!("is missing: {what}"));
        }
        text.unwrap_or_default()
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.take(key) else { return default };
        value.into_bool().unwrap_or_else(|_| {
            self.problem(key, "must be true or false");
            default
        })
    }

    /// A whole number within `bounds`.
    pub(crate) fn number(&mut self, key: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let Some(value) = self.take(key) else { return default };
        match value.into_uint() {
            Ok(number) if bounds.contains(&number) => number,
            _ => {
                self.problem(key, &format!("must be a whole number from {} to {}", bounds.start(), bounds.end()));
                default
            }
        }
    }

    /// A list of texts; one text stands for itself, or for several with commas between.
    pub(crate) fn texts(&mut self, key: &'static str, default: &[&str]) -> Vec<String> {
        let Some(value) = self.take(key) else { return default.iter().map(|&text| text.to_owned()).collect() };
        let listed = match value.clone().into_array() {
            Ok(items) => items.into_iter().map(Value::into_string).collect::<Result<Vec<_>, _>>(),
            Err(_) => value.into_string().map(|text| text.split(',').map(str::to_owned).collect()),
        };
        let Ok(texts) = listed else {
            self.problem(key, "must be a list of texts");
            return Vec::new();
        };
        texts.into_iter().map(|text| text.trim().to_owned()).collect()
    }

    /// A list of numbers, ranges and patterns, expanded.
    pub(crate) fn numbers(&mut self, key: &'static str) -> Vec<String> {
        let entries = self.texts(key, &[]);
        numbers::expand(&entries).unwrap_or_else(|error| {
            self.problem(key, &error.to_string());
            Vec::new()
        })
    }

    /// A secret as it stands, or the first line of the file that `file_key` names.
    pub(crate) fn secret(&mut self, key: &'static str, file_key: &'static str) -> SecretString {
        let written = self.text(key);
        let file = self.text(file_key);
        let secret = match (written, file) {
            (Some(secret), None) => secret,
            (None, Some(path)) => self.secret_file(file_key, &path),
            (Some(_), Some(_)) => {
                self.problem(file_key, &format!("is set beside {key}: keep one of the two"));
                String::new()
            }
            (None, None) => {
                self.problem(key, &format!("is missing: set it, or {file_key} with the path of a file that holds it"));
                String::new()
            }
        };
        SecretString::from(secret)
    }

    fn secret_file(&mut self, key: &str, path: &str) -> String {
        match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => {
                self.problem(key, &format!("{path} is empty: write the secret into its first line"));
                String::new()
            }
            Ok(text) => text.lines().next().unwrap_or_default().trim_end().to_owned(),
            Err(error) => {
                self.problem(key, &format!("cannot read {path}: {error}"));
                String::new()
            }
        }
    }

    /// Names the keys that nobody asked for. An error if there was any problem.
    pub(crate) fn finish(mut self) -> Result<(), ParamsError> {
        let mut unknown: Vec<_> = self.values.keys().cloned().collect();
        unknown.sort();
        for key in unknown {
            let nearest = self.known.iter().map(|known| (distance(known, &key), *known)).min();
            let mend = match nearest {
                Some((far, name)) if far <= 3 => format!("is not known here; did you mean {name}?"),
                _ => "is not known here; remove it".to_owned(),
            };
            self.problem(&key, &mend);
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ParamsError { problems: self.problems }) }
    }
}

fn problem_of(key: &str, sentence: &str) -> ParamProblem {
    ParamProblem { key: key.to_owned(), problem: sentence.to_owned() }
}

/// Edits between two short words (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
