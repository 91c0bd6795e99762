//! The conversation record: one call with all its legs, or one chat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;
use crate::call::Direction;

/// Voice or text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A telephone call.
    #[default]
    Voice,
    /// A chat conversation.
    Chat,
}

/// How a conversation went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It goes on.
    #[default]
    Open,
    /// An agent spoke or wrote.
    Answered,
    /// The customer gave up in the queue.
    AbandonedInQueue,
    /// The customer gave up while it rang.
    AbandonedRinging,
    /// Nobody was reached, or nobody answered.
    Unanswered,
    /// The number was busy, wrong, or could not be reached.
    Failed,
    /// Nobody answered; the customer was let speak to a mailbox.
    Voicemail,
}

/// One device of ours in a conversation. Times in UTC, durations in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leg {
    /// Extension (voice) or desk (chat).
    pub extension: String,
    /// Agent's login id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Rang from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing: Option<Timestamp>,
    /// Answered at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// Ended at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Ringing, in milliseconds.
    pub ring_ms: u64,
    /// Talking without hold, in milliseconds.
    pub talk_ms: u64,
    /// On hold, in milliseconds.
    pub hold_ms: u64,
    /// How the leg ended: `hung_up`, `transferred`, `diverted`, `abandoned`; `voicemail` for a mailbox, whose talk is in no total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// A remark of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

/// One conversation, folded from its events: the same record whatever their order and number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cdr {
    /// Conversation id, stable over revisions.
    pub id: Uuid,
    /// 1 on completion, then one more for each correction.
    pub revision: u32,
    /// Voice or text.
    pub medium: Medium,
    /// Where it was seen: `/connectors/avaya-bj`.
    pub source: String,
    /// Seen from the company.
    pub direction: Direction,
    /// `phone`, `web`, `wechat`, …
    pub channel: String,
    /// Calls of this conversation, in the source's ids.
    pub calls: Vec<String>,
    /// UCIDs of these calls.
    #[serde(default)]
    pub ucids: Vec<String>,
    /// The customer at the time of writing; later merges are told by `customer.merged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Uuid>,
    /// The customer's number or chat id, raw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_handle: Option<String>,
    /// The number the customer dialled, raw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialled: Option<String>,
    /// Vector directory number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vdn: Option<String>,
    /// Queues passed, in order.
    #[serde(default)]
    pub queues: Vec<String>,
    /// First event of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// First answer by an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Waiting in queues, in milliseconds.
    pub queue_ms: u64,
    /// Ringing at agents, in milliseconds.
    pub ring_ms: u64,
    /// Talking, in milliseconds.
    pub talk_ms: u64,
    /// On hold, in milliseconds.
    pub hold_ms: u64,
    /// Wrap-up after the end, in milliseconds.
    pub wrap_up_ms: u64,
    /// How it went.
    pub outcome: Outcome,
    /// Devices of ours, in the order they joined.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// Messages of a chat.
    pub messages: u32,
    /// Transfers.
    pub transfers: u32,
    /// Conferences.
    pub conferences: u32,
    /// Agents' remarks, in order of time.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// A link gap or a jump of our clock touched it: times may be those of our noticing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reconstructed: bool,
    /// Records that were told as complete and have become part of this one since: drop them. Each later revision names them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<Uuid>,
    /// What the switch's own record says of it, beside what the events say; absent until one was matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchFigures>,
}

/// A call as the switch's own record tells it (CDR, SMDR, bill). What the record does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SwitchRecord {
    /// The connector of the switch that wrote it: `/connectors/avaya-bj`.
    pub source: String,
    /// Universal call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ucid: Option<String>,
    /// Calling number, as the switch wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling: Option<String>,
    /// Called number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// The extension of ours that talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The agent's login id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When the call began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// How long it lasted from its answer to its end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How it went, in the words of [`Outcome`] or the switch's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
}

/// The switch's record of a conversation, and how sure it is that it is of this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchFigures {
    /// The record's id, which follows from its content.
    pub id: Uuid,
    /// What it says.
    pub record: SwitchRecord,
    /// 1 to 100; 100 for the same UCID.
    pub confidence: u8,
    /// Why they are taken for the same call, in a sentence.
    pub reason: String,
}

/// `trunkline.cdr.remarked.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remarked {
    /// The conversation.
    pub cdr: Uuid,
    /// Who wrote it: the agent or token name.
    pub author: String,
    /// The text; replaces the same author's earlier remark on this conversation.
    pub text: String,
}

/// `trunkline.cdr.reconciled.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reconciled {
    /// The conversation.
    pub cdr: Uuid,
    /// The switch's record of it.
    pub figures: SwitchFigures,
}

/// `trunkline.cdr.report.v1`: how the records of a day stand to those of the switches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The day, `2026-11-21`, in that zone.
    pub day: String,
    /// IANA name of the zone whose day it is.
    pub zone: String,
    /// Calls that both sides saw.
    pub matched: u64,
    /// How many of these differ in a field.
    pub differing: u64,
    /// Calls of which only events told.
    pub only_in_events: u64,
    /// Calls that only the switch recorded.
    pub only_at_switch: u64,
}
