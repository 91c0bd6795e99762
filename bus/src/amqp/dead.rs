//! Work on the dead letters. Each task has a connection of its own: closing it gives back every letter that was looked
//! at and not taken out; they go behind those that were not looked at. An exclusive queue lets one task at a time work, for letters that one task
//! looks at are hidden from the others.

use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection};
use trunkline_events::Timestamp;
use uuid::Uuid;

use super::connect::{self, failed, has_code};
use super::consumer::identity;
use super::{Amqp, headers, names, side, topology, window};
use crate::link::now;
use crate::{BusError, DeadLetter, Outgoing, Replayed, Selection};

const RESOURCE_LOCKED: u16 = 405;
const DESK_PAUSE: Duration = Duration::from_millis(200);
/// The broker gives letters back a moment after their channel ended, and does not say when.
const RETURN_PAUSE: Duration = Duration::from_millis(20);
const RETURNS: u32 = 1_500;

/// A connection that alone looks at the dead letters.
struct Desk {
    connection: Connection,
    channel: Channel,
    /// Letters that were there when the work began.
    count: u64,
    /// Those of them that were not taken out.
    staying: u64,
}

impl Amqp {
    /// The letters at the head of the queue, at most `limit`, without their bodies.
    pub(crate) async fn dead_list(&self, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        let mut desk = Desk::open(self).await?;
        let mut letters = Vec::new();
        while letters.len() < limit
            && let Some(message) = desk.next().await?
        {
            letters.push(letter(&message, false));
        }
        desk.close().await;
        letters.sort_by_key(|letter| letter.last);
        Ok(letters)
    }

    /// One letter of this event, with its body.
    pub(crate) async fn dead_show(&self, id: Uuid) -> Result<Option<DeadLetter>, BusError> {
        let mut desk = Desk::open(self).await?;
        let mut found = None;
        while found.is_none()
            && let Some(message) = desk.next().await?
        {
            found = (id_of(&message) == id).then(|| letter(&message, true));
        }
        desk.close().await;
        Ok(found)
    }

    /// Puts letters back where they came from; a letter leaves only when its copy is confirmed.
    pub(crate) async fn dead_replay(&self, selection: &Selection) -> Result<Replayed, BusError> {
        let mut desk = Desk::open(self).await?;
        let back = window::confirming(&desk.connection).await.map_err(failed("opening a channel"))?;
        let mut replayed = Replayed::default();
        while let Some(message) = desk.next().await? {
            if !selection.takes(id_of(&message)) {
                continue;
            }
            if put_back(&back, &message).await? {
                desk.take_out(&message).await?;
                replayed.replayed += 1;
            } else {
                replayed.kept += 1;
            }
        }
        desk.close().await;
        Ok(replayed)
    }

    /// Removes letters for good and says how many.
    pub(crate) async fn dead_purge(&self, selection: &Selection) -> Result<usize, BusError> {
        let mut desk = Desk::open(self).await?;
        let mut purged = 0;
        while let Some(message) = desk.next().await? {
            if selection.takes(id_of(&message)) {
                desk.take_out(&message).await?;
                purged += 1;
            }
        }
        desk.close().await;
        Ok(purged)
    }

    /// Messages that no queue takes become dead letters, so that somebody sees them.
    pub(crate) async fn bury(&self, messages: &[Outgoing], reason: &str) -> Result<(), BusError> {
        let parcels = messages.iter().map(|message| {
            let notes = [
                (headers::REASON, headers::long(reason)),
                (headers::EXCHANGE, headers::long(message.exchange.name())),
                (headers::ROUTING_KEY, headers::long(&message.routing_key)),
                (headers::DIED, headers::long(&now().to_string())),
            ];
            side::Parcel {
                exchange: names::DEAD.to_owned(),
                routing_key: message.routing_key.clone(),
                properties: headers::annotated(&headers::of_outgoing(message), &notes),
                body: message.body.clone(),
            }
        });
        self.side.publish(parcels.collect()).await
    }
}

impl Desk {
    /// Waits until no other task works on the dead letters.
    async fn open(amqp: &Amqp) -> Result<Self, BusError> {
        let connection = connect::open(&amqp.settings, "trunkline dead letters").await?;
        loop {
            let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
            let options = QueueDeclareOptions::exclusive().auto_delete();
            match channel.queue_declare(names::DEAD_DESK.into(), options, FieldTable::default()).await {
                Ok(_) => break,
                Err(error) if has_code(&error, RESOURCE_LOCKED) => tokio::time::sleep(DESK_PAUSE).await,
                Err(cause) => return Err(BusError::Broker { doing: "waiting for the dead letters", cause }),
            }
        }
        let count = topology::ready(&connection, names::DEAD).await?.unwrap_or(0);
        let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
        Ok(Self { connection, channel, count, staying: count })
    }

