//! What the store shows to people: the shapes that the HTTP API, the panel and `trunkctl` read.

mod archive;
mod identity;
mod journey;
mod segment;
mod staff;

pub use archive::{
    MatchView, RebuiltPage, RebuiltRecord, ReconciliationView, RetiredView, RevisionView, SeenView, UnseenView,
};
pub use identity::{
    ConflictDetail, ConflictSide, ConflictView, LinkView, RehearsalView, RehearsedChange, RehearsedCustomer, TurnView,
};
pub use journey::{NoCursor, Place, TimelineFilter, TimelinePage, TouchKind, TouchPoint};
pub use segment::{SegmentPage, SegmentRow, SegmentView};
pub use staff::{AgentView, LoginView, TagWordView};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::chat::Author;
use trunkline_events::pop::{Brief, Certainty, Pop};
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
    /// Whose customer he is, by the declared rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerView>,
}

impl CustomerView {
    /// The same, with the age of every value at `now`.
    #[must_use]
    pub fn aged(mut self, now: Timestamp) -> Self {
        for field in &mut self.fields {
            field.age_s = Some(u64::try_from(now.since(field.at).whole_seconds()).unwrap_or_default());
        }
        self
    }
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
    /// Other known customers have it too: what hangs on it is nobody's.
    #[serde(default)]
    pub shared: bool,
}

/// One profile field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldView {
    /// Field name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Who said so: `/connectors/chat`, `/agents`; `computed` for what follows from his records.
    pub source: String,
    /// When the source said so.
    pub at: Timestamp,
    /// What it is about: `identity`, `character`, `channel_preference`, `contact_time_preference`, `purchase_trend`,
    /// `value`, `other`.
    #[serde(default)]
    pub group: String,
    /// How conflicts over it are settled: `newest`, `source_order`, `only_if_empty`, `union`; `computed`.
    #[serde(default)]
    pub rule: String,
    /// How long ago it was said, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
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
    /// Whether the rules name it; else it is the source's own word.
    #[serde(default)]
    pub known: bool,
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

/// A pop whose call is alive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LivePopView {
    /// The pop.
    pub pop: Pop,
    /// False while it rings.
    pub answered: bool,
}

/// Which conversation records are asked for; an absent field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CdrFilter {
    /// Of this customer, by any of his ids.
    pub customer: Option<Uuid>,
    /// With this customer number, in any spelling.
    pub number: Option<String>,
    /// With a leg of this agent.
    pub agent: Option<String>,
    /// With a leg at this extension.
    pub extension: Option<String>,
    /// Seen by this connector: `/connectors/avaya-bj`.
    pub source: Option<String>,
    /// Started then or later.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// Voice or chat.
    pub medium: Option<Medium>,
    /// Continue after this one: start and id of the last entry of the page before.
    pub after: Option<(Timestamp, Uuid)>,
    /// At most so many, the newest first; 0 means 50.
    pub limit: u32,
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
    /// How many of `waiting` lie neither on the bus nor on the spool, and were given more than a minute ago.
    #[serde(default)]
    pub lost: u64,
    /// How many of `waiting` were given before the instant that was asked about.
    #[serde(skip)]
    pub overdue: u64,
    /// Redeliveries of the same number (no part of the sum).
    pub redelivered: u64,
    /// Declared gaps: from, to, reason.
    pub gaps: Vec<trunkline_events::link::Gap>,
}

/// Books of one queue of a call centre or chat desk in a period: `told = answered + abandoned + unanswered + open + missing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueBooksView {
    /// The queue, skill or split, as its source calls it.
    pub queue: String,
    /// The connector: `/connectors/avaya-bj`.
    pub source: String,
    /// Conversations that the source's events put into the queue.
    pub told: u64,
    /// Those whose record names the queue and that an agent answered.
    pub answered: u64,
    /// The customer gave up, in a queue or while it rang.
    pub abandoned: u64,
    /// Nobody answered, or it came to nothing.
    pub unanswered: u64,
    /// Not over yet.
    pub open: u64,
    /// Over by its events, but there is no record, or it does not name the queue. It must be 0.
    pub missing: u64,
}

/// A version of the mapping rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleVersionView {
    /// Its number; versions are added, never changed.
    pub version: i64,
    /// Names the text of its files.
    pub hash: String,
    /// When it was applied.
    pub applied: Timestamp,
    /// Who applied it: the token's name.
    pub actor: String,
    /// Why, in his words.
    pub note: String,
    /// The version whose files it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<i64>,
    /// Whether it counts now.
    pub active: bool,
    /// Its files, where one version is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<crate::rules::File>>,
}

/// By which rules an event was mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventRulesView {
    /// The event.
    pub event: Uuid,
    /// Version of the identity rules.
    pub identity: String,
    /// Version of the dial plans.
    pub dial_plans: String,
    /// Version of the mapping rules; 0 for none.
    pub mapping: i64,
}

/// Whose customer one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnerView {
    /// The agent's id here; absent where his login is linked to nobody.
    pub agent: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// What the system calls him, or what the field holds.
    pub login: String,
    /// The system that names him.
    pub system: String,
    /// The rule that found him: `field:owner`, `last_call`, `last_chat`.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// Since when this is known.
    pub at: Timestamp,
}
