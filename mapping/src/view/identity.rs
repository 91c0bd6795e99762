//! Why people are who they are, and who they might be: links, conflicts, rehearsals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;
use trunkline_events::customer::Strength;
use uuid::Uuid;

/// Why two handles are, or are not, one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkView {
    /// One handle, as `scheme:scope:value`.
    pub a: String,
    /// The other.
    pub b: String,
    /// How much it proves.
    pub strength: Strength,
    /// `observed`, `include` or `exclude`.
    pub origin: String,
    /// The event (or directive) it comes from.
    pub event: Uuid,
    /// First time it was seen.
    pub at: Timestamp,
    /// Who said so.
    pub source: String,
    /// `joined`, or why not, in a sentence.
    pub verdict: String,
    /// Version of the rules that judged it.
    pub rule_version: String,
    /// Who decided it, for directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why, for directives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Evidence on which a person may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictView {
    /// Names it.
    pub id: Uuid,
    /// `conflict`: a rule stood against a join, so something is wrong. `candidate`: it proves too little.
    pub kind: String,
    /// One side.
    pub a: ConflictSide,
    /// The other.
    pub b: ConflictSide,
    /// How much it proves.
    pub strength: Strength,
    /// Who said so.
    pub source: String,
    /// First time it was seen.
    pub at: Timestamp,
    /// Why the two are not one customer, in a sentence.
    pub verdict: String,
}

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictSide {
    /// The handle, as `scheme:scope:value`.
    pub handle: String,
    /// Whose it is.
    pub customer: Uuid,
    /// His name, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A conflict with all that speaks for each side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConflictDetail {
    /// What it is about.
    pub conflict: ConflictView,
    /// All evidence at the handles of the customer of `a`.
    pub links_of_a: Vec<LinkView>,
    /// All evidence at the handles of the customer of `b`.
    pub links_of_b: Vec<LinkView>,
}

/// What a change of the identity rules would do to a part of the customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalView {
    /// Version of the rules that were rehearsed.
    pub rule_version: String,
    /// Customers that were looked at, as they are now.
    pub customers: u64,
    /// Handles that were looked at.
    pub handles: u64,
    /// Customers that would be one with another.
    pub would_join: u64,
    /// Customers of whom some would be somebody else.
    pub would_part: u64,
    /// Customers who would stay as they are and have another id.
    pub would_be_renamed: u64,
    /// How many customers there would be more (or, below 0, fewer).
    pub customers_more: i64,
    /// Handles that would turn generic.
    pub turn_generic: u64,
    /// Handles that would be generic no longer.
    pub no_longer_generic: u64,
    /// Some of the changes.
    pub samples: Vec<RehearsedChange>,
    /// Where the next part begins; absent after the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}

/// Customers that would be others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedChange {
    /// Who they are.
    pub before: Vec<RehearsedCustomer>,
    /// Who they would be.
    pub after: Vec<RehearsedCustomer>,
}

/// One customer of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedCustomer {
    /// His id.
    pub customer: Uuid,
    /// His handles, as `scheme:scope:value`.
    pub handles: Vec<String>,
}

/// A join or a split that a customer went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnView {
    /// When what caused it happened.
    pub at: Timestamp,
    /// `merged` or `split`.
    pub kind: String,
    /// The customer that went on, or was one before.
    pub customer: Uuid,
    /// The former ids, or what it was split into.
    pub others: Vec<Uuid>,
    /// The event that caused it.
    pub cause: Option<Uuid>,
    /// Version of the rules.
    pub rule_version: String,
}
