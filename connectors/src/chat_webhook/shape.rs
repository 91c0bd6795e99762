//! The members of each type of event, as they stand in the body.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::misfit::{Misfit, ours};

/// Characters of an id, a phone number, an address, a tag.
pub(super) const LONGEST_ID: usize = 256;
/// Profile fields of one visitor, ids of his in other CRMs, tags set or taken away by one event: each becomes something of
/// its own, so a small body would otherwise become a flood.
const MOST_OF_A_KIND: usize = 200;

/// `chat.opened`
#[derive(Debug, Deserialize)]
pub struct Opened {
    /// The conversation.
    pub chat_id: Id,
    /// Instead of the configured channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// Who writes.
    pub visitor: Visitor,
    /// Skill group.
    #[serde(default)]
    pub queue: Option<String>,
    /// The page it was opened from.
    #[serde(default)]
    pub page: Option<String>,
}

/// `chat.message`
#[derive(Debug, Deserialize)]
pub struct Message {
    /// The conversation.
    pub chat_id: Id,
    /// Instead of the configured channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// Unique within the conversation.
    pub message_id: Id,
    /// Who wrote it.
    pub author: Author,
    /// The writer's id.
    #[serde(default)]
    pub author_id: Option<Id>,
    /// What was written.
    pub content: Content,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Visitor,
    /// A person of the company.
    Agent,
    /// A program of the company.
    Bot,
    /// The chat system.
    System,
}

/// What was written.
#[derive(Debug)]
pub enum Content {
    /// `text`
    Text(String),
    /// `image`, `audio`, `video`, `file`
    Media(Media),
    /// `location`
    Location(Location),
    /// Anything else, by its name.
    Unsupported(String),
}

/// A file at the sender's.
#[derive(Debug, Deserialize)]
pub struct Media {
    /// Where it is: http or https.
    pub url: String,
    /// Media type; `image/*` and the like by the kind of content if absent.
    #[serde(default)]
    pub media_type: Option<String>,
    /// File name.
    #[serde(default)]
    pub name: Option<String>,
    /// Bytes.
    #[serde(default)]
    pub size: Option<u64>,
}

/// A place.
#[derive(Debug, Deserialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: Literal,
    /// Degrees east.
    pub longitude: Literal,
    /// Its name.
    #[serde(default)]
    pub label: Option<String>,
}

/// `chat.assigned`
#[derive(Debug, Deserialize)]
pub struct Assigned {
    /// The conversation.
    pub chat_id: Id,
    /// Instead of the configured channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// The agent's login id.
    pub agent_id: Id,
    /// His display name.
    #[serde(default)]
    pub agent_name: Option<String>,
}

/// `chat.closed`
#[derive(Debug, Deserialize)]
pub struct Closed {
    /// The conversation.
    pub chat_id: Id,
    /// Instead of the configured channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// Who or what closed it.
    #[serde(default)]
    pub reason: Option<String>,
    /// The agent's summary.
    #[serde(default)]
    pub summary: Option<String>,
}

/// `visitor.profile`
#[derive(Debug, Deserialize)]
pub struct About {
    /// Whom.
    pub visitor: Visitor,
}

/// `visitor.tag`
#[derive(Debug, Deserialize)]
pub struct Tags {
    /// Whom.
    pub visitor: Visitor,
    /// Tags that were set; null is unknown, which changes nothing.
    #[serde(default)]
    pub set: Option<Vec<Id>>,
    /// Tags that were taken away.
    #[serde(default)]
    pub removed: Option<Vec<Id>>,
}

