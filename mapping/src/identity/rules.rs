//! The declared rules of identity: TOML over the embedded default (`config/identity.toml`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Duration;
use trunkline_events::customer::Strength;

use super::presence::SILENCE;
use super::{Handle, OwnPeople, Patterns, Role, Scheme};
use crate::overlay;

/// The embedded default rules, as TOML.
pub const DEFAULT_RULES: &str = include_str!("../../../config/identity.toml");

/// What each scheme means, and the limits of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Handles that one customer may have.
    pub max_handles_per_customer: usize,
    /// Distinct handles that a contact or device may be seen with before it is generic.
    pub max_neighbours: usize,
    /// Other name → scheme.
    aliases: BTreeMap<String, String>,
    blocked: BlockedValues,
    schemes: BTreeMap<String, Scheme>,
    #[serde(skip)]
    version: String,
    #[serde(skip)]
    own: OwnPeople,
}

/// Values that identify nobody in any scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockedValues {
    values: BTreeSet<String>,
    patterns: Patterns,
}

/// Why rules do not load.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, an unknown key, a wrong type, a wrong pattern.
    #[error("identity rules: {0}")]
    Read(#[source] toml::de::Error),
    /// Values that cannot be.
    #[error("identity rules: {}", .0.join("; "))]
    Problems(Vec<String>),
}

impl Rules {
    /// Reads TOML over the embedded default: what the text does not name stays as it is.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        let mut rules: Self = overlay::read(DEFAULT_RULES, text).map_err(RulesError::Read)?;
        let problems = rules.problems();
        if !problems.is_empty() {
            return Err(RulesError::Problems(problems));
        }
        let content = serde_json::to_vec(&rules).map_err(|cause| RulesError::Problems(vec![cause.to_string()]))?;
        rules.version = uuid::Uuid::from_slice(&Sha256::digest(content)[..16]).unwrap_or_default().simple().to_string();
        rules.version.truncate(12);
        Ok(rules)
    }

    /// Names the content: rules that decide alike have the same version, whatever comments and order say.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Our own people, whose handles are no customer's.
    pub fn own_people(&self) -> &OwnPeople {
        &self.own
    }

    /// The scheme's name in the rules: lower case, `-` as `_`, aliases followed.
    pub fn scheme_name(&self, written: &str) -> String {
        let name = written.trim().to_lowercase().replace('-', "_");
        self.aliases.get(&name).cloned().unwrap_or(name)
    }

    /// Whether the rules name this scheme. One that they do not name has careful defaults.
    pub fn knows(&self, scheme: &str) -> bool {
        self.schemes.contains_key(scheme)
    }

    /// The rules of a scheme.
    pub fn scheme(&self, name: &str) -> &Scheme {
        self.schemes.get(name).unwrap_or(Scheme::UNKNOWN)
    }

    /// What the handle is to its person; single values may differ from their scheme.
    pub fn role(&self, handle: &Handle) -> Role {
        let scheme = self.scheme(handle.scheme());
        if scheme.devices.fit(handle.value()) { Role::Device } else { scheme.role }
    }

    /// How much it proves that a source names this handle of a person.
    pub fn claim(&self, handle: &Handle, verified: bool) -> Strength {
        let scheme = self.scheme(handle.scheme());
        match (scheme.devices.fit(handle.value()), verified) {
            (true, _) => Strength::Weak,
            (false, true) => scheme.verified,
            (false, false) => scheme.strength,
        }
    }

    /// Whether a canonical value identifies nobody.
    pub fn blocks(&self, scheme: &str, value: &str) -> bool {
        let lower = value.to_lowercase();
        self.blocked.values.contains(&lower)
            || self.blocked.patterns.fit(&lower)
            || self.scheme(scheme).blocked.fit(&lower)
    }

    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.max_handles_per_customer == 0 {
            found.push("max_handles_per_customer must be at least 1".to_owned());
        }
        if self.max_neighbours == 0 {
            found.push("max_neighbours must be at least 1".to_owned());
        }
        for (alias, scheme) in &self.aliases {
            if !self.knows(scheme) {
                found.push(format!("aliases.{alias}: there is no [schemes.{scheme}]"));
            }
        }
        for (name, scheme) in &self.schemes {
            if !is_scheme_name(name) {
                found.push(format!("schemes.{name}: a name has lower-case letters, digits and _ only, at most 40"));
            }
            if scheme.max_per_customer == Some(0) || scheme.max_customers == Some(0) {
                found.push(format!("schemes.{name}: max_per_customer and max_customers must be at least 1"));
            }
            if scheme.recycled_after_days.is_some_and(|days| Duration::days(days.into()) < SILENCE) {
                found.push(format!(
                    "schemes.{name}: recycled_after_days must be at least {}: shorter silences are not kept",
                    SILENCE.whole_days()
                ));
            }
            if scheme.recycled_after_days.is_some() && scheme.role != Role::Contact {
                found.push(format!(
                    "schemes.{name}: recycled_after_days is for contacts, which pass from one to another"
                ));
            }
            if scheme.verified < scheme.strength {
                found.push(format!("schemes.{name}: verified must not be weaker than strength"));
            }
        }
        found
    }
}

/// What may stand as a scheme in a key.
pub(super) fn is_scheme_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}

impl Default for Rules {
    /// The embedded default.
    ///
    /// # Panics
    /// Never: the embedded text is fixed at build time, and a test reads it.
    fn default() -> Self {
        Self::from_toml("").expect("the embedded identity rules are valid: a test reads them")
    }
}
