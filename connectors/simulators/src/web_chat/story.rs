//! The events of a web chat, as JSON of version 1 of the `chat-webhook` format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What the chat knows of a visitor; sent as it stands.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Visitor {
    /// The browser's id.
    pub id: String,
    /// The name shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Account number, once logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Phone number as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Checked by a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_verified: Option<bool>,
    /// E-mail address as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Id in the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// `type`, the time now, `data`.
pub fn event(kind: &str, data: &Value) -> Value {
    // Years that RFC 3339 cannot write do not come from a clock.
    let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    json!({ "type": kind, "timestamp": now, "data": data })
}

/// A visitor opens a chat.
pub fn opened(chat: &str, visitor: &Visitor, queue: Option<&str>, page: Option<&str>) -> Value {
    event("chat.opened", &json!({ "chat_id": chat, "visitor": visitor, "queue": queue, "page": page }))
}

/// Somebody writes text. `author` is `visitor`, `agent`, `bot` or `system`.
pub fn text(chat: &str, message: &str, author: &str, author_id: Option<&str>, text: &str) -> Value {
    let content = json!({ "type": "text", "text": text });
    let data = json!({
        "chat_id": chat, "message_id": message, "author": author, "author_id": author_id, "content": content
    });
    event("chat.message", &data)
}

/// An agent takes the chat.
pub fn assigned(chat: &str, agent: &str, name: Option<&str>) -> Value {
    event("chat.assigned", &json!({ "chat_id": chat, "agent_id": agent, "agent_name": name }))
}

/// The chat is over.
pub fn closed(chat: &str, reason: Option<&str>, summary: Option<&str>) -> Value {
    event("chat.closed", &json!({ "chat_id": chat, "reason": reason, "summary": summary }))
}

/// What is known of a visitor now.
pub fn profile(visitor: &Visitor) -> Value {
    event("visitor.profile", &json!({ "visitor": visitor }))
}

/// Tags set and taken away.
pub fn tags(visitor: &Visitor, set: &[String], removed: &[String]) -> Value {
    event("visitor.tag", &json!({ "visitor": { "id": visitor.id }, "set": set, "removed": removed }))
}
