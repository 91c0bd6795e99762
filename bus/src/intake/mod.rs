//! The one way in for connectors: what was accepted is durable, on the broker or on the disk.
//!
//! One task keeps the order. It is *direct* while the transport takes events, with many on their way at once. When one
//! comes back, or takes too long, that one and all behind it go to the spool, and the task *spools*: new events go
//! behind those on the disk, and are brought to the transport in order when it is there again. Only when nothing is left
//! on the disk is it direct again. So events of one key never overtake each other; some may come twice.
//!
//! One exception: a queue that an operator has limited may refuse one event and take the next of its key, when a consumer
//! makes room between the two. Our own queues have no limit.

mod drain;
mod task;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub(crate) use drain::open_spool;
pub(crate) use task::IntakeTask;

use crate::spool::Fill;
use crate::{IntakeError, Outgoing};

/// How the spool is, as [`crate::Bus::health`] tells it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpoolState {
    pub(crate) fill: Fill,
    pub(crate) full: bool,
    /// Why its disk takes nothing; until it takes something again, or the transport needs no spool any more.
    pub(crate) failing: Option<String>,
}

/// Events of one call, on their way.
#[derive(Debug)]
struct Accept {
    events: Arc<Vec<Outgoing>>,
    reply: oneshot::Sender<Result<(), IntakeError>>,
}

/// Takes events from connectors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    accepts: mpsc::Sender<Accept>,
    stop: CancellationToken,
}

impl Intake {
    /// Returns when every event is durable: confirmed by the transport, or synced to the disk spool.
    ///
    /// Events of one key stay in the order of the calls; a call that is dropped before it returns may or may not have been
    /// taken. Waits only for a full spool (to be seen in [`crate::Health::spool_full`]). An event that no queue takes goes
    /// to the dead letters. On an error nothing counts as taken; [`IntakeError::may_pass`] says whether to try again.
    pub async fn accept(&self, events: impl Into<Arc<Vec<Outgoing>>>) -> Result<(), IntakeError> {
        let events = events.into();
        if events.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let accept = Accept { events, reply };
        self.accepts.send(accept).await.map_err(|_| IntakeError::Closed)?;
        answer.await.map_err(|_| IntakeError::Closed)?
    }

    /// Ends the task after what it holds is answered.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}
