//! How conflicts between sources are settled, field by field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one field settles a conflict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// What was said last, by the sources' own times.
    #[default]
    Newest,
    /// What the first source of `order` says; sources that are not listed come after, the newest of them first.
    SourceOrder,
    /// The first value that was said stays until its source empties it.
    OnlyIfEmpty,
    /// What every source says last, all of it.
    Union,
}

/// The rule of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRule {
    /// How conflicts are settled.
    pub strategy: Strategy,
    /// Sources, the most trusted first; only for [`Strategy::SourceOrder`].
    pub order: Vec<String>,
}

/// The rules of all fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRules {
    /// For fields without a rule of their own.
    pub default: FieldRule,
    /// Rules by field name.
    pub fields: BTreeMap<String, FieldRule>,
    /// What an agent wrote stays over what systems say, until an agent empties it.
    pub agent_edits_stick: bool,
    /// Fields that may hold the customer's name, the best first.
    pub name_fields: Vec<String>,
}

impl Default for FieldRules {
    fn default() -> Self {
        Self {
            default: FieldRule::default(),
            fields: BTreeMap::new(),
            agent_edits_stick: true,
            name_fields: ["name", "full_name", "display_name", "nickname"].map(str::to_owned).to_vec(),
        }
    }
}

impl FieldRules {
    /// The rule that counts for a field.
    pub fn rule(&self, field: &str) -> &FieldRule {
        self.fields.get(field).unwrap_or(&self.default)
    }
}
