//! Contacts and devices that too many people share: a switchboard, a hotel, a shop's tablet.

use std::collections::{BTreeSet, HashMap};

use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::ground::{Ground, Piece};
use crate::identity::{Origin, Role, Rules};

/// For each handle, whether it is generic.
///
/// Groups of people are the unrestricted union of all strong evidence between handles that are neither contact nor
/// device; so a person with three accounts counts once. Visitors on devices are counted by the cap alone: one person
/// has many of them.
pub(super) fn find(ground: &Ground<'_>, rules: &Rules) -> Vec<bool> {
    let groups = groups(ground);
    let number: HashMap<Uuid, usize> =
        ground.handles.iter().enumerate().map(|(number, known)| (known.handle.id(), number)).collect();
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
        let people = neighbours.iter().filter_map(|id| number.get(id));
        let people = people.filter(|other| is_personal(ground.handles[**other].role)).map(|other| groups[*other]);
        people.collect::<BTreeSet<usize>>().len() > max
    };
    (0..ground.handles.len()).map(judge).collect()
}

/// For each handle, the smallest number in its group.
fn groups(ground: &Ground<'_>) -> Vec<usize> {
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

fn is_personal(role: Role) -> bool {
    matches!(role, Role::Identity | Role::Channel)
}
