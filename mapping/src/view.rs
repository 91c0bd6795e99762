//! What the store shows to people: the shapes that the HTTP API, the panel and `trunkctl` read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;
use trunkline_events::chat::Author;
use trunkline_events::customer::Strength;
use trunkline_events::pop::{Brief, Certainty};
use uuid::Uuid;

/// A customer with all that is known of him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerView {
    /// The id that is in force now, whatever former id was asked for.
    pub customer: Uuid,
    /// Name from the profile.
    pub name: Option<String>,
    /// All handles, strongest scheme first.
    pub handles: Vec<HandleView>,
    /// Profile fields, one value each by the field's conflict rule.
    pub fields: Vec<FieldView>,
    /// Tags that are set.
    pub tags: Vec<TagView>,
}

/// One handle of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandleView {
    /// `phone`, `email`, …
    pub scheme: String,
    /// What the value is unique within.
    pub scope: String,
    /// Canonical value.
    pub value: String,
    /// First and last sighting.
    pub first_seen: Timestamp,
    /// Last sighting.
    pub last_seen: Timestamp,
    /// Shared by so many that it no longer joins anybody.
    pub generic: bool,
}

/// One profile field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldView {
    /// Field name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Who said so: `/connectors/chat`, `/agents`.
    pub source: String,
    /// When the source said so.
    pub at: Timestamp,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagView {
    /// The tag.
    pub tag: String,
    /// Who set it.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

/// Who a handle belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Who {
    /// How sure we are.
    pub certainty: Certainty,
    /// Who it may be, last verified contact first.
    pub candidates: Vec<Brief>,
}

/// One entry of a customer's journey, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    /// When it started.
    pub at: Timestamp,
    /// The record.
    pub cdr: Cdr,
    /// Messages of a chat, oldest first; empty for calls.
    pub messages: Vec<MessageView>,
}

/// One chat message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageView {
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub author: Author,
    /// The writer's id at the source.
    pub author_id: Option<String>,
    /// The text, or a word for what it is (`[image/png]`).
    pub text: String,
}

/// Why two handles are, or are not, one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkView {
    /// One handle, as `scheme:scope:value`.
    pub a: String,
    /// The other.
    pub b: String,
    /// How much it proves.
    pub strength: Strength,
    /// `observed`, `include` or `exclude`.
    pub origin: String,
    /// The event (or directive) it comes from.
    pub event: Uuid,
    /// First time it was seen.
    pub at: Timestamp,
    /// Who said so.
    pub source: String,
    /// `joined`, or why not, in a sentence.
    pub verdict: String,
    /// Version of the rules that judged it.
    pub rule_version: String,
}

/// Books of one source on one day: `taken = stored + duplicate + rejected + waiting`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BooksView {
    /// The connector: `/connectors/avaya-bj`.
    pub source: String,
    /// Day in UTC, `2026-11-21`.
    pub day: String,
    /// Numbers given by the connector.
    pub taken: u64,
    /// Stored once.
    pub stored: u64,
    /// The same happening told again under another number.
    pub duplicate: u64,
    /// Refused, each with its reason.
    pub rejected: u64,
    /// Given, and not yet arrived.
    pub waiting: u64,
    /// Redeliveries of the same number (no part of the sum).
    pub redelivered: u64,
    /// Declared gaps: from, to, reason.
    pub gaps: Vec<trunkline_events::link::Gap>,
}
