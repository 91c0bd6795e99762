//! The outcome: customers by root, and contacts that several known customers have.

use std::collections::BTreeMap;

use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::clusters::{Cluster, Clusters};
use super::ground::{Ground, Piece};
use super::{Customer, Partition, Standing, Tenure, Verdict};
use crate::identity::{Origin, Role};

pub(super) fn tell(
    ground: &Ground<'_>,
    generic: &[bool],
    former: Vec<Vec<Tenure>>,
    clusters: &Clusters<'_>,
    verdicts: Vec<Verdict>,
) -> Partition {
    let mut of = vec![Uuid::nil(); ground.handles.len()];
    let mut customers = Vec::new();
    for cluster in clusters.left() {
        let customer = customer(ground, &former, cluster);
        cluster.members.iter().for_each(|member| of[*member] = customer.id);
        customers.push(customer);
    }
    customers.sort_unstable_by_key(|customer| customer.id);
    let mut standings: Vec<Standing> = Vec::with_capacity(of.len());
    for ((customer, generic), former) in of.iter().zip(generic).zip(former) {
        standings.push(Standing { customer: *customer, generic: *generic, former, ..Standing::default() });
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

fn customer(ground: &Ground<'_>, former: &[Vec<Tenure>], cluster: &Cluster) -> Customer {
    let mut members = cluster.members.clone();
    members.sort_unstable();
    let handles = members.into_iter().map(|member| ground.handles[member].handle.clone()).collect();
    Customer { id: root(ground, former, cluster), handles, candidates: std::collections::BTreeSet::new() }
}

/// The handle that was seen first; of several the first in their order. A contact that was given to him counts from then on.
fn root(ground: &Ground<'_>, former: &[Vec<Tenure>], cluster: &Cluster) -> Uuid {
    let from = |member: usize| former[member].last().map_or(ground.handles[member].seen.first, |tenure| tenure.until);
    let members = cluster.members.iter().map(|member| (from(*member), *member));
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
