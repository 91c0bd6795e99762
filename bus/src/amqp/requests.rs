//! Requests to publish, in their order, of which the first can be put back.

use tokio::sync::mpsc;

use crate::publisher::PublishRequest;

/// What waits for the publishing task.
pub(super) struct Requests {
    waiting: mpsc::Receiver<PublishRequest>,
    /// Taken, and put back: in front of all that waits.
    first: Option<PublishRequest>,
}

impl Requests {
    pub(super) fn new(waiting: mpsc::Receiver<PublishRequest>) -> Self {
        Self { waiting, first: None }
    }

    /// The next request; `None` when nobody can publish any more. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<PublishRequest> {
        match self.first.take() {
            Some(request) => Some(request),
            None => self.waiting.recv().await,
        }
    }

    /// The next request, if one waits.
    pub(super) fn try_next(&mut self) -> Option<PublishRequest> {
        self.first.take().or_else(|| self.waiting.try_recv().ok())
    }

    /// Puts back what was taken last, to be the next again.
    pub(super) fn put_back(&mut self, request: PublishRequest) {
        self.first = Some(request);
    }
}
