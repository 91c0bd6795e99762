//! What a change of rules would change: the same events through both.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::{Event, EventId, Timestamp};

use super::event::{about, content};
use super::run::RuleFailure;
use super::set::RuleSet;
use super::{Content, Said};

/// Samples of one name, at most.
const SAMPLES: usize = 5;

/// What would come out otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    /// Events that were run through both versions.
    pub events: u64,
    /// Of these, events of which something else comes.
    pub changed: u64,
    /// When the first and the last of them were received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// By source, kind and name.
    pub differences: Vec<Difference>,
    /// Rules of the new version that fail, and on how many of these events.
    pub failures: Vec<Failures>,
}

/// A rule that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failures {
    /// Where and why.
    #[serde(flatten)]
    pub failure: RuleFailure,
    /// On so many events.
    pub events: u64,
}

/// What comes otherwise of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Who tells it.
    pub source: String,
    /// `field`, `tag`, `attribute`, `data`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// In how many events.
    #[serde(flatten)]
    pub counts: Counts,
    /// A few of them.
    pub samples: Vec<Sample>,
}

/// In how many events a name comes otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// It comes, and did not.
    pub added: u64,
    /// It comes with another value.
    pub changed: u64,
    /// It does not come any more.
    pub removed: u64,
}

/// One event of which a name comes otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// The event.
    pub event: EventId,
    /// The value by the old rules; left out unless values are to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The value by the new rules; left out unless values are to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

type Found = BTreeMap<(String, &'static str, String), (Counts, Vec<Sample>)>;

/// Runs events through `old` and `new`, adding to what `rehearsal` holds already; samples have values only with `show`.
pub fn rehearse<'e>(
    rehearsal: &mut Rehearsal,
    events: impl IntoIterator<Item = &'e Event>,
    (old, new): (&RuleSet, &RuleSet),
    show: bool,
) {
    let mut found = taken(rehearsal);
    for event in events {
        rehearsal.events += 1;
        rehearsal.from = rehearsal.from.into_iter().chain([event.received]).min();
        rehearsal.to = rehearsal.to.into_iter().chain([event.received]).max();
        let Some(given) = content(event, Said::by(event)) else { continue };
        let about = about(event);
        let (before, _) = old.outcome(&about, given.clone());
        let (after, failures) = new.outcome(&about, given);
        for failure in failures {
            rehearsal.fail(failure);
        }
        if before != after {
            rehearsal.changed += 1;
            compare(event, &before, &after, &mut found, show);
        }
    }
    let difference = |((source, kind, name), (counts, samples)): ((String, &str, String), (Counts, Vec<Sample>))| {
        Difference { source, kind: kind.to_owned(), name, counts, samples }
    };
    rehearsal.differences = found.into_iter().map(difference).collect();
}

/// What was found so far, by its key.
fn taken(rehearsal: &mut Rehearsal) -> Found {
    const KINDS: [&str; 4] = ["attribute", "data", "field", "tag"];
    let known = std::mem::take(&mut rehearsal.differences).into_iter();
    known
        .filter_map(|one| {
            let kind = KINDS.into_iter().find(|kind| *kind == one.kind)?;
            Some(((one.source, kind, one.name), (one.counts, one.samples)))
        })
        .collect()
}

impl Rehearsal {
    fn fail(&mut self, failure: RuleFailure) {
        match self.failures.iter_mut().find(|known| known.failure == failure) {
            Some(known) => known.events += 1,
            None => self.failures.push(Failures { failure, events: 1 }),
        }
    }
}

fn compare(event: &Event, before: &Content, after: &Content, found: &mut Found, show: bool) {
    let flags = |tags: &BTreeMap<String, bool>| -> BTreeMap<String, String> {
        tags.iter().map(|(name, set)| (name.clone(), if *set { "set" } else { "taken away" }.to_owned())).collect()
    };
    let kinds = [
        ("field", before.fields.clone(), after.fields.clone()),
        ("tag", flags(&before.tags), flags(&after.tags)),
        ("attribute", before.attributes.clone(), after.attributes.clone()),
        ("data", before.data.clone(), after.data.clone()),
    ];
    for (kind, before, after) in kinds {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            if old == new {
                continue;
            }
            let (counts, samples) = found.entry((event.source.clone(), kind, name.clone())).or_default();
            match (old, new) {
                (None, _) => counts.added += 1,
                (_, None) => counts.removed += 1,
                _ => counts.changed += 1,
            }
            if samples.len() < SAMPLES {
                let shown = |value: Option<&String>| value.filter(|_| show).cloned();
                samples.push(Sample { event: event.id, before: shown(old), after: shown(new) });
            }
        }
    }
}
