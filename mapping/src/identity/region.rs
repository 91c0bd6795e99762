//! What must be read from a store so that the partition of that alone is right, as a sans-IO walk: it says what it wants,
//! is fed, and says when it has enough.
//!
//! Invariant: for every handle that the walk calls a member, [`partition`](super::partition) of the region gives what
//! `partition` of everything would give. The walk stops at generic contacts and devices, because their evidence joins
//! nobody; to know that one is generic it looks at its neighbours and at the groups of people they belong to, and these
//! lookers-on are in the region but are no members.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use trunkline_events::customer::Strength;
use uuid::Uuid;

use super::{Evidence, Origin, Role, Rules, Sighting};

/// A walk over evidence from some handles whose evidence changed.
///
/// Feed it until [`Region::wants`] is empty, then take [`Region::evidence`] and [`Region::sightings`].
#[derive(Debug)]
pub struct Region<'r> {
    rules: &'r Rules,
    known: BTreeMap<Uuid, Known>,
    members: HashSet<Uuid>,
    wanted: BTreeSet<Uuid>,
    /// Wanted, and not in the store.
    missing: HashSet<Uuid>,
}

#[derive(Debug)]
struct Known {
    sighting: Sighting,
    role: Role,
    /// The store says that it did not join anybody so far.
    was_generic: bool,
    evidence: Vec<Evidence>,
}

impl<'r> Region<'r> {
    /// Starts at the handles that are new, that were seen earlier than known so far, and at both ends of each piece of
    /// evidence that is new, changed or undone.
    pub fn new(seeds: impl IntoIterator<Item = Uuid>, rules: &'r Rules) -> Self {
        let members: HashSet<Uuid> = seeds.into_iter().collect();
        let wanted = members.iter().copied().collect();
        Self { rules, known: BTreeMap::new(), members, wanted, missing: HashSet::new() }
    }

    /// Distinct neighbours by observation that are enough of a handle that was generic before: with so many it still is,
    /// without a further look. A store may leave out its observations with others beyond that many, but none with a
    /// member ([`Region::is_member`]), and no directives. Of any other handle all evidence is to be fed.
    pub fn enough_neighbours(&self) -> usize {
        self.rules.max_neighbours + 1
    }

    /// Handles that must be fed next, in order. Empty: the region is complete.
    pub fn wants(&self) -> Vec<Uuid> {
        self.wanted.iter().copied().collect()
    }

    /// One wanted handle: what the store knows of it before this change (`was_generic`), and its evidence with the
    /// change already made. Call for every wanted handle, then [`Region::step`].
    pub fn feed(&mut self, sighting: Sighting, was_generic: bool, evidence: Vec<Evidence>) {
        let id = sighting.handle.id();
        let role = self.rules.role(&sighting.handle);
        self.known.insert(id, Known { sighting, role, was_generic, evidence });
    }

    /// Goes on after feeding: decides what to read next. A wanted handle that was not fed does not exist.
    pub fn step(&mut self) {
        let not_fed = self.wanted.iter().filter(|id| !self.known.contains_key(id));
        self.missing.extend(not_fed);
        let groups = self.groups();
        let mut wanted = BTreeSet::new();
        let mut open: Vec<Uuid> = self.members.iter().copied().collect();
        while let Some(id) = open.pop() {
            let Some(known) = self.known.get(&id) else {
                wanted.insert(id);
                continue;
            };
            let crossing = self.crossing(known, &groups, &mut wanted);
            for other in known.evidence.iter().filter_map(|piece| crosses(piece, id, crossing)) {
                if self.members.insert(other) {
                    open.push(other);
                }
            }
        }
        wanted.retain(|id| !self.missing.contains(id));
        self.wanted = wanted;
    }

    /// Handles whose customer may have changed. Only what the partition says of these is to be written.
    pub fn members(&self) -> impl Iterator<Item = Uuid> {
        self.members.iter().copied().filter(|id| self.known.contains_key(id))
    }

    /// Whether the handle's customer may have changed.
    pub fn is_member(&self, handle: Uuid) -> bool {
        self.members.contains(&handle)
    }

