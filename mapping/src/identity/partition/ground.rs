//! Handles and evidence as numbers, condensed and in the one order.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::{Tenure, Verdict};
use crate::identity::{Evidence, Handle, Origin, Presence, Role, Rules, Sighting};

/// Handles by number, in their own order; evidence that counts, in the order in which it is judged.
pub(super) struct Ground<'a> {
    pub(super) handles: Vec<Known<'a>>,
    pub(super) number: HashMap<Uuid, usize>,
    /// All there is, each piece once.
    pub(super) evidence: Vec<Evidence>,
    pub(super) pieces: Vec<Piece>,
    /// Evidence that does not count beside other evidence on the same two.
    pub(super) idle: Vec<(Uuid, Verdict)>,
    /// Handles seen with each handle, by observation.
    pub(super) neighbours: Vec<Vec<Uuid>>,
}

/// A handle and what the rules make of it.
pub(super) struct Known<'a> {
    pub(super) handle: &'a Handle,
    pub(super) seen: Cow<'a, Presence>,
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
        let handles = known(sightings, rules);
        let number: HashMap<Uuid, usize> =
            handles.iter().enumerate().map(|(number, known)| (known.handle.id(), number)).collect();
        let mut evidence = evidence.to_vec();
        // Per pair: directives behind observations, each with what counts first.
        evidence
            .sort_unstable_by_key(|piece| (piece.a, piece.b, piece.origin != Origin::Observed, rank(piece), piece.id));
        evidence.dedup();
        let neighbours = neighbours(&evidence, &number, &handles);
        let mut ground = Self { handles, number, evidence, pieces: Vec::new(), idle: Vec::new(), neighbours };
        ground.condense(|_, _, _| true);
        ground
    }

    /// Sets aside what was seen with contacts while they were other people's. `former` has the tenures of each handle.
    pub(super) fn set_former_aside(&mut self, former: &[Vec<Tenure>]) {
        if former.iter().all(Vec::is_empty) {
            return;
        }
        let is_over = |piece: &Evidence, handle: usize| {
            former[handle].last().is_some_and(|tenure| !piece.was_seen_since(tenure.until))
        };
        self.condense(|piece, a, b| piece.origin != Origin::Observed || !(is_over(piece, a) || is_over(piece, b)));
    }

    /// Orders the evidence that `counts` (asked with the numbers of its ends), one piece a pair and origin.
    fn condense(&mut self, counts: impl Fn(&Evidence, usize, usize) -> bool) {
        let mut counted: Vec<(&Evidence, Piece)> = Vec::with_capacity(self.evidence.len());
        let mut last = None;
        self.idle.clear();
        for piece in &self.evidence {
            let (Some(&a), Some(&b)) = (self.number.get(&piece.a), self.number.get(&piece.b)) else { continue };
            let pair = (a, b, piece.origin != Origin::Observed);
            if a == b {
                self.idle.push((piece.id, Verdict::SameHandle));
            } else if !counts(piece, a, b) {
                self.idle.push((piece.id, Verdict::Recycled));
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

/// Each handle once, with all its sightings, in the order of handles.
fn known<'a>(sightings: &'a [Sighting], rules: &Rules) -> Vec<Known<'a>> {
    let mut sorted: Vec<&Sighting> = sightings.iter().collect();
    sorted.sort_unstable();
    let mut handles: Vec<Known<'a>> = Vec::with_capacity(sorted.len());
    for Sighting { handle, seen } in sorted {
        if let Some(known) = handles.last_mut().filter(|known| known.handle == handle) {
            if *known.seen != *seen {
                known.seen.to_mut().add(seen);
            }
            continue;
        }
        let (role, raw) = (rules.role(handle), handle.is_raw(rules));
        let blocked = rules.blocks(handle.scheme(), handle.value());
        handles.push(Known { handle, seen: Cow::Borrowed(seen), role, blocked, raw });
    }
    handles
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