    async fn next(&mut self) -> Result<Option<BasicGetMessage>, BusError> {
        if self.count == 0 {
            return Ok(None);
        }
        self.count -= 1;
        let got = self.channel.basic_get(names::DEAD.into(), BasicGetOptions::default()).await;
        got.map_err(failed("reading the dead letters"))
    }

    async fn take_out(&mut self, message: &BasicGetMessage) -> Result<(), BusError> {
        message.delivery.ack(BasicAckOptions::default()).await.map_err(failed("taking out a dead letter"))?;
        self.staying = self.staying.saturating_sub(1);
        Ok(())
    }

    /// Gives back what was looked at, and leaves the desk when it is there again, for the next task to see.
    async fn close(self) {
        let _ = self.channel.close(200, "done".into()).await;
        for _ in 0..RETURNS {
            match topology::ready(&self.connection, names::DEAD).await {
                Ok(Some(ready)) if ready < self.staying => tokio::time::sleep(RETURN_PAUSE).await,
                _ => break,
            }
        }
        let _ = self.connection.close(200, "done".into()).await;
    }
}

/// Whether some queue has it now.
async fn put_back(channel: &Channel, message: &BasicGetMessage) -> Result<bool, BusError> {
    let properties = &message.delivery.properties;
    let queue = queue_of(properties);
    let (exchange, key) = if queue.is_empty() {
        let exchange = headers::text(properties, headers::EXCHANGE).unwrap_or_default();
        (exchange, headers::text(properties, headers::ROUTING_KEY).unwrap_or_default())
    } else {
        (String::new(), queue)
    };
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let fresh = fresh(properties);
    let confirm = channel
        .basic_publish(exchange.as_str().into(), key.as_str().into(), options, &message.delivery.data, fresh)
        .await
        .map_err(failed("replaying a dead letter"))?;
    let confirmation = confirm.await.map_err(failed("replaying a dead letter"))?;
    Ok(confirmation.is_ack() && confirmation.take_message().is_none())
}

/// The properties as they were before the message died.
fn fresh(properties: &BasicProperties) -> BasicProperties {
    let mut kept = FieldTable::default();
    for (key, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        if !key.as_str().starts_with("x-") {
            kept.insert(key.clone(), value.clone());
        }
    }
    properties.clone().with_headers(kept)
}

fn id_of(message: &BasicGetMessage) -> Uuid {
    identity(&message.delivery.properties, &message.delivery.data)
}

/// Ours, or what the broker noted when it gave the message up itself.
fn queue_of(properties: &BasicProperties) -> String {
    let ours = headers::text(properties, headers::REASON).is_some();
    if ours {
        return headers::text(properties, headers::QUEUE).unwrap_or_default();
    }
    headers::death(properties, "queue").and_then(headers::as_text).unwrap_or_default()
}

fn reason_of(properties: &BasicProperties) -> String {
    if let Some(reason) = headers::text(properties, headers::REASON) {
        return reason;
    }
    match headers::death(properties, "reason").and_then(headers::as_text).as_deref() {
        Some("delivery_limit") => "delivered too often without an answer".to_owned(),
        Some(reason) => format!("given up by the broker: {reason}"),
        None => "unknown".to_owned(),
    }
}

fn letter(message: &BasicGetMessage, with_body: bool) -> DeadLetter {
    let properties = &message.delivery.properties;
    let died = headers::text(properties, headers::DIED).and_then(|text| text.parse().ok());
    let noted = headers::death(properties, "time").and_then(|time| match time {
        AMQPValue::Timestamp(seconds) => Timestamp::from_unix_seconds(i64::try_from(*seconds).ok()?).ok(),
        _ => None,
    });
    let deliveries = u32::try_from(headers::deliveries(properties)).unwrap_or(u32::MAX);
    DeadLetter {
        id: id_of(message),
        source: headers::source(properties),
        reason: reason_of(properties),
        queue: queue_of(properties),
        attempts: headers::attempt(properties).max(deliveries),
        first: headers::published(properties),
        last: died.or(noted),
        size: message.delivery.data.len(),
        body: with_body.then(|| message.delivery.data.clone().into()),
    }
}
