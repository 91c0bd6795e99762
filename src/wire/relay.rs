//! The outbox → bus. What mapping derived stands in the outbox until the bus has confirmed it.
//!
//! Derivations of this process come straight from memory; the outbox itself is read at the start, after trouble and now
//! and then, for what a crash left behind. So an event may be published twice, always with the same id.
//!
//! Each event goes to `trunkline.unified` for whoever listens there, and those that pages are shown go once more, many in
//! one message, to the pages of all processes.
//!
//! What is published is taken out of the outbox some time later, much at once: a commit for each batch would cost as much
//! as mapping's own, and a crash in between only publishes again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Exchange, Outgoing, Publisher};
use trunkline_mapping::engine::{self, Derivation};

use crate::wire::pops::Pops;

/// How many events go to the bus in one call at most.
const BATCH: usize = 512;
/// Calls that may wait for their confirms at once.
const UNDER_WAY: usize = 4;
/// From one call to the next: what is derived meanwhile shares it. The pages of this process do not wait for it.
const REST: Duration = Duration::from_millis(10);
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
    pops: Pops,
    derived: mpsc::Receiver<Derivation>,
    behind: Arc<AtomicBool>,
    /// Places of published events that still stand in the outbox.
    done: Vec<i64>,
    /// Places that were read from the outbox while their events still stood in the channel.
    caught_up: HashSet<i64>,
    stop: CancellationToken,
}

/// Places of a call, and whether the bus confirmed it.
type UnderWay = FuturesOrdered<BoxFuture<'static, (Vec<i64>, bool)>>;

/// A relay and its task, which is to be spawned.
pub(crate) fn relay(
    outbox: engine::Relay,
    publisher: Publisher,
    pops: Pops,
    stop: CancellationToken,
) -> (Relay, RelayTask) {
    let (sender, derived) = mpsc::channel(8 * BATCH);
    let behind = Arc::new(AtomicBool::new(true));
    let task = RelayTask {
        outbox,
        publisher,
        pops,
        derived,
        behind: Arc::clone(&behind),
        done: Vec::new(),
        caught_up: HashSet::new(),
        stop,
    };
    (Relay { derived: sender, behind }, task)
}

impl Relay {
    /// Never waits: what does not fit is in the outbox anyway.
    pub(crate) fn push(&self, derived: Vec<Derivation>) {
        for derivation in derived {
            if self.derived.try_send(derivation).is_err() {
                self.look();
                return;
            }
        }
    }

    /// Something may stand in the outbox that was not pushed.
    pub(crate) fn look(&self) {
        self.behind.store(true, Ordering::Relaxed);
    }
}

impl RelayTask {
    /// Publishes until stopped and empty.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut under_way = UnderWay::new();
        let (mut clear, mut look) = (tokio::time::interval(CLEAR), tokio::time::interval(LOOK));
        clear.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = Instant::now();
        loop {
            let behind = self.behind.load(Ordering::Relaxed);
            if behind && under_way.is_empty() {
                self.behind.store(false, Ordering::Relaxed);
                if !self.catch_up().await {
                    self.behind.store(true, Ordering::Relaxed);
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    }
                }
                continue;
            }
            let room = !behind && under_way.len() < UNDER_WAY;
            let rests = Instant::now() < next;
            tokio::select! {
                biased;
                // First, so that a call is begun before the next is made.
                Some((places, published)) = under_way.next(), if !under_way.is_empty() => {
                    self.settle(places, published).await;
                }
                () = tokio::time::sleep_until(next), if room && rests => {}
                count = self.derived.recv_many(&mut batch, BATCH), if room && !rests => {
                    if count == 0 {
                        break;
                    }
                    next = Instant::now() + REST;
                    under_way.push_back(self.hand_in(&mut batch));
                }
                _ = clear.tick(), if !self.done.is_empty() => { self.clear().await; }
                _ = look.tick() => self.behind.store(true, Ordering::Relaxed),
                () = self.stop.cancelled() => break,
            }
        }
        while let Some((places, published)) = under_way.next().await {
            self.settle(places, published).await;
        }
        self.clear().await;
    }

    /// Starts publishing what came from memory, but for what was read from the outbox meanwhile.
    fn hand_in(&mut self, batch: &mut Vec<Derivation>) -> BoxFuture<'static, (Vec<i64>, bool)> {
        let derived: Vec<Derivation> = batch.drain(..).filter(|one| !self.caught_up.remove(&one.seq)).collect();
        if self.derived.is_empty() {
            // Whatever was in the channel as the outbox was read has come by now.
            self.caught_up.clear();
        }
        self.publish(derived)
    }

    async fn settle(&mut self, mut places: Vec<i64>, published: bool) {
        if published {
            self.done.append(&mut places);
        }
        if !published || (self.done.len() >= CLEAR_AT && !self.clear().await) {
            self.behind.store(true, Ordering::Relaxed);
        }
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
            let derived: Vec<Derivation> = pending
                .into_iter()
                .map(|waiting| Derivation { seq: waiting.seq, event: waiting.event, json: waiting.json })
                .collect();
            // The pages of this process may not have seen what a lost answer of the database hid.
            for one in &derived {
                self.pops.show(&one.event);
            }
            self.caught_up.extend(derived.iter().map(|one| one.seq));
            let (mut places, published) = self.publish(derived).await;
            if !published {
                return false;
            }
            self.done.append(&mut places);
            if last {
                return true;
            }
        }
    }

    fn publish(&self, derived: Vec<Derivation>) -> BoxFuture<'static, (Vec<i64>, bool)> {
        let mut places = Vec::with_capacity(derived.len());
        let mut messages = Vec::with_capacity(derived.len() + 1);
        let mut shown: Vec<Bytes> = Vec::new();
        for Derivation { seq, event, json } in derived {
            let json = Bytes::from(json);
            if Pops::concerns(&event) {
                shown.push(json.clone());
            }
            messages.push(Outgoing::written(Exchange::Unified, &event, json));
            places.push(seq);
        }
        if !shown.is_empty() {
            messages.extend(self.pops.for_others(&shown));
        }
        let publisher = self.publisher.clone();
        Box::pin(async move {
            let answer = publisher.publish(messages).await;
            if let Err(error) = &answer {
                tracing::warn!(%error, events = places.len(), "the bus takes nothing; derived events wait in the outbox");
            }
            (places, answer.is_ok())
        })
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
