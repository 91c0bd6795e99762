//! Contacts and devices that too many people share: a switchboard, a hotel, a shop's tablet.

use std::collections::BTreeSet;

use trunkline_events::customer::Strength;

use super::ground::{Ground, Piece};
use crate::identity::{Origin, Role, Rules};

/// For each handle, whether it is generic. Visitors on devices are counted by the cap alone: one person has many of them.
pub(super) fn find(ground: &Ground<'_>, groups: &[usize], rules: &Rules) -> Vec<bool> {
    let judge = |index: usize| {
        let known = &ground.handles[index];
        let neighbours = &ground.neighbours[index];
        if is_personal(known.role) {
            return false;
        }
        if neighbours.len() > rules.max_neighbours {
            return true;
        }
        let Some(max) = rules.scheme(known.handle.scheme()).max_customers else { return false };
        let people = neighbours.iter().filter_map(|id| ground.number.get(id));
        let people = people.filter(|other| is_personal(ground.handles[**other].role)).map(|other| groups[*other]);
        people.collect::<BTreeSet<usize>>().len() > max
    };
    (0..ground.handles.len()).map(judge).collect()
}

/// For each handle, the smallest number in its group of people: the unrestricted union of all strong evidence between handles
/// that are neither contact nor device; so a person with three accounts counts once.
pub(super) fn groups(ground: &Ground<'_>) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..ground.handles.len()).collect();
    for piece in ground.pieces.iter().filter(|piece| binds(ground, piece)) {
        let (a, b) = (top(&mut parent, piece.a), top(&mut parent, piece.b));
        parent[a.max(b)] = a.min(b);
    }
    (0..parent.len()).map(|handle| top(&mut parent, handle)).collect()
}

fn binds(ground: &Ground<'_>, piece: &Piece) -> bool {
    let (a, b) = (&ground.handles[piece.a], &ground.handles[piece.b]);
    let counts = match piece.origin {
        Origin::Observed => piece.strength >= Strength::Strong,
        Origin::Include => true,
        Origin::Exclude => false,
    };
    counts && is_personal(a.role) && is_personal(b.role) && !a.blocked && !b.blocked
}

fn top(parent: &mut [usize], handle: usize) -> usize {
    let mut at = handle;
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

pub(super) fn is_personal(role: Role) -> bool {
    matches!(role, Role::Identity | Role::Channel)
}
