//! Events that were stored a moment ago, so that the next event of a call does not read and parse all before it again.
//!
//! Only a shortcut: which events a conversation has is always asked of the store. An event never changes once it is stored,
//! so what stands here is right, in whichever process it was stored. It stands here as it was mapped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_events::{Event, EventId};

/// Events of one generation; two are kept, so memory stays within some 40 MB.
const GENERATION: usize = 12_000;

/// The last events, each found by its id.
#[derive(Default)]
pub(super) struct Recent {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<EventId, Arc<Event>>,
    old: HashMap<EventId, Arc<Event>>,
}

impl Recent {
    /// Those of `ids` that are at hand.
    pub(super) fn find(&self, ids: impl IntoIterator<Item = EventId>) -> HashMap<EventId, Arc<Event>> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |id: EventId| generations.young.get(&id).or_else(|| generations.old.get(&id)).cloned();
        ids.into_iter().filter_map(|id| Some((id, find(id)?))).collect()
    }

    /// Remembers events that are committed.
    pub(super) fn keep(&self, events: impl IntoIterator<Item = Arc<Event>>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if generations.young.len() >= GENERATION {
                generations.old = std::mem::take(&mut generations.young);
            }
            generations.young.insert(event.id, event);
        }
    }
}
