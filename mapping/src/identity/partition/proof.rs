//! A second proof: one unverified contact joins no known customer, two different ones that say the same do.

use std::collections::{BTreeMap, BTreeSet};

use super::Verdict;
use super::clusters::Clusters;
use super::ground::Ground;
use crate::identity::Role;

/// Joins clusters that only the policy for unverified evidence kept apart, where two distinct contacts link them.
///
/// Always the pair whose second contact comes first in the order of evidence, then anew, until nothing is proved.
/// Evidence between two contacts is no proof of a person, and a device that two known customers use forbids it.
pub(super) fn join_by_second(ground: &Ground<'_>, clusters: &mut Clusters<'_>, verdicts: &mut [Verdict]) {
    let waiting: Vec<Waiting> = (0..verdicts.len())
        .filter(|position| verdicts[*position].awaits_proof())
        .filter_map(|position| Some(Waiting { position, contact: contact(ground, position)? }))
        .collect();
    let shared_devices: Vec<usize> =
        (0..verdicts.len()).filter(|position| verdicts[*position] == Verdict::SharedDevice).collect();
    for mut group in connected(ground, clusters, waiting) {
        while let Some((position, x, y)) = next_proved(ground, clusters, &shared_devices, &group) {
            verdicts[position] = match clusters.join_if_allowed(x, y) {
                Ok(()) => Verdict::SecondProof,
                Err(refusal) => refusal,
            };
            group.retain(|waiting| waiting.position != position);
        }
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

/// Waiting evidence apart by what could ever come together, each group in order; so a large set costs no more than its
/// groups.
fn connected(ground: &Ground<'_>, clusters: &Clusters<'_>, waiting: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut groups: Vec<(Vec<usize>, Vec<Waiting>)> = Vec::new();
    for one in waiting {
        let (x, y) = sides(ground, clusters, one.position);
        let mut open = |cluster: usize| {
            *group_of.entry(cluster).or_insert_with(|| {
                groups.push((vec![cluster], Vec::new()));
                groups.len() - 1
            })
        };
        let (first, second) = (open(x), open(y));
        let (kept, gone) =
            if groups[first].0.len() < groups[second].0.len() { (second, first) } else { (first, second) };
        if kept != gone {
            let (moved, evidence) = std::mem::take(&mut groups[gone]);
            for cluster in &moved {
                group_of.insert(*cluster, kept);
            }
            groups[kept].0.extend(moved);
            groups[kept].1.extend(evidence);
        }
        groups[kept].1.push(one);
    }
    let mut groups: Vec<Vec<Waiting>> = groups.into_iter().map(|(_, evidence)| evidence).collect();
    for group in &mut groups {
        group.sort_unstable_by_key(|one| one.position);
    }
    groups
}

/// The first evidence that is the second contact between its two clusters.
fn next_proved(
    ground: &Ground<'_>,
    clusters: &Clusters<'_>,
    shared_devices: &[usize],
    group: &[Waiting],
) -> Option<(usize, usize, usize)> {
    let mut contacts: BTreeMap<(usize, usize), BTreeSet<usize>> = BTreeMap::new();
    let forbidden = |pair| shared_devices.iter().any(|position| sides(ground, clusters, *position) == pair);
    for one in group {
        let (x, y) = sides(ground, clusters, one.position);
        if x == y {
            continue;
        }
        let seen = contacts.entry((x, y)).or_default();
        seen.insert(one.contact);
        if seen.len() >= 2 && !forbidden((x, y)) {
            return Some((one.position, x, y));
        }
    }
    None
}

fn sides(ground: &Ground<'_>, clusters: &Clusters<'_>, position: usize) -> (usize, usize) {
    let piece = &ground.pieces[position];
    let (x, y) = (clusters.of(piece.a), clusters.of(piece.b));
    (x.min(y), x.max(y))
}