/// What the chat knows of a person. Null and absent members are unknown.
#[derive(Debug, Deserialize)]
pub struct Visitor {
    /// The chat's own id of the visitor (of the browser).
    #[serde(default)]
    pub id: Option<Id>,
    /// The name shown.
    #[serde(default)]
    pub name: Option<String>,
    /// Account number of a visitor who is logged in.
    #[serde(default)]
    pub account: Option<Id>,
    /// True unless said otherwise: an account is known from a log-in.
    #[serde(default)]
    pub account_verified: Option<bool>,
    /// Phone number as typed.
    #[serde(default)]
    pub phone: Option<Id>,
    /// It was checked by a code.
    #[serde(default)]
    pub phone_verified: Option<bool>,
    /// E-mail address as typed.
    #[serde(default)]
    pub email: Option<Id>,
    /// It was confirmed.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// Id in the configured CRM.
    #[serde(default)]
    pub crm_id: Option<Id>,
    /// Ids in other CRMs.
    #[serde(default)]
    pub crm_ids: Option<Vec<CrmId>>,
    /// Anything else: text, numbers, yes and no.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, Option<Literal>>>,
}

/// An id in a CRM.
#[derive(Debug, Deserialize)]
pub struct CrmId {
    /// Which CRM.
    pub scope: String,
    /// The id.
    pub id: Id,
}

/// An id: a JSON string, or a whole number with all its digits. Not empty, at most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get()).map_err(|_| ours::<D::Error>("an id is no text"))?,
            Some(b'-' | b'0'..=b'9') if raw.get().bytes().skip(1).all(|byte| byte.is_ascii_digit()) => {
                raw.get().to_owned()
            }
            _ => return Err(ours("an id has to be a text or a whole number")),
        };
        if text.trim().is_empty() || text.chars().count() > LONGEST_ID {
            return Err(ours("an id has 1 to 256 characters"));
        }
        Ok(Self(text))
    }
}

/// A JSON value as text: strings without their quotes, everything else as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal(pub String);

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }
        #[derive(Deserialize)]
        struct Text {
            text: String,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let Kind { kind } = part(raw.get())?;
        Ok(match kind.as_str() {
            "text" => Self::Text(part::<Text, _>(raw.get())?.text),
            "image" | "audio" | "video" | "file" => Self::media(kind, part(raw.get())?),
            "location" => Self::Location(part(raw.get())?),
            _ => Self::Unsupported(kind.chars().take(LONGEST_ID).collect()),
        })
    }
}

impl Content {
    /// An address that is not of the web is never offered to anybody to click on.
    fn media(kind: String, mut media: Media) -> Self {
        let web = ["http://", "https://"].iter().any(|scheme| media.url.starts_with(scheme));
        if !web {
            return Self::Unsupported(kind);
        }
        let fallback = if kind == "file" { "application/octet-stream".to_owned() } else { format!("{kind}/*") };
        media.media_type.get_or_insert(fallback);
        Self::Media(media)
    }
}

fn part<'a, T: Deserialize<'a>, E: de::Error>(json: &'a str) -> Result<T, E> {
    serde_json::from_str(json).map_err(|error| ours(&Misfit::from(&error).0))
}

impl Visitor {
    pub(super) fn check(&self) -> Result<(), Misfit> {
        let anonymous = self.id.is_none()
            && self.account.is_none()
            && self.phone.is_none()
            && self.email.is_none()
            && self.crm_id.is_none()
            && self.crm_ids.as_ref().is_none_or(Vec::is_empty);
        if anonymous {
            return Err(Misfit::missing("visitor.id"));
        }
        at_most("fields", self.fields.as_ref().map_or(0, BTreeMap::len))?;
        at_most("crm_ids", self.crm_ids.as_ref().map_or(0, Vec::len))
    }
}

impl Tags {
    pub(super) fn check(&self) -> Result<(), Misfit> {
        at_most("set", self.set.as_ref().map_or(0, Vec::len))?;
        at_most("removed", self.removed.as_ref().map_or(0, Vec::len))
    }
}

fn at_most(member: &str, count: usize) -> Result<(), Misfit> {
    if count > MOST_OF_A_KIND {
        return Err(Misfit(format!("`{member}` has at most {MOST_OF_A_KIND} entries")));
    }
    Ok(())
}
