//! A customer's journey over all touch points.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;
use uuid::Uuid;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $word:literal,)*) => {
        /// What kind of touch point.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum TouchKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl TouchKind {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word for it: `call`.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// The kind that a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// A call.
    Call = "call",
    /// A chat.
    Chat = "chat",
    /// A message of a chat.
    Message = "message",
    /// A mail.
    Mail = "mail",
    /// A ticket was made or changed.
    Ticket = "ticket",
    /// He opened the app or the site.
    Online = "online",
    /// He looked at a page.
    Page = "page",
    /// He left the app or the site.
    Offline = "offline",
    /// The step he reached in an app when he broke off.
    Breakpoint = "breakpoint",
    /// A tag was set or taken away.
    Tag = "tag",
    /// An agent wrote a remark.
    Remark = "remark",
}

impl TouchKind {
    /// Whether it is a record with legs.
    pub fn is_conversation(self) -> bool {
        matches!(self, Self::Call | Self::Chat)
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TouchPoint {
    /// When it happened, or began.
    pub at: Timestamp,
    /// The event, or the record of a call or chat.
    pub id: Uuid,
    /// What kind.
    pub kind: TouchKind,
    /// `voice`, `chat`, `mail`, `ticket`, `app`, `tag`.
    pub medium: String,
    /// Who told it.
    pub source: String,
    /// Login of the agent who did it, or who spoke last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What happened, in a line; of a call or chat its last remark.
    pub text: String,
    /// The conversation that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Uuid>,
    /// The record of a call or chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cdr: Option<Cdr>,
}

/// A page of entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelinePage {
    /// The entries.
    pub items: Vec<TouchPoint>,
    /// The cursor of the next page; absent on the last one.
    pub next: Option<String>,
}

/// Which part of a journey; an absent field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimelineFilter {
    /// These kinds only; empty for all.
    pub kinds: BTreeSet<TouchKind>,
    /// `voice`, `chat`, `mail`, `ticket`, `app`, `tag`.
    pub medium: Option<String>,
    /// With this agent, by his id here (then all his logins count) or a login.
    pub agent: Option<String>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Continue after this entry.
    pub after: Option<Place>,
    /// At most so many, 1 to 200; 0 means 50.
    pub limit: u32,
}

/// Where a page ends: an entry's instant and id. Its text form is a cursor, to be given back as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its instant.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A text that no page gave as its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no cursor; give back what stands in `next` as it is")]
pub struct NoCursor;

impl From<(Timestamp, Uuid)> for Place {
    fn from((at, id): (Timestamp, Uuid)) -> Self {
        Self { at, id }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.since(Timestamp::EPOCH).whole_microseconds();
        write!(f, "{micros:x}.{}", self.id.simple())
    }
}

impl FromStr for Place {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (micros, id) = text.split_once('.').ok_or(NoCursor)?;
        // The form of a negative number is that of its 128 bits.
        let micros = u128::from_str_radix(micros, 16).map_err(|_| NoCursor)?.cast_signed();
        let micros = i64::try_from(micros).map_err(|_| NoCursor)?;
        let id = Uuid::try_parse(id).map_err(|_| NoCursor)?;
        Ok(Self { at: Timestamp::EPOCH.plus(Duration::microseconds(micros)), id })
    }
}
