//! The engine: a batch of events in, customers, records, profiles, pops and derived events out, in one transaction.
//!
//! - [`Engine::apply`] takes a batch, whatever of it was seen before; [`Applied`] says what became of it.
//! - [`Engine::merge`], [`Engine::split`], [`Engine::undo`], [`Engine::remark`], [`Engine::edit`] are what people decide and write; each is an
//!   event like any other.
//! - [`Records`] answers questions; its shapes are those of [`crate::view`].
//!
//! Stages of a batch, in this order in every transaction, each taking its rows and locks in the order of their ids, so that
//! several workers and processes wait for one another and never deadlock: inbox and conversation keys → books → handles →
//! locks of people and conversations, all at once → people → profile → records, pops and outbox together. What is changed
//! is read under the locks.
//!
//! Doing it again is harmless: the inbox stops what was seen, derived events have the same ids each time. So a commit whose
//! outcome is unknown is simply tried again.

mod apply;
mod conflicts;
mod conversations;
mod current;
mod derive;
mod directives;
mod edits;
mod figures;
mod inbox;
mod journey;
mod people;
mod pops;
mod profiles;
mod races;
mod rebuild;
mod recent;
mod reconcile;
mod records;
mod rehearsal;
mod retention;
mod rules;
mod segments;
mod spreading;
mod staff;
mod subjects;
mod tagging;
mod touch;
mod who;

use std::sync::Arc;

use tokio::sync::Notify;
use trunkline_events::{Event, EventId};

pub use apply::EngineError;
pub use directives::{By, Decided, DirectiveError};
pub use edits::Edit;
pub use rebuild::Rebuild;
pub use reconcile::{Compared, LONGEST, Stretch};
pub use records::Records;
pub use retention::Retention;
pub use rules::{NewRules, RulesError};

use crate::counts::Counted;
use crate::identity::Rules;
use crate::numbers::DialPlans;
use crate::profile::ProfileRules;
use crate::rules::RuleSet;
use crate::store::{Rejection, Store, StoreError};

/// Applies events. Cheap to clone; clones share the store. Several may work at once, in several processes too
/// (on PostgreSQL; with SQLite they take turns).
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) declared: Arc<current::Declared>,
    outbox: Arc<Notify>,
    recent: Arc<recent::Recent>,
}

/// What is declared, not learned.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// What each scheme of handles means.
    pub rules: Rules,
    /// How numbers are written at each site.
    pub plans: DialPlans,
    /// What is made of what sources say of people.
    pub profile: ProfileRules,
    /// What is counted of what people say.
    pub counted: Counted,
    /// What becomes of fields, tags and attributes by source.
    pub mapping: MappingRules,
}

/// Mapping rules and the version under which they were applied.
#[derive(Debug, Clone, Default)]
pub struct MappingRules {
    /// 0 for rules that were never applied.
    pub number: i64,
    /// The rules.
    pub rules: Arc<RuleSet>,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// Events that were never seen before.
    pub new: usize,
    /// The same happening told again under another number.
    pub duplicate: usize,
    /// The same number again.
    pub redelivered: usize,
    /// What was derived, in order: publish it, then name it to [`Store::published`].
    pub derived: Vec<Derivation>,
    /// Events that cannot be used, for a reason in themselves: already in the books, to be dead-lettered.
    pub rejected: Vec<Rejected>,
}

/// A derived event that waits in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivation {
    /// Its place in the outbox.
    pub seq: i64,
    /// The event.
    pub event: Event,
    /// Its CloudEvents JSON, as it stands in the outbox.
    pub json: String,
}

/// An event that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which one.
    pub event: EventId,
    /// Why, in a sentence without its contents.
    pub reason: String,
}

impl Engine {
    /// An engine on a store.
    pub fn new(store: Store, knowledge: Knowledge) -> Self {
        Self {
            store,
            declared: Arc::new(current::Declared::new(knowledge)),
            outbox: Arc::new(Notify::new()),
            recent: Arc::default(),
        }
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is declared and counts now.
    pub fn knowledge(&self) -> Knowledge {
        self.declared.current().knowledge.clone()
    }

    /// Answers questions from the same store, by what is declared now: made anew for each question.
    pub fn records(&self) -> Records {
        Records::new(self.store.clone(), Arc::clone(&self.declared))
    }

    /// The outbox, for whoever publishes it.
    pub fn relay(&self) -> Relay {
        Relay { store: self.store.clone(), outbox: Arc::clone(&self.outbox) }
    }

    /// Records messages that are no events, so that the books add up.
    pub async fn reject(&self, rejections: &[Rejection]) -> Result<(), StoreError> {
        self.store.reject(rejections).await
    }
}

/// Empties the outbox: read what waits, publish it with confirms, name it as published.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    outbox: Arc<Notify>,
}

impl Relay {
    /// The oldest derived events that the bus has not confirmed.
    pub async fn pending(&self, limit: u32) -> Result<Vec<crate::store::Pending>, StoreError> {
        self.store.pending(limit).await
    }

    /// The bus has confirmed these.
    pub async fn published(&self, places: &[i64]) -> Result<(), StoreError> {
        self.store.published(places).await
    }

    /// Returns once a batch of this process has derived something. Other processes' outboxes are theirs to wake for:
    /// look once at the start, and now and then.
    pub async fn woken(&self) {
        self.outbox.notified().await;
    }
}
