//! A time zone by its IANA name, and the few things that are asked of it.

use time::{Date, OffsetDateTime, UtcOffset, Weekday};
use trunkline_events::Timestamp;
use tz::TimeZoneRef;

/// Hours of a week.
pub(super) const WEEK: usize = 168;
/// Seconds of an hour.
pub(super) const HOUR: i64 = 3600;

/// A time zone with its clock changes, past and to come.
#[derive(Debug, Clone, Copy)]
pub struct Zone(TimeZoneRef<'static>);

/// There is no such zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; write one of the IANA names, like \"Asia/Shanghai\" or \"UTC\"")]
pub struct UnknownZone(String);

impl Zone {
    /// `Asia/Shanghai`; the zones are those that this release was built with.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        tzdb::tz_by_name(name).map(Self).ok_or_else(|| UnknownZone(name.to_owned()))
    }

    /// The local date and time.
    fn local(&self, at: Timestamp) -> OffsetDateTime {
        let utc = at.into_inner();
        let found = self.0.find_local_time_type(utc.unix_timestamp());
        // Beyond the years that the zone's rules speak of: its clock is UTC's then.
        let seconds = found.map_or(0, tz::LocalTimeType::ut_offset);
        utc.to_offset(UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC))
    }

    /// The local date.
    pub fn date(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// Days since 1970-01-01, counted by the local date.
    pub fn day(&self, at: Timestamp) -> i64 {
        i64::from(self.date(at).to_julian_day()) - EPOCH
    }

    /// 0 for Monday from midnight to one o'clock, up to 167; with the local date.
    pub(super) fn hour_of_week(&self, at: Timestamp) -> (usize, Date) {
        let local = self.local(at);
        let day = usize::from(local.weekday().number_days_from_monday());
        (day * 24 + usize::from(local.hour()), local.date())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZoneRef::utc())
    }
}

/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

/// The slot of the same hour on a Sunday.
pub(super) fn as_on_sunday(slot: usize) -> usize {
    usize::from(Weekday::Sunday.number_days_from_monday()) * 24 + slot % 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_sites_midnight() {
        let zone = Zone::named("Asia/Shanghai").expect("a zone");
        let late: Timestamp = "2026-11-20T15:59:59Z".parse().expect("an instant");
        let early: Timestamp = "2026-11-20T16:00:00Z".parse().expect("an instant");
        assert_eq!(zone.day(early) - zone.day(late), 1);
        assert_eq!(zone.hour_of_week(early).0, 5 * 24, "Saturday, midnight");
        assert_eq!(Zone::default().day(Timestamp::EPOCH), 0);
    }

    #[test]
    fn a_zone_that_is_none_is_refused_with_an_example() {
        let refused = Zone::named("Beijing").expect_err("no zone").to_string();
        assert!(refused.contains("Beijing") && refused.contains("Asia/Shanghai"), "{refused}");
    }
}
