//! Customers of a segment.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use uuid::Uuid;

/// A declared segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentView {
    /// Its name.
    pub name: String,
    /// What people read.
    pub title: Option<String>,
    /// The condition, in CEL.
    pub when: String,
}

/// A customer of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentRow {
    /// The customer.
    pub customer: Uuid,
    /// Name.
    pub name: Option<String>,
    /// His numbers, in E.164; those that others have too are left out.
    pub phones: Vec<String>,
    /// His mail addresses; those that others have too are left out.
    pub emails: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Profile fields by name.
    pub fields: BTreeMap<String, String>,
    /// When his last call or chat began.
    pub last_contact: Option<Timestamp>,
}

/// Who of some customers belongs to a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SegmentPage {
    /// Those who do, in the order of their ids.
    pub items: Vec<SegmentRow>,
    /// How many customers were looked at.
    pub scanned: usize,
    /// How many of them the condition could not be evaluated for; they are not in it.
    pub unjudged: usize,
    /// Go on after this customer; absent at the end. Ids lie evenly between 0 and the highest, so it tells how far it is.
    pub next: Option<Uuid>,
}
