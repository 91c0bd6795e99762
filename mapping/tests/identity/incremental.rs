//! The partition applied piece by piece, as a store does it: only the region of what changed is read, judged and written.
//! In the end the store must hold what the partition of everything says, whoever applied what in which order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trunkline_mapping::identity::{
    Evidence, Handle, Origin, Partition, Region, Rules, Sighting, Standing, Verdict, partition,
};
use uuid::Uuid;

use crate::oracle::{evidence, tight};

/// What a database holds.
#[derive(Default)]
struct Store {
    handles: BTreeMap<Uuid, (Sighting, Standing)>,
    evidence: BTreeMap<Uuid, Evidence>,
    verdicts: BTreeMap<Uuid, Verdict>,
}

impl Store {
    fn see(&mut self, pieces: &[(Handle, Handle, Evidence)], rules: &Rules) {
        let mut changed = BTreeSet::new();
        for (a, b, piece) in pieces {
            for handle in [a, b] {
                let sighting = Sighting::new(handle.clone(), piece.at);
                let known = self.handles.entry(handle.id()).or_insert_with(|| {
                    changed.insert(handle.id());
                    (sighting.clone(), Standing::default())
                });
                let earlier = piece.at < known.0.seen.first;
                if known.0.seen.add(&sighting.seen) || earlier {
                    changed.insert(handle.id());
                }
            }
            if a == b {
                continue;
            }
            let known = self.evidence.get(&piece.id).copied();
            let (at, last) =
                known.map_or((piece.at, piece.last), |known| (known.at.min(piece.at), known.last.max(piece.last)));
            let earliest = Evidence { at, last, ..*piece };
            if known != Some(earliest) {
                self.evidence.insert(piece.id, earliest);
                changed.extend([piece.a, piece.b]);
            }
        }
        self.judge(changed, rules);
    }

    fn undo(&mut self, directive: Uuid, rules: &Rules) {
        if let Some(piece) = self.evidence.remove(&directive) {
            self.verdicts.remove(&directive);
            self.judge([piece.a, piece.b].into(), rules);
        }
    }

    fn judge(&mut self, changed: BTreeSet<Uuid>, rules: &Rules) {
        let mut region = Region::new(changed, rules);
        while let wanted @ [_, ..] = region.wants().as_slice() {
            for id in wanted {
                let Some((sighting, standing)) = self.handles.get(id) else { continue };
                let evidence = self.evidence_of(*id, standing.generic, &region);
                region.feed(sighting.clone(), standing.generic, evidence);
            }
            region.step();
        }
        let evidence = region.evidence();
        let outcome = partition(&region.sightings(), &evidence, rules);
        for member in region.members() {
            if let (Some(stored), Some(standing)) = (self.handles.get_mut(&member), outcome.standings.get(&member)) {
                stored.1 = standing.clone();
            }
        }
        for piece in evidence.iter().filter(|piece| region.is_member(piece.a) || region.is_member(piece.b)) {
            if let Some(verdict) = outcome.verdicts.get(&piece.id) {
                self.verdicts.insert(piece.id, verdict.clone());
            }
        }
    }

    /// No more of a generic handle than is enough.
    fn evidence_of(&self, id: Uuid, was_generic: bool, region: &Region<'_>) -> Vec<Evidence> {
        let mut neighbours = BTreeSet::new();
        let about = self.evidence.values().filter(|piece| piece.a == id || piece.b == id);
        let enough_of = about.filter(|piece| {
            if piece.origin != Origin::Observed || !was_generic {
                return true;
            }
            let other = if piece.a == id { piece.b } else { piece.a };
            neighbours.insert(other);
            neighbours.len() <= region.enough_neighbours() || region.is_member(other)
        });
        enough_of.copied().collect()
    }

    fn all_at_once(&self, rules: &Rules) -> Partition {
        let sightings: Vec<Sighting> = self.handles.values().map(|(sighting, _)| sighting.clone()).collect();
        let evidence: Vec<Evidence> = self.evidence.values().copied().collect();
        partition(&sightings, &evidence, rules)
    }
}

/// Deals the pieces to so many workers, and lets them take turns as the dice say.
fn dealt(
    pieces: Vec<(Handle, Handle, Evidence)>,
    workers: usize,
    turns: &[(usize, usize)],
) -> Vec<Vec<(Handle, Handle, Evidence)>> {
    let mut queues: Vec<Vec<_>> = vec![Vec::new(); workers];
    for (place, piece) in pieces.into_iter().enumerate() {
        queues[turns[place % turns.len()].0 % workers].push(piece);
    }
    let mut batches = Vec::new();
    for (worker, batch) in turns.iter().cycle() {
        let left = queues.iter().filter(|queue| !queue.is_empty()).count();
        if left == 0 {
            break;
        }
        let queue = queues.iter_mut().filter(|queue| !queue.is_empty()).nth(worker % left);
        batches.extend(queue.map(|queue| queue.drain(..(*batch).min(queue.len())).collect()));
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rule_43_any_split_over_one_to_eight_workers_gives_what_all_at_once_gives(
        pieces in evidence(45),
        workers in 1..=8_usize,
        turns in prop::collection::vec((0..8_usize, 1..4_usize), 1..20),
    ) {
        let rules = tight();
        let mut store = Store::default();
        for batch in dealt(pieces, workers, &turns) {
            store.see(&batch, &rules);
        }
        let whole = store.all_at_once(&rules);
        let stored: BTreeMap<Uuid, Standing> = store.handles.into_iter().map(|(id, (_, standing))| (id, standing)).collect();
        prop_assert_eq!(stored, whole.standings);
        prop_assert_eq!(store.verdicts, whole.verdicts);
    }

    #[test]
    fn what_is_undone_leaves_no_trace(
        pieces in evidence(45),
        undone in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let rules = tight();
        let mut store = Store::default();
        store.see(&pieces, &rules);
        for place in undone {
            let ids: Vec<Uuid> = store.evidence.keys().copied().collect();
            if !ids.is_empty() {
                store.undo(*place.get(&ids), &rules);
                let whole = store.all_at_once(&rules);
                let stored = store.handles.iter().map(|(id, (_, standing))| (*id, standing.clone()));
                prop_assert_eq!(stored.collect::<BTreeMap<_, _>>(), whole.standings);
                prop_assert_eq!(&store.verdicts, &whole.verdicts);
            }
        }
    }
}
