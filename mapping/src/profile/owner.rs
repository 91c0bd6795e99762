//! Whose customer one is: by declared rules, with the reason.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Leg, Medium, Outcome};

use super::settle::Chosen;

/// Which rules, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRules {
    /// The first that names an agent decides.
    pub order: Vec<OwnerRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerRule {
    /// The agent that this profile field names.
    Field(String),
    /// Who answered the last call.
    LastCall,
    /// Who had the last chat.
    LastChat,
}

/// The words of the rules, for people.
pub(super) const OWNER_RULES: [&str; 3] = ["field:<name>", "last_call", "last_chat"];

impl fmt::Display for OwnerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, "field:{name}"),
            Self::LastCall => f.write_str("last_call"),
            Self::LastChat => f.write_str("last_chat"),
        }
    }
}

impl Serialize for OwnerRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OwnerRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.as_str() {
            "last_call" => Ok(Self::LastCall),
            "last_chat" => Ok(Self::LastChat),
            other => match other.strip_prefix("field:") {
                Some(name) if !name.is_empty() => Ok(Self::Field(name.to_owned())),
                _ => {
                    let sentence = crate::overlay::no_such("rule of the owner", other, &OWNER_RULES);
                    Err(de::Error::custom(format!("{other:?} {sentence}")))
                }
            },
        }
    }
}

/// An agent as a rule found him, in the words of the system that names him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The agent as the system names him: his login there, or whatever the field holds.
    pub login: String,
    /// Which system: the source of the field, the connector of the call or chat.
    pub system: String,
    /// The rule that found him.
    pub rule: OwnerRule,
    /// Since when this is known: when the field was said, when the call or chat began.
    pub at: Timestamp,
}

/// The customer's owner. `fields` are those that count, `records` any of his records; only those with an agent who served
/// him say anything. A function of the sets.
pub fn owner(rules: &OwnerRules, fields: &[Chosen], records: &[Cdr]) -> Option<Owner> {
    let last = |medium: Medium, rule: &OwnerRule| {
        let of_medium = records.iter().filter(|record| record.medium == medium);
        let (at, record, agent) = of_medium
            .filter_map(|record| Some((record.started?, record, served(record)?)))
            .max_by_key(|(at, record, _)| (*at, record.id))?;
        Some(Owner { login: agent.to_owned(), system: record.source.clone(), rule: rule.clone(), at })
    };
    rules.order.iter().find_map(|rule| match rule {
        OwnerRule::Field(name) => fields.iter().find(|field| field.field == *name).map(|field| Owner {
            login: field.value.trim().to_owned(),
            system: field.source.clone(),
            rule: rule.clone(),
            at: field.at,
        }),
        OwnerRule::LastCall => last(Medium::Voice, rule),
        OwnerRule::LastChat => last(Medium::Chat, rule),
    })
}

/// Who of ours was the last to speak or write in it; nobody, if nobody did.
fn served(record: &Cdr) -> Option<&str> {
    let spoke = |leg: &&Leg| leg.answered.is_some() || record.medium == Medium::Chat;
    let reached = matches!(record.outcome, Outcome::Answered | Outcome::Open);
    record.legs.iter().rev().filter(spoke).find_map(|leg| leg.agent.as_deref()).filter(|_| reached)
}
