//! The envelope: CloudEvents 1.0 structured JSON in both directions.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Body, EventId, Timestamp};

/// The media type of an event on every bus.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The media type of several events in one message.
pub const BATCH_CONTENT_TYPE: &str = "application/cloudevents-batch+json";

/// One happening, as every part of Trunkline sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Stable identity; see [`EventId::derive`].
    pub id: EventId,
    /// Who tells it: `/connectors/avaya-bj`, `/mapping`, `/agents`, `/admin`.
    pub source: String,
    /// What it is about: the call, chat, agent or customer, in the source's own id.
    pub subject: Option<String>,
    /// When it happened by the source's clock (the receive time where the source has none).
    pub time: Timestamp,
    /// When Trunkline took it.
    pub received: Timestamp,
    /// Events of one key stay in order: the call, the conversation, the agent.
    pub partition_key: String,
    /// The event that this one was derived from.
    pub causation: Option<EventId>,
    /// Where it stands in its connector's books; absent on derived events.
    pub sequence: Option<Sequence>,
    /// What it says.
    pub body: Body,
}

/// A connector numbers what it takes, so that the books can prove that nothing is missing.
///
/// Numbers start at 1 in each epoch and have no holes; a redelivery keeps its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence {
    /// One run of one connector (a UUIDv7 in text form, so later runs sort later).
    pub epoch: String,
    /// The number within the epoch, from 1.
    pub number: u64,
}

/// Why bytes are no event of ours.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not JSON, or the CloudEvents attributes are missing or malformed.
    #[error("not a CloudEvents 1.0 JSON envelope: {0}")]
    Envelope(#[source] serde_json::Error),
    /// A CloudEvents version other than 1.0.
    #[error("unsupported CloudEvents version {0:?}")]
    Version(String),
    /// The type is not in the table of this release.
    #[error("unknown event type {0:?}")]
    UnknownType(String),
    /// `data` does not fit its type.
    #[error("data of {event_type} {id} does not fit its schema: {cause}")]
    Data {
        /// The type named by the envelope.
        event_type: String,
        /// The event's id.
        id: String,
        /// What does not fit.
        #[source]
        cause: serde_json::Error,
    },
    /// `epoch` and `sequence` are there, and `sequence` is no number.
    #[error("sequence {0:?} is not a number")]
    Sequence(String),
    /// A value holds U+0000, which no store can keep.
    #[error("event holds a NUL character")]
    Nul,
}

/// The attributes as they stand on the wire.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    specversion: std::borrow::Cow<'a, str>,
    id: EventId,
    #[serde(borrow)]
    source: std::borrow::Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    event_type: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<std::borrow::Cow<'a, str>>,
    receivedtime: Timestamp,
    partitionkey: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causationid: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    /// A string, as the CloudEvents `sequence` extension asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Event {
    /// The type name on the wire, like `trunkline.call.ringing.v1`.
    pub fn event_type(&self) -> crate::EventType {
        self.body.event_type()
    }

    /// The routing key on the bus: the type without its first word, like `call.ringing.v1`, so that `call.#` binds a family.
    pub fn routing_key(&self) -> &'static str {
        crate::routing_key(self.event_type())
    }

    /// Whether mapping made it out of other events (exchange `trunkline.unified`) or something happened (`trunkline.events`).
    pub fn is_derived(&self) -> bool {
        crate::is_derived(self.event_type())
    }

    /// The CloudEvents JSON of this event.
    ///
    /// Fails only if a body cannot be written as JSON, which no type of the table does.
    pub fn to_json(&self) -> Result<Vec<u8>, EventError> {
        let data = self.body.to_raw().map_err(EventError::Envelope)?;
        let wire = Wire {
            specversion: "1.0".into(),
            id: self.id,
            source: self.source.as_str().into(),
            event_type: self.event_type().into(),
            subject: self.subject.clone(),
            time: self.time,
            datacontenttype: Some("application/json".into()),
            receivedtime: self.received,
            partitionkey: self.partition_key.clone(),
            causationid: self.causation,
            epoch: self.sequence.as_ref().map(|sequence| sequence.epoch.clone()),
            sequence: self.sequence.as_ref().map(|sequence| sequence.number.to_string()),
            data: &data,
        };
        serde_json::to_vec(&wire).map_err(EventError::Envelope)
    }

    /// Several events as one text of the CloudEvents JSON batch format, from the JSON of each.
    pub fn batch<'j>(events: impl IntoIterator<Item = &'j [u8]>) -> Vec<u8> {
        let mut batch = vec![b'['];
        for json in events {
            if batch.len() > 1 {
                batch.push(b',');
            }
            batch.extend_from_slice(json);
        }
        batch.push(b']');
        batch
    }

    /// Reads a batch; what of it is no event of ours is an error in its place.
    pub fn from_batch(json: &[u8]) -> Result<Vec<Result<Self, EventError>>, EventError> {
        let events: Vec<&RawValue> = serde_json::from_slice(json).map_err(EventError::Envelope)?;
        Ok(events.into_iter().map(|event| Self::from_json(event.get().as_bytes())).collect())
    }

    /// Reads CloudEvents JSON. Unknown attributes are ignored (additive change), unknown types are an error.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        // `\u0000` is the only way a NUL gets through a JSON parser.
        if contains_nul_escape(json) {
            return Err(EventError::Nul);
        }
        let wire: Wire<'_> = serde_json::from_slice(json).map_err(EventError::Envelope)?;
        if wire.specversion != "1.0" {
            return Err(EventError::Version(wire.specversion.into_owned()));
        }
        let body = match Body::parse(&wire.event_type, wire.data) {
            None => return Err(EventError::UnknownType(wire.event_type.into_owned())),
            Some(Err(cause)) => {
                return Err(EventError::Data {
                    event_type: wire.event_type.into_owned(),
                    id: wire.id.to_string(),
                    cause,
                });
            }
            Some(Ok(body)) => body,
        };
        let sequence = match (wire.epoch, wire.sequence) {
            (Some(epoch), Some(text)) => match text.parse() {
                Ok(number) => Some(Sequence { epoch, number }),
                Err(_) => return Err(EventError::Sequence(text)),
            },
            // A `sequence` alone is somebody else's CloudEvents extension.
            _ => None,
        };
        Ok(Self {
            id: wire.id,
            source: wire.source.into_owned(),
            subject: wire.subject,
            time: wire.time,
            received: wire.receivedtime,
            partition_key: wire.partitionkey,
            causation: wire.causationid,
            sequence,
            body,
        })
    }
}

/// Whether a JSON text holds an escaped NUL: `\u0000` behind a backslash that is not itself escaped. One pass.
fn contains_nul_escape(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        // What a backslash escapes begins no escape of its own.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}
