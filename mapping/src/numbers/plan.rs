//! Dial plans: how numbers are written at a site. TOML, one file a site; what a file leaves out it has from the
//! embedded default (`config/dialplan/default.toml`). A plan that loads is valid: country, digits and masks are checked.

use std::collections::BTreeMap;

use phonenumber::country;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::memo::Memo;
use super::{Mask, Number, canonical};
use crate::overlay;

/// The embedded default plan, as TOML.
pub const DEFAULT_PLAN: &str = include_str!("../../../config/dialplan/default.toml");

/// How numbers are written at one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialPlan {
    /// The site's name.
    pub site: String,
    /// Connectors whose numbers are written by this plan: `/connectors/avaya-bj`.
    pub sources: Vec<String>,
    /// Country that national numbers belong to.
    pub country: Region,
    /// Area code without trunk prefix (`10`, `755`), for local numbers; empty: local numbers have no key.
    pub area_code: String,
    /// Lengths of local numbers.
    pub local_lengths: Vec<usize>,
    /// What stands before a national number: `0`. Empty in countries without one.
    pub trunk_prefix: String,
    /// Mobile numbers in national form: the switch's spurious `00` before one is no country code.
    pub mobiles: Vec<Mask>,
    /// Prefixes for an outside line, where the trunk has none of its own.
    pub outside_prefixes: Vec<String>,
    /// Prefixes of long-distance resellers (`17951`), which are no part of the number.
    pub ip_prefixes: Vec<String>,
    /// The site's own extensions; they come before short codes.
    pub extensions: Vec<Mask>,
    /// Agents: login ids in lower case (`aXX.`) or their own phones in E.164.
    pub agents: Vec<Mask>,
    /// Own direct lines and trunk numbers, in E.164 (`+86106666XXXX`).
    pub own: Vec<Mask>,
    /// Short codes.
    pub shorts: Vec<Mask>,
    /// Service numbers in national form without trunk prefix (`400XXXXXXX`).
    pub services: Vec<Mask>,
    /// Pools of privacy numbers, in E.164.
    pub privacy: Vec<Mask>,
    /// By trunk group, where one differs from the site.
    pub trunks: BTreeMap<String, Trunk>,
    #[serde(skip)]
    memo: Memo,
}

/// What one trunk group has of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trunk {
    /// Instead of the site's.
    pub outside_prefixes: Option<Vec<String>>,
    /// Instead of the site's.
    pub area_code: Option<String>,
}

/// A country by its ISO 3166 code, with its calling code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    id: country::Id,
    calling_code: u16,
}

/// Why a dial plan does not load.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not TOML, an unknown key, a wrong type, a wrong mask.
    #[error("dial plan: {0}")]
    Read(#[source] toml::de::Error),
    /// A value that cannot be.
    #[error("dial plan {site:?}: {problems}", problems = problems.join("; "))]
    Problems {
        /// Which site.
        site: String,
        /// All that is wrong, each with its key.
        problems: Vec<String>,
    },
    /// Two plans claim the same.
    #[error("dial plans {first:?} and {second:?} both name the source {named:?}")]
    Twice {
        /// The connector.
        named: String,
        /// A site.
        first: String,
        /// Another.
        second: String,
    },
}

