//! What is declared, as it counts now: exchanged as a whole between two batches, never within one.
//!
//! An event is mapped by what counts when its batch begins, and stored with the number of all those rules. Whoever reads it
//! later maps what came by the same rules, so its outcome is the same for ever, in every process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use trunkline_events::Event;

use super::Knowledge;
use crate::rules::{RuleFailure, RuleSet};
use crate::store::{RuleSetRow, Session, Store, StoreError, rules};

/// Knowledge that does not change any more, and the number that events are stored with.
pub(crate) struct Current {
    pub(crate) knowledge: Knowledge,
    pub(crate) set: RuleSetRow,
    /// Whether the store knows the number.
    known: AtomicBool,
    /// Rules whose failure was told, by file and line.
    told: Mutex<BTreeSet<(String, usize)>>,
}

/// What counts now, and the rules of before that stored events were mapped by.
pub(crate) struct Declared {
    current: RwLock<Arc<Current>>,
    before: Mutex<BTreeMap<i64, Arc<RuleSet>>>,
    /// The last version of the mapping rules that this release could not read; 0 for none.
    unreadable: AtomicI64,
}

impl Current {
    fn new(knowledge: Knowledge) -> Self {
        let (identity, dial_plans) = (knowledge.rules.version().to_owned(), knowledge.plans.version());
        let (mapping, hash) = (knowledge.mapping.number, knowledge.mapping.rules.version());
        let set = RuleSetRow { id: number(&identity, &dial_plans, mapping, hash), identity, dial_plans, mapping };
        Self { knowledge, set, known: AtomicBool::new(false), told: Mutex::default() }
    }

    /// Makes its number known to the store before the first event names it. A round trip, once.
    pub(crate) async fn make_known(&self, store: &Store) -> Result<(), StoreError> {
        if !self.known.load(Ordering::Relaxed) {
            store.add_rule_set(&self.set).await?;
            self.known.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Counts rules that failed, and says each of them once.
    pub(crate) fn tell(&self, failures: &[RuleFailure]) {
        for RuleFailure { file, line, reason } in failures {
            metrics::counter!("trunkline_mapping_rule_failures_total", "file" => file.clone()).increment(1);
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert((file.clone(), *line)) {
                let version = self.set.mapping;
                tracing::warn!(version, %file, line, %reason, "a mapping rule fails; events go on without it");
            }
        }
    }
}

/// A function of the rules alone, so that every process finds the same number.
fn number(identity: &str, dial_plans: &str, mapping: i64, hash: &str) -> i64 {
    let digest = Sha256::digest(format!("{identity} {dial_plans} {mapping} {hash}"));
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

impl Declared {
    pub(crate) fn new(knowledge: Knowledge) -> Self {
        Self {
            current: RwLock::new(Arc::new(Current::new(knowledge))),
            before: Mutex::default(),
            unreadable: AtomicI64::new(0),
        }
    }

    /// What counts now; whoever works by it goes on with the same until done.
    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether this version was found to be unreadable here.
    pub(crate) fn is_unreadable(&self, version: i64) -> bool {
        self.unreadable.load(Ordering::Relaxed) == version
    }

    pub(crate) fn set_unreadable(&self, version: i64) {
        self.unreadable.store(version, Ordering::Relaxed);
    }

    /// Lets something else count from now on: `change` gives it from what counts, or `None` to leave that.
    pub(crate) fn exchange(&self, change: impl FnOnce(&Knowledge) -> Option<Knowledge>) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = change(&current.knowledge) else { return false };
        *current = Arc::new(Current::new(next));
        true
    }

    /// Maps stored events, each by the rules that mapped it when it was stored. Asks the store for rules that were never
    /// needed since the start of this process.
    pub(crate) async fn map_again<T>(
        &self,
        session: &Session<'_>,
        stored: Vec<(T, Event, Option<i64>)>,
    ) -> Result<Vec<(T, Event)>, StoreError> {
        let current = self.current();
        let ids: BTreeSet<i64> =
            stored.iter().filter_map(|(_, _, set)| *set).filter(|id| *id != current.set.id).collect();
        let before = if ids.is_empty() { BTreeMap::new() } else { self.of_before(session, ids).await? };
        let map = |(key, event, set): (T, Event, Option<i64>)| {
            let rules = match set {
                None => return (key, event),
                Some(id) if id == current.set.id => &current.knowledge.mapping.rules,
                Some(id) => match before.get(&id) {
                    Some(rules) => rules,
                    None => return (key, event),
                },
            };
            let mapped = rules.map(&event).event.into_owned();
            (key, mapped)
        };
        Ok(stored.into_iter().map(map).collect())
    }

    async fn of_before(
        &self,
        session: &Session<'_>,
        ids: BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, Arc<RuleSet>>, StoreError> {
        let mut found: BTreeMap<i64, Arc<RuleSet>> = {
            let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            ids.iter().filter_map(|id| Some((*id, Arc::clone(before.get(id)?)))).collect()
        };
        let missing: BTreeSet<i64> = ids.into_iter().filter(|id| !found.contains_key(id)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        for (id, files) in rules::files_of(session, missing).await? {
            let rules = RuleSet::parse(files, None).unwrap_or_else(|problems| {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(
                    id,
                    problem = first,
                    "old mapping rules cannot be read any more; their events stand as they came"
                );
                RuleSet::default()
            });
            found.insert(id, Arc::new(rules));
        }
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        before.extend(found.iter().map(|(id, rules)| (*id, Arc::clone(rules))));
        Ok(found)
    }
}
