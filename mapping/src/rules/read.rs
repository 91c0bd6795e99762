//! TOML with lines: tables read key by key, everything that is wrong told at once, with the nearest key.

use std::collections::BTreeMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trunkline_config::nearest;

/// One thing that is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.sentence)
    }
}

/// A file that is being read, and what was found wrong so far.
pub(super) struct Reading<'t> {
    pub(super) file: &'t str,
    text: &'t str,
    pub(super) problems: Vec<Problem>,
}

/// A text and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'t> {
    pub(super) text: &'t str,
    pub(super) line: usize,
}

/// A table and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    inner: &'t DeTable<'t>,
    pub(super) line: usize,
}

impl<'t> Reading<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    pub(super) fn wrong(&mut self, line: usize, sentence: impl Into<String>) {
        let problem = Problem { file: self.file.to_owned(), line, sentence: sentence.into() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The line of a place in the text, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    /// The parts of `whole` as tables that may have the `keys`; those of another kind and unknown keys are told.
    pub(super) fn root(&mut self, whole: &'t Spanned<DeTable<'t>>, keys: &[&str]) -> Table<'t> {
        let table = Table { inner: whole.get_ref(), line: 1 };
        self.keys(table, keys);
        table
    }

    fn keys(&mut self, table: Table<'t>, keys: &[&str]) {
        for key in table.inner.keys() {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                let line = self.line(key.span().start);
                self.wrong(line, format!("there is no key {name:?} here{}", suggestion(name, keys)));
            }
        }
    }

    fn value(&self, table: Table<'t>, key: &str) -> Option<(&'t DeValue<'t>, usize)> {
        let value = table.inner.get(key)?;
        Some((value.get_ref(), self.line(value.span().start)))
    }

    fn expected(&mut self, line: usize, key: &str, what: &str) {
        self.wrong(line, format!("{key} must be {what}"));
    }

    /// The table under `key`, which may have these `keys`.
    pub(super) fn table(&mut self, of: Table<'t>, key: &str, keys: &[&str]) -> Option<Table<'t>> {
        let (value, line) = self.value(of, key)?;
        let Some(inner) = value.as_table() else {
            self.expected(line, key, "a table");
            return None;
        };
        let table = Table { inner, line };
        self.keys(table, keys);
        Some(table)
    }

    /// The tables of the array under `key`, `[[key]]`.
    pub(super) fn tables(&mut self, of: Table<'t>, key: &str, keys: &[&str]) -> Vec<Table<'t>> {
        let Some((value, line)) = self.value(of, key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.expected(line, key, &format!("written as [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            let line = self.line(item.span().start);
            match item.get_ref().as_table() {
                Some(inner) => {
                    let table = Table { inner, line };
                    self.keys(table, keys);
                    tables.push(table);
                }
                None => self.expected(line, key, "a table"),
            }
        }
        tables
    }

    pub(super) fn text(&mut self, of: Table<'t>, key: &str) -> Option<Told<'t>> {
        let (value, line) = self.value(of, key)?;
        let text = value.as_str();
        if text.is_none() {
            self.expected(line, key, "a text in quotes");
        }
        Some(Told { text: text?, line: line + self.opening(of, key) })
    }

    /// A text in three quotes begins on the next line if nothing follows them.
    fn opening(&self, of: Table<'t>, key: &str) -> usize {
        let written = of.inner.get(key).and_then(|value| self.text.get(value.span().start..)).unwrap_or_default();
        let begins = |quote| {
            let rest = written.strip_prefix(quote).unwrap_or_default();
            rest.starts_with('\n') || rest.starts_with("\r\n")
        };
        usize::from(begins("'''") || begins("\"\"\""))
    }

    pub(super) fn flag(&mut self, of: Table<'t>, key: &str) -> Option<bool> {
        let (value, line) = self.value(of, key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.expected(line, key, "true or false");
        }
        flag
    }

    /// A list of texts; one text is a list of one.
    pub(super) fn texts(&mut self, of: Table<'t>, key: &str) -> Vec<Told<'t>> {
        let Some((value, line)) = self.value(of, key) else { return Vec::new() };
        if let Some(text) = value.as_str() {
            return vec![Told { text, line }];
        }
        let Some(items) = value.as_array() else {
            self.expected(line, key, "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            let line = self.line(item.span().start);
            match item.get_ref().as_str() {
                Some(text) => texts.push(Told { text, line }),
                None => self.expected(line, key, "a list of texts"),
            }
        }
        texts
    }

    /// A table of free keys, each value read by `read`; where each key stands.
    fn entries<T>(
        &mut self,
        of: Table<'t>,
        key: &str,
        what: &str,
        read: impl Fn(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<Vec<(Told<'t>, T)>> {
        let (value, line) = self.value(of, key)?;
        let Some(table) = value.as_table() else {
            self.expected(line, key, "a table");
            return None;
        };
        let mut entries = Vec::new();
        for (name, value) in table {
            let line = self.line(name.span().start);
            let name = Told { text: name.get_ref().as_ref(), line };
            match read(value.get_ref()) {
                Some(value) => entries.push((name, value)),
                None => self.expected(line, name.text, what),
            }
        }
        Some(entries)
    }

    /// `{ name = "text" }`; `None` if it is not there.
    pub(super) fn map_of_texts(&mut self, of: Table<'t>, key: &str) -> Option<Vec<(Told<'t>, &'t str)>> {
        self.entries(of, key, "a text in quotes", DeValue::as_str)
    }

    /// `{ name = true }`; `None` if it is not there.
    pub(super) fn map_of_flags(&mut self, of: Table<'t>, key: &str) -> Option<Vec<(Told<'t>, bool)>> {
        self.entries(of, key, "true or false", DeValue::as_bool)
    }
}

impl Table<'_> {
    pub(super) fn has(&self, key: &str) -> bool {
        self.inner.contains_key(key)
    }
}

/// The whole of a text; what of it is no TOML is told.
pub(super) fn parse<'t>(reading: &mut Reading<'t>) -> Option<Spanned<DeTable<'t>>> {
    let (whole, errors) = DeTable::parse_recoverable(reading.text);
    for error in &errors {
        let line = reading.line(error.span().map_or(0, |span| span.start));
        reading.wrong(line, format!("this is no TOML: {}", error.message().replace('\n', " ")));
    }
    errors.is_empty().then_some(whole)
}

/// `; did you mean "field"?`, or what there is.
pub(super) fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("; did you mean {near:?}?"),
        None if known.is_empty() => String::new(),
        None => format!("; there are {}", known.join(", ")),
    }
}

/// Duplicates are TOML's own errors, so each name stands once.
pub(super) fn by_name<T>(entries: Vec<(Told<'_>, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, value)| (name.text.to_owned(), value)).collect()
}
