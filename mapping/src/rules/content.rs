//! What rules work on: the names and values that an event carries, and nothing else of it.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_events::Timestamp;

use crate::expression::{Datum, Facts, Shape, Vocabulary};

/// What an event says by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Profile fields of the person that it is about.
    pub fields: BTreeMap<String, String>,
    /// Tags of that person: set, or taken away.
    pub tags: BTreeMap<String, bool>,
    /// Attributes of the call or chat, by the names of [`ATTRIBUTES`].
    pub attributes: BTreeMap<String, String>,
    /// Data that travels with a call, by its own keys.
    pub data: BTreeMap<String, String>,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Who tells it: `/connectors/crm`.
    pub source: String,
    /// `customer.profile`, without the family's version.
    pub event_type: String,
    /// When it happened.
    pub time: Timestamp,
}

/// An attribute of calls or chats that rules may change.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub is: &'static str,
}

/// The attributes.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "queue", is: "Skill, split or queue of a call; skill group of a chat." },
    Attribute { name: "vdn", is: "Entry point that distributed the call." },
    Attribute { name: "uui", is: "User-to-user information of a call, where it is text." },
    Attribute { name: "digits", is: "Digits that the caller was prompted for." },
    Attribute { name: "page", is: "The page that a chat was opened from." },
];

/// Event types that carry something that rules may change.
pub const EVENT_TYPES: &[&str] = &[
    "customer.profile",
    "customer.tag",
    "chat.opened",
    "call.offered",
    "call.queued",
    "call.ringing",
    "call.answered",
    "call.transferred",
    "call.conferenced",
    "call.data_attached",
];

/// A variable that expressions in rules may name.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: &'static str,
}

/// The variables of expressions.
pub const VARIABLES: &[Variable] = &[
    Variable { name: "value", holds: "The value that the rule is about; for a tag, its name." },
    Variable { name: "name", holds: "The name of what the rule is about." },
    Variable { name: "set", holds: "Of a tag: true if it is set, false if it is taken away. Else true." },
    Variable { name: "fields", holds: "Profile fields: fields.level." },
    Variable { name: "tags", holds: "The tags that the event sets, a list." },
    Variable { name: "attributes", holds: "Attributes of the call or chat: attributes.queue." },
    Variable { name: "data", holds: "Data that travels with the call: data.branch." },
    Variable {
        name: "event",
        holds: "event.connector, event.source, event.type (customer.profile), event.time (seconds since 1970).",
    },
];

/// Names of each kind, for what an expression may name.
pub(super) fn vocabulary(fields: &BTreeSet<&str>, data: &BTreeSet<&str>) -> Vocabulary {
    let event = [
        ("connector".to_owned(), Shape::Text),
        ("source".to_owned(), Shape::Text),
        ("type".to_owned(), Shape::Text),
        ("time".to_owned(), Shape::Number),
    ];
    Vocabulary::new()
        .with("value", Shape::Text)
        .with("name", Shape::Text)
        .with("set", Shape::Flag)
        .with("fields", Shape::record_of_texts(fields.iter().copied()))
        .with("tags", Shape::texts())
        .with("attributes", Shape::record_of_texts(ATTRIBUTES.iter().map(|attribute| attribute.name)))
        .with("data", Shape::record_of_texts(data.iter().copied()))
        .with("event", Shape::Record(event.into()))
}

impl Content {
    /// Whether there is nothing that a rule could change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Brings facts up to date with it.
    pub(super) fn tell(&self, facts: &mut Facts) {
        let set = self.tags.iter().filter(|(_, set)| **set).map(|(tag, _)| Datum::Text(tag.clone()));
        facts.set("fields", Datum::texts(&self.fields));
        facts.set("tags", Datum::List(set.collect()));
        facts.set("attributes", Datum::texts(&self.attributes));
        facts.set("data", Datum::texts(&self.data));
    }
}

impl About {
    /// The connector's name; empty for what no connector tells.
    pub fn connector(&self) -> &str {
        self.source.strip_prefix("/connectors/").unwrap_or_default()
    }

    pub(super) fn facts(&self) -> Facts {
        let seconds = self.time.since(Timestamp::EPOCH).whole_seconds();
        let text = |text: &str| Datum::Text(text.to_owned());
        let event = [
            ("connector".to_owned(), text(self.connector())),
            ("source".to_owned(), text(&self.source)),
            ("type".to_owned(), text(&self.event_type)),
            ("time".to_owned(), Datum::Number(seconds)),
        ];
        Facts::new().with("event", Datum::Map(event.into()))
    }
}
