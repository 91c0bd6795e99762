//! All rule files together.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::content::{About, Content};
use super::file::{Parsed, Profile, RuleFile};
use super::read::Problem;
use super::run::{RuleFailure, Run};
use super::test::TestFailure;

/// Bytes of all files together, at most.
pub const LARGEST: usize = 256 * 1024;

/// A rule file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name without a folder: `crm.toml`.
    pub name: String,
    /// Its TOML.
    pub text: String,
}

/// Compiled rules. The default has none and changes nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RuleSet {
    files: Vec<File>,
    compiled: Vec<RuleFile>,
    version: String,
}

impl RuleSet {
    /// Compiles files, in the order of their names, or tells everything that is wrong with them. `sources` are the
    /// connectors that there are; without them a connector's name is not checked.
    pub fn parse(mut files: Vec<File>, sources: Option<&[String]>) -> Result<Self, Vec<Problem>> {
        files.sort();
        let mut problems = misnamed(&files);
        let parsed: Vec<Parsed<'_>> = files.iter().map(|file| Parsed::new(&file.name, &file.text)).collect();
        let mut profile = Profile::default();
        for (file, parsed) in files.iter().zip(&parsed) {
            parsed.declare(&file.name, &file.text, &mut profile);
        }
        let mut compiled = Vec::with_capacity(files.len());
        for (file, parsed) in files.iter().zip(&parsed) {
            let (rules, wrong) = parsed.compile(&file.name, &file.text, &profile, sources);
            compiled.push(rules);
            problems.extend(wrong);
        }
        drop(parsed);
        if !problems.is_empty() {
            problems.sort();
            return Err(problems);
        }
        let version = version(&files);
        Ok(Self { files, compiled, version })
    }

    /// Names the text of all files; empty if there is none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The files that it was compiled from, in the order of their names.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.compiled.iter().all(|file| file.rules.is_empty())
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.compiled.iter().map(|file| file.rules.len()).sum()
    }

    /// How many tests stand beside them.
    pub fn tests(&self) -> usize {
        self.compiled.iter().map(|file| file.tests.len()).sum()
    }

    /// Whether any rule is about what this source tells.
    pub fn concerns(&self, source: &str) -> bool {
        source.strip_prefix("/connectors/").is_some_and(|connector| self.about(connector).next().is_some())
    }

    /// What becomes of what an event says; and the rules that could not be carried out on it.
    pub fn outcome(&self, about: &About, content: Content) -> (Content, Vec<RuleFailure>) {
        let mut run = Run::new(about, content);
        self.about(about.connector()).for_each(|file| run.through(file));
        (run.content, run.failures)
    }

    /// Runs all tests; gives those that fail.
    pub fn run_tests(&self) -> Vec<TestFailure> {
        let run = |file: &RuleFile| -> Vec<TestFailure> {
            file.tests.iter().filter_map(|test| test.failure(&file.name, self)).collect()
        };
        self.compiled.iter().flat_map(run).collect()
    }

    fn about(&self, connector: &str) -> impl Iterator<Item = &RuleFile> {
        let fits = move |file: &&RuleFile| {
            !file.rules.is_empty()
                && !connector.is_empty()
                && file.connectors.iter().any(|named| named == "*" || named == connector)
        };
        self.compiled.iter().filter(fits)
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet").field("version", &self.version).field("rules", &self.rules()).finish_non_exhaustive()
    }
}

/// What is wrong with the files as such.
fn misnamed(files: &[File]) -> Vec<Problem> {
    let wrong =
        |file: &File, sentence: &str| Problem { file: file.name.clone(), line: 1, sentence: sentence.to_owned() };
    let mut problems = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let stem = file.name.strip_suffix(".toml").unwrap_or_default();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if stem.is_empty() || file.name.len() > 100 || !stem.bytes().all(fits) || stem.starts_with('.') {
            let sentence = "a rule file is called NAME.toml, NAME made of letters a to z, digits, '-', '_' and '.'";
            problems.push(wrong(file, sentence));
        }
        if files[..at].iter().any(|other| other.name == file.name) {
            problems.push(wrong(file, "there are two files of this name"));
        }
    }
    if files.iter().map(|file| file.text.len()).sum::<usize>() > LARGEST {
        problems.extend(files.first().map(|file| wrong(file, "all files together have more than 256 KiB")));
    }
    problems
}

fn version(files: &[File]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    for file in files {
        for part in [&file.name, &file.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let mut name = uuid::Uuid::from_slice(&hash.finalize()[..16]).unwrap_or_default().simple().to_string();
    name.truncate(12);
    name
}
