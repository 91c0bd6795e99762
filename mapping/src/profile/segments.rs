//! Customers by what is known of them.

use serde::{Deserialize, Serialize};

/// A declared segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The condition, in CEL.
    pub when: String,
}
