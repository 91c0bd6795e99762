//! What must stand on the broker before the first event, declared anew on every connection.
//!
//! `trunkline.events` → `trunkline.shards` (consistent hash over `partitionkey`) → `trunkline.mapping.0..N-1`; without
//! the plugin `trunkline.events` → `trunkline.mapping.0`. Retries wait in one queue for each delay, from where they
//! return to the queue that their routing key names. Dead letters of all queues come together in `trunkline.dead`.

use lapin::options::{ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};

use super::connect::{self, failed, has_code};
use super::names;
use crate::message::mapping_queue;
use crate::retry::DELAYS_MS;
use crate::{AmqpSettings, BusError, Exchange, Limits, Queue};

const PRECONDITION_FAILED: u16 = 406;
const NOT_FOUND: u16 = 404;
const COMMAND_INVALID: u16 = 503;

/// Declares everything and says how many mapping queues there are.
pub(super) async fn declare(
    connection: &Connection,
    settings: &AmqpSettings,
    limits: &Limits,
) -> Result<u16, BusError> {
    let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
    exchange(&channel, Exchange::Events.name(), ExchangeKind::Topic).await?;
    exchange(&channel, Exchange::Unified.name(), ExchangeKind::Topic).await?;
    exchange(&channel, Exchange::Commands.name(), ExchangeKind::Direct).await?;
    exchange(&channel, Exchange::Pages.name(), ExchangeKind::Fanout).await?;
    declare_dead(&channel).await?;
    for delay in DELAYS_MS {
        declare_retry(&channel, delay).await?;
    }
    let sharded = declare_hash_exchange(settings).await?;
    let shards = if sharded { settings.shards } else { 1 };
    if !sharded && settings.shards > 1 {
        tracing::warn!(
            "the broker has no rabbitmq_consistent_hash_exchange plugin: events go through one queue and mapping does not \
             scale out; `rabbitmq-plugins enable rabbitmq_consistent_hash_exchange` mends it"
        );
    }
    for shard in 0..shards {
        declare_consumed(&channel, &mapping_queue(shard), limits).await?;
    }
    bind_shards(&channel, sharded, shards).await?;
    refuse_left_over(connection, shards).await?;
    let _ = channel.close(200, "declared".into()).await;
    Ok(shards)
}

/// A durable queue with one active consumer, a delivery limit and a way to the dead letters.
pub(super) async fn declare_consumed(channel: &Channel, name: &str, limits: &Limits) -> Result<(), BusError> {
    let mut arguments = quorum();
    insert(&mut arguments, "x-single-active-consumer", AMQPValue::Boolean(true));
    insert(
        &mut arguments,
        "x-delivery-limit",
        AMQPValue::LongInt(limits.delivery_limit.try_into().unwrap_or(i32::MAX)),
    );
    insert(&mut arguments, "x-dead-letter-exchange", text(names::DEAD));
    dead_letter_at_least_once(&mut arguments);
    queue(channel, name, QueueDeclareOptions::durable(), arguments).await
}

/// Declares what a subscription consumes, with its bindings.
pub(super) async fn declare_queue(
    channel: &Channel,
    wanted: &Queue,
    name: &str,
    limits: &Limits,
) -> Result<(), BusError> {
    if wanted.is_durable() {
        declare_consumed(channel, name, limits).await?;
    } else {
        queue(channel, name, QueueDeclareOptions::exclusive().auto_delete(), FieldTable::default()).await?;
    }
    for (from, pattern) in wanted.bindings() {
        bind(channel, name, from.name(), &pattern).await?;
    }
    Ok(())
}

async fn declare_dead(channel: &Channel) -> Result<(), BusError> {
    exchange(channel, names::DEAD, ExchangeKind::Fanout).await?;
    queue(channel, names::DEAD, QueueDeclareOptions::durable(), quorum()).await?;
    bind(channel, names::DEAD, names::DEAD, "").await
}

async fn declare_retry(channel: &Channel, delay_ms: u32) -> Result<(), BusError> {
    let name = names::retry(delay_ms);
    exchange(channel, &name, ExchangeKind::Fanout).await?;
    let mut arguments = quorum();
    insert(&mut arguments, "x-message-ttl", AMQPValue::LongLongInt(delay_ms.into()));
    // The default exchange, where the routing key names the queue to return to.
    insert(&mut arguments, "x-dead-letter-exchange", text(""));
    dead_letter_at_least_once(&mut arguments);
    queue(channel, &name, QueueDeclareOptions::durable(), arguments).await?;
    bind(channel, &name, &name, "").await
}

