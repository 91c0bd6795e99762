//! What stands in a message's properties, in both directions.
//!
//! `message_id` is the event's id, `content_type` is CloudEvents JSON; headers: `partitionkey`, `source`, `epoch`,
//! `sequence`, and on messages that were retried or are dead what happened to them. All of it is absent on what an
//! integrator publishes, and may then be of any type: reading never fails.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use trunkline_events::{BATCH_CONTENT_TYPE, CONTENT_TYPE, Sequence, Timestamp};
use uuid::Uuid;

use super::names::PARTITION_KEY;
use crate::link::now;
use crate::{Exchange, Outgoing};

const PERSISTENT: u8 = 2;
pub(super) const ATTEMPT: &str = "x-trunkline-attempt";
pub(super) const REASON: &str = "x-trunkline-reason";
pub(super) const QUEUE: &str = "x-trunkline-queue";
pub(super) const EXCHANGE: &str = "x-trunkline-exchange";
pub(super) const ROUTING_KEY: &str = "x-trunkline-routing-key";
pub(super) const DIED: &str = "x-trunkline-died";
/// How often a quorum queue has delivered it before.
const DELIVERY_COUNT: &str = "x-delivery-count";

pub(super) fn of_outgoing(outgoing: &Outgoing) -> BasicProperties {
    let mut headers = FieldTable::default();
    put_text(&mut headers, PARTITION_KEY, &outgoing.partition_key);
    put_text(&mut headers, "source", &outgoing.source);
    if let Some(sequence) = &outgoing.sequence {
        put_text(&mut headers, "epoch", &sequence.epoch);
        let number = i64::try_from(sequence.number).unwrap_or(i64::MAX);
        headers.insert("sequence".into(), AMQPValue::LongLongInt(number));
    }
    let content_type = if outgoing.exchange == Exchange::Pages { BATCH_CONTENT_TYPE } else { CONTENT_TYPE };
    BasicProperties::default()
        .with_message_id(outgoing.id.to_string().as_str().into())
        .with_content_type(content_type.into())
        .with_delivery_mode(PERSISTENT)
        .with_timestamp(u64::try_from(now().unix_millis() / 1000).unwrap_or(0))
        .with_headers(headers)
}

/// The same message with what happened to it added, and the broker's own notes left out: those would make it count
/// the message as one that goes in circles.
pub(super) fn annotated(properties: &BasicProperties, notes: &[(&'static str, AMQPValue)]) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (key, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        let of_broker = key.as_str().starts_with("x-") && !key.as_str().starts_with("x-trunkline-");
        if !of_broker {
            headers.insert(key.clone(), value.clone());
        }
    }
    for (key, value) in notes {
        headers.insert((*key).into(), value.clone());
    }
    properties.clone().with_delivery_mode(PERSISTENT).with_headers(headers)
}

pub(super) fn long(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

pub(super) fn id(properties: &BasicProperties) -> Uuid {
    properties.message_id().as_ref().and_then(|id| Uuid::parse_str(id.as_str()).ok()).unwrap_or_default()
}

pub(super) fn partition_key(properties: &BasicProperties) -> String {
    text(properties, PARTITION_KEY).unwrap_or_default()
}

pub(super) fn source(properties: &BasicProperties) -> String {
    text(properties, "source").unwrap_or_default()
}

pub(super) fn sequence(properties: &BasicProperties) -> Option<Sequence> {
    let number = number(header(properties, "sequence")?)?;
    Some(Sequence { epoch: text(properties, "epoch")?, number })
}

/// From 1.
pub(super) fn attempt(properties: &BasicProperties) -> u32 {
    let attempt = header(properties, ATTEMPT).and_then(number).unwrap_or(1);
    u32::try_from(attempt).unwrap_or(u32::MAX).max(1)
}

pub(super) fn deliveries(properties: &BasicProperties) -> u64 {
    header(properties, DELIVERY_COUNT).and_then(number).unwrap_or(0)
}

pub(super) fn published(properties: &BasicProperties) -> Option<Timestamp> {
    let seconds = i64::try_from((*properties.timestamp())?).ok()?;
    Timestamp::from_unix_seconds(seconds).ok()
}

pub(super) fn text(properties: &BasicProperties, key: &str) -> Option<String> {
    as_text(header(properties, key)?)
}

/// One field of the newest entry of the broker's own record of dead-lettering.
pub(super) fn death<'a>(properties: &'a BasicProperties, field: &str) -> Option<&'a AMQPValue> {
    let AMQPValue::FieldArray(deaths) = header(properties, "x-death")? else { return None };
    let AMQPValue::FieldTable(newest) = deaths.as_slice().first()? else { return None };
    newest.inner().get(field)
}

pub(super) fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn header<'a>(properties: &'a BasicProperties, key: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(key)
}

fn put_text(headers: &mut FieldTable, key: &'static str, value: &str) {
    headers.insert(key.into(), long(value));
}

fn number(value: &AMQPValue) -> Option<u64> {
    match value {
        AMQPValue::LongLongInt(number) => (*number).try_into().ok(),
        AMQPValue::LongInt(number) => (*number).try_into().ok(),
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::ShortInt(number) => (*number).try_into().ok(),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortInt(number) => (*number).try_into().ok(),
        _ => None,
    }
}