    /// All handles that the partition must see.
    pub fn sightings(&self) -> Vec<Sighting> {
        self.known.values().map(|known| known.sighting.clone()).collect()
    }

    /// All evidence that the partition must see, each piece once.
    pub fn evidence(&self) -> Vec<Evidence> {
        let all: BTreeSet<Evidence> = self.known.values().flat_map(|known| &known.evidence).copied().collect();
        all.into_iter().collect()
    }

    /// Whether evidence at this handle leads on. Asks for what is missing to know it.
    fn crossing(&self, known: &Known, groups: &Groups, wanted: &mut BTreeSet<Uuid>) -> bool {
        if matches!(known.role, Role::Identity | Role::Channel) || !known.was_generic {
            return true;
        }
        let id = known.sighting.handle.id();
        let seen = known.evidence.iter().filter_map(|piece| observed(piece, id));
        let neighbours: BTreeSet<Uuid> = seen.filter(|other| !self.is_blocked(*other)).collect();
        if neighbours.len() > self.rules.max_neighbours {
            return false;
        }
        let Some(max) = self.rules.scheme(known.sighting.handle.scheme()).max_customers else { return true };
        let mut people = HashSet::new();
        let mut unread = BTreeSet::new();
        for other in neighbours {
            match groups.of.get(&other) {
                Some(group) if people.insert(*group) => unread.extend(groups.unread.get(group).into_iter().flatten()),
                None if !self.known.contains_key(&other) => {
                    unread.insert(other);
                }
                _ => {}
            }
        }
        unread.retain(|other| !self.missing.contains(other));
        let is_complete = unread.is_empty();
        wanted.append(&mut unread);
        is_complete && people.len() <= max
    }

    fn is_blocked(&self, handle: Uuid) -> bool {
        let known = self.known.get(&handle).map(|known| &known.sighting.handle);
        known.is_some_and(|handle| self.rules.blocks(handle.scheme(), handle.value()))
    }

    /// Groups of people among what is known, and whom to read to complete each.
    fn groups(&self) -> Groups {
        let mut groups = Groups { of: HashMap::new(), unread: HashMap::new() };
        for (id, _) in self.known.iter().filter(|(_, known)| is_personal(known.role)) {
            if !groups.of.contains_key(id) {
                groups.gather(*id, &self.known);
            }
        }
        groups
    }
}

#[derive(Default)]
struct Groups {
    of: HashMap<Uuid, Uuid>,
    unread: HashMap<Uuid, Vec<Uuid>>,
}

impl Groups {
    fn gather(&mut self, first: Uuid, known: &BTreeMap<Uuid, Known>) {
        let mut open = vec![first];
        while let Some(id) = open.pop() {
            let Some(one) = known.get(&id) else {
                self.unread.entry(first).or_default().push(id);
                continue;
            };
            if !is_personal(one.role) || self.of.contains_key(&id) {
                continue;
            }
            self.of.insert(id, first);
            open.extend(one.evidence.iter().filter(|piece| is_strong(piece)).map(|piece| other_end(piece, id)));
        }
    }
}

fn is_personal(role: Role) -> bool {
    matches!(role, Role::Identity | Role::Channel)
}

fn is_strong(piece: &Evidence) -> bool {
    match piece.origin {
        Origin::Observed => piece.strength >= Strength::Strong,
        Origin::Include => true,
        Origin::Exclude => false,
    }
}

fn other_end(piece: &Evidence, id: Uuid) -> Uuid {
    if piece.a == id { piece.b } else { piece.a }
}

fn observed(piece: &Evidence, id: Uuid) -> Option<Uuid> {
    (piece.origin == Origin::Observed && piece.a != piece.b).then(|| other_end(piece, id))
}

/// Where a piece of evidence leads from `id`; a directive always leads on.
fn crosses(piece: &Evidence, id: Uuid, crossing: bool) -> Option<Uuid> {
    (crossing || piece.origin != Origin::Observed).then(|| other_end(piece, id))
}