/// Tries on a connection of its own, since the broker closes the connection over an unknown type of exchange.
async fn declare_hash_exchange(settings: &AmqpSettings) -> Result<bool, BusError> {
    let connection = connect::open(settings, "trunkline topology").await?;
    let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
    let mut arguments = FieldTable::default();
    insert(&mut arguments, "hash-header", text(names::PARTITION_KEY));
    let kind = ExchangeKind::Custom("x-consistent-hash".to_owned());
    let declared = channel.exchange_declare(names::SHARDS.into(), kind, durable(), arguments).await;
    match declared {
        Ok(()) => {
            let _ = connection.close(200, "declared".into()).await;
            Ok(true)
        }
        Err(error) if has_code(&error, COMMAND_INVALID) => Ok(false),
        Err(error) => Err(explained(names::SHARDS, "declaring an exchange", error)),
    }
}

async fn bind_shards(channel: &Channel, sharded: bool, shards: u16) -> Result<(), BusError> {
    let events = Exchange::Events.name();
    if !sharded {
        return bind(channel, &mapping_queue(0), events, "#").await;
    }
    for shard in 0..shards {
        // For this type of exchange the routing key is the queue's weight.
        bind(channel, &mapping_queue(shard), names::SHARDS, "1").await?;
    }
    channel
        .exchange_bind(
            names::SHARDS.into(),
            events.into(),
            "#".into(),
            ExchangeBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .map_err(failed("binding the shards"))?;
    // Left from a time without the plugin, this binding would double the events of every shard but the first.
    channel
        .queue_unbind(mapping_queue(0).as_str().into(), events.into(), "#".into(), FieldTable::default())
        .await
        .map_err(failed("unbinding the first shard"))
}

/// A queue beyond the last shard still gets its share of the events and nobody would consume it.
async fn refuse_left_over(connection: &Connection, shards: u16) -> Result<(), BusError> {
    let queue = mapping_queue(shards);
    match ready(connection, &queue).await? {
        None => Ok(()),
        Some(_) => Err(BusError::LeftOverShard { shards, queue }),
    }
}

/// The messages ready in a queue; `None` if there is no such queue.
pub(super) async fn ready(connection: &Connection, name: &str) -> Result<Option<u64>, BusError> {
    // A queue that is not there costs the channel.
    let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
    let passive = QueueDeclareOptions::default().passive();
    match channel.queue_declare(name.into(), passive, FieldTable::default()).await {
        Ok(queue) => Ok(Some(queue.message_count().into())),
        Err(error) if has_code(&error, NOT_FOUND) => Ok(None),
        Err(cause) => Err(BusError::Broker { doing: "looking at a queue", cause }),
    }
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<(), BusError> {
    let declared = channel.exchange_declare(name.into(), kind, durable(), FieldTable::default()).await;
    declared.map_err(|error| explained(name, "declaring an exchange", error))
}

async fn queue(
    channel: &Channel,
    name: &str,
    options: QueueDeclareOptions,
    arguments: FieldTable,
) -> Result<(), BusError> {
    let declared = channel.queue_declare(name.into(), options, arguments).await;
    declared.map(drop).map_err(|error| explained(name, "declaring a queue", error))
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), BusError> {
    channel
        .queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default())
        .await
        .map_err(failed("binding a queue"))
}

fn explained(name: &str, doing: &'static str, error: lapin::Error) -> BusError {
    if has_code(&error, PRECONDITION_FAILED) {
        return BusError::Mismatch { name: name.to_owned(), detail: error.to_string() };
    }
    BusError::Broker { doing, cause: error }
}

fn durable() -> ExchangeDeclareOptions {
    ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    insert(&mut arguments, "x-queue-type", text("quorum"));
    arguments
}

/// By default a quorum queue may lose a message between itself and where its dead letters go.
fn dead_letter_at_least_once(arguments: &mut FieldTable) {
    insert(arguments, "x-dead-letter-strategy", text("at-least-once"));
    insert(arguments, "x-overflow", text("reject-publish"));
}

fn insert(arguments: &mut FieldTable, key: &str, value: AMQPValue) {
    arguments.insert(key.into(), value);
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
