//! The partition of a file of evidence: JSON lines in, one JSON line a customer out. What `trunkctl identity resolve` does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::{Blocked, Customer, Evidence, Handle, Origin, Partition, Presence, Rules, Sighting, partition};
use crate::numbers::DialPlan;

/// Characters of a line that are repeated in an error.
const SHOWN: usize = 120;

/// The customers of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// One JSON object a customer, by customer id.
    pub lines: Vec<String>,
    /// Values that identify nobody, so stand on no customer, and unknown schemes; by line.
    pub notes: Vec<LineNote>,
}

/// Something to know of a line that counts: a value that identifies nobody, a scheme that the rules do not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {note}")]
pub struct LineNote {
    /// Counted from 1.
    pub line: usize,
    /// What to know.
    pub note: String,
}

/// A line that says nothing understandable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and how it should be.
    pub problem: String,
}

/// Reads `{"a":{"scheme","scope","value"},"b":{…},"strength","at"}` lines and writes a line for each customer.
///
/// `strength` is `weak`, `medium`, `strong` or `authoritative`. Optional: `scope` (missing and null are the empty one); `b` (a sighting of `a` alone needs no
/// `strength`); `origin`: `observed`, or a decision by `include` or `exclude`. Empty lines are skipped. All bad lines are
/// reported at once, and then there is no result. Any order of the same lines gives the same result.
pub fn resolve_lines(input: &str, rules: &Rules, plan: &DialPlan) -> Result<Resolved, Vec<LineError>> {
    let mut reading = Reading::default();
    let mut errors = Vec::new();
    for (index, text) in input.trim_start_matches('\u{feff}').lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        if let Err(problem) = reading.line(index + 1, text, rules, plan) {
            errors.push(LineError { line: index + 1, problem });
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let sightings = reading.seen.into_iter().map(|(handle, seen)| Sighting { handle, seen });
    let outcome = partition(&sightings.collect::<Vec<_>>(), &reading.evidence, rules);
    let lines = outcome.customers.iter().map(|customer| outcome.line(customer)).collect::<Result<_, _>>();
    let lines = lines.map_err(|problem| vec![LineError { line: 0, problem: problem.to_string() }])?;
    Ok(Resolved { lines, notes: reading.notes })
}

#[derive(Default)]
struct Reading {
    seen: BTreeMap<Handle, Presence>,
    evidence: Vec<Evidence>,
    notes: Vec<LineNote>,
    unknown: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Line {
    a: WrittenHandle,
    #[serde(default)]
    b: Option<WrittenHandle>,
    #[serde(default)]
    strength: Option<Strength>,
    at: Timestamp,
    #[serde(default)]
    origin: WrittenOrigin,
}

#[derive(Deserialize)]
struct WrittenHandle {
    scheme: String,
    #[serde(default)]
    scope: Option<String>,
    value: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenOrigin {
    #[default]
    Observed,
    Include,
    Exclude,
}

impl Reading {
    fn line(&mut self, line: usize, text: &str, rules: &Rules, plan: &DialPlan) -> Result<(), String> {
        let written: Line = serde_json::from_str(text).map_err(|cause| {
            let shown: String = text.chars().take(SHOWN).collect();
            format!("{} in {shown}", without_position(&cause))
        })?;
        let origin = match written.origin {
            WrittenOrigin::Observed => Origin::Observed,
            WrittenOrigin::Include => Origin::Include,
            WrittenOrigin::Exclude => Origin::Exclude,
        };
        if written.b.is_none() && origin != Origin::Observed {
            return Err("`include` and `exclude` are about two handles: `b` is missing".to_owned());
        }
        if written.b.is_some() && written.strength.is_none() && origin == Origin::Observed {
            return Err("`strength` is missing: `weak`, `medium`, `strong` or `authoritative`".to_owned());
        }
        let a = self.sight(line, &written.a, written.at, rules, plan)?;
        let b = match &written.b {
            Some(b) => self.sight(line, b, written.at, rules, plan)?,
            None => None,
        };
        if let (Some(a), Some(b)) = (a, b) {
            let strength = written.strength.filter(|_| origin == Origin::Observed).unwrap_or(Strength::Authoritative);
            let content = Evidence::observed("", &a, &b, strength, written.at);
            self.evidence.push(Evidence { origin, ..content });
        }
        Ok(())
    }

    fn sight(
        &mut self,
        line: usize,
        written: &WrittenHandle,
        at: Timestamp,
        rules: &Rules,
        plan: &DialPlan,
    ) -> Result<Option<Handle>, String> {
        let scope = written.scope.as_deref().unwrap_or_default();
        match Handle::new(&written.scheme, scope, &written.value, rules, plan, None) {
            Ok(handle) => {
                if !rules.knows(handle.scheme()) && self.unknown.insert(handle.scheme().to_owned()) {
                    let note =
                        format!("the rules do not name the scheme {:?}: careful defaults count", handle.scheme());
                    self.notes.push(LineNote { line, note });
                }
                let seen = Presence::at(at);
                self.seen.entry(handle.clone()).or_insert_with(|| seen.clone()).add(&seen);
                Ok(Some(handle))
            }
            Err(reason @ Blocked::Scheme) => Err(format!("{:?} is {reason}", written.scheme)),
            Err(reason) => {
                let note = format!("{} is left out: {reason}", written.scheme);
                self.notes.push(LineNote { line, note });
                Ok(None)
            }
        }
    }
}

/// serde_json counts lines and columns within the line, which would mislead here.
fn without_position(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(problem, _)| problem.to_owned())
}

#[derive(Serialize)]
struct CustomerLine<'a> {
    customer: Uuid,
    handles: Vec<HandleLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    generic: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shared: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Uuid>,
}

#[derive(Serialize)]
struct HandleLine<'a> {
    scheme: &'a str,
    scope: &'a str,
    value: &'a str,
}

impl Partition {
    fn line(&self, customer: &Customer) -> Result<String, serde_json::Error> {
        let flagged = |flag: fn(&super::Standing) -> bool| {
            let has = |handle: &&Handle| self.standings.get(&handle.id()).is_some_and(flag);
            customer.handles.iter().filter(has).map(Handle::key).collect()
        };
        serde_json::to_string(&CustomerLine {
            customer: customer.id,
            handles: customer.handles.iter().map(HandleLine::of).collect(),
            generic: flagged(|standing| standing.generic),
            shared: flagged(|standing| standing.shared),
            candidates: customer.candidates.iter().copied().collect(),
        })
    }
}

impl<'a> HandleLine<'a> {
    fn of(handle: &'a Handle) -> Self {
        Self { scheme: handle.scheme(), scope: handle.scope(), value: handle.value() }
    }
}
