//! Reads the parameters of a connector and collects everything that is wrong with them, so that an operator mends them
//! in one go. Every key that is asked for is a known key; any other that stands there is refused with the nearest
//! known name.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use config::{Value, ValueKind};
use secrecy::SecretString;

use crate::contract::{ParamProblem, ParamsError};

/// Largest file that a `*_file` key may name, in bytes.
const SECRET_FILE: u64 = 64 << 10;

/// The parameters of one connector while they are read. Ask for every key, then [`Params::finish`].
#[derive(Debug)]
pub struct Params {
    table: config::Map<String, Value>,
    known: BTreeSet<&'static str>,
    problems: Vec<ParamProblem>,
}

impl Params {
    /// Of the `params` table; nothing at all counts as an empty one.
    pub fn new(params: &Value) -> Self {
        let mut problems = Vec::new();
        let table = match &params.kind {
            ValueKind::Table(table) => table.clone(),
            ValueKind::Nil => config::Map::new(),
            _ => {
                problems.push(ParamProblem { key: "params".to_owned(), problem: "it has to be a table".to_owned() });
                config::Map::new()
            }
        };
        Self { table, known: BTreeSet::new(), problems }
    }

    /// Says that a key is no good, and the mend.
    pub fn problem(&mut self, key: &str, problem: impl Into<String>) {
        self.problems.push(ParamProblem { key: key.to_owned(), problem: problem.into() });
    }

    /// Whether the key stands there.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.insert(key);
        self.table.get(key).filter(|value| value.kind != ValueKind::Nil).cloned()
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)?.into_string() {
            Ok(text) if !text.trim().is_empty() => Some(text),
            _ => {
                self.problem(key, "it has to be a text that is not empty");
                None
            }
        }
    }

    /// A text that may be empty, and is so by default.
    pub fn text_or_empty(&mut self, key: &'static str) -> String {
        let Some(value) = self.take(key) else { return String::new() };
        value.into_string().unwrap_or_else(|_| {
            self.problem(key, "it has to be a text");
            String::new()
        })
    }

    /// A whole number within a range, or the default.
    pub fn number(&mut self, key: &'static str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(value) = self.take(key) else { return default };
        match value.into_uint() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.problem(key, format!("it has to be a whole number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    /// A text that must be there; `what` says what to write.
    pub fn required(&mut self, key: &'static str, what: &str) -> String {
        if !self.has(key) {
            self.known.insert(key);
            self.problem(key, format!("it is missing; write {what}"));
        }
        self.text(key).unwrap_or_default()
    }

    /// True or false, or the default.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.take(key) else { return default };
        value.into_bool().unwrap_or_else(|_| {
            self.problem(key, "it has to be true or false");
            default
        })
    }

    /// A table inside. Give it back by [`Params::join`], or its problems are lost.
    #[must_use]
    pub fn inner(&mut self, key: &'static str) -> Self {
        let value = self.take(key).unwrap_or_default();
        if !matches!(value.kind, ValueKind::Table(_) | ValueKind::Nil) {
            self.problem(key, "it has to be a table");
            return Self::new(&Value::default());
        }
        Self::new(&value)
    }

    /// Takes over what is wrong with a table inside.
    pub fn join(&mut self, key: &str, inner: Self) {
        if let Err(error) = inner.finish(()) {
            let named = error.problems.into_iter();
            self.problems
                .extend(named.map(|problem| ParamProblem { key: format!("{key}.{}", problem.key), ..problem }));
        }
    }

    /// Several texts, one for each element of a list; none if the key is absent.
    pub fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let texts = value.into_array().and_then(|values| values.into_iter().map(Value::into_string).collect());
        texts.unwrap_or_else(|_| {
            self.problem(key, "it has to be a list of texts");
            Vec::new()
        })
    }

    /// Secrets from the list `key` and from the lines of the file that `file_key` names, in this order. Having none is
    /// a problem that names both keys. The problems hold nothing of the secrets.
    pub fn secrets(&mut self, key: &'static str, file_key: &'static str) -> Vec<SecretString> {
        let mut secrets = self.texts(key);
        if let Some(path) = self.text(file_key) {
            match read_small(Path::new(&path)) {
                Ok(text) => secrets.extend(text.lines().map(|line| line.trim().to_owned())),
                Err(sentence) => self.problem(file_key, sentence),
            }
        }
        secrets.retain(|secret| !secret.is_empty());
        if secrets.is_empty() && !self.problems.iter().any(|known| known.key == key || known.key == file_key) {
            self.problem(key, format!("there is no secret; write {key} or {file_key}"));
        }
        secrets.into_iter().map(SecretString::from).collect()
    }

    /// One secret: the text of `key`, or the first line of the file that `file_key` names. Both, or none, is a problem.
    pub fn secret(&mut self, key: &'static str, file_key: &'static str) -> SecretString {
        let told = self.problems.len();
        let secret = match (self.text(key), self.text(file_key)) {
            (Some(_), Some(_)) => {
                self.problem(file_key, format!("it stands beside {key}; keep one of the two"));
                None
            }
            (Some(secret), None) => Some(secret),
            (None, Some(path)) => match read_small(Path::new(&path)) {
                Ok(text) => text.lines().next().map(|line| line.trim_end().to_owned()),
                Err(sentence) => {
                    self.problem(file_key, sentence);
                    None
                }
            },
            (None, None) => None,
        };
        let secret = secret.filter(|secret| !secret.is_empty());
        if secret.is_none() && self.problems.len() == told {
            self.problem(key, format!("there is no secret; write {key} or {file_key}"));
        }
        SecretString::from(secret.unwrap_or_default())
    }

    /// Refuses unknown keys, and gives `made` if nothing at all is wrong.
    pub fn finish<T>(mut self, made: T) -> Result<T, ParamsError> {
        let mut strangers: Vec<String> =
            self.table.keys().filter(|key| !self.known.contains(key.as_str())).cloned().collect();
        strangers.sort();
        for stranger in strangers {
            let nearest = self.known.iter().min_by_key(|known| distance(&stranger, known));
            let sentence = match nearest {
                Some(nearest) => format!("there is no such key; the nearest is {nearest}"),
                None => "there is no such key".to_owned(),
            };
            self.problem(&stranger, sentence);
        }
        if self.problems.is_empty() { Ok(made) } else { Err(ParamsError { problems: self.problems }) }
    }
}

