//! Event identity: the same happening has the same id, however often it is told.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Namespace of all event ids, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d3c_6bb5_1a5e_5c1e_8a43_0a4f_59f5_2c11);

/// UUIDv5 of (source, native id, kind, native sequence): redelivery, replay and reconnect give the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// The id of a happening that the source itself can name.
    ///
    /// `native_id` is the source's own id (a UCID with a device, a message id), `kind` tells apart several
    /// events made from one native message, `sequence` tells apart repeats (the second hold of one call).
    pub fn derive(source: &str, native_id: &str, kind: &str, sequence: &str) -> Self {
        let mut name = Vec::with_capacity(source.len() + native_id.len() + kind.len() + sequence.len() + 32);
        for part in [source, native_id, kind, sequence] {
            // Length-prefixed, so that ("ab","c") and ("a","bc") differ.
            name.extend_from_slice(part.len().to_string().as_bytes());
            name.push(b':');
            name.extend_from_slice(part.as_bytes());
        }
        Self(Uuid::new_v5(&NAMESPACE, &name))
    }

    /// Wraps an id that was read from the bus or the store, or a UUIDv7 where a source gives nothing stable.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The plain UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_happening_has_the_same_id_and_parts_do_not_run_together() {
        let first = EventId::derive("/connectors/a", "x", "y", "1");
        assert_eq!(first, EventId::derive("/connectors/a", "x", "y", "1"));
        assert_ne!(first, EventId::derive("/connectors/a", "xy", "", "1"));
        assert_ne!(first, EventId::derive("/connectors/a", "x", "y", "2"));
    }
}
