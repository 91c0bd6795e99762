//! What things are called on the broker, besides the exchanges of [`crate::Exchange`] and the queues of [`crate::Queue`].

/// The consistent-hash exchange that spreads events over the mapping queues.
pub(super) const SHARDS: &str = "trunkline.shards";
/// The exchange and the queue of dead letters.
pub(super) const DEAD: &str = "trunkline.dead";
/// An exclusive queue: who holds it works on the dead letters.
pub(super) const DEAD_DESK: &str = "trunkline.dead.desk";
/// The header by which events are spread.
pub(super) const PARTITION_KEY: &str = "partitionkey";

/// The exchange and the queue where messages wait for a retry.
pub(super) fn retry(delay_ms: u32) -> String {
    format!("trunkline.retry.{delay_ms}ms")
}

/// The exclusive queue that stands for a lease.
pub(super) fn lease(name: &str) -> String {
    format!("trunkline.lease.{name}")
}
