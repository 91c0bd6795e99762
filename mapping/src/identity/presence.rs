//! When a handle was seen: from when to when, and between which sightings it was silent for long. So it can be told whether
//! a number was given to somebody else in the meantime.
//!
//! Invariant: what stands here is a function of the set of sightings; their order and repetition do not show.

use time::Duration;
use trunkline_events::Timestamp;

/// Shorter than this nothing is a silence, whatever the rules say later: numbers rest for 90 days before they are given
/// to somebody else.
pub(crate) const SILENCE: Duration = Duration::days(92);

/// Sightings of one handle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Presence {
    /// The earliest, as its source wrote it.
    pub first: Timestamp,
    /// The latest, cut to the minute, so that it need not be written for each sighting.
    pub last: Timestamp,
    /// Between sightings that are more than [`SILENCE`] apart, in order; cut to the minute.
    pub silences: Vec<Silence>,
}

/// Nobody saw the handle in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Silence {
    /// It was seen here,
    pub from: Timestamp,
    /// and then here again.
    pub until: Timestamp,
}

impl Presence {
    /// One sighting.
    pub fn at(instant: Timestamp) -> Self {
        Self { first: instant, last: to_the_minute(instant), silences: Vec::new() }
    }

    /// Adds the sightings of `other`. Gives whether a silence began, or is filled: whoever judged by them judges anew.
    pub fn add(&mut self, other: &Self) -> bool {
        let apart = other.begins().since(self.last).max(self.begins().since(other.last)) > SILENCE;
        if !apart && self.silences.is_empty() && other.silences.is_empty() {
            self.first = self.first.min(other.first);
            self.last = self.last.max(other.last);
            return false;
        }
        let mut stretches: Vec<(Timestamp, Timestamp)> = self.stretches().chain(other.stretches()).collect();
        stretches.sort_unstable();
        let mut silences = Vec::new();
        let mut seen_until = stretches[0].1;
        for (from, until) in stretches {
            if from.since(seen_until) > SILENCE {
                silences.push(Silence { from: seen_until, until: from });
            }
            seen_until = seen_until.max(until);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        let changed = self.silences != silences;
        self.silences = silences;
        changed
    }

    fn begins(&self) -> Timestamp {
        to_the_minute(self.first)
    }

    /// Times in which it was never silent for long, in order.
    fn stretches(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let from = std::iter::once(self.begins()).chain(self.silences.iter().map(|silence| silence.until));
        let until = self.silences.iter().map(|silence| silence.from).chain(std::iter::once(self.last));
        from.zip(until)
    }
}

/// The minute that an instant lies in.
pub(super) fn to_the_minute(at: Timestamp) -> Timestamp {
    floor(at, Duration::MINUTE)
}

/// The last multiple of `grain` since 1970 at or before `at`.
pub(super) fn floor(at: Timestamp, grain: Duration) -> Timestamp {
    let since = at.since(Timestamp::EPOCH).whole_microseconds();
    let rest = since.rem_euclid(grain.whole_microseconds());
    // Less than a grain, which is days at most.
    at.plus(-Duration::microseconds(i64::try_from(rest).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::days(days) + Duration::seconds(17))
    }

    fn of(days: &[i64]) -> Presence {
        let mut days = days.iter().map(|days| Presence::at(day(*days)));
        let mut all = days.next().expect("one day");
        days.for_each(|one| {
            all.add(&one);
        });
        all
    }

    #[test]
    fn what_is_more_than_92_days_apart_is_a_silence() {
        assert_eq!(of(&[0, 92]).silences, []);
        let silence = Silence { from: to_the_minute(day(0)), until: to_the_minute(day(93)) };
        assert_eq!(of(&[0, 93]).silences, [silence]);
    }

    #[test]
    fn a_sighting_in_between_ends_a_silence_or_parts_it() {
        assert_eq!(of(&[0, 150, 75]).silences, []);
        assert_eq!(of(&[0, 300, 150]).silences.len(), 2);
    }

    #[test]
    fn it_is_told_when_silences_are_others_than_before() {
        let mut seen = of(&[0, 200]);
        assert!(!seen.add(&Presence::at(day(250))), "goes on");
        assert!(seen.add(&Presence::at(day(100))), "parts the silence");
        assert!(seen.add(&Presence::at(day(500))), "begins another");
    }

    proptest! {
        #[test]
        fn only_the_set_of_sightings_counts(days in prop::collection::vec(0..2_000_i64, 1..12), cut: prop::sample::Index) {
            let whole = of(&days);
            let mut sorted = days.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&of(&sorted), &whole);
            let long: Vec<(i64, i64)> =
                sorted.windows(2).filter(|two| two[1] - two[0] > 92).map(|two| (two[0], two[1])).collect();
            let told: Vec<(Timestamp, Timestamp)> =
                whole.silences.iter().map(|silence| (silence.from, silence.until)).collect();
            let minutes = |(from, until): &(i64, i64)| (to_the_minute(day(*from)), to_the_minute(day(*until)));
            prop_assert_eq!(told, long.iter().map(minutes).collect::<Vec<_>>());
            let (some, others) = days.split_at(cut.index(days.len()));
            if !some.is_empty() {
                let mut joined = of(others);
                joined.add(&of(some));
                prop_assert_eq!(&joined, &whole);
            }
        }
    }
}
