//! Which tags are set: each source answers for its own.

use std::collections::BTreeMap;

use trunkline_events::Timestamp;

/// A source set a tag, or took it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFact {
    /// The tag.
    pub tag: String,
    /// Who: `/connectors/chat`, `/agents`.
    pub source: String,
    /// When, by the source's own clock.
    pub at: Timestamp,
    /// Set, or taken away.
    pub set: bool,
}

/// A tag that is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetTag {
    /// The tag.
    pub tag: String,
    /// Who set it.
    pub source: String,
    /// When it was set last.
    pub at: Timestamp,
}

/// The tags that are set, sorted by tag and source: what each source said last of each tag counts, for that source alone.
///
/// A source that sets and takes away at the same instant has set.
pub fn tags(facts: &[TagFact]) -> Vec<SetTag> {
    let mut latest: BTreeMap<(&str, &str), (Timestamp, bool)> = BTreeMap::new();
    for fact in facts {
        let said = (fact.at, fact.set);
        latest.entry((&fact.tag, &fact.source)).and_modify(|known| *known = said.max(*known)).or_insert(said);
    }
    latest
        .into_iter()
        .filter(|(_, (_, set))| *set)
        .map(|((tag, source), (at, _))| SetTag { tag: tag.to_owned(), source: source.to_owned(), at })
        .collect()
}
