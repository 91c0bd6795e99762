//! When silence is silence: a link is judged by what it usually tells at this hour of the week.
//!
//! The usual number of an hour is the median of the same hour in the weeks before, so one strange week changes nothing. A
//! silence is told once the events that were usual since the last one come to a declared number. At night that sum does
//! not grow; on a busy morning it does so in minutes. A link without history is not judged.

use std::collections::BTreeSet;

use time::{Date, Duration};
use trunkline_events::Timestamp;

use crate::zone::Zone;

/// Hours of a week.
const WEEK: usize = 168;
/// Seconds of an hour.
pub(super) const HOUR: i64 = 3600;

/// Weeks with this hour that are needed before it says anything.
const LEAST: usize = 2;

/// What a link told in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourCount {
    /// Hours since 1970 (UTC).
    pub hour: i64,
    /// Events.
    pub told: u64,
}

/// What is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct SilenceRule {
    /// Weeks that are looked back upon.
    pub weeks: u32,
    /// A silence is told once so many events were usual in it. Were they independent of each other, it would come by chance
    /// once in e^threshold cases; a call tells five or so together, so divide by that.
    pub threshold: u64,
    /// And once it has lasted so long.
    pub least: Duration,
    /// Local dates that are as a Sunday: judged by Sunday's numbers, and left out of the history of their own weekday.
    pub holidays: BTreeSet<Date>,
}

/// What a link usually tells in each hour of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// `None`: not known yet.
    by_hour: Vec<Option<u64>>,
}

/// Whether a link is silent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// It talks, or no more is usual now.
    Quiet,
    /// More was to be expected.
    Silent {
        /// Events that were usual since the last one.
        expected: u64,
    },
}

impl Usual {
    /// Learns from what was told, hour by hour; an hour that is not in `history` told nothing. Looks at whole hours only:
    /// not at the first one of all, in which the link was set up, and not at the present one.
    pub fn learn(history: &[HourCount], zone: &Zone, rule: &SilenceRule, now: Timestamp) -> Self {
        let told: std::collections::BTreeMap<i64, u64> =
            history.iter().map(|counted| (counted.hour, counted.told)).collect();
        let mut seen: Vec<Vec<u64>> = vec![Vec::new(); WEEK];
        let present = hour_of(now);
        let window = present - i64::from(rule.weeks) * 168;
        if let Some(first) = told.keys().next() {
            for hour in (first + 1).max(window)..present {
                let (slot, date) = zone.hour_of_week(beginning(hour));
                if !rule.holidays.contains(&date) {
                    seen[slot].push(told.get(&hour).copied().unwrap_or_default());
                }
            }
        }
        Self { by_hour: seen.into_iter().map(median).collect() }
    }

    /// What is usual in one hour of the week; 0 where that is not known.
    fn at(&self, hour: i64, zone: &Zone, rule: &SilenceRule) -> u64 {
        let (slot, date) = zone.hour_of_week(beginning(hour));
        let slot = if rule.holidays.contains(&date) { as_on_sunday(slot) } else { slot };
        self.by_hour.get(slot).copied().flatten().unwrap_or_default()
    }

    /// Judges a link that said its last word at `since`. Looks back a week at most.
    pub fn judge(&self, since: Timestamp, now: Timestamp, zone: &Zone, rule: &SilenceRule) -> Verdict {
        if now.since(since) < rule.least {
            return Verdict::Quiet;
        }
        let since = since.max(now.plus(-Duration::WEEK));
        let mut expected = 0;
        for hour in hour_of(since)..=hour_of(now) {
            let from = beginning(hour).max(since);
            let to = beginning(hour + 1).min(now);
            let seconds = u64::try_from(to.since(from).whole_seconds()).unwrap_or_default();
            expected += self.at(hour, zone, rule) * seconds;
        }
        let expected = expected / HOUR.unsigned_abs();
        if expected >= rule.threshold { Verdict::Silent { expected } } else { Verdict::Quiet }
    }
}

/// The middle one; the lower of two, since an alarm that is wrong costs more trust than one that is late.
fn median(mut counts: Vec<u64>) -> Option<u64> {
    if counts.len() < LEAST {
        return None;
    }
    counts.sort_unstable();
    counts.get((counts.len() - 1) / 2).copied()
}

/// The hour that holds an instant.
fn hour_of(at: Timestamp) -> i64 {
    at.into_inner().unix_timestamp().div_euclid(HOUR)
}

/// The first instant of an hour.
fn beginning(hour: i64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::hours(hour))
}

#[cfg(test)]
mod tests;

/// The slot of the same hour on a Sunday.
fn as_on_sunday(slot: usize) -> usize {
    6 * 24 + slot % 24
}
