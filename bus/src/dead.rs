//! Dead letters, as an operator sees them.

use bytes::Bytes;
use std::fmt;
use trunkline_events::Timestamp;
use uuid::Uuid;

/// A message that was given up. It stays until it is replayed or purged.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's id. The same event may be dead in several queues.
    pub id: Uuid,
    /// Who said it.
    pub source: String,
    /// Why it was given up.
    pub reason: String,
    /// Where it was consumed; empty if no queue took it.
    pub queue: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was published.
    pub first: Option<Timestamp>,
    /// When it was given up.
    pub last: Option<Timestamp>,
    /// Bytes of the body.
    pub size: usize,
    /// The body; only when one letter is shown.
    pub body: Option<Bytes>,
}

/// Sizes only: bodies hold what people said.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("reason", &self.reason)
            .field("queue", &self.queue)
            .field("attempts", &self.attempts)
            .field("bytes", &self.size)
            .finish_non_exhaustive()
    }
}

/// Which dead letters are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that were there when the work began.
    All,
    /// Those of these events.
    Ids(Vec<Uuid>),
}

impl Selection {
    pub(crate) fn takes(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&id),
        }
    }
}

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Letters that are back in their queues.
    pub replayed: usize,
    /// Letters that stay dead, since their queue is gone or nobody takes them.
    pub kept: usize,
}