impl DialPlan {
    /// Reads a site's TOML over the embedded default.
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        let plan: Self = overlay::read(DEFAULT_PLAN, text).map_err(PlanError::Read)?;
        let problems = plan.problems();
        if problems.is_empty() { Ok(plan) } else { Err(PlanError::Problems { site: plan.site, problems }) }
    }

    /// As [`canonical`], remembered: for texts that come again and again.
    pub fn number(&self, raw: &str, trunk: Option<&str>) -> Number {
        self.memo.number(raw, trunk, || canonical(raw, self, trunk))
    }

    /// Prefixes for an outside line on this trunk, as listed.
    pub(super) fn outside_prefixes(&self, trunk: Option<&str>) -> &[String] {
        self.trunk(trunk).and_then(|own| own.outside_prefixes.as_deref()).unwrap_or(&self.outside_prefixes)
    }

    /// Area code of local numbers on this trunk, without trunk prefix.
    pub(super) fn area_code(&self, trunk: Option<&str>) -> &str {
        self.trunk(trunk).and_then(|own| own.area_code.as_deref()).unwrap_or(&self.area_code)
    }

    fn trunk(&self, name: Option<&str>) -> Option<&Trunk> {
        self.trunks.get(name?)
    }

    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut digits = |key: &str, value: &str| {
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                found.push(format!("{key} must be digits, not {value:?}"));
            }
        };
        self.outside_prefixes.iter().for_each(|prefix| digits("outside_prefixes", prefix));
        self.ip_prefixes.iter().for_each(|prefix| digits("ip_prefixes", prefix));
        for (name, trunk) in &self.trunks {
            let key = format!("trunks.{name}.outside_prefixes");
            trunk.outside_prefixes.iter().flatten().for_each(|prefix| digits(&key, prefix));
            if let Some(area) = trunk.area_code.as_deref().filter(|area| !area.is_empty()) {
                digits(&format!("trunks.{name}.area_code"), area);
            }
        }
        for (key, value) in [("area_code", &self.area_code), ("trunk_prefix", &self.trunk_prefix)] {
            if !value.is_empty() {
                digits(key, value);
            }
        }
        if !self.trunk_prefix.is_empty() && self.area_code.starts_with(&self.trunk_prefix) {
            found.push(format!("area_code is written without the trunk prefix {:?}", self.trunk_prefix));
        }
        found
    }
}

impl Default for DialPlan {
    /// The embedded default.
    ///
    /// # Panics
    /// Never: the embedded text is fixed at build time, and a test reads it.
    fn default() -> Self {
        Self::from_toml("").expect("the embedded dial plan is valid: a test reads it")
    }
}

impl Region {
    /// `CN`.
    pub fn code(self) -> &'static str {
        // `AsRef` gives a borrow of `self.id`; the metadata's own text lives for ever.
        phonenumber::metadata::DATABASE.by_id(self.id.as_ref()).map_or("", phonenumber::Metadata::id)
    }

    /// `86`.
    pub fn calling_code(self) -> u16 {
        self.calling_code
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        let id: country::Id = code
            .parse()
            .map_err(|_| de::Error::custom(format!("{code:?} is no two-letter country code, like \"CN\"")))?;
        let metadata = phonenumber::metadata::DATABASE
            .by_id(id.as_ref())
            .ok_or_else(|| de::Error::custom(format!("no numbering plan is known for {code:?}")))?;
        Ok(Self { id, calling_code: metadata.country_code() })
    }
}

/// The plans of all sites, and which of them an event's source is written by.
#[derive(Debug, Clone, Default)]
pub struct DialPlans {
    fallback: DialPlan,
    sites: Vec<DialPlan>,
    by_source: BTreeMap<String, usize>,
}

impl DialPlans {
    /// Names the content: plans that read alike have the same version, whatever comments and order of keys say.
    pub fn version(&self) -> String {
        let written = serde_json::to_vec(&(&self.fallback, &self.sites)).unwrap_or_default();
        let mut name = uuid::Uuid::from_slice(&Sha256::digest(written)[..16]).unwrap_or_default().simple().to_string();
        name.truncate(12);
        name
    }

    /// `fallback` is for every source that no site names: chat systems, CRMs.
    pub fn new(fallback: DialPlan, sites: Vec<DialPlan>) -> Result<Self, PlanError> {
        let mut by_source = BTreeMap::new();
        for (index, plan) in sites.iter().enumerate() {
            for source in &plan.sources {
                if let Some(earlier) = by_source.insert(source.clone(), index) {
                    let first = sites[earlier].site.clone();
                    return Err(PlanError::Twice { named: source.clone(), first, second: plan.site.clone() });
                }
            }
        }
        Ok(Self { fallback, sites, by_source })
    }

    /// The plan that numbers from this source are written by.
    pub fn of(&self, source: &str) -> &DialPlan {
        self.by_source.get(source).map_or(&self.fallback, |index| &self.sites[*index])
    }

    /// Every plan.
    pub fn all(&self) -> impl Iterator<Item = &DialPlan> {
        self.sites.iter().chain([&self.fallback])
    }

    /// The plan for numbers that people type.
    pub fn fallback(&self) -> &DialPlan {
        &self.fallback
    }
}
