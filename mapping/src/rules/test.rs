//! `[[test]]`: an event, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::content::{About, Content};
use super::set::RuleSet;

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) about: About,
    pub(super) given: Content,
    pub(super) expect: Content,
}

/// A test of which something else came than it expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TestFailure {
    /// Its file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What it was to show.
    pub test: String,
    /// What came otherwise, a sentence each.
    pub differences: Vec<String>,
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.test)?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

impl Test {
    /// Runs it; `None` if all came as expected.
    pub(super) fn failure(&self, file: &str, rules: &RuleSet) -> Option<TestFailure> {
        let (came, failures) = rules.outcome(&self.about, self.given.clone());
        let mut differences = Vec::new();
        compare("fields", &self.expect.fields, &came.fields, &mut differences);
        compare("tags", &self.expect.tags, &came.tags, &mut differences);
        compare("attributes", &self.expect.attributes, &came.attributes, &mut differences);
        compare("data", &self.expect.data, &came.data, &mut differences);
        let failed = |failure: super::RuleFailure| {
            format!("the rule at {}:{} fails: {}", failure.file, failure.line, failure.reason)
        };
        differences.extend(failures.into_iter().map(failed));
        (!differences.is_empty()).then(|| TestFailure {
            file: file.to_owned(),
            line: self.line,
            test: self.name.clone(),
            differences,
        })
    }
}

fn compare<T: PartialEq + fmt::Debug>(
    kind: &str,
    expected: &BTreeMap<String, T>,
    came: &BTreeMap<String, T>,
    differences: &mut Vec<String>,
) {
    let names: BTreeSet<&String> = expected.keys().chain(came.keys()).collect();
    for name in names {
        match (expected.get(name), came.get(name)) {
            (Some(expected), Some(came)) if expected != came => {
                differences.push(format!("{kind}.{name}: expected {expected:?}, and {came:?} came"));
            }
            (Some(expected), None) => {
                differences.push(format!("{kind}.{name}: expected {expected:?}, and nothing came"));
            }
            (None, Some(came)) => differences.push(format!("{kind}.{name}: nothing expected, and {came:?} came")),
            _ => {}
        }
    }
}
