//! How many messages wait in each queue we know of.

use std::sync::PoisonError;

use super::{Amqp, names, topology};
use crate::message::mapping_queue;
use crate::retry::DELAYS_MS;
use crate::{BusError, QueueDepth};

impl Amqp {
    /// The fixed topology and what this process consumes; one question to the broker a queue.
    pub(crate) async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        let (generation, connection) = self.consuming.connection_now()?;
        let mut names: Vec<String> = (0..self.shards().await?).map(mapping_queue).collect();
        names.push(names::DEAD.to_owned());
        names.extend(DELAYS_MS.map(names::retry));
        let consumed = self.consumed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        names.extend(consumed);
        names.sort_unstable();
        names.dedup();
        let mut depths = Vec::with_capacity(names.len());
        for queue in names {
            let asking = topology::ready(&connection, &queue);
            if let Some(ready) = self.consuming.while_up(generation, asking).await? {
                depths.push(QueueDepth { queue, ready });
            }
        }
        Ok(depths)
    }
}
