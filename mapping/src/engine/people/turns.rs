//! Joins and splits: what was one customer before and is not now, and the reverse.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use trunkline_events::customer::{Created, Merged, Split};
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::heard::Heard;
use super::walk::Walked;
use crate::engine::derive::Derived;
use crate::identity::Partition;
use crate::store::{Session, StoreError, evidence};

/// What happened to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nobody knew any of his handles.
    Created,
    /// These ids mean him from now on.
    Merged(Vec<Uuid>),
    /// He was one and is these.
    Split(Vec<Uuid>),
}

/// The turns of each customer, with the handles that they are about.
pub(super) struct Turned {
    customer: Uuid,
    handles: Vec<Uuid>,
    turn: Turn,
}

/// Compares the customers of all members before and after.
pub(super) fn of(walked: &Walked, judged: &Partition, added: &HashSet<Uuid>) -> Vec<Turned> {
    let after: BTreeMap<Uuid, Uuid> =
        walked.members.iter().filter_map(|id| Some((*id, judged.standings.get(id)?.customer))).collect();
    let mut were: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    let mut are: BTreeMap<Uuid, (Vec<Uuid>, BTreeSet<Uuid>)> = BTreeMap::new();
    for (handle, customer) in &after {
        let entry = are.entry(*customer).or_default();
        entry.0.push(*handle);
        if let Some(row) = walked.rows.get(handle).filter(|_| !added.contains(handle)) {
            entry.1.insert(row.customer);
            were.entry(row.customer).or_default().insert(*customer);
        }
    }
    let mut turns = Vec::new();
    for (before, into) in &were {
        if into.len() > 1 {
            let handles = walked.rows.values().filter(|row| row.customer == *before).map(|row| row.id).collect();
            turns.push(Turned { customer: *before, handles, turn: Turn::Split(into.iter().copied().collect()) });
        }
    }
    for (customer, (handles, before)) in are {
        // Only an id that leads to this customer now is a former id of his.
        let former: Vec<Uuid> =
            before.iter().filter(|id| **id != customer && after.get(id) == Some(&customer)).copied().collect();
        if before.is_empty() {
            turns.push(Turned { customer, handles, turn: Turn::Created });
        } else if !former.is_empty() {
            turns.push(Turned { customer, handles, turn: Turn::Merged(former) });
        }
    }
    turns
}

/// Tells the turns and keeps joins and splits for explanations.
pub(super) async fn tell(
    session: &Session<'_>,
    turns: &[Turned],
    heard: &Heard<'_>,
    rule_version: &str,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let mut remembered: Vec<(Timestamp, &'static str, Uuid, String, Option<EventId>)> = Vec::new();
    for turned in turns {
        let Some(cause) = heard.cause_of_any(turned.handles.iter().copied()) else { continue };
        let customer = turned.customer;
        let (kind, others, body) = match &turned.turn {
            Turn::Created => {
                tell_created(customer, cause, derived);
                continue;
            }
            Turn::Merged(former) => {
                ("merged", former, Body::CustomerMerged(Merged { customer, former: former.clone() }))
            }
            Turn::Split(into) => ("split", into, Body::CustomerSplit(Split { customer, into: into.clone() })),
        };
        let others: Vec<String> = others.iter().map(Uuid::to_string).collect();
        remembered.push((cause.time, kind, customer, others.join(" "), Some(cause.id)));
        derived.tell(cause, &customer.to_string(), &cause.id.to_string(), body);
    }
    if remembered.is_empty() { Ok(()) } else { evidence::remember(session, &remembered, rule_version).await }
}

/// A customer of whom nobody knew anything.
pub(super) fn tell_created(customer: Uuid, cause: &Event, derived: &mut Derived) {
    derived.tell(cause, &customer.to_string(), "", Body::CustomerCreated(Created { customer }));
}
