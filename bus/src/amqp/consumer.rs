//! Consuming one queue.
//!
//! Each connection gives the subscription a new channel and a new generation of tags; tags of an older one are passed
//! over, since the broker has taken those deliveries back. A queue that is deleted under us ends the consumer: that is
//! an error to the log, and the queue is declared again.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery as AmqpDelivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, Consumer};
use tokio::sync::watch;
use uuid::Uuid;

use super::connect::failed;
use super::outstanding::Outstanding;
use super::side::Parcel;
use super::{Amqp, headers, names, topology};
use crate::link::now;
use crate::message::Tag;
use crate::{Answer, BusError, Delivery, Queue, retry};

/// Between two attempts to consume on a connection that stands.
const PAUSE: Duration = Duration::from_millis(500);

/// A subscription to one queue.
#[derive(Debug)]
pub(crate) struct AmqpSubscription {
    amqp: Arc<Amqp>,
    queue: Queue,
    name: String,
    generation: u64,
    active: Option<Active>,
}

/// The consumer on the present channel.
#[derive(Debug)]
struct Active {
    channel: Channel,
    consumer: Consumer,
    outstanding: Outstanding<Held>,
    /// The number of the connection that the channel is on.
    connection: u64,
    redeclared: watch::Receiver<u64>,
    /// The stream is over; what was taken before can still be settled.
    ended: bool,
}

/// What a retry or a dead letter needs of a delivery.
#[derive(Debug)]
struct Held {
    body: Bytes,
    properties: BasicProperties,
    exchange: String,
    routing_key: String,
}

impl AmqpSubscription {
    /// Returns once the broker consumes for us, so that nothing published from now on is missed.
    pub(crate) async fn open(amqp: Arc<Amqp>, queue: Queue) -> Result<Self, BusError> {
        let name = queue.name();
        let mut subscription = Self { amqp, queue, name, generation: 0, active: None };
        subscription.activate().await?;
        Ok(subscription)
    }

