//! Handles and evidence as numbers, condensed and in the one order.

use std::cmp::Reverse;
use std::collections::HashMap;

use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::Verdict;
use crate::identity::{Evidence, Handle, Origin, Role, Rules, Sighting};

/// Handles by number, in their own order; evidence that counts, in the order in which it is judged.
pub(super) struct Ground<'a> {
    pub(super) handles: Vec<Known<'a>>,
    pub(super) pieces: Vec<Piece>,
    /// Evidence that does not count beside other evidence on the same two.
    pub(super) idle: Vec<(Uuid, Verdict)>,
    /// Handles seen with each handle, by observation.
    pub(super) neighbours: Vec<Vec<Uuid>>,
}

/// A handle and what the rules make of it.
pub(super) struct Known<'a> {
    pub(super) handle: &'a Handle,
    pub(super) first_seen: Timestamp,
    pub(super) role: Role,
    pub(super) blocked: bool,
    pub(super) raw: bool,
}

/// The one piece of evidence that counts for a pair and origin.
pub(super) struct Piece {
    pub(super) id: Uuid,
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) strength: Strength,
    pub(super) origin: Origin,
}

impl<'a> Ground<'a> {
    pub(super) fn new(sightings: &'a [Sighting], evidence: &[Evidence], rules: &Rules) -> Self {
        let mut sorted: Vec<&Sighting> = sightings.iter().collect();
        sorted.sort_unstable();
        sorted.dedup_by(|later, earlier| later.handle == earlier.handle);
        let handles: Vec<Known<'a>> = sorted
            .into_iter()
            .map(|Sighting { handle, first_seen }| Known {
                handle,
                first_seen: *first_seen,
                role: rules.role(handle),
                blocked: rules.blocks(handle.scheme(), handle.value()),
                raw: handle.is_raw(rules),
            })
            .collect();
        let number: HashMap<Uuid, usize> =
            handles.iter().enumerate().map(|(number, known)| (known.handle.id(), number)).collect();
        let mut evidence = evidence.to_vec();
        // Per pair: directives behind observations, each with what counts first.
        evidence
            .sort_unstable_by_key(|piece| (piece.a, piece.b, piece.origin != Origin::Observed, rank(piece), piece.id));
        evidence.dedup();
        let neighbours = neighbours(&evidence, &number, &handles);
        let mut ground = Self { handles, pieces: Vec::new(), idle: Vec::new(), neighbours };
        ground.condense(&evidence, &number);
        ground
    }

    fn condense(&mut self, evidence: &[Evidence], number: &HashMap<Uuid, usize>) {
        let mut counted: Vec<(&Evidence, Piece)> = Vec::with_capacity(evidence.len());
        let mut last = None;
        for piece in evidence {
            let (Some(&a), Some(&b)) = (number.get(&piece.a), number.get(&piece.b)) else { continue };
            let pair = (a, b, piece.origin != Origin::Observed);
            if a == b {
                self.idle.push((piece.id, Verdict::SameHandle));
            } else if last.replace(pair) == Some(pair) {
                self.idle.push((piece.id, Verdict::Superseded));
            } else {
                let Evidence { id, strength, origin, .. } = *piece;
                counted.push((piece, Piece { id, a, b, strength, origin }));
            }
        }
        counted.sort_unstable_by_key(|(evidence, piece)| {
            let identity = self.handles[piece.a].role == Role::Identity || self.handles[piece.b].role == Role::Identity;
            let strength = if piece.origin == Origin::Observed { piece.strength } else { Strength::Authoritative };
            (piece.origin != Origin::Include, Reverse(strength), !identity, evidence.at, evidence.id)
        });
        self.pieces = counted.into_iter().map(|(_, piece)| piece).collect();
    }

    /// Evidence that is not judged at all. A person's decision needs no valid number and minds no crowd.
    pub(super) fn set_aside(&self, piece: &Piece, generic: &[bool]) -> Option<Verdict> {
        let (a, b) = (&self.handles[piece.a], &self.handles[piece.b]);
        if a.blocked || b.blocked {
            return Some(Verdict::Blocked);
        }
        if piece.origin != Origin::Observed {
            return None;
        }
        if a.raw || b.raw {
            return Some(Verdict::NoNumber);
        }
        (generic[piece.a] || generic[piece.b]).then_some(Verdict::Generic)
    }
}

/// What counts for a pair sorts first: the strongest and then earliest observation, the latest directive.
fn rank(piece: &Evidence) -> (Reverse<Strength>, Reverse<Option<Timestamp>>, bool, Option<Timestamp>) {
    match piece.origin {
        Origin::Observed => (Reverse(piece.strength), Reverse(None), false, Some(piece.at)),
        // Of two at the same instant the careful one counts.
        Origin::Include => (Reverse(Strength::Authoritative), Reverse(Some(piece.at)), true, None),
        Origin::Exclude => (Reverse(Strength::Authoritative), Reverse(Some(piece.at)), false, None),
    }
}

/// Distinct handles each known handle was observed with, known or not; blocked ones do not count.
fn neighbours(evidence: &[Evidence], number: &HashMap<Uuid, usize>, handles: &[Known<'_>]) -> Vec<Vec<Uuid>> {
    let mut seen: Vec<Vec<Uuid>> = vec![Vec::new(); handles.len()];
    let blocked = |id: &Uuid| number.get(id).is_some_and(|other| handles[*other].blocked);
    for piece in evidence.iter().filter(|piece| piece.origin == Origin::Observed && piece.a != piece.b) {
        for (from, to) in [(piece.a, piece.b), (piece.b, piece.a)] {
            if let Some(&from) = number.get(&from)
                && !blocked(&to)
            {
                seen[from].push(to);
            }
        }
    }
    for of_one in &mut seen {
        of_one.sort_unstable();
        of_one.dedup();
    }
    seen
}
