//! Contacts that pass from one person to another: numbers are given up, rest, and are given to somebody else.
//!
//! A number was given to somebody else if it was silent for long, a person is proved to have it after the silence, and of
//! those who had it before nobody was seen with it again.

use std::collections::BTreeMap;

use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;

use super::Tenure;
use super::generic::is_personal;
use super::ground::Ground;
use crate::identity::{Evidence, Origin, Role, Rules};

/// For each handle the tenures that are over, in order; of most none. `groups` are the groups of people.
pub(super) fn find(ground: &Ground<'_>, groups: &[usize], generic: &[bool], rules: &Rules) -> Vec<Vec<Tenure>> {
    let of_one = |handle: usize| {
        // Whose a generic handle was does not matter, and not all of its evidence may be here.
        let starts = if generic[handle] { Vec::new() } else { starts(ground, handle, rules) };
        if starts.len() < 2 { Vec::new() } else { tenures(ground, groups, handle, &starts) }
    };
    (0..ground.handles.len()).map(of_one).collect()
}

/// When a contact was first seen, and when it was seen again after each silence that is long enough.
fn starts(ground: &Ground<'_>, handle: usize, rules: &Rules) -> Vec<Timestamp> {
    let known = &ground.handles[handle];
    let days = rules.scheme(known.handle.scheme()).recycled_after_days;
    let passes_on = known.role == Role::Contact && !known.blocked && !known.raw && !known.seen.silences.is_empty();
    let Some(days) = days.filter(|_| passes_on) else { return Vec::new() };
    let long = |from: Timestamp, until: Timestamp| until.since(from) > Duration::days(days.into());
    let after = known.seen.silences.iter().filter(|silence| long(silence.from, silence.until));
    std::iter::once(known.seen.first).chain(after.map(|silence| silence.until)).collect()
}

/// The stretches, by number, in which one group of people was seen with a contact.
struct Span {
    first: usize,
    last: usize,
    /// The last one in which it was proved.
    proved: Option<usize>,
    /// A handle of theirs that was seen with it.
    handle: usize,
}

fn tenures(ground: &Ground<'_>, groups: &[usize], contact: usize, starts: &[Timestamp]) -> Vec<Tenure> {
    let mut spans: BTreeMap<usize, Span> = BTreeMap::new();
    for (piece, other) in pieces(ground, contact) {
        let first = starts.partition_point(|start| *start <= piece.at).saturating_sub(1);
        let last = starts.partition_point(|start| piece.was_seen_since(*start)).saturating_sub(1).max(first);
        let proved = (piece.strength >= Strength::Strong).then_some(last);
        let span = spans.entry(groups[other]).or_insert(Span { first, last, proved, handle: other });
        span.first = span.first.min(first);
        span.last = span.last.max(last);
        span.proved = span.proved.max(proved);
        span.handle = span.handle.min(other);
    }
    let given = |start: &usize| {
        let before = spans.values().any(|span| span.first < *start);
        let across = spans.values().any(|span| span.first < *start && span.last >= *start);
        let proved = spans.values().any(|span| span.proved.is_some_and(|proved| proved >= *start));
        before && proved && !across
    };
    let mut from = 0;
    let mut former = Vec::new();
    for until in (1..starts.len()).filter(given) {
        let mut owners = spans.values().filter(|span| (from..until).contains(&span.first));
        let owner = owners.next().filter(|_| owners.next().is_none());
        let owner = owner.map(|span| ground.handles[span.handle].handle.id());
        former.push(Tenure { until: starts[until], owner });
        from = until;
    }
    former
}

/// What was seen of a contact and the persons' handles that it was seen with; hints prove nothing of whose it is.
fn pieces<'g>(ground: &'g Ground<'_>, contact: usize) -> impl Iterator<Item = (&'g Evidence, usize)> {
    let id = ground.handles[contact].handle.id();
    let observed = ground.evidence.iter().filter(|piece| piece.origin == Origin::Observed && piece.a != piece.b);
    let at = observed.filter(move |piece| piece.a == id || piece.b == id);
    let said = at.filter(|piece| piece.strength >= Strength::Medium);
    said.filter_map(move |piece| {
        let other = *ground.number.get(if piece.a == id { &piece.b } else { &piece.a })?;
        let known = &ground.handles[other];
        (is_personal(known.role) && !known.blocked).then_some((piece, other))
    })
}
