//! Tags on their way to other systems: what was written there is known, its echo is found, and what must be written now is
//! told. Costs nothing where no rule writes a tag anywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::customer::{RawHandle, TagWanted};
use trunkline_events::{Body, Event};
use uuid::Uuid;

use super::derive::Derived;
use super::profiles::HeardTag;
use crate::profile::{self, ProfileRules, TagFact, Written};
use crate::store::{HandleRow, Session, StoreError, handles, tags};

/// What was written of customers' tags, by customer: each with the handle that it is kept at.
pub(super) type WrittenOf = BTreeMap<Uuid, Vec<(Uuid, Written)>>;

/// Reads what was written of customers of whom something was heard that may be written on; each of them has an entry.
pub(super) async fn read(
    session: &Session<'_>,
    heard: &[HeardTag],
    customer_of: impl Fn(Uuid) -> Option<Uuid>,
    rules: &ProfileRules,
) -> Result<WrittenOf, StoreError> {
    let spreads = |fact: &TagFact| {
        let tag = rules.tag(&fact.source, &fact.tag);
        tag.and_then(|tag| rules.tags.get(tag)).is_some_and(profile::TagRule::writes)
    };
    let concerned = heard.iter().filter(|one| spreads(&one.fact)).filter_map(|one| customer_of(one.handle));
    let mut written: WrittenOf = concerned.map(|customer| (customer, Vec::new())).collect();
    if written.is_empty() {
        return Ok(written);
    }
    for (customer, handle, row) in session.ask(tags::written_of(written.keys().copied())).await? {
        let Some(rows) = written.get_mut(&customer) else { continue };
        match rows.iter_mut().find(|(_, known)| (&known.tag, &known.system) == (&row.tag, &row.system)) {
            // Two that were two customers: what was written last counts, and all that is on its way.
            Some((at, known)) => {
                let mut awaited = [known.awaited.clone(), row.awaited.clone()].concat();
                awaited.sort_unstable();
                if (row.decided_at, &row.decided_by) > (known.decided_at, &known.decided_by) {
                    (*at, *known) = (handle, row);
                }
                known.awaited = awaited;
            }
            None => rows.push((handle, row)),
        }
    }
    Ok(written)
}

/// Marks what only tells back what was written, and takes it off what is awaited.
pub(super) fn mark_echoes(
    heard: &mut [HeardTag],
    customer_of: impl Fn(Uuid) -> Option<Uuid>,
    written: &mut WrittenOf,
    rules: &ProfileRules,
) {
    for one in heard {
        let (source, now) = (&one.fact.source, one.heard);
        let Some(tag) = rules.tag(source, &one.fact.tag) else { continue };
        let rows = customer_of(one.handle).and_then(|customer| written.get_mut(&customer));
        let row = rows.into_iter().flatten().find(|(_, row)| row.tag == tag && row.system == *source);
        if let Some((_, row)) = row {
            one.fact.echo = row.is_echo(one.fact.set, now);
        }
    }
}

/// What is known before anything is written.
pub(super) struct Kept<'c, 'e> {
    pub(super) written: WrittenOf,
    pub(super) causes: &'c BTreeMap<Uuid, &'e Event>,
}

/// Keeps what is written, and tells it. `facts` is all that is said of a customer's tags.
pub(super) async fn spread<'f>(
    session: &Session<'_>,
    kept: Kept<'_, '_>,
    facts: impl Fn(Uuid) -> &'f [TagFact],
    rules: &ProfileRules,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let mut rows: BTreeMap<(Uuid, String, String), Written> = BTreeMap::new();
    let mut wanted: Vec<(Uuid, &Event, Written)> = Vec::new();
    for (customer, known) in kept.written {
        let Some(cause) = kept.causes.get(&customer) else { continue };
        let written: Vec<Written> = known.iter().map(|(_, row)| row.clone()).collect();
        let writes = profile::spread(facts(customer), &written, rules, cause.received);
        let place = |row: &Written| {
            let kept = known.iter().find(|(_, known)| (&known.tag, &known.system) == (&row.tag, &row.system));
            // A customer's id is the id of one of his handles.
            (kept.map_or(customer, |(handle, _)| *handle), row.tag.clone(), row.system.clone())
        };
        rows.extend(written.iter().map(|row| (place(row), row.clone())));
        rows.extend(writes.iter().map(|row| (place(row), row.clone())));
        wanted.extend(writes.into_iter().map(|row| (customer, *cause, row)));
    }
    if !rows.is_empty() {
        let rows: Vec<(Uuid, Written)> = rows.into_iter().map(|((handle, ..), row)| (handle, row)).collect();
        tags::keep_written(session, &rows).await?;
    }
    if wanted.is_empty() { Ok(()) } else { tell(session, wanted, rules, derived).await }
}

async fn tell(
    session: &Session<'_>,
    wanted: Vec<(Uuid, &Event, Written)>,
    rules: &ProfileRules,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let customers: BTreeSet<Uuid> = wanted.iter().map(|(customer, ..)| *customer).collect();
    let mut his: HashMap<Uuid, Vec<RawHandle>> = HashMap::new();
    let mut rows = session.ask(handles::of_customers(customers)).await?;
    rows.sort_by_key(|row| (row.seen.first, row.id));
    for HandleRow { scheme, scope, value, customer, .. } in rows.into_iter().filter(|row| !row.generic && !row.shared) {
        his.entry(customer).or_default().push(RawHandle { scheme, scope, value, verified: false });
    }
    for (customer, cause, row) in wanted {
        let at = rules.tags.get(&row.tag).and_then(|rule| rule.systems.get(&row.system));
        let Some(word) = at.map(|at| at.name.clone()) else { continue };
        let turn = format!("{}|{}|{}", cause.id, row.system, row.tag);
        let handles = his.get(&customer).cloned().unwrap_or_default();
        let Written { tag, system, set, decided_by, .. } = row;
        let body = TagWanted { customer, system, word, tag, set, decided_by, handles };
        derived.tell(cause, &customer.to_string(), &turn, Body::CustomerTagWanted(body));
    }
    Ok(())
}
