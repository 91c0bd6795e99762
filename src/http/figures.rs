//! What the HTTP side needs for counts, series, recordings: the shapes and the trait that the daemon implements.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::{Event, Timestamp};
use trunkline_mapping::counts::{HotspotView, ResponseView, Subject};
use trunkline_mapping::view::QueueBooksView;
use uuid::Uuid;

use super::parts::Answer;

/// From one instant up to another, which is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub since: Timestamp,
    /// The first one after it.
    pub until: Timestamp,
}

/// A link that is quieter than is likely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silent {
    /// When its far side last said anything, as far as this daemon has held the link.
    pub since: Timestamp,
    /// Events that were usual in the time since then.
    pub expected: u64,
}

/// The books of queues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queues {
    /// Queues of call centres and chat desks, by the events that name them.
    pub items: Vec<QueueBooksView>,
    /// Queues of the bus, as they are now; absent while the bus is away.
    pub bus: Option<Vec<BusQueue>>,
}

/// One queue of the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusQueue {
    /// Its name: `trunkline.mapping.0`.
    pub queue: String,
    /// Messages that wait in it.
    pub ready: u64,
}

/// A part of a recording, to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Play {
    /// Names the run: the epoch of its numbers in the books. The same part again, under the same run, counts once.
    pub run: Uuid,
    /// The number of the first event, from 1.
    pub first: u64,
    /// The events, in order.
    pub events: Vec<Event>,
    /// Although this daemon is no test system.
    pub into_production: bool,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Played {
    /// Events that were given to the bus, and are durable.
    pub taken: u64,
}

/// A recording as it is made: whole lines. Ends by itself when its time is up.
pub type Lines = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// Counts, series, recordings. Every call may wait for the store or the bus.
#[async_trait]
pub trait Figures: Send + Sync {
    /// Counters of a day (`2026-11-21`; today if absent) beside the day before, spikes first.
    async fn hotspots(&self, day: Option<&str>, by: Option<Subject>) -> Answer<Vec<HotspotView>>;
    /// Times to the first answer by hour; of one queue, or of all.
    async fn response(&self, period: Period, queue: Option<&str>) -> Answer<Vec<ResponseView>>;
    /// The books of queues; seconds on a large store.
    async fn queues(&self, period: Period) -> Answer<Queues>;
    /// Records what a connector of this process tells, masked, for so long.
    async fn record(&self, connector: &str, how_long: Duration) -> Answer<Lines>;
    /// Plays a part of a recording; [`super::parts::PartError::Conflict`] if this is no test system and nobody insists.
    async fn play(&self, part: Play) -> Answer<Played>;
}
