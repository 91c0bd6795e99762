//! Frames rendered ahead of time, for a benchmark that must not pay for the rendering while it measures.

use super::Outgoing;

/// Frames by connection, in order.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) frames: Vec<(u64, Outgoing)>,
}
