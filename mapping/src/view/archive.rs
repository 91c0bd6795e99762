//! What is done to conversation records as a whole: revisions, rebuilding, reconciliation, retention.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Outcome, SwitchRecord};
use uuid::Uuid;

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