    /// Waits for a message, then takes what else is there, at most `max`. Cancel-safe: nothing is lost.
    pub(crate) async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            self.activate().await?;
            let generation = self.generation;
            let Some(active) = self.active.as_mut() else { continue };
            let first = tokio::select! {
                biased;
                first = active.consumer.next() => first,
                () = self.amqp.consuming.gone(active.connection) => {
                    active.ended = true;
                    continue;
                }
                _ = active.redeclared.changed() => {
                    // Our bindings may have gone with what was declared again.
                    active.ended = true;
                    continue;
                }
            };
            let mut batch = Vec::new();
            active.take(first, generation, &mut batch, &self.name);
            while !batch.is_empty() && batch.len() < max && !active.ended {
                let Some(more) = active.consumer.next().now_or_never() else { break };
                active.take(more, generation, &mut batch, &self.name);
            }
            if !batch.is_empty() {
                return Ok(batch);
            }
        }
    }

    /// Acknowledges what is done; retries and dead letters are copied, confirmed and then acknowledged.
    ///
    /// On an error everything of this channel that is not done will be delivered again.
    pub(crate) async fn settle(&mut self, answers: Vec<(Tag, Answer)>) -> Result<(), BusError> {
        let Some(active) = self.active.as_mut() else { return Ok(()) };
        let mut done = Vec::with_capacity(answers.len());
        let mut sent_on = Vec::new();
        let mut parcels = Vec::new();
        for (tag, answer) in answers.into_iter().filter(|(tag, _)| tag.generation == self.generation) {
            let Some(held) = active.outstanding.get(tag.number) else { continue };
            let attempt = headers::attempt(&held.properties);
            match retry::limited(answer, attempt, self.amqp.limits.max_attempts) {
                Answer::Done => done.push(tag.number),
                Answer::Retry(after) => {
                    parcels.push(held.for_retry(&self.name, after, attempt));
                    sent_on.push(tag.number);
                }
                Answer::Dead(reason) => {
                    parcels.push(held.for_dead(&self.name, &reason, attempt));
                    sent_on.push(tag.number);
                }
            }
        }
        let copied = self.amqp.side.publish(parcels).await;
        if copied.is_ok() {
            done.append(&mut sent_on);
        }
        let connection = active.connection;
        let acknowledged = self.amqp.consuming.while_up(connection, active.acknowledge(done)).await;
        if copied.is_err() || acknowledged.is_err() {
            // Closing the channel gives the rest back to the queue.
            self.active = None;
        }
        copied
    }

    /// Makes the consumer if there is none, however long the broker is away. A queue that was this subscription's alone is
    /// not made again: who consumed it must know that it has missed something.
    async fn activate(&mut self) -> Result<(), BusError> {
        while self.active.as_ref().is_none_or(|active| active.ended || !active.channel.status().connected()) {
            self.active = None;
            if self.generation > 0 && !self.queue.is_durable() {
                let reason = "the queue of this subscription went with its connection".to_owned();
                return Err(BusError::Away { reason });
            }
            self.amqp.shards().await?;
            match self.consume().await {
                Ok(active) => {
                    self.generation += 1;
                    self.active = Some(active);
                }
                Err(error @ (BusError::Mismatch { .. } | BusError::Closed)) => return Err(error),
                Err(error) => {
                    tracing::debug!(queue = %self.name, %error, "cannot consume yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Ok(())
    }

    async fn consume(&self) -> Result<Active, BusError> {
        let redeclared = self.amqp.publishing.redeclared();
        let (number, connection) = self.amqp.consuming.connection().await?;
        let consuming = self.consume_on(&connection, number, redeclared);
        self.amqp.consuming.while_up(number, consuming).await
    }

    async fn consume_on(
        &self,
        connection: &Connection,
        number: u64,
        redeclared: watch::Receiver<u64>,
    ) -> Result<Active, BusError> {
        if matches!(self.queue, Queue::Mapping(_)) && topology::ready(connection, &self.name).await?.is_none() {
            // Its bindings went with it, and they are the topology's, not ours.
            self.amqp.publishing.redeclare(connection).await?;
        }
        // A declaration that fails costs its channel, so it has one of its own.
        let declaring = connection.create_channel().await.map_err(failed("opening a channel"))?;
        topology::declare_queue(&declaring, &self.queue, &self.name, &self.amqp.limits).await?;
        let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
        let prefetch = self.amqp.limits.prefetch;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(failed("limiting a consumer"))?;
        let options = BasicConsumeOptions::default();
        let consumer = channel
            .basic_consume(self.name.as_str().into(), "".into(), options, FieldTable::default())
            .await
            .map_err(failed("consuming"))?;
        let _ = declaring.close(200, "declared".into()).await;
        if self.queue.is_durable() {
            let mut known = self.amqp.consumed.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(self.name.clone());
        }
        Ok(Active {
            channel,
            consumer,
            outstanding: Outstanding::default(),
            connection: number,
            redeclared,
            ended: false,
        })
    }
}

impl Active {
    fn take(
        &mut self,
        item: Option<lapin::Result<AmqpDelivery>>,
        generation: u64,
        batch: &mut Vec<Delivery>,
        queue: &str,
    ) {
        match item {
            Some(Ok(delivery)) => {
                let number = delivery.delivery_tag;
                let (delivery, held) = split(delivery, Tag { generation, number });
                self.outstanding.insert(number, held);
                batch.push(delivery);
            }
            Some(Err(error)) => {
                tracing::debug!(queue, %error, "the consumer broke");
                self.ended = true;
            }
            None => {
                if self.channel.status().connected() {
                    tracing::error!(
                        queue,
                        "the queue was deleted while in use; it is declared again, what it held is gone"
                    );
                    metrics::counter!("trunkline_bus_deleted_queues_total").increment(1);
                }
                self.ended = true;
            }
        }
    }

    async fn acknowledge(&mut self, done: Vec<u64>) -> Result<(), BusError> {
        for ack in self.outstanding.settle(done) {
            let options = BasicAckOptions { multiple: ack.multiple };
            self.channel.basic_ack(ack.tag, options).await.map_err(failed("acknowledging"))?;
        }
        Ok(())
    }
}

impl Drop for Active {
    /// Closes the channel before lapin cancels the consumer on it: a cancelled one keeps what it did not settle until its
    /// channel is closed, and the next consumer of the queue would be given what comes behind that first.
    fn drop(&mut self) {
        if self.channel.status().connected() {
            // The first poll sends the close; its answer is of no interest.
            let _ = self.channel.close(200, "given back".into()).now_or_never();
        }
    }
}

impl Held {
    fn for_retry(&self, queue: &str, after: Duration, attempt: u32) -> Parcel {
        metrics::counter!("trunkline_bus_retried_events_total").increment(1);
        let next = AMQPValue::LongLongInt(i64::from(attempt) + 1);
        Parcel {
            exchange: names::retry(retry::delay_ms(after)),
            routing_key: queue.to_owned(),
            properties: headers::annotated(&self.properties, &[(headers::ATTEMPT, next)]),
            body: self.body.clone(),
        }
    }

    fn for_dead(&self, queue: &str, reason: &str, attempt: u32) -> Parcel {
        metrics::counter!("trunkline_bus_dead_events_total").increment(1);
        let notes = [
            (headers::REASON, headers::long(reason)),
            (headers::QUEUE, headers::long(queue)),
            (headers::EXCHANGE, headers::long(&self.exchange)),
            (headers::ROUTING_KEY, headers::long(&self.routing_key)),
            (headers::ATTEMPT, AMQPValue::LongLongInt(attempt.into())),
            (headers::DIED, headers::long(&now().to_string())),
        ];
        Parcel {
            exchange: names::DEAD.to_owned(),
            routing_key: queue.to_owned(),
            properties: headers::annotated(&self.properties, &notes),
            body: self.body.clone(),
        }
    }
}

fn split(delivery: AmqpDelivery, tag: Tag) -> (Delivery, Held) {
    let properties = delivery.properties;
    let body = Bytes::from(delivery.data);
    let ours = Delivery {
        tag,
        body: body.clone(),
        id: identity(&properties, &body),
        source: headers::source(&properties),
        sequence: headers::sequence(&properties),
        partition_key: headers::partition_key(&properties),
        attempt: headers::attempt(&properties),
        redelivered: delivery.redelivered || headers::deliveries(&properties) > 0,
    };
    let held = Held {
        body,
        properties,
        exchange: delivery.exchange.to_string(),
        routing_key: delivery.routing_key.to_string(),
    };
    (ours, held)
}

/// The event's id; for a message that names none, one that is the same each time it comes.
pub(super) fn identity(properties: &BasicProperties, body: &[u8]) -> Uuid {
    let id = headers::id(properties);
    if id.is_nil() { Uuid::new_v5(&Uuid::NAMESPACE_OID, body) } else { id }
}
