//! The declared rules of profiles: TOML over the embedded default (`config/profile.toml`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check;
use super::computed::Computed;
use super::owner::OwnerRules;
use super::segments::Segment;
use super::tags::{TagRule, TagWords};
use crate::overlay::{self, Flaw};
use crate::zone::Zone;

/// The embedded default rules, as TOML.
pub const DEFAULT_PROFILE: &str = include_str!("../../../config/profile.toml");

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
    /// A refusal by anybody, of any of the customer's handles, until the same source takes it back of the same handle; else
    /// what was said last. For consents: who refused once has not agreed because somebody else did.
    RevokedWins,
}

impl Strategy {
    /// The word in the rules.
    pub fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::SourceOrder => "source_order",
            Self::OnlyIfEmpty => "only_if_empty",
            Self::Union => "union",
            Self::RevokedWins => "revoked_wins",
        }
    }
}

/// What a field is about; ordered as a person reads a profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Who he is.
    Identity,
    /// What he is like.
    Character,
    /// How he likes to be in touch.
    ChannelPreference,
    /// When he likes to be in touch.
    ContactTimePreference,
    /// What he buys, and whether more or less.
    PurchaseTrend,
    /// What he is worth.
    Value,
    /// The rest.
    #[default]
    Other,
}

impl Group {
    /// The word in the rules.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Character => "character",
            Self::ChannelPreference => "channel_preference",
            Self::ContactTimePreference => "contact_time_preference",
            Self::PurchaseTrend => "purchase_trend",
            Self::Value => "value",
            Self::Other => "other",
        }
    }
}

/// The rule of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRule {
    /// What it is about.
    pub group: Group,
    /// How conflicts are settled; as the default rule says if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Sources, the most trusted first; only for [`Strategy::SourceOrder`].
    pub order: Vec<String>,
    /// Values that refuse, in lower case; only for [`Strategy::RevokedWins`].
    pub refusals: Vec<String>,
    /// Whether an agent's word stays; as `agent_edits_stick` says if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<bool>,
    /// Computed from the customer's records instead of said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub computed: Option<Computed>,
    /// Contacts that a computed value must rest on at least; 3 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u32>,
}

/// The rules of profile, tags, owner and segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRules {
    /// What an agent wrote stays over what systems say, until an agent empties it.
    pub agent_edits_stick: bool,
    /// Fields that may hold the customer's name, the best first.
    pub name_fields: Vec<String>,
    /// Where hours of the week are told.
    pub zone: Zone,
    /// For fields without a rule of their own.
    pub default: FieldRule,
    /// Rules by field name.
    pub fields: BTreeMap<String, FieldRule>,
    /// Whose customer one is.
    pub owner: OwnerRules,
    /// Tags that several systems know, by their name here.
    #[serde(default)]
    pub tags: BTreeMap<String, TagRule>,
    /// Customers by what is known of them, by the segment's name.
    #[serde(default)]
    pub segments: BTreeMap<String, Segment>,
    /// Each system's words for tags.
    #[serde(skip)]
    pub(super) words: TagWords,
}

/// Why rules do not load: all that is wrong, never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ProfileRulesError(pub Vec<Flaw>);

impl ProfileRules {
    /// Reads TOML over the embedded default: what the text does not name stays as it is.
    pub fn from_toml(text: &str) -> Result<Self, ProfileRulesError> {
        let read = overlay::read_located(DEFAULT_PROFILE, text);
        let mut rules: Self = read.map_err(|flaw| ProfileRulesError(vec![flaw]))?;
        let flaws = check::flaws(&rules, text);
        if !flaws.is_empty() {
            return Err(ProfileRulesError(flaws));
        }
        rules.words = TagWords::of(&rules.tags);
        Ok(rules)
    }

    /// The rule that counts for a field.
    pub fn rule(&self, field: &str) -> &FieldRule {
        self.fields.get(field).unwrap_or(&self.default)
    }

    /// How a field settles a conflict.
    pub fn strategy(&self, field: &str) -> Strategy {
        self.rule(field).strategy.or(self.default.strategy).unwrap_or_default()
    }

    /// Whether what an agent wrote into a field stays. Not over a refusal, unless the field's rule says so.
    pub fn sticks(&self, field: &str) -> bool {
        let usual = self.agent_edits_stick && self.strategy(field) != Strategy::RevokedWins;
        self.rule(field).sticky.unwrap_or(usual)
    }

    /// The name here of what a system calls a tag; `None` if no rule names it.
    pub fn tag<'r>(&'r self, system: &str, word: &'r str) -> Option<&'r str> {
        self.words
            .tag(system, word)
            .or_else(|| self.tags.get_key_value(word).map(|(name, _)| name.as_str()).filter(|_| is_own(system)))
    }
}

/// Whether a source is one of ours: agents and administrators use our own names.
pub(super) fn is_own(source: &str) -> bool {
    ["/agents", "/admin"]
        .iter()
        .any(|own| source.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether an agent wrote it.
pub(super) fn is_agents(source: &str) -> bool {
    source.strip_prefix("/agents").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Default for ProfileRules {
    /// The embedded default.
    ///
    /// # Panics
    /// Never: the embedded text is fixed at build time, and a test reads it.
    fn default() -> Self {
        Self::from_toml("").expect("the embedded profile rules are valid: a test reads them")
    }
}
