//! One value a field, out of what all sources said.

use std::collections::BTreeMap;

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::rules::{ProfileRules, Strategy, is_agents};

/// One source said one thing at one time. An empty value empties the field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldValue {
    /// Field name.
    pub field: String,
    /// When the source said so, by its own clock.
    pub at: Timestamp,
    /// Who: `/connectors/chat`, `/agents`.
    pub source: String,
    /// Value.
    pub value: String,
    /// The handle that it was said of.
    pub handle: Uuid,
}

/// A value that counts; never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    /// Field name.
    pub field: String,
    /// Value.
    pub value: String,
    /// Who said so.
    pub source: String,
    /// When.
    pub at: Timestamp,
}

/// Chooses what counts, sorted by field, then value: one value a field, several only by [`Strategy::Union`].
///
/// Of two values said at the same instant by one source the greater text counts; of two sources the greater name.
pub fn settle(values: &[FieldValue], rules: &ProfileRules) -> Vec<Chosen> {
    let mut by_field: BTreeMap<&str, Vec<&FieldValue>> = BTreeMap::new();
    // What is computed nobody can say.
    for value in values.iter().filter(|value| rules.rule(&value.field).computed.is_none()) {
        by_field.entry(&value.field).or_default().push(value);
    }
    let mut chosen = Vec::with_capacity(by_field.len());
    for (field, mut said) in by_field {
        said.sort_unstable();
        said.dedup();
        let mut counting = choose(&said, field, rules);
        counting.sort_unstable_by(|a, b| a.value.cmp(&b.value));
        chosen.extend(counting.into_iter().map(Chosen::from));
    }
    chosen
}

impl From<&FieldValue> for Chosen {
    fn from(value: &FieldValue) -> Self {
        Self { field: value.field.clone(), value: value.value.clone(), source: value.source.clone(), at: value.at }
    }
}

/// `said` is all of one field, sorted by time.
fn choose<'a>(said: &[&'a FieldValue], field: &str, rules: &ProfileRules) -> Vec<&'a FieldValue> {
    if rules.sticks(field)
        && let Some(edit) = said.iter().rev().find(|value| is_agents(&value.source))
        && !is_empty(edit)
    {
        return vec![edit];
    }
    match rules.strategy(field) {
        Strategy::Newest => said.last().copied().filter(|value| !is_empty(value)).into_iter().collect(),
        Strategy::SourceOrder => by_source_order(said, &rules.rule(field).order).into_iter().collect(),
        Strategy::OnlyIfEmpty => first_that_stays(said).into_iter().collect(),
        Strategy::Union => every_sources_last(said),
        Strategy::RevokedWins => refusal_or_last(said, &rules.rule(field).refusals).into_iter().collect(),
    }
}

/// What a source said last of one handle is its word; the last word that refuses counts, else the last word.
fn refusal_or_last<'a>(said: &[&'a FieldValue], refusals: &[String]) -> Option<&'a FieldValue> {
    let mut words: BTreeMap<(&str, Uuid), &FieldValue> = BTreeMap::new();
    for value in said {
        words.insert((&value.source, value.handle), value);
    }
    let refuses = |value: &&&FieldValue| refusals.contains(&value.value.trim().to_lowercase());
    let last = |words: &mut dyn Iterator<Item = &&'a FieldValue>| words.max().copied();
    last(&mut words.values().filter(refuses)).or_else(|| last(&mut words.values().filter(|value| !is_empty(value))))
}

fn by_source_order<'a>(said: &[&'a FieldValue], order: &[String]) -> Option<&'a FieldValue> {
    let rank = |value: &FieldValue| order.iter().position(|source| *source == value.source).unwrap_or(order.len());
    let mut latest = latest_by_source(said);
    latest.retain(|value| !is_empty(value));
    // The lower rank, then the later time.
    latest.into_iter().min_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| b.cmp(a)))
}

fn first_that_stays<'a>(said: &[&'a FieldValue]) -> Option<&'a FieldValue> {
    let mut current: Option<&FieldValue> = None;
    for value in said {
        match current {
            Some(known) if is_empty(value) && known.source == value.source => current = None,
            None if !is_empty(value) => current = Some(value),
            _ => {}
        }
    }
    current
}

fn every_sources_last<'a>(said: &[&'a FieldValue]) -> Vec<&'a FieldValue> {
    let mut all = latest_by_source(said);
    all.retain(|value| !is_empty(value));
    // The same text from several sources stands once, by who said it last.
    all.sort_unstable_by(|a, b| a.value.cmp(&b.value).then_with(|| b.cmp(a)));
    all.dedup_by(|later, first| later.value == first.value);
    all
}

/// The last of what each source said.
fn latest_by_source<'a>(said: &[&'a FieldValue]) -> Vec<&'a FieldValue> {
    let mut latest: BTreeMap<&str, &FieldValue> = BTreeMap::new();
    for value in said {
        latest.insert(&value.source, value);
    }
    latest.into_values().collect()
}

fn is_empty(value: &FieldValue) -> bool {
    value.value.trim().is_empty()
}
