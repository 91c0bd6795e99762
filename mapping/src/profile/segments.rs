//! Customers by what is known of them: a condition over profile, tags and activity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::rules::ProfileRules;
use super::settle::Chosen;
use super::tags::SetTag;
use crate::expression::{Datum, Expression, Facts, Failure, Fault, Shape, TEXT, Vocabulary};

/// Days since something that never happened: longer than anybody lives.
pub const NEVER: i64 = 99_999;

/// A declared segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The condition, in CEL.
    pub when: String,
}

/// When a customer was in touch, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    /// Calls.
    pub calls: i64,
    /// Chats.
    pub chats: i64,
    /// When the last call began.
    pub last_call: Option<Timestamp>,
    /// When the last chat began.
    pub last_chat: Option<Timestamp>,
    /// When he was seen first.
    pub known_since: Option<Timestamp>,
}

/// Compiles a condition over `profile.<field>`, `tags`, `calls`, `chats`, `last_call_days`, `last_chat_days`,
/// `last_contact_days` and `known_days`, or tells everything that is wrong with it. A field that is computed cannot be asked
/// for.
pub fn segment(when: &str, rules: &ProfileRules) -> Result<Expression, Vec<Fault>> {
    let numbers = ["calls", "chats", "last_call_days", "last_chat_days", "last_contact_days", "known_days"];
    let vocabulary =
        Vocabulary::new().with("profile", Shape::record_of_texts(said_fields(rules))).with("tags", Shape::texts());
    let vocabulary = numbers.into_iter().fold(vocabulary, |known, name| known.with(name, Shape::Number));
    Expression::compile(when, &vocabulary)
}

fn said_fields(rules: &ProfileRules) -> impl Iterator<Item = &str> {
    rules.fields.iter().filter(|(_, rule)| rule.computed.is_none()).map(|(name, _)| name.as_str())
}

/// Whether a customer belongs to a segment now. What is not known of him is the empty text; days since what never happened
/// are [`NEVER`].
pub fn belongs(
    segment: &Expression,
    fields: &[Chosen],
    tags: &[SetTag],
    activity: Activity,
    rules: &ProfileRules,
    now: Timestamp,
) -> Result<bool, Failure> {
    let days = |at: Option<Timestamp>| at.map_or(NEVER, |at| now.since(at).whole_days());
    let mut profile: BTreeMap<String, Datum> =
        said_fields(rules).map(|name| (name.to_owned(), Datum::Text(String::new()))).collect();
    for chosen in fields {
        let Some(Datum::Text(text)) = profile.get_mut(&chosen.field) else { continue };
        // Several values, by the union of what sources say, are one text.
        *text = if text.is_empty() { chosen.value.clone() } else { format!("{text}, {}", chosen.value) };
        text.truncate(text.floor_char_boundary(TEXT));
    }
    let mut names: Vec<&str> = tags.iter().map(|set| set.tag.as_str()).collect();
    names.dedup();
    let facts = Facts::new()
        .with("profile", Datum::Map(profile))
        .with("tags", Datum::List(names.into_iter().map(|name| Datum::Text(name.to_owned())).collect()))
        .with("calls", Datum::Number(activity.calls))
        .with("chats", Datum::Number(activity.chats))
        .with("last_call_days", Datum::Number(days(activity.last_call)))
        .with("last_chat_days", Datum::Number(days(activity.last_chat)))
        .with("last_contact_days", Datum::Number(days(activity.last_call.max(activity.last_chat))))
        .with("known_days", Datum::Number(days(activity.known_since)));
    segment.holds(&facts)
}
