//! A lease is an exclusive queue: the broker lets one connection at a time have it, and takes it away with the connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, Event};

use super::connect::{self, failed, has_code};
use super::{Amqp, names};
use crate::BusError;

const RESOURCE_LOCKED: u16 = 405;
/// Seconds; a holder that hangs is found out after twice this.
const HEARTBEAT: u16 = 5;
/// The broker cannot tell us when a lease is free.
const PAUSE: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Held for as long as its connection stands. Dropping it gives it up.
#[derive(Debug)]
pub(crate) struct AmqpLease {
    connection: Connection,
}

impl Amqp {
    /// Waits until this lease alone holds the name, however long that takes.
    pub(crate) async fn lease(self: &Arc<Self>, name: &str) -> Result<AmqpLease, BusError> {
        let queue = names::lease(name);
        loop {
            match self.try_lease(&queue).await {
                Ok(Some(lease)) => return Ok(lease),
                Ok(None) => {}
                Err(error @ (BusError::Unreachable { .. } | BusError::Broker { .. })) => {
                    tracing::debug!(lease = name, %error, "no lease yet");
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// `None` when somebody else got it, or the connection is gone, before we did.
    async fn try_lease(&self, queue: &str) -> Result<Option<AmqpLease>, BusError> {
        let connection = connect::open_with_heartbeat(&self.settings, "trunkline lease", HEARTBEAT).await?;
        while connection.status().connected() {
            let channel = connection.create_channel().await.map_err(failed("opening a channel"))?;
            // Not auto-delete: nothing consumes it. It goes with the connection.
            let options = QueueDeclareOptions::exclusive();
            match channel.queue_declare(queue.into(), options, FieldTable::default()).await {
                Ok(_) => return Ok(Some(AmqpLease { connection })),
                Err(error) if has_code(&error, RESOURCE_LOCKED) => tokio::time::sleep(PAUSE).await,
                Err(cause) => return Err(BusError::Broker { doing: "asking for a lease", cause }),
            }
        }
        Ok(None)
    }
}

impl AmqpLease {
    /// Returns when the lease is lost: from then on another process may hold it.
    pub(crate) async fn lost(&self) {
        let mut events = Box::pin(self.connection.events_listener());
        while self.connection.status().connected() {
            if let Ok(Some(Event::Error(_)) | None) = tokio::time::timeout(LOOK_AGAIN, events.next()).await
                && !self.connection.status().connected()
            {
                return;
            }
        }
    }

    /// Gives it up and waits until the broker knows.
    pub(crate) async fn release(self) {
        let _ = self.connection.close(200, "released".into()).await;
    }
}
