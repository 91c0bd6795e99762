//! What the store shows to people: the shapes that the HTTP API, the panel and `trunkctl` read.

mod journey;
mod segment;
mod staff;

pub use journey::{NoCursor, Place, TimelineFilter, TimelinePage, TouchKind, TouchPoint};
pub use segment::{SegmentPage, SegmentRow, SegmentView};
pub use staff::{AgentView, LoginView, TagWordView};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Medium, Outcome, SwitchRecord};
use trunkline_events::chat::Author;
use trunkline_events::customer::Strength;
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
    /// Who decided it, for directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why, for directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Evidence on which a person may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictView {
    /// Names it.
    pub id: Uuid,
    /// `conflict`: a rule stood against a join, so something is wrong. `candidate`: it proves too little.
    pub kind: String,
    /// One side.
    pub a: ConflictSide,
    /// The other.
    pub b: ConflictSide,
    /// How much it proves.
    pub strength: Strength,
    /// Who said so.
    pub source: String,
    /// First time it was seen.
    pub at: Timestamp,
    /// Why the two are not one customer, in a sentence.
    pub verdict: String,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictSide {
    /// The handle, as `scheme:scope:value`.
    pub handle: String,
    /// Whose it is.
    pub customer: Uuid,
    /// His name, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A conflict with all that speaks for each side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictDetail {
    /// What it is about.
    pub conflict: ConflictView,
    /// All evidence at the handles of the customer of `a`.
    pub links_of_a: Vec<LinkView>,
    /// All evidence at the handles of the customer of `b`.
    pub links_of_b: Vec<LinkView>,
}

/// What a change of the identity rules would do to a part of the customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalView {
    /// Version of the rules that were rehearsed.
    pub rule_version: String,
    /// Customers that were looked at, as they are now.
    pub customers: u64,
    /// Handles that were looked at.
    pub handles: u64,
    /// Customers that would be one with another.
    pub would_join: u64,
    /// Customers of whom some would be somebody else.
    pub would_part: u64,
    /// Customers who would stay as they are and have another id.
    pub would_be_renamed: u64,
    /// How many customers there would be more (or, below 0, fewer).
    pub customers_more: i64,
    /// Handles that would turn generic.
    pub turn_generic: u64,
    /// Handles that would be generic no longer.
    pub no_longer_generic: u64,
    /// Some of the changes.
    pub samples: Vec<RehearsedChange>,
    /// Where the next part begins; absent after the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// Customers that would be others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedChange {
    /// Who they are.
    pub before: Vec<RehearsedCustomer>,
    /// Who they would be.
    pub after: Vec<RehearsedCustomer>,
}

/// One customer of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedCustomer {
    /// His id.
    pub customer: Uuid,
    /// His handles, as `scheme:scope:value`.
    pub handles: Vec<String>,
}

/// A join or a split that a customer went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnView {
    /// When what caused it happened.
    pub at: Timestamp,
    /// `merged` or `split`.
    pub kind: String,
    /// The customer that went on, or was one before.
    pub customer: Uuid,
    /// The former ids, or what it was split into.
    pub others: Vec<Uuid>,
    /// The event that caused it.
    pub cause: Option<Uuid>,
    /// Version of the rules.
    pub rule_version: String,
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

/// One revision of a conversation record: what it changed, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionView {
    /// The record; another id than the conversation's where that record became part of it later.
    pub record: Uuid,
    /// Its number.
    pub revision: u32,
    /// When the event that caused it was taken.
    pub at: Timestamp,
    /// That event.
    pub cause: Option<Uuid>,
    /// The type of that event (`trunkline.call.ended.v1`), or `rebuild`.
    pub why: String,
    /// What it changed; empty for the first, which is the completed record.
    pub changes: Vec<crate::cdr::Change>,
}

/// What became of a page of records that were made anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebuiltPage {
    /// Records that were made anew.
    pub looked: u64,
    /// Those that stay as they are.
    pub same: u64,
    /// Those that were damaged or missing and are put back as they were last told.
    pub restored: u64,
    /// Those that come out otherwise and got their next revision.
    pub revised: u64,
    /// Those whose events are no longer kept: they stay as they are.
    pub sealed: u64,
    /// Where the next page begins; absent after the last.
    pub next: Option<Uuid>,
    /// What was restored or revised, the first 100 of the page.
    pub records: Vec<RebuiltRecord>,
}

/// A record that was made anew and came out otherwise than it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebuiltRecord {
    /// Which one.
    pub id: Uuid,
    /// `missing`, `restored` or `revised`.
    pub what: String,
    /// What stood there otherwise.
    pub changes: Vec<crate::cdr::Change>,
}

/// How our records of a stretch of time stand to those of the switches. Lists name 1,000 at most; the numbers are full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReconciliationView {
    /// The day, `2026-11-21`, where it is one.
    pub day: Option<String>,
    /// The zone whose day it is.
    pub zone: Option<String>,
    /// Calls that ended then or later.
    pub from: Timestamp,
    /// Calls that ended before.
    pub to: Timestamp,
    /// Calls that both sides have.
    pub matched: u64,
    /// How many of these differ.
    pub differing: u64,
    /// Calls of which only events told.
    pub only_in_events: u64,
    /// Records that only the switch has.
    pub only_at_switch: u64,
    /// Pairs that differ.
    pub differences: Vec<MatchView>,
    /// Calls of which only events told.
    pub events: Vec<SeenView>,
    /// Records that only the switch has.
    pub switch: Vec<UnseenView>,
}

/// Two records of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatchView {
    /// Our record.
    pub cdr: Uuid,
    /// The switch's.
    pub record: Uuid,
    /// 1 to 100; 100 for the same UCID.
    pub confidence: u8,
    /// Why they are taken for one call.
    pub reason: String,
    /// Where they differ.
    pub differences: Vec<crate::cdr::Difference>,
}

/// A call of which only events told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenView {
    /// Our record.
    pub cdr: Uuid,
    /// The connector.
    pub source: String,
    /// The customer's number.
    pub customer: Option<String>,
    /// First event.
    pub started: Option<Timestamp>,
    /// End.
    pub ended: Option<Timestamp>,
    /// How it went.
    pub outcome: Outcome,
}

/// A record that only the switch has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnseenView {
    /// Its id, which follows from its content.
    pub id: Uuid,
    /// What it says.
    pub record: SwitchRecord,
    /// Another record with its UCID is matched: the call was seen, the switch wrote it in several records.
    pub call_matched: bool,
}

/// What retention removed, or would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetiredView {
    /// Conversations whose events go; their records stand as they are from then on.
    pub conversations: u64,
    /// Raw events.
    pub events: u64,
    /// Messages of chats, where they go before the other events.
    pub messages: u64,
    /// Refused messages.
    pub rejections: u64,
    /// Records with their revisions.
    pub records: u64,
    /// Records of switches.
    pub switch_records: u64,
}

impl RetiredView {
    /// Nothing was old enough.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds another batch's.
    pub fn add(&mut self, other: &Self) {
        self.conversations += other.conversations;
        self.events += other.events;
        self.messages += other.messages;
        self.rejections += other.rejections;
        self.records += other.records;
        self.switch_records += other.switch_records;
    }
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