fn read_small(path: &Path) -> Result<String, String> {
    let broken = |error: &dyn Display| format!("{} cannot be read: {error}", path.display());
    let about = std::fs::metadata(path).map_err(|error| broken(&error))?;
    if !about.is_file() || about.len() > SECRET_FILE {
        return Err(format!("{} is no file of secrets", path.display()));
    }
    std::fs::read_to_string(path).map_err(|error| broken(&error))
}

/// Letters to change, add or take away to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (at, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in b.chars().enumerate() {
            let above = row[column + 1];
            let changed = diagonal + usize::from(left != right);
            row[column + 1] = changed.min(above + 1).min(row[column] + 1);
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use config::{Config, File, FileFormat};

    use super::*;

    fn params(toml: &str) -> Params {
        let config = Config::builder().add_source(File::from_str(toml, FileFormat::Toml)).build().expect("TOML");
        Params::new(&config.get("params").expect("a table"))
    }

    #[test]
    fn all_problems_come_at_once_and_a_misspelt_key_gets_its_nearest_name() {
        let mut params = params("[params]\nchanel = 'web'\nmax = 7\ntexts = 3\n");
        params.text("channel");
        params.number("max", 1, 1..=5);
        params.texts("texts");
        params.secrets("secrets", "secrets_file");
        let problems = params.finish(()).expect_err("refused").to_string();
        for part in [
            "chanel: there is no such key; the nearest is channel",
            "max: ",
            "1 to 5",
            "texts: ",
            "secrets: there is no secret; write secrets or secrets_file",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }

    #[test]
    fn a_table_inside_tells_its_problems_with_its_own_name() {
        let mut params = params("[params]\nflag = 'maybe'\ntable = 3\n[params.tls]\nenable = true\n");
        params.flag("flag", true);
        assert!(params.inner("table").finish(()).is_ok());
        params.required("host", "the host's name");
        params.secret("password", "password_file");
        let mut tls = params.inner("tls");
        tls.flag("enabled", true);
        params.join("tls", tls);
        let problems = params.finish(()).expect_err("refused").to_string();
        for part in [
            "flag: it has to be true or false",
            "table: it has to be a table",
            "host: it is missing; write the host's name",
            "password: there is no secret; write password or password_file",
            "tls.enable: there is no such key; the nearest is enabled",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }

    #[test]
    fn a_secret_stands_in_one_place_only() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "first line \nsecond").expect("written");
        let path = file.path().display();
        let mut good = params(&format!("[params]\npassword_file = '{path}'\n"));
        let secret = good.secret("password", "password_file");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&secret), "first line");
        let mut both = params(&format!("[params]\npassword = 'x'\npassword_file = '{path}'\n"));
        both.secret("password", "password_file");
        assert!(both.finish(()).expect_err("refused").to_string().contains("keep one of the two"));
    }

    #[test]
    fn secrets_come_from_a_file_one_a_line_and_a_missing_file_is_named() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "one\n\n two ").expect("written");
        let mut good = params(&format!("[params]\nsecrets_file = '{}'\n", file.path().display()));
        assert_eq!(good.secrets("secrets", "secrets_file").len(), 2);
        good.finish(()).expect("fine");

        let mut missing = params("[params]\nsecrets_file = '/nowhere/secret'\n");
        missing.secrets("secrets", "secrets_file");
        let problems = missing.finish(()).expect_err("refused").problems;
        assert_eq!(problems.len(), 1);
        assert!(problems[0].key == "secrets_file" && problems[0].problem.contains("/nowhere/secret"));
    }
}
