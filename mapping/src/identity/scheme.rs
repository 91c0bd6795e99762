//! What one scheme of handles means.

use regex::{RegexSet, RegexSetBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use trunkline_events::customer::Strength;

/// What a handle is to the person behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A system of record knows the person by it.
    Identity,
    /// It belongs to one person in one channel.
    Channel,
    /// Several people may use it.
    Device,
    /// It may be shared, recycled, mistyped.
    Contact,
}

/// How values of a scheme are made canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// By the dial plan.
    Phone,
    /// NFKC, lower case, no display name.
    Email,
    /// Trimmed, case kept.
    Exact,
    /// Trimmed, case folded.
    Folded,
}

/// The rules of one scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// What it is to the person.
    pub role: Role,
    /// How its values are made canonical.
    pub form: Form,
    /// Whether a value is unique only within its scope; else the scope is dropped.
    pub scoped: bool,
    /// One value per scope and customer.
    #[serde(default)]
    pub exclusive: bool,
    /// How much it proves that a source names the handle.
    pub strength: Strength,
    /// The same once the source has checked it.
    pub verified: Strength,
    /// Values of the scheme that one customer may have.
    #[serde(default)]
    pub max_per_customer: Option<usize>,
    /// Groups of people that one value may be seen with before it is generic (devices and contacts).
    #[serde(default)]
    pub max_customers: Option<usize>,
    /// Contacts only: after a silence of so many days a value may be somebody else's. If then another person is proved to
    /// have it, what was seen before belongs to the one before him. At least 92.
    #[serde(default)]
    pub recycled_after_days: Option<u16>,
    /// Values that identify nobody, besides those blocked for all schemes.
    #[serde(default)]
    pub blocked: Patterns,
    /// Values that are devices, whatever the scheme's role: visitors who are not logged in. They prove little.
    #[serde(default)]
    pub devices: Patterns,
}

impl Scheme {
    /// A scheme that the rules do not name: one person's, in one channel, and no proof against what the rules know.
    pub(super) const UNKNOWN: &Self = &Self {
        role: Role::Channel,
        form: Form::Exact,
        scoped: true,
        exclusive: false,
        strength: Strength::Medium,
        verified: Strength::Strong,
        max_per_customer: Some(5),
        max_customers: None,
        recycled_after_days: None,
        blocked: Patterns { written: Vec::new(), compiled: None },
        devices: Patterns { written: Vec::new(), compiled: None },
    };
}

/// Regular expressions, compiled at load; they run in time linear in the text.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    written: Vec<String>,
    compiled: Option<RegexSet>,
}

impl Patterns {
    /// Whether any of them is found in the text.
    pub fn fit(&self, text: &str) -> bool {
        self.compiled.as_ref().is_some_and(|set| set.is_match(text))
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<String>::deserialize(deserializer)?;
        if written.is_empty() {
            return Ok(Self::default());
        }
        let compiled = RegexSetBuilder::new(&written).size_limit(1 << 20).build().map_err(de::Error::custom)?;
        Ok(Self { written, compiled: Some(compiled) })
    }
}
