//! Hot spots: what is counted in which event, and what of it is suddenly frequent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::chat::{Author, Content};
use trunkline_events::{Body, Event};

use super::Keywords;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Tags that were set.
    Tag,
    /// Declared words in what customers write and agents remark, once a text.
    Keyword,
    /// Conversations that passed a queue.
    Queue,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tag, Self::Keyword, Self::Queue];

    /// `tag`, `keyword`, `queue`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Keyword => "keyword",
            Self::Queue => "queue",
        }
    }
}

/// One thing to count once, in one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'e> {
    /// What kind of thing.
    pub subject: Subject,
    /// The tag or the keyword's name.
    pub word: &'e str,
}

/// What an event adds to the counters; queues are counted from records. What agents, programs and systems write in a chat is
/// not looked at: a greeting that names a word would be a hot spot each morning.
pub fn hits<'e>(event: &'e Event, keywords: &'e Keywords) -> Vec<Hit<'e>> {
    let found = |text: &'e str| {
        let words = keywords.found(text).into_iter();
        words.map(|word| Hit { subject: Subject::Keyword, word }).collect()
    };
    match &event.body {
        Body::CustomerTag(tag) if tag.set => vec![Hit { subject: Subject::Tag, word: &tag.tag }],
        Body::ChatMessage(message) if message.author == Author::Visitor => match &message.content {
            Content::Text { text } => found(text),
            _ => Vec::new(),
        },
        Body::CdrRemarked(remarked) => found(&remarked.text),
        _ => Vec::new(),
    }
}

/// When a count is a spike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeRule {
    /// So many times the day before, at least.
    pub factor: f64,
    /// And so many at all, so that three after one is none.
    pub minimum: u64,
}

/// One counter on one day, beside the day before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HotspotView {
    /// What is counted.
    pub by: Subject,
    /// The tag, keyword or queue.
    pub word: String,
    /// The day in the house's zone: `2026-11-21`.
    pub day: String,
    /// How often, so far where the day is not over.
    pub count: u64,
    /// How often on the day before.
    pub before: u64,
    /// The declared factor and minimum are reached.
    pub spike: bool,
}

/// One day's counters beside those of the day before: spikes first, then by count.
pub fn compare(
    day: &str,
    counts: &BTreeMap<(Subject, String), u64>,
    before: &BTreeMap<(Subject, String), u64>,
    rule: SpikeRule,
) -> Vec<HotspotView> {
    let mut views: Vec<HotspotView> = counts
        .iter()
        .map(|(key, count)| {
            let before = before.get(key).copied().unwrap_or_default();
            HotspotView {
                by: key.0,
                word: key.1.clone(),
                day: day.to_owned(),
                count: *count,
                before,
                spike: is_spike(*count, before, rule),
            }
        })
        .collect();
    views.sort_by(|a, b| (!a.spike, b.count, a.by, &a.word).cmp(&(!b.spike, a.count, b.by, &b.word)));
    views
}

/// A word that was not there the day before is as one that was there once.
fn is_spike(count: u64, before: u64, rule: SpikeRule) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "counts of a day are far below 2^52")]
    let (count_now, least) = (count as f64, before.max(1) as f64 * rule.factor);
    count >= rule.minimum && count_now >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_reaches_both_the_factor_and_the_minimum() {
        let rule = SpikeRule { factor: 3.0, minimum: 20 };
        let counts = [("refund", 60, 20), ("fees", 59, 20), ("new", 20, 0), ("rare", 19, 1), ("usual", 500, 480)];
        let of = |which: fn(&(&str, u64, u64)) -> u64| {
            counts.iter().map(|one| ((Subject::Keyword, one.0.to_owned()), which(one))).collect::<BTreeMap<_, _>>()
        };
        let views = compare("2026-11-21", &of(|one| one.1), &of(|one| one.2), rule);
        let told: Vec<(&str, bool)> = views.iter().map(|view| (view.word.as_str(), view.spike)).collect();
        assert_eq!(told, [("refund", true), ("new", true), ("usual", false), ("fees", false), ("rare", false)]);
        assert_eq!((views[0].count, views[0].before), (60, 20));
    }
}
