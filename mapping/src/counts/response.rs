//! How long people waited for an answer, by hour.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::call::Direction;
use trunkline_events::cdr::{Cdr, Medium};

use super::silence::HOUR;

/// One hour of calls, or of chats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseView {
    /// The hour's first instant.
    pub hour: Timestamp,
    /// Calls or chats.
    pub medium: Medium,
    /// Conversations that began in it.
    pub conversations: u64,
    /// How many of them an agent answered.
    pub answered: u64,
    /// From the beginning to the first answer, in milliseconds: the mean of those that were answered.
    pub mean_ms: u64,
    /// Half of them waited no longer.
    pub median_ms: u64,
    /// Nine in ten of them waited no longer.
    pub p90_ms: u64,
    /// The longest.
    pub longest_ms: u64,
}

/// Gathers complete records; 8 bytes for each that was answered.
#[derive(Debug, Clone, Default)]
pub struct Response {
    queue: Option<String>,
    hours: BTreeMap<(i64, bool), (u64, Vec<u64>)>,
}

impl Response {
    /// Of conversations that passed this queue; of all if there is none.
    pub fn of(queue: Option<&str>) -> Self {
        Self { queue: queue.map(str::to_owned), hours: BTreeMap::new() }
    }

    /// Counts a record: one that a customer began. What we began, and internal calls, wait for nobody.
    pub fn add(&mut self, cdr: &Cdr) {
        let passed = self.queue.as_ref().is_none_or(|queue| cdr.queues.contains(queue));
        let Some(started) = cdr.started.filter(|_| passed && cdr.direction == Direction::Inbound) else { return };
        let hour = started.into_inner().unix_timestamp().div_euclid(HOUR);
        let (conversations, waited) = self.hours.entry((hour, cdr.medium == Medium::Chat)).or_default();
        *conversations += 1;
        let millis = cdr.answered.map(|answered| answered.since(started).whole_milliseconds());
        waited.extend(millis.map(|millis| u64::try_from(millis).unwrap_or_default()));
    }

    /// The hours in their order, calls before chats.
    pub fn finish(self) -> Vec<ResponseView> {
        let view = |((hour, is_chat), (conversations, mut waited)): ((i64, bool), (u64, Vec<u64>))| {
            waited.sort_unstable();
            let answered = waited.len() as u64;
            let rank = |percent: usize| waited.get((waited.len() * percent).div_ceil(100).saturating_sub(1));
            ResponseView {
                hour: Timestamp::EPOCH.plus(Duration::hours(hour)),
                medium: if is_chat { Medium::Chat } else { Medium::Voice },
                conversations,
                answered,
                mean_ms: waited.iter().sum::<u64>().checked_div(answered).unwrap_or_default(),
                median_ms: rank(50).copied().unwrap_or_default(),
                p90_ms: rank(90).copied().unwrap_or_default(),
                longest_ms: waited.last().copied().unwrap_or_default(),
            }
        };
        self.hours.into_iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(started: &str, waited: Option<i64>, medium: Medium, queue: &str) -> Cdr {
        let started: Timestamp = started.parse().expect("an instant");
        Cdr {
            started: Some(started),
            answered: waited.map(|seconds| started.plus(Duration::seconds(seconds))),
            medium,
            queues: vec![queue.to_owned()],
            ..Cdr::default()
        }
    }

    #[test]
    fn each_hour_has_its_own_times_and_only_answers_count() {
        let mut response = Response::of(None);
        for waited in 1..=10 {
            response.add(&record("2026-11-20T09:59:59Z", Some(waited), Medium::Voice, "cards"));
        }
        response.add(&record("2026-11-20T09:00:00Z", None, Medium::Voice, "cards"));
        response.add(&record("2026-11-20T10:00:00Z", Some(40), Medium::Chat, "web"));
        response.add(&Cdr {
            direction: Direction::Outbound,
            ..record("2026-11-20T10:00:00Z", Some(9), Medium::Voice, "cards")
        });
        let hours = response.finish();
        assert_eq!(hours.len(), 2);
        let first = &hours[0];
        assert_eq!((first.conversations, first.answered), (11, 10));
        assert_eq!((first.mean_ms, first.median_ms, first.p90_ms, first.longest_ms), (5500, 5000, 9000, 10_000));
        assert_eq!(
            (hours[1].medium, hours[1].median_ms, hours[1].hour.to_string().as_str()),
            (Medium::Chat, 40_000, "2026-11-20T10:00:00Z")
        );
    }

    #[test]
    fn a_queue_is_looked_at_alone_and_nobody_answered_is_no_time() {
        let mut response = Response::of(Some("loans"));
        response.add(&record("2026-11-20T09:00:00Z", Some(5), Medium::Voice, "cards"));
        response.add(&record("2026-11-20T09:00:00Z", None, Medium::Voice, "loans"));
        let hours = response.finish();
        assert_eq!((hours[0].conversations, hours[0].answered, hours[0].mean_ms, hours[0].p90_ms), (1, 0, 0, 0));
    }
}
