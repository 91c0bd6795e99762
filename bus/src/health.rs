//! How the bus is, for health pages and metrics.

use trunkline_events::Timestamp;

/// One glance at the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether there is a way to the broker, in and out (the embedded file can be written).
    pub connected: bool,
    /// Why the broker takes nothing, though connected (memory or disk alarm).
    pub blocked: Option<String>,
    /// Since when `connected` and `blocked` are as they are.
    pub since: Timestamp,
    /// Why it is not connected, in words for an operator.
    pub reason: Option<String>,
    /// Events that wait on the disk.
    pub spool_events: u64,
    /// What they take, in bytes.
    pub spool_bytes: u64,
    /// The spool is full: `accept` waits, sockets are not read.
    pub spool_full: bool,
    /// Why the spool's disk takes nothing: events that the transport does not take are refused.
    pub spool_failing: Option<String>,
    /// Spooled records that could not be read back (damaged files) since the start.
    pub spool_damaged: u64,
}

/// How many messages wait in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue's name.
    pub queue: String,
    /// Messages ready to be consumed (those handed out and unsettled not counted).
    pub ready: u64,
}
