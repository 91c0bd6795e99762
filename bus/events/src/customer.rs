//! Customers: what sources say of people, and what mapping makes of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::EventId;

/// A phone number, openid, account or CRM id as its source wrote it. Mapping alone makes it canonical.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RawHandle {
    /// `phone`, `email`, `account_no`, `crm_id`, `web_visitor`, … (the schemes of the identity rules).
    pub scheme: String,
    /// What the value is unique within: the CRM instance, the appid; empty where the scheme has no scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The value, raw.
    pub value: String,
    /// The source has checked that it belongs to this person (code by SMS, confirmed mail, log-in).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
}

/// How much an observation proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A hint: shown as a candidate.
    Weak,
    /// Said, not checked.
    Medium,
    /// Checked by the source (log-in, code by SMS).
    Strong,
    /// The system of record says so.
    Authoritative,
}

/// `trunkline.customer.evidence.v1`: two handles were seen to belong to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// One handle.
    pub a: RawHandle,
    /// The other.
    pub b: RawHandle,
    /// How much it proves.
    pub strength: Strength,
}

/// `trunkline.customer.profile.v1`: what a source knows of a person now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The handle the source knows the person by first, then what else it says of the same person.
    pub handles: Vec<RawHandle>,
    /// Field name → value. A field that is absent is unknown; an empty string empties it.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// `trunkline.customer.tag.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tag {
    /// Whom it is about.
    pub handle: RawHandle,
    /// The tag in the source's own words.
    pub tag: String,
    /// Set, or taken away.
    pub set: bool,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// These two are one person, whatever the rules say.
    Include {
        /// One handle.
        a: RawHandle,
        /// The other.
        b: RawHandle,
    },
    /// These two are never one person, whatever the evidence says.
    Exclude {
        /// One handle.
        a: RawHandle,
        /// The other.
        b: RawHandle,
    },
    /// An earlier directive no longer counts.
    Undo {
        /// The directive's event id.
        directive: EventId,
    },
}

/// `trunkline.customer.directive.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Directive {
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
    /// Who decided: the token's name.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// `trunkline.customer.created.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The customer.
    pub customer: Uuid,
}

/// `trunkline.customer.merged.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    /// The customer that goes on.
    pub customer: Uuid,
    /// Ids that now mean the same customer, for ever.
    pub former: Vec<Uuid>,
}

/// `trunkline.customer.split.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Split {
    /// The customer that was one.
    pub customer: Uuid,
    /// What it is now, itself included where it goes on.
    pub into: Vec<Uuid>,
}

/// `trunkline.customer.changed.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The customer.
    pub customer: Uuid,
    /// Names of profile fields that have another value now.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Tags that were set or taken away.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// `trunkline.customer.tag_wanted.v1`: a tag is to be set or taken away at a system, since another system decided so.
///
/// At least once: setting what is set changes nothing. The system's own event about it is known as an echo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagWanted {
    /// The customer.
    pub customer: Uuid,
    /// Where it is to be written: `/connectors/crm`.
    pub system: String,
    /// The tag in that system's words.
    pub word: String,
    /// The tag's name here.
    pub tag: String,
    /// Set, or take away.
    pub set: bool,
    /// Who decided so.
    pub decided_by: String,
    /// The customer's handles, by which the system may know him.
    pub handles: Vec<RawHandle>,
}
