//! The outcome: customers by root, and contacts that several known customers have.

use std::collections::BTreeMap;

use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::clusters::{Cluster, Clusters};
use super::ground::{Ground, Piece};
use super::{Customer, Partition, Standing, Verdict};
use crate::identity::{Origin, Role};

pub(super) fn tell(
    ground: &Ground<'_>,
    generic: &[bool],
    clusters: &Clusters<'_>,
    verdicts: Vec<Verdict>,
) -> Partition {
    let mut of = vec![Uuid::nil(); ground.handles.len()];
    let mut customers: Vec<Customer> = clusters.left().map(|cluster| customer(ground, cluster)).collect();
    customers.sort_unstable_by_key(|customer| customer.id);
    for cluster in clusters.left() {
        let root = root(ground, cluster);
        cluster.members.iter().for_each(|member| of[*member] = root);
    }
    let mut standings: Vec<Standing> =
        of.iter().map(|customer| Standing { customer: *customer, ..Standing::default() }).collect();
    for (standing, generic) in standings.iter_mut().zip(generic) {
        standing.generic = *generic;
    }
    let holds = holds(ground, &verdicts);
    let mut candidates: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (piece, verdict) in ground.pieces.iter().zip(&verdicts) {
        if verdict.is_candidate() {
            candidates.entry(of[piece.a]).or_default().push(of[piece.b]);
            candidates.entry(of[piece.b]).or_default().push(of[piece.a]);
        }
        for (contact, other) in [(piece.a, piece.b), (piece.b, piece.a)] {
            let is_shared = verdict.is_refused() && shares(ground, clusters, piece, contact, other, holds[contact]);
            if is_shared && !generic[contact] {
                standings[contact].shared = true;
                standings[contact].also.insert(of[other]);
            }
        }
    }
    for customer in &mut customers {
        customer.candidates.extend(candidates.remove(&customer.id).unwrap_or_default());
    }
    let names = ground.handles.iter().map(|known| known.handle.id());
    let told = ground.pieces.iter().map(|piece| piece.id).zip(verdicts);
    let verdicts = ground.idle.iter().cloned().chain(told).collect();
    Partition { customers, standings: names.zip(standings).collect(), verdicts }
}

fn customer(ground: &Ground<'_>, cluster: &Cluster) -> Customer {
    let mut members = cluster.members.clone();
    members.sort_unstable();
    let handles = members.into_iter().map(|member| ground.handles[member].handle.clone()).collect();
    Customer { id: root(ground, cluster), handles, candidates: std::collections::BTreeSet::new() }
}

/// The handle that was seen first; of several the first in their order.
fn root(ground: &Ground<'_>, cluster: &Cluster) -> Uuid {
    let members = cluster.members.iter().map(|member| (ground.handles[*member].first_seen, *member));
    members.min().map_or(Uuid::nil(), |(_, member)| ground.handles[member].handle.id())
}

/// How strongly each handle sits where it is, by the evidence that holds it there.
fn holds(ground: &Ground<'_>, verdicts: &[Verdict]) -> Vec<Class> {
    let mut holds = vec![Class::Hint; ground.handles.len()];
    for (piece, _) in ground.pieces.iter().zip(verdicts).filter(|(_, verdict)| verdict.is_together()) {
        for end in [piece.a, piece.b] {
            holds[end] = holds[end].max(Class::of(piece));
        }
    }
    holds
}

/// Whether refused evidence shows a contact to be another known customer's as well.
fn shares(
    ground: &Ground<'_>,
    clusters: &Clusters<'_>,
    piece: &Piece,
    contact: usize,
    other: usize,
    held: Class,
) -> bool {
    ground.handles[contact].role == Role::Contact
        && clusters.cluster(other).identified
        && !clusters.directly_apart(contact, other)
        && Class::of(piece) >= held.max(Class::Said)
}

/// Evidence by what it is worth against other evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Hint,
    Said,
    Checked,
    Decided,
}

impl Class {
    fn of(piece: &Piece) -> Self {
        match (piece.origin, piece.strength) {
            (Origin::Include | Origin::Exclude, _) => Self::Decided,
            (Origin::Observed, Strength::Weak) => Self::Hint,
            (Origin::Observed, Strength::Medium) => Self::Said,
            (Origin::Observed, Strength::Strong | Strength::Authoritative) => Self::Checked,
        }
    }
}
