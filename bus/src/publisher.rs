//! The way onto the bus for those who can try again themselves (the outbox relay).

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::link::LinkState;
use crate::{Outgoing, PublishError};

/// What a publisher is told.
pub(crate) type PublishReply = oneshot::Sender<Result<(), PublishError>>;

/// Messages of one call, on their way to the transport's writer.
#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) messages: Arc<Vec<Outgoing>>,
    /// If given, publish only while the link stands under this number ([`LinkState::standing`]): what comes behind a lost
    /// or refused group must not overtake it.
    pub(crate) standing: Option<u64>,
    pub(crate) reply: PublishReply,
}

/// Publishes with confirms. Cheap to clone; many tasks may publish at once and share windows.
#[derive(Debug, Clone)]
pub struct Publisher {
    pub(crate) requests: mpsc::Sender<PublishRequest>,
    pub(crate) link: watch::Receiver<LinkState>,
}

impl Publisher {
    /// Returns when every message is durable, in the order given; messages of calls that overlap may interleave.
    ///
    /// Idempotent for consumers by the message's id. Cancelled, it may or may not have published.
    pub async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.start(Arc::new(messages), None).await?.await.map_err(|_| PublishError::Closed)?
    }

    /// Waits until there is somebody to publish to; does not promise that the next publish succeeds.
    pub async fn ready(&self) -> Result<(), PublishError> {
        let mut link = self.link.clone();
        link.wait_for(LinkState::ready).await.map(drop).map_err(|_| PublishError::Closed)
    }

    /// Hands the messages over; the order of these calls is the order on the bus.
    pub(crate) async fn start(
        &self,
        messages: Arc<Vec<Outgoing>>,
        standing: Option<u64>,
    ) -> Result<oneshot::Receiver<Result<(), PublishError>>, PublishError> {
        let (reply, answer) = oneshot::channel();
        let request = PublishRequest { messages, standing, reply };
        self.requests.send(request).await.map_err(|_| PublishError::Closed)?;
        Ok(answer)
    }
}
