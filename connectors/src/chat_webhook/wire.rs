//! Reads the body of a chat webhook (version 1 of the format in `README.md`). Pure; any bytes give a value or an error.
//!
//! Ids may be JSON strings or whole numbers and keep every digit. Unknown members are passed over (additive change); a
//! known member that stands twice in one object is an error. What an error says holds nothing of the body.

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_events::Timestamp;

use super::misfit::{Misfit, WireError};
use super::shape::{About, Assigned, Closed, Id, LONGEST_ID, Message, Opened, Tags};
use crate::webhook::json;

/// How deep a body may nest.
const DEPTH: usize = 32;
/// Events in one body.
pub(super) const MOST_EVENTS: usize = 1000;
/// Numbers from here on are milliseconds: as seconds they would lie after the year 5000.
const MILLISECONDS_FROM: u64 = 100_000_000_000;

/// One event of a body.
#[derive(Debug)]
pub struct Item<'a> {
    /// The sender's name for the event, if it has one.
    pub id: Option<String>,
    /// When it happened by the sender's clock.
    pub at: Option<Timestamp>,
    /// What happened.
    pub told: Told,
    /// The JSON it was read from.
    pub raw: &'a str,
}

/// What happened.
#[derive(Debug)]
pub enum Told {
    /// `chat.opened`
    Opened(Opened),
    /// `chat.message`
    Message(Message),
    /// `chat.assigned`
    Assigned(Assigned),
    /// `chat.closed`
    Closed(Closed),
    /// `visitor.profile`
    Profile(About),
    /// `visitor.tag`
    Tags(Tags),
    /// A type this version does not know.
    Unknown(String),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    id: Option<Id>,
    #[serde(rename = "type")]
    told: String,
    #[serde(default, borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(default, borrow)]
    events: Option<Vec<&'a RawValue>>,
}

/// Reads a body: one event, or `{"events": [...]}`. All of it fits, or nothing is taken.
pub fn parse(body: &[u8]) -> Result<Vec<Item<'_>>, WireError> {
    json::check(body, DEPTH)?;
    let text = std::str::from_utf8(body).map_err(|_| WireError::Body(Misfit("is not UTF-8".to_owned())))?;
    let batch: Batch<'_> = serde_json::from_str(text).map_err(|error| WireError::Body(Misfit::from(&error)))?;
    let Some(events) = batch.events else {
        return Ok(vec![item(text.trim()).map_err(|misfit| WireError::Event { number: 1, misfit })?]);
    };
    if events.is_empty() || events.len() > MOST_EVENTS {
        return Err(WireError::Count);
    }
    let numbered = (1..).zip(events);
    numbered.map(|(number, event)| item(event.get()).map_err(|misfit| WireError::Event { number, misfit })).collect()
}

fn item(raw: &str) -> Result<Item<'_>, Misfit> {
    let envelope: Envelope<'_> = fit(raw)?;
    let at = envelope.timestamp.map(moment).transpose()?.flatten();
    let data = || envelope.data.map(RawValue::get).ok_or_else(|| Misfit::missing("data"));
    let told = match envelope.told.as_str() {
        "chat.opened" => Told::Opened(fit(data()?)?),
        "chat.message" => Told::Message(fit(data()?)?),
        "chat.assigned" => Told::Assigned(fit(data()?)?),
        "chat.closed" => Told::Closed(fit(data()?)?),
        "visitor.profile" => Told::Profile(fit(data()?)?),
        "visitor.tag" => Told::Tags(fit(data()?)?),
        _ => Told::Unknown(envelope.told.chars().take(LONGEST_ID).collect()),
    };
    if let Told::Opened(Opened { visitor, .. }) | Told::Profile(About { visitor }) | Told::Tags(Tags { visitor, .. }) =
        &told
    {
        visitor.check()?;
    }
    if let Told::Tags(tags) = &told {
        tags.check()?;
    }
    Ok(Item { id: envelope.id.map(|id| id.0), at, told, raw })
}

fn fit<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Misfit> {
    serde_json::from_str(json).map_err(|error| Misfit::from(&error))
}

/// RFC 3339, or seconds or milliseconds since 1970 as a number or a text. Null is no instant.
fn moment(raw: &RawValue) -> Result<Option<Timestamp>, Misfit> {
    if raw.get() == "null" {
        return Ok(None);
    }
    let no_instant = || Misfit("timestamp is neither RFC 3339 nor seconds or milliseconds since 1970".to_owned());
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    if let Ok(number) = text.parse::<i64>() {
        let instant = if number.unsigned_abs() >= MILLISECONDS_FROM {
            Timestamp::from_unix_millis(number)
        } else {
            Timestamp::from_unix_seconds(number)
        };
        return instant.map(Some).map_err(|_| no_instant());
    }
    text.parse().map(Some).map_err(|_| no_instant())
}

#[cfg(test)]
mod tests;
