//! Links to outside systems, and the books that prove nothing was lost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// `trunkline.link.up.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Up {
    /// The far side as the connector names it, without secrets.
    pub peer: String,
}

/// `trunkline.link.down.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Down {
    /// The far side as the connector names it, without secrets.
    pub peer: String,
    /// What happened, in a sentence.
    pub reason: String,
}

/// `trunkline.link.gap.v1`: between the two instants the source may have said things that we did not hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Last instant that is surely complete.
    pub from: Timestamp,
    /// First instant that is complete again.
    pub to: Timestamp,
    /// What happened, in a sentence.
    pub reason: String,
}

/// `trunkline.link.resynced.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resynced {
    /// Devices, calls or agents whose state was read.
    pub read: u32,
    /// Calls that were closed because they had vanished.
    pub vanished: u32,
}

/// `trunkline.link.books.v1`: so much was taken in this epoch so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Books {
    /// The epoch that is counted (see [`crate::Sequence`]).
    pub epoch: String,
    /// The highest number given.
    pub taken: u64,
    /// What the source said until then was heard in full and is in these books; absent where the source sends again by
    /// itself what was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_until: Option<Timestamp>,
}

/// `trunkline.link.silent.v1`: the link is quieter than its usual rate makes likely. Told once a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silent {
    /// When the source last said anything of its own.
    pub since: Timestamp,
    /// Events that were usual in the time since then.
    pub expected: u64,
    /// From how many on a silence is told.
    pub threshold: u64,
}

/// `trunkline.link.talking.v1`: a link that was told as silent says something again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Talking {
    /// Since when it had been silent: names the `link.silent` that is over.
    pub since: Timestamp,
}

/// `trunkline.opaque.v1`: counted, kept, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opaque {
    /// The source's name for it.
    pub native_kind: String,
    /// Where its raw bytes are kept, as the raw archive names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Bytes.
    pub size: u64,
}
