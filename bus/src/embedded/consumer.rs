//! Consuming one queue of the file.
//!
//! A turn makes one subscription of a queue the active one, until it is dropped; so order is kept. What it had in hand
//! and did not settle comes again, to the next one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::store::{self, Stored};
use super::writer::{Operation, Settlement};
use super::{Embedded, failed};
use crate::link::now;
use crate::message::Tag;
use crate::{Answer, BusError, Delivery, Queue, retry};

/// A subscription to one queue.
#[derive(Debug)]
pub(crate) struct EmbeddedSubscription {
    embedded: Arc<Embedded>,
    name: String,
    durable: bool,
    generation: u64,
    /// Nothing at or before this place is read again, but retries.
    cursor: i64,
    /// Attempts of what is in hand, by place.
    in_hand: BTreeMap<i64, u32>,
    turn: Option<OwnedSemaphorePermit>,
}

impl EmbeddedSubscription {
    /// Returns once the queue takes messages, so that nothing published from now on is missed.
    pub(crate) async fn open(embedded: Arc<Embedded>, queue: &Queue) -> Result<Self, BusError> {
        let name = queue.name();
        let (declared, bindings) = (name.clone(), queue.bindings());
        embedded.write(|reply| Operation::Declare { queue: declared, bindings, reply }).await?;
        Ok(Self {
            embedded,
            name,
            durable: queue.is_durable(),
            generation: 1,
            cursor: 0,
            in_hand: BTreeMap::new(),
            turn: None,
        })
    }

