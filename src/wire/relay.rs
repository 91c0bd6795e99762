//! The outbox → bus. What mapping derived stands in the outbox until the bus has confirmed it.
//!
//! Derivations of this process come straight from memory; the outbox itself is read at the start, after trouble and now
//! and then, for what a crash left behind. So an event may be published twice, always with the same id.
//!
//! What is published is taken out of the outbox some time later, much at once: a commit for each batch would cost as much
//! as mapping's own, and a crash in between only publishes again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Exchange, Outgoing, Publisher};
use trunkline_events::Event;
use trunkline_mapping::engine::{self, Derivation};

/// How many events go to the bus in one call at most.
const BATCH: usize = 512;
/// How often the outbox is read when nothing calls for it.
const LOOK: Duration = Duration::from_secs(15);

/// How long published events may stand in the outbox, and how many.
const CLEAR: Duration = Duration::from_millis(250);
const CLEAR_AT: usize = 4 * BATCH;

/// The way to the relay's task. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Relay {
    derived: mpsc::Sender<Derivation>,
    /// Something stands in the outbox that did not fit the channel or did not get through.
    behind: Arc<AtomicBool>,
}

/// The task that publishes.
pub(crate) struct RelayTask {
    outbox: engine::Relay,
    publisher: Publisher,
    derived: mpsc::Receiver<Derivation>,
    behind: Arc<AtomicBool>,
    /// Places of published events that still stand in the outbox.
    done: Vec<i64>,
    stop: CancellationToken,
}

/// A relay and its task, which is to be spawned.
pub(crate) fn relay(outbox: engine::Relay, publisher: Publisher, stop: CancellationToken) -> (Relay, RelayTask) {
    let (sender, derived) = mpsc::channel(4 * BATCH);
    let behind = Arc::new(AtomicBool::new(true));
    let task = RelayTask { outbox, publisher, derived, behind: Arc::clone(&behind), done: Vec::new(), stop };
    (Relay { derived: sender, behind }, task)
}

impl Relay {
    /// Never waits: what does not fit is in the outbox anyway.
    pub(crate) fn push(&self, derived: Vec<Derivation>) {
        for derivation in derived {
            if self.derived.try_send(derivation).is_err() {
                self.behind.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
}

impl RelayTask {
    /// Publishes until stopped and empty.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut clear = tokio::time::interval(CLEAR);
        clear.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.behind.swap(false, Ordering::Relaxed) && !self.catch_up().await {
                self.behind.store(true, Ordering::Relaxed);
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
                continue;
            }
            tokio::select! {
                biased;
                count = self.derived.recv_many(&mut batch, BATCH) => if count == 0 { break },
                _ = clear.tick(), if !self.done.is_empty() => { self.clear().await; continue }
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => { self.behind.store(true, Ordering::Relaxed); continue }
            }
            let derived = batch.drain(..).map(|derivation| (derivation.seq, derivation.event)).collect();
            if !self.publish(derived).await || (self.done.len() >= CLEAR_AT && !self.clear().await) {
                self.behind.store(true, Ordering::Relaxed);
            }
        }
        self.clear().await;
    }

    /// Empties the outbox; `false` when the bus or the database is away.
    async fn catch_up(&mut self) -> bool {
        loop {
            // What is published must not be read again.
            if !self.clear().await {
                return false;
            }
            let pending = match self.outbox.pending(u32::try_from(BATCH).unwrap_or(u32::MAX)).await {
                Ok(pending) => pending,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the outbox; trying again");
                    return false;
                }
            };
            let last = pending.len() < BATCH;
            if !self.publish(pending.into_iter().map(|waiting| (waiting.seq, waiting.event)).collect()).await {
                return false;
            }
            if last {
                return true;
            }
        }
    }

    async fn publish(&mut self, derived: Vec<(i64, Event)>) -> bool {
        let mut places = Vec::with_capacity(derived.len());
        let mut messages = Vec::with_capacity(derived.len());
        for (place, event) in derived {
            match Outgoing::event(Exchange::Unified, &event) {
                Ok(message) => messages.push(message),
                Err(error) => tracing::error!(event = %event.id, %error, "a derived event cannot be written"),
            }
            places.push(place);
        }
        if let Err(error) = self.publisher.publish(messages).await {
            tracing::warn!(%error, events = places.len(), "the bus takes nothing; derived events wait in the outbox");
            return false;
        }
        self.done.append(&mut places);
        true
    }

    /// Takes what is published out of the outbox; `false` when the database is away.
    async fn clear(&mut self) -> bool {
        let cleared = self.outbox.published(&self.done).await;
        match cleared {
            Ok(()) => self.done.clear(),
            Err(error) => {
                tracing::warn!(%error, events = self.done.len(), "cannot clear the outbox; trying again");
                return false;
            }
        }
        true
    }
}
