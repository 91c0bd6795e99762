//! What was delivered to outside systems, and what was not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EventId;

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Taken by the far side.
    Delivered,
    /// Will be tried again.
    Failed,
    /// Given up.
    Dead,
}

/// `trunkline.delivery.attempted.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempted {
    /// Where to.
    pub destination: String,
    /// The event that was to be delivered.
    pub event: EventId,
    /// From 1.
    pub attempt: u32,
    /// How it went.
    pub result: AttemptResult,
    /// The far side's answer or the error, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
