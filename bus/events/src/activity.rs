//! Mail, tickets, presence and breakpoints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::customer::RawHandle;

/// `trunkline.mail.message.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailMessage {
    /// The thread it belongs to.
    pub thread: String,
    /// Message id.
    pub message_id: String,
    /// The customer's address first.
    pub handles: Vec<RawHandle>,
    /// From the customer, or to him.
    pub inbound: bool,
    /// Subject line.
    pub subject: String,
    /// The text that was written, without what it quotes.
    pub text: String,
}

/// `trunkline.ticket.changed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TicketChanged {
    /// The ticket.
    pub ticket: String,
    /// Whose it is.
    pub handles: Vec<RawHandle>,
    /// The source's word for its state.
    pub status: String,
    /// Title.
    pub title: String,
}

/// `trunkline.presence.online.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceOnline {
    /// Who.
    pub handles: Vec<RawHandle>,
    /// `app`, `web`, …
    pub channel: String,
}

/// `trunkline.presence.page.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresencePage {
    /// Who.
    pub handles: Vec<RawHandle>,
    /// Address or name of the page.
    pub page: String,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Time spent on it, in milliseconds, once it was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell_ms: Option<u64>,
    /// Words searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

/// `trunkline.presence.offline.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceOffline {
    /// Who.
    pub handles: Vec<RawHandle>,
    /// `app`, `web`, …
    pub channel: String,
}

/// `trunkline.context.breakpoint.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContextBreakpoint {
    /// Who.
    pub handles: Vec<RawHandle>,
    /// What he was doing.
    pub flow: String,
    /// How far he came.
    pub step: String,
    /// After this it means nothing.
    pub expires: Timestamp,
}
