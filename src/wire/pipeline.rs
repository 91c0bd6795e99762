//! Mapping's consumer: bus → engine → store, one shard a task.
//!
//! A batch is what lay on the queue. Small batches of several shards are applied together ([`super::sharing`]). A batch is
//! applied in one transaction, then settled: a crash between the two only makes
//! the broker deliver again what the engine's inbox already knows. While the database is away the batch is kept and
//! tried again; nothing is acknowledged that is not stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use trunkline_bus::{Answer, Bus, Delivery, Queue, Subscription, Tag};
use trunkline_events::Event;
use trunkline_mapping::engine::{Applied, Engine, EngineError};
use trunkline_mapping::store::Rejection;
use uuid::Uuid;

use crate::wire::pops::Pops;
use crate::wire::relay::Relay;
use crate::wire::sharing::Sharing;

/// A batch of this part of the largest one is worth a transaction of its own.
const LARGE: usize = 2;

/// What one shard's task works with.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) bus: Bus,
    pub(crate) engine: Engine,
    pub(crate) relay: Relay,
    /// The pages of this process see pops as soon as they are stored; other processes get them over the bus.
    pub(crate) pops: Option<Pops>,
    pub(crate) batch: usize,
    pub(crate) sharing: Arc<Sharing<Delivery, (Tag, Answer)>>,
    pub(crate) stop: CancellationToken,
}

impl Pipeline {
    /// Serves one shard until stopped, subscribing again whenever the bus ends the subscription.
    pub(crate) async fn serve(self, shard: u16) {
        while !self.stop.is_cancelled() {
            match self.bus.subscribe(Queue::Mapping(shard)).await {
                Ok(subscription) => self.consume(subscription, shard).await,
                Err(error) => tracing::warn!(shard, %error, "cannot consume events yet; trying again"),
            }
            self.pause(Duration::from_secs(1)).await;
        }
    }

    async fn consume(&self, mut subscription: Subscription, shard: u16) {
        loop {
            let batch = tokio::select! {
                () = self.stop.cancelled() => return,
                batch = async {
                    self.sharing.gather().await;
                    subscription.next_batch(self.batch).await
                } => batch,
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::warn!(shard, %error, "the bus ended the subscription; subscribing again");
                    return;
                }
            };
            let Some(answers) = self.answer(batch).await else { return };
            if let Err(error) = subscription.settle(answers).await {
                tracing::warn!(shard, %error, "cannot settle a batch; it will be delivered again");
                return;
            }
        }
    }

    /// Applies a batch, alone or with those of other shards; `None` when the daemon stops meanwhile.
    async fn answer(&self, batch: Vec<Delivery>) -> Option<Vec<(Tag, Answer)>> {
        if batch.len() >= self.batch / LARGE {
            return self.apply(&batch).await;
        }
        let mut answered = self.sharing.leave(batch);
        loop {
            let turn = tokio::select! {
                biased;
                answers = &mut answered => return answers.ok(),
                turn = self.sharing.turn() => turn?,
            };
            let (together, owners) = self.sharing.take(self.batch);
            if owners.is_empty() {
                drop(turn);
                return answered.await.ok();
            }
            owners.answer(self.apply(&together).await?);
        }
    }

    /// Applies a batch, waiting for the database as long as it takes; `None` when the daemon stops meanwhile.
    async fn apply(&self, batch: &[Delivery]) -> Option<Vec<(Tag, Answer)>> {
        let read = Read::new(batch);
        let mut pause = Duration::from_millis(100);
        loop {
            match self.try_apply(&read).await {
                Ok(applied) => {
                    let answers = read.answers(batch, &applied);
                    self.tell(applied);
                    return Some(answers);
                }
                Err(EngineError::Unavailable(error)) => {
                    // A part of the batch may be stored, and a commit whose answer was lost too.
                    self.relay.look();
                    tracing::warn!(%error, events = read.events.len(), "the database is away; keeping the batch");
                    self.pause(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Err(error) => {
                    self.relay.look();
                    tracing::info!(%error, events = read.events.len(), "trying the batch again");
                }
            }
            if self.stop.is_cancelled() {
                return None;
            }
        }
    }

    async fn try_apply(&self, read: &Read) -> Result<Applied, EngineError> {
        if !read.unreadable.is_empty() {
            self.engine.reject(&read.unreadable).await.map_err(EngineError::Unavailable)?;
        }
        self.engine.apply(&read.events).await
    }

    /// Passes on what is stored: to the pages here, and to the bus.
    fn tell(&self, applied: Applied) {
        metrics::counter!("trunkline_events_mapped_total").increment(applied.new as u64);
        metrics::counter!("trunkline_events_duplicate_total").increment(applied.duplicate as u64);
        metrics::counter!("trunkline_events_rejected_total").increment(applied.rejected.len() as u64);
        if let Some(pops) = &self.pops {
            applied.derived.iter().for_each(|derivation| pops.show(&derivation.event));
        }
        self.relay.push(applied.derived);
    }

    async fn pause(&self, how_long: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(how_long) => {}
        }
    }
}

/// A batch as far as it can be read.
struct Read {
    events: Vec<Event>,
    unreadable: Vec<Rejection>,
    /// Why a delivery is no event, by its place in the batch.
    reasons: HashMap<usize, String>,
}

impl Read {
    fn new(batch: &[Delivery]) -> Self {
        let mut read =
            Self { events: Vec::with_capacity(batch.len()), unreadable: Vec::new(), reasons: HashMap::new() };
        for (place, delivery) in batch.iter().enumerate() {
            match Event::from_json(&delivery.body) {
                Ok(event) => read.events.push(event),
                Err(error) => {
                    let reason = error.to_string();
                    read.unreadable.push(Rejection {
                        source: delivery.source.clone(),
                        sequence: delivery.sequence.clone(),
                        event: None,
                        reason: reason.clone(),
                        received: trunkline_connectors::drive::system_clock(),
                    });
                    read.reasons.insert(place, reason);
                }
            }
        }
        read
    }

    /// Done for what is stored, dead with the reason for what cannot be.
    fn answers(&self, batch: &[Delivery], applied: &Applied) -> Vec<(Tag, Answer)> {
        let rejected: HashMap<Uuid, &str> =
            applied.rejected.iter().map(|rejected| (rejected.event.uuid(), rejected.reason.as_str())).collect();
        batch
            .iter()
            .enumerate()
            .map(|(place, delivery)| {
                let reason =
                    self.reasons.get(&place).map(String::as_str).or_else(|| rejected.get(&delivery.id).copied());
                (delivery.tag, reason.map_or(Answer::Done, |reason| Answer::Dead(reason.to_owned())))
            })
            .collect()
    }
}
