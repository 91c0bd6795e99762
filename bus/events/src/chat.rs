//! Chat conversations, whatever the channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::customer::RawHandle;

/// One chat conversation at its source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ChatRef {
    /// The source's conversation id.
    pub id: String,
    /// `web`, `wechat`, `app`, …
    pub channel: String,
}

/// The customer's side of a chat, as the source knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Visitor {
    /// The handle of this chat's visitor first, then what else the source says of the same person.
    pub handles: Vec<RawHandle>,
    /// The name shown in the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `trunkline.chat.opened.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The chat.
    pub chat: ChatRef,
    /// Who writes.
    pub visitor: Visitor,
    /// Skill group or queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The page it was opened from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// `trunkline.chat.assigned.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assigned {
    /// The chat.
    pub chat: ChatRef,
    /// The online agent's login id at the source.
    pub agent: String,
    /// His display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Visitor,
    /// A person of the company.
    Agent,
    /// A program of the company.
    Bot,
    /// The chat system itself.
    System,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A file, picture, voice message or film, kept at the source.
    Media {
        /// Media type, as far as the source says.
        media_type: String,
        /// Where the source keeps it.
        url: String,
        /// File name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    },
    /// A place.
    Location {
        /// Degrees north, as the source wrote it.
        latitude: String,
        /// Degrees east, as the source wrote it.
        longitude: String,
        /// What the source calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Something that only the source can show.
    Unsupported {
        /// The source's name for it.
        native_kind: String,
    },
}

/// `trunkline.chat.message.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The chat.
    pub chat: ChatRef,
    /// The source's message id.
    pub message_id: String,
    /// Who wrote it.
    pub author: Author,
    /// The writer's id at the source (an agent's login id, a visitor's id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_id: Option<String>,
    /// What was written.
    pub content: Content,
    /// When it was written, where the source says so apart from the event's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
}

/// `trunkline.chat.closed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closed {
    /// The chat.
    pub chat: ChatRef,
    /// Who or what closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The agent's summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}
