//! Which tags are set. A tag that the rules name is one thing in all systems, in each system's own words; of any other each
//! source answers for its own.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::rules::{ProfileRules, is_own};

/// A source set a tag, or took it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFact {
    /// The tag in the source's own words.
    pub tag: String,
    /// Who: `/connectors/chat`, `/agents`.
    pub source: String,
    /// When, by the source's own clock.
    pub at: Timestamp,
    /// Set, or taken away.
    pub set: bool,
    /// The source only tells back what was written there for us: no news, and no opinion.
    pub echo: bool,
}

/// A tag that is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetTag {
    /// Its name here, or the source's word for a tag that no rule names.
    pub tag: String,
    /// Who set it.
    pub source: String,
    /// When it was set last.
    pub at: Timestamp,
    /// Whether the rules name it.
    pub known: bool,
}

/// Which way a tag goes between us and a system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The system is heard and never written to.
    In,
    /// The system is written to and never heard.
    Out,
    /// Both.
    #[default]
    Both,
}

impl Way {
    /// Whether what the system says counts.
    pub fn hears(self) -> bool {
        self != Self::Out
    }

    /// Whether the system is written to.
    pub fn writes(self) -> bool {
        self != Self::In
    }
}

/// A tag at one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagAt {
    /// The system's word for it.
    pub name: String,
    /// Which way it goes.
    #[serde(default)]
    pub direction: Way,
}

/// One tag that several systems know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagRule {
    /// What people read, where the name here is not it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The system that decides; what was said last decides if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is called where, by source: `/connectors/crm`.
    #[serde(default)]
    pub systems: BTreeMap<String, TagAt>,
}

impl TagRule {
    /// Whether what a source says of it may decide.
    pub fn hears(&self, source: &str) -> bool {
        match &self.owner {
            Some(owner) => owner == source,
            None => is_own(source) || self.systems.get(source).is_some_and(|at| at.direction.hears()),
        }
    }

    /// Whether any system is written to.
    pub fn writes(&self) -> bool {
        self.systems.values().any(|at| at.direction.writes())
    }
}

/// Each system's words, for finding the tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TagWords(HashMap<String, HashMap<String, String>>);

impl TagWords {
    pub(super) fn of(tags: &BTreeMap<String, TagRule>) -> Self {
        let mut words: HashMap<String, HashMap<String, String>> = HashMap::new();
        for (tag, rule) in tags {
            for (system, at) in &rule.systems {
                words.entry(system.clone()).or_default().insert(at.name.clone(), tag.clone());
            }
        }
        Self(words)
    }

    pub(super) fn tag(&self, system: &str, word: &str) -> Option<&str> {
        self.0.get(system)?.get(word).map(String::as_str)
    }
}

/// The tags that are set, sorted by tag and source. Of a tag that the rules name the owner's last word decides, or the last
/// word of anybody who is heard; of others each source's last word counts, for that source alone.
///
/// A source that sets and takes away at the same instant has set. A function of the set of facts.
pub fn tags(facts: &[TagFact], rules: &ProfileRules) -> Vec<SetTag> {
    let mut set = Vec::new();
    for ((tag, known), said) in by_tag(facts, rules) {
        if let Some(rule) = known.and_then(|name| rules.tags.get(name)) {
            let decided = deciding(&said, rule).filter(|fact| fact.set);
            set.extend(decided.map(|fact| told(tag, fact, true)));
        } else {
            let said = said.into_values().filter(|fact| fact.set);
            set.extend(said.map(|fact| told(tag, fact, false)));
        }
    }
    set
}

fn told(tag: &str, fact: &TagFact, known: bool) -> SetTag {
    SetTag { tag: tag.to_owned(), source: fact.source.clone(), at: fact.at, known }
}

/// By tag and whether the rules name it: the last word of each source.
type Said<'f> = BTreeMap<(&'f str, Option<&'f str>), BTreeMap<&'f str, &'f TagFact>>;

pub(super) fn by_tag<'f>(facts: &'f [TagFact], rules: &'f ProfileRules) -> Said<'f> {
    let mut said: Said<'f> = BTreeMap::new();
    for fact in facts {
        let known = rules.tag(&fact.source, &fact.tag);
        let last = said.entry((known.unwrap_or(&fact.tag), known)).or_default().entry(&fact.source).or_insert(fact);
        if (last.at, last.set, last.echo) < (fact.at, fact.set, fact.echo) {
            *last = fact;
        }
    }
    said
}

/// The word that decides: of those who are heard and said something of their own the last, of equals that of the greater
/// name.
pub(super) fn deciding<'f>(said: &BTreeMap<&'f str, &'f TagFact>, rule: &TagRule) -> Option<&'f TagFact> {
    let heard = said.values().copied().filter(|fact| !fact.echo && rule.hears(&fact.source));
    heard.max_by_key(|fact| (fact.at, fact.set, fact.source.as_str()))
}