    /// Waits for its turn and for a message, then takes what else is there, at most `max`. Cancel-safe.
    pub(crate) async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        self.take_turn().await?;
        let bell = self.embedded.bells.of(&self.name);
        loop {
            let rung = bell.notified();
            tokio::pin!(rung);
            // Registered before the look, so that nothing is missed in between.
            rung.as_mut().enable();
            let at = now().unix_millis();
            let found = match self.look(max, at).await {
                Ok(found) => found,
                Err(error) => {
                    self.wait_until_writable(&error).await?;
                    continue;
                }
            };
            if !found.is_empty() {
                return Ok(found.into_iter().map(|stored| self.hand_out(stored)).collect());
            }
            match self.next_due(at).await {
                Ok(Some(wait)) => drop(tokio::time::timeout(wait, rung).await),
                Ok(None) => rung.await,
                Err(error) => self.wait_until_writable(&error).await?,
            }
        }
    }

    /// Settles in one transaction; places that are not in hand are passed over.
    pub(crate) async fn settle(&mut self, answers: Vec<(Tag, Answer)>) -> Result<(), BusError> {
        let now = now().unix_millis();
        let mut settlement = Settlement::default();
        for (tag, answer) in answers.into_iter().filter(|(tag, _)| tag.generation == self.generation) {
            let Ok(place) = i64::try_from(tag.number) else { continue };
            let Some(attempt) = self.in_hand.remove(&place) else { continue };
            match retry::limited(answer, attempt, self.embedded.limits.max_attempts) {
                Answer::Done => settlement.done.push(place),
                Answer::Retry(after) => {
                    metrics::counter!("trunkline_bus_retried_events_total").increment(1);
                    settlement.retry.push((place, now + i64::from(retry::delay_ms(after))));
                }
                Answer::Dead(reason) => {
                    metrics::counter!("trunkline_bus_dead_events_total").increment(1);
                    settlement.dead.push((place, reason));
                }
            }
        }
        let unanswered = settlement.places().chain(self.in_hand.keys().copied()).collect();
        let settled = self.write_settlement(settlement).await;
        if settled.is_err() {
            self.begin_again(unanswered);
        }
        settled
    }

    async fn take_turn(&mut self) -> Result<(), BusError> {
        if self.turn.is_none() {
            let turn = self.embedded.turns.take(&self.name).await?;
            while let Err(error) = self.embedded.write(|reply| Operation::Begin { reply }).await {
                self.wait_until_writable(&error).await?;
            }
            self.turn = Some(turn);
        }
        Ok(())
    }

    /// Reads, sets aside what was delivered too often, and notes the rest as in hand.
    async fn look(&mut self, max: usize, at: i64) -> Result<Vec<Stored>, BusError> {
        let max = i64::try_from(max.max(1)).unwrap_or(i64::MAX);
        let pool = &self.embedded.readers;
        let read = failed("reading messages");
        let mut found = store::due(pool, &self.name, at, max).await.map_err(read)?;
        found.retain(|stored| !self.in_hand.contains_key(&stored.place));
        let read = failed("reading messages");
        let room = max - i64::try_from(found.len()).unwrap_or(0);
        found.extend(store::fresh(pool, &self.name, self.cursor, room).await.map_err(read)?);
        let limit = self.embedded.limits.delivery_limit;
        let (poison, good): (Vec<Stored>, Vec<Stored>) =
            found.into_iter().partition(|stored| stored.deliveries > limit);
        if !poison.is_empty() {
            let reason = "delivered too often without an answer";
            let dead = poison.iter().map(|stored| (stored.place, reason.to_owned())).collect();
            self.write_settlement(Settlement { dead, ..Settlement::default() }).await?;
        }
        let places = good.iter().map(|stored| stored.place).chain(self.in_hand.keys().copied());
        if !good.is_empty()
            && let (Some(first), Some(last)) = (places.clone().min(), places.max())
        {
            let queue = self.name.clone();
            self.embedded.write(|reply| Operation::Claim { queue, first, last, reply }).await?;
        }
        Ok(good)
    }

    fn hand_out(&mut self, stored: Stored) -> Delivery {
        self.cursor = self.cursor.max(stored.place);
        self.in_hand.insert(stored.place, stored.attempt);
        Delivery {
            tag: Tag { generation: self.generation, number: stored.place.unsigned_abs() },
            body: stored.body.into(),
            id: stored.id,
            source: stored.source,
            sequence: stored.sequence,
            partition_key: stored.partition_key,
            attempt: stored.attempt,
            redelivered: stored.deliveries > 0,
        }
    }

    /// How long until the first retry is due that was not at `at`, the instant of the look that found nothing.
    async fn next_due(&self, at: i64) -> Result<Option<Duration>, BusError> {
        let due = store::next_due(&self.embedded.readers, &self.name, at).await.map_err(failed("reading messages"))?;
        Ok(due.map(|due| Duration::from_millis(u64::try_from(due - now().unix_millis()).unwrap_or(0))))
    }

    async fn write_settlement(&self, settlement: Settlement) -> Result<(), BusError> {
        let queue = self.name.clone();
        self.embedded.write(|reply| Operation::Settle { queue, settlement, reply }).await
    }

    /// What is in hand will come again, after the writer has counted it.
    fn begin_again(&mut self, unanswered: Vec<i64>) {
        let queue = self.name.clone();
        // Only a count; if there is no room the messages still come again.
        let _ = self.embedded.operations.try_send(Operation::Returned { queue, places: unanswered });
        self.generation += 1;
        self.cursor = 0;
        self.in_hand.clear();
        self.turn = None;
    }

    async fn wait_until_writable(&mut self, error: &BusError) -> Result<(), BusError> {
        if matches!(error, BusError::Closed) {
            return Err(BusError::Closed);
        }
        tracing::debug!(queue = %self.name, %error, "cannot consume yet");
        // The writer may not have met the fault yet, so its word alone would make this loop spin.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut link = self.embedded.link();
        link.wait_for(|state| state.connected).await.map(drop).map_err(|_| BusError::Closed)
    }
}

impl Drop for EmbeddedSubscription {
    fn drop(&mut self) {
        let queue = self.name.clone();
        // Only counts; if there is no room the messages still come again.
        let _ = if self.durable {
            let places = self.in_hand.keys().copied().collect();
            self.embedded.operations.try_send(Operation::Returned { queue, places })
        } else {
            self.embedded.operations.try_send(Operation::DropQueue { queue })
        };
    }
}
