//! A second proof: one unverified contact joins no known customer, two different ones that say the same do.

use std::collections::{BTreeSet, HashMap};

use super::Verdict;
use super::clusters::Clusters;
use super::ground::Ground;
use crate::identity::Role;

/// Joins clusters that only the policy for unverified evidence kept apart, where two distinct contacts link them.
///
/// Always the pair whose second contact comes first in the order of evidence, then anew, until nothing is proved.
/// Evidence between two contacts is no proof of a person, and a device that two known customers use forbids it.
pub(super) fn join_by_second(ground: &Ground<'_>, clusters: &mut Clusters<'_>, verdicts: &mut [Verdict]) {
    let mut open = Open::default();
    for position in (0..verdicts.len()).filter(|position| verdicts[*position].awaits_proof()) {
        if let Some(contact) = contact(ground, position) {
            open.wait(sides(ground, clusters, position), Waiting { position, contact });
        }
    }
    let shared_devices: Vec<usize> =
        (0..verdicts.len()).filter(|position| verdicts[*position] == Verdict::SharedDevice).collect();
    while let Some((position, pair)) = open.proved.pop_first() {
        // Once a device stands between two customers it stands there for good, however they grow.
        if shared_devices.iter().any(|device| sides(ground, clusters, *device) == pair) {
            continue;
        }
        verdicts[position] = match clusters.join_if_allowed(pair.0, pair.1) {
            Ok(()) => {
                open.join(pair, clusters.of(ground.pieces[position].a));
                Verdict::SecondProof
            }
            Err(refusal) => {
                open.refuse(pair, position);
                refusal
            }
        };
    }
    for (piece, verdict) in ground.pieces.iter().zip(verdicts) {
        if verdict.is_refused() && clusters.of(piece.a) == clusters.of(piece.b) {
            *verdict = Verdict::Together;
        }
    }
}

/// Evidence that a second contact may prove.
#[derive(Clone, Copy)]
struct Waiting {
    position: usize,
    contact: usize,
}

/// The one contact of a piece of evidence.
fn contact(ground: &Ground<'_>, position: usize) -> Option<usize> {
    let piece = &ground.pieces[position];
    let is_contact = |handle: usize| ground.handles[handle].role == Role::Contact;
    match (is_contact(piece.a), is_contact(piece.b)) {
        (true, false) => Some(piece.a),
        (false, true) => Some(piece.b),
        _ => None,
    }
}

/// Two clusters, the smaller number first.
type Pair = (usize, usize);

fn pair(x: usize, y: usize) -> Pair {
    (x.min(y), x.max(y))
}

/// Waiting evidence by the two clusters it would join, kept up to date as these grow; so a large set costs little more
/// than its joins.
#[derive(Default)]
struct Open {
    /// In the order of evidence.
    waiting: HashMap<Pair, Vec<Waiting>>,
    /// The other clusters of each cluster's pairs.
    beside: HashMap<usize, BTreeSet<usize>>,
    /// Pairs that two contacts link, by the position of the second one.
    proved: BTreeSet<(usize, Pair)>,
}

impl Open {
    fn wait(&mut self, pair: Pair, one: Waiting) {
        if pair.0 != pair.1 {
            self.beside.entry(pair.0).or_default().insert(pair.1);
            self.beside.entry(pair.1).or_default().insert(pair.0);
            self.change(pair, |waiting| waiting.push(one));
        }
    }

    /// The pair is one cluster now, `kept`: what waited between the other one and its neighbours waits with them for it.
    fn join(&mut self, joined: Pair, kept: usize) {
        let gone = if kept == joined.0 { joined.1 } else { joined.0 };
        self.waiting.remove(&joined);
        let mut neighbours = self.beside.remove(&gone).unwrap_or_default();
        neighbours.remove(&kept);
        self.beside.entry(kept).or_default().remove(&gone);
        for other in neighbours {
            let moved = self.take(pair(gone, other));
            self.change(pair(kept, other), |waiting| {
                waiting.extend(moved);
                waiting.sort_unstable_by_key(|one| one.position);
            });
            self.beside.entry(kept).or_default().insert(other);
            let beside = self.beside.entry(other).or_default();
            beside.remove(&gone);
            beside.insert(kept);
        }
    }

    /// This evidence joins nothing.
    fn refuse(&mut self, pair: Pair, position: usize) {
        self.change(pair, |waiting| waiting.retain(|one| one.position != position));
    }

    fn take(&mut self, pair: Pair) -> Vec<Waiting> {
        let waiting = self.waiting.remove(&pair).unwrap_or_default();
        if let Some(position) = second(&waiting) {
            self.proved.remove(&(position, pair));
        }
        waiting
    }

    fn change(&mut self, pair: Pair, change: impl FnOnce(&mut Vec<Waiting>)) {
        let mut waiting = self.take(pair);
        change(&mut waiting);
        self.proved.extend(second(&waiting).map(|position| (position, pair)));
        self.waiting.insert(pair, waiting);
    }
}

/// Where the first contact beside the first one comes.
fn second(waiting: &[Waiting]) -> Option<usize> {
    let first = waiting.first()?.contact;
    waiting.iter().find(|one| one.contact != first).map(|one| one.position)
}

fn sides(ground: &Ground<'_>, clusters: &Clusters<'_>, position: usize) -> Pair {
    let piece = &ground.pieces[position];
    let (x, y) = (clusters.of(piece.a), clusters.of(piece.b));
    pair(x, y)
}
