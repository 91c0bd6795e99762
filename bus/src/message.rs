//! What is put on the bus and what comes off it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use trunkline_events::{Event, EventError, Sequence};
use uuid::Uuid;

/// The exchanges. Integrators bind queues of their own to the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// What happened, as connectors saw it. Routed by topic.
    Events,
    /// What mapping derived. Routed by topic.
    Unified,
    /// To connectors. The routing key is the connector's source id.
    Commands,
    /// What pages are shown, from the process that derived it to all processes: many events in one message.
    Pages,
}

impl Exchange {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Events, Self::Unified, Self::Commands, Self::Pages];

    /// The name on the broker.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "trunkline.events",
            Self::Unified => "trunkline.unified",
            Self::Commands => "trunkline.commands",
            Self::Pages => "trunkline.pages",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exchange| exchange.name() == name)
    }
}

/// One message to publish. The body is passed on as it is, never read again.
#[derive(Clone, PartialEq)]
pub struct Outgoing {
    /// Where to.
    pub exchange: Exchange,
    /// The event type without its first word ([`Event::routing_key`]) on the topic exchanges, the source id on
    /// [`Exchange::Commands`].
    pub routing_key: String,
    /// Messages of one key stay in order.
    pub partition_key: String,
    /// The event's id; a message published twice has the same one.
    pub id: Uuid,
    /// Who says it.
    pub source: String,
    /// Where it stands in its connector's books.
    pub sequence: Option<Sequence>,
    /// Whether it is an error that no queue takes it.
    pub mandatory: bool,
    /// CloudEvents JSON; on [`Exchange::Pages`] a batch of it.
    pub body: Bytes,
}

impl Outgoing {
    /// The message that carries `event`.
    ///
    /// On [`Exchange::Unified`] it is no error that nobody listens: derived events are news, and the store keeps the facts.
    pub fn event(exchange: Exchange, event: &Event) -> Result<Self, EventError> {
        Ok(Self::written(exchange, event, event.to_json()?.into()))
    }

    /// As [`Outgoing::event`], for an event whose JSON is at hand.
    pub fn written(exchange: Exchange, event: &Event, json: Bytes) -> Self {
        Self {
            exchange,
            routing_key: event.routing_key().to_owned(),
            partition_key: event.partition_key.clone(),
            id: event.id.uuid(),
            source: event.source.clone(),
            sequence: event.sequence.clone(),
            mandatory: exchange != Exchange::Unified,
            body: json,
        }
    }

    /// What `source` derived, for the pages of every process; the events' JSON, in order.
    pub fn for_pages<'j>(source: &str, events: impl IntoIterator<Item = &'j [u8]>) -> Self {
        Self {
            exchange: Exchange::Pages,
            routing_key: String::new(),
            partition_key: source.to_owned(),
            id: Uuid::now_v7(),
            source: source.to_owned(),
            sequence: None,
            mandatory: false,
            body: Event::batch(events).into(),
        }
    }

    /// About how much memory and spool it takes.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + self.routing_key.len() + self.partition_key.len() + self.source.len() + 128
    }
}

/// Sizes only: bodies hold what people said.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("id", &self.id)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What to consume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queue {
    /// One shard of the events, from 0; one consumer at a time is active, the others stand by.
    Mapping(u16),
    /// A part of Trunkline (or one process of it) that wants events of its own.
    Subscriber {
        /// Its name; processes that share a durable queue share the name.
        name: String,
        /// Topic patterns: `*` is one word, `#` any number.
        bindings: Vec<(Exchange, String)>,
        /// A durable queue keeps events while nobody consumes, and has one active consumer at a time. The others
        /// belong to this subscription alone and are gone with it.
        durable: bool,
    },
    /// The commands for one connector.
    Commands {
        /// The connector's source id.
        source: String,
    },
}

impl Queue {
    /// The name on the broker; a subscription without a durable queue gets a unique one.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Mapping(shard) => mapping_queue(*shard),
            Self::Subscriber { name, durable: true, .. } => format!("trunkline.subscriber.{name}"),
            Self::Subscriber { name, durable: false, .. } => {
                format!("trunkline.live.{name}.{}", Uuid::new_v4().simple())
            }
            Self::Commands { source } => format!("trunkline.commands.{source}"),
        }
    }

    pub(crate) fn is_durable(&self) -> bool {
        !matches!(self, Self::Subscriber { durable: false, .. })
    }

    /// Bindings besides those of the fixed topology.
    pub(crate) fn bindings(&self) -> Vec<(Exchange, String)> {
        match self {
            Self::Mapping(_) => Vec::new(),
            Self::Subscriber { bindings, .. } => bindings.clone(),
            Self::Commands { source } => vec![(Exchange::Commands, source.clone())],
        }
    }
}

pub(crate) fn mapping_queue(shard: u16) -> String {
    format!("trunkline.mapping.{shard}")
}

/// Names one delivery of one subscription. Tags from before a reconnect are known as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    pub(crate) generation: u64,
    pub(crate) number: u64,
}

/// One message handed to a consumer. Until it is settled it will come again after a crash.
#[derive(Clone)]
pub struct Delivery {
    /// For [`crate::Subscription::settle`].
    pub tag: Tag,
    /// CloudEvents JSON, unless an integrator published something else.
    pub body: Bytes,
    /// The event's id; made from the body if the publisher named none.
    pub id: Uuid,
    /// Who says it; empty if the publisher did not say.
    pub source: String,
    /// Where it stands in its connector's books.
    pub sequence: Option<Sequence>,
    /// Messages of one key come in order.
    pub partition_key: String,
    /// From 1; grows with each [`Answer::Retry`].
    pub attempt: u32,
    /// Whether an earlier delivery of it ended without an answer.
    pub redelivered: bool,
}

/// Sizes only: bodies hold what people said.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("tag", &self.tag)
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .field("redelivered", &self.redelivered)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a consumer says of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its effects are durable.
    Done,
    /// Again, not before this time has passed; it loses its place in its key's order.
    Retry(Duration),
    /// It can never succeed: to the dead letters with this reason (ids and sizes, no personal data).
    Dead(String),
}
