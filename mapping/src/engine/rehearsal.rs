//! What other identity rules would do to the people that are stored: who would join, who would part. Nothing is touched.
//!
//! Customers are gone through in the order of their ids, a part at a time, so that memory stays bounded and whoever asks
//! can stop and go on. People whom the new rules connect over several parts are told with the part of the smallest id.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Records;
use super::people::{Heard, Walked, all_connected};
use super::records::key_of;
use crate::identity::{Partition, Rules, partition};
use crate::store::{StoreError, handles};
use crate::view::{RehearsalView, RehearsedChange, RehearsedCustomer};

impl Records {
    /// Rehearses `rules` on the customers that follow on `after`, at most so many; gives at most `samples` of the changes.
    pub async fn rehearse(
        &self,
        rules: &Rules,
        after: Option<Uuid>,
        customers: u32,
        samples: usize,
    ) -> Result<RehearsalView, StoreError> {
        let session = self.reading();
        let part: BTreeSet<Uuid> = session.ask(handles::customers_after(after, customers)).await?.into_iter().collect();
        let mut view = RehearsalView { rule_version: rules.version().to_owned(), ..RehearsalView::default() };
        let Some((first, last)) = part.first().zip(part.last()) else { return Ok(view) };
        let rows = session.ask(handles::of_customers(part.iter().copied())).await?;
        let seeds: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
        let walked = all_connected(&session, &Heard::default(), &seeds, rules).await?;
        let judged = partition(&walked.sightings, &walked.evidence, rules);
        (view.customers, view.handles) = (part.len() as u64, seeds.len() as u64);
        view.next = (part.len() == customers as usize).then_some(*last);
        for change in changes(&walked, &judged) {
            // The others are told with another part.
            let smallest = change.before.keys().next();
            if smallest.is_some_and(|smallest| smallest >= first && smallest <= last) {
                count(&mut view, &change, &walked, &judged);
                if view.samples.len() < samples && change.is_of_people() {
                    view.samples.push(sample(&change, &walked));
                }
            }
        }
        Ok(view)
    }
}

/// Customers, each with his handles.
type Customers = BTreeMap<Uuid, BTreeSet<Uuid>>;

/// People who share handles before and after, and with nobody else.
struct Change {
    before: Customers,
    after: Customers,
}

impl Change {
    /// Whether anybody would be another customer than now.
    fn is_of_people(&self) -> bool {
        !self.before.keys().eq(self.after.keys()) || self.before != self.after
    }
}

/// All people that were walked, each connected set as one.
fn changes(walked: &Walked, judged: &Partition) -> Vec<Change> {
    let (mut before, mut after) = (Customers::new(), Customers::new());
    for (id, row) in walked.rows.iter().filter(|(id, _)| walked.members.contains(*id)) {
        let Some(standing) = judged.standings.get(id) else { continue };
        before.entry(row.customer).or_default().insert(*id);
        after.entry(standing.customer).or_default().insert(*id);
    }
    let mut changes = Vec::new();
    let becomes = |handle: &Uuid| judged.standings.get(handle).map(|standing| standing.customer);
    while let Some(start) = before.keys().next().copied() {
        let mut change = Change { before: Customers::new(), after: Customers::new() };
        let mut open = vec![start];
        while let Some(old) = open.pop() {
            let Some(handles) = before.remove(&old) else { continue };
            for new in handles.iter().filter_map(becomes).collect::<BTreeSet<_>>() {
                if let Some(his) = after.remove(&new) {
                    open.extend(his.iter().filter_map(|handle| walked.rows.get(handle)).map(|row| row.customer));
                    change.after.insert(new, his);
                }
            }
            change.before.insert(old, handles);
        }
        changes.push(change);
    }
    changes
}

fn count(view: &mut RehearsalView, change: &Change, walked: &Walked, judged: &Partition) {
    let overlapping =
        |one: &BTreeSet<Uuid>, others: &Customers| others.values().filter(|other| !one.is_disjoint(other)).count();
    for handles in change.after.values() {
        let former = overlapping(handles, &change.before);
        view.would_join += if former > 1 { former as u64 } else { 0 };
    }
    view.would_part += change.before.values().filter(|handles| overlapping(handles, &change.after) > 1).count() as u64;
    let renamed = change.before.len() == 1 && change.after.len() == 1 && change.is_of_people();
    view.would_be_renamed += u64::from(renamed);
    let number = |customers: &Customers| i64::try_from(customers.len()).unwrap_or(i64::MAX);
    view.customers_more += number(&change.after) - number(&change.before);
    for handle in change.before.values().flatten() {
        let was = walked.rows.get(handle).is_some_and(|row| row.generic);
        let is = judged.standings.get(handle).is_some_and(|standing| standing.generic);
        view.turn_generic += u64::from(is && !was);
        view.no_longer_generic += u64::from(was && !is);
    }
}

fn sample(change: &Change, walked: &Walked) -> RehearsedChange {
    let shown = |customers: &Customers| {
        let one = |(customer, handles): (&Uuid, &BTreeSet<Uuid>)| RehearsedCustomer {
            customer: *customer,
            handles: handles.iter().filter_map(|handle| walked.rows.get(handle)).map(key_of).collect(),
        };
        customers.iter().map(one).collect()
    };
    RehearsedChange { before: shown(&change.before), after: shown(&change.after) }
}
