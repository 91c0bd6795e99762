//! Clocks on walls: what a switch writes into its records, what a site calls a day, and its hours of the week.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
use trunkline_events::Timestamp;
use tz::TimeZoneRef;

/// A zone of the IANA database, which is compiled in: `Asia/Shanghai`.
#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    rules: TimeZoneRef<'static>,
}

/// No zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; write an IANA name like Asia/Shanghai, Europe/Berlin or UTC")]
pub struct NoZone(String);

impl FromStr for Zone {
    type Err = NoZone;

    fn from_str(name: &str) -> Result<Self, NoZone> {
        let rules = tzdb::tz_by_name(name);
        let canonical = tzdb::TZ_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
        match (rules, canonical) {
            (Some(rules), Some(name)) => Ok(Self { name, rules }),
            _ => Err(NoZone(name.to_owned())),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(|error: NoZone| match trunkline_config::nearest(&name, tzdb::TZ_NAMES) {
            Some(near) => de::Error::custom(format!("there is no zone {name:?}; did you mean {near}?")),
            None => de::Error::custom(error),
        })
    }
}

impl Eq for Zone {}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self { name: "UTC", rules: TimeZoneRef::utc() }
    }
}

impl Zone {
    /// How far the zone's clocks are ahead of UTC at an instant.
    fn ahead(&self, at: Timestamp) -> Duration {
        let seconds = at.into_inner().unix_timestamp();
        // Beyond the years that the zone's rules speak of its clocks show UTC.
        let found = self.rules.find_local_time_type(seconds).map_or(0, tz::LocalTimeType::ut_offset);
        Duration::seconds(i64::from(found))
    }

    /// The instant at which the zone's clocks show this. Of two such (an hour is gone through twice in autumn) the first; if
    /// there is none (an hour is left out in spring) what the clocks would have shown had they not been put forward.
    pub fn instant(&self, shown: PrimitiveDateTime) -> Timestamp {
        let as_utc = Timestamp::from(shown.assume_utc());
        let day = Duration::DAY;
        let offsets = [self.ahead(as_utc.plus(-day)), self.ahead(as_utc.plus(day))];
        let candidates = offsets.map(|offset| as_utc.plus(-offset));
        let right = candidates.iter().filter(|at| self.ahead(**at) == as_utc.since(**at)).min();
        right.copied().unwrap_or(candidates[0])
    }

    /// What the zone's clocks and calendars show at an instant.
    pub fn local(&self, at: Timestamp) -> OffsetDateTime {
        let ahead = i32::try_from(self.ahead(at).whole_seconds())
            .ok()
            .and_then(|ahead| UtcOffset::from_whole_seconds(ahead).ok());
        at.into_inner().to_offset(ahead.unwrap_or(UtcOffset::UTC))
    }

    /// The day that the zone's calendars show at an instant.
    pub fn day(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The same, as the number of days since 1970-01-01.
    pub fn day_number(&self, at: Timestamp) -> i64 {
        i64::from(self.day(at).to_julian_day()) - EPOCH
    }

    /// 0 for Monday from midnight to one o'clock, up to 167; with the local date.
    pub fn hour_of_week(&self, at: Timestamp) -> (usize, Date) {
        let local = self.local(at);
        let day = usize::from(local.weekday().number_days_from_monday());
        (day * 24 + usize::from(local.hour()), local.date())
    }

    /// When a day begins there, and when the next one does: 23 to 25 hours later.
    pub fn bounds(&self, day: Date) -> (Timestamp, Timestamp) {
        let begins = |day: Date| self.instant(PrimitiveDateTime::new(day, Time::MIDNIGHT));
        (begins(day), begins(day.next_day().unwrap_or(day)))
    }
}

/// The Julian day of 1970-01-01.
const EPOCH: i64 = 2_440_588;

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().expect("a zone")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_clock_on_the_wall_is_read_in_its_zone() {
        assert_eq!(zone("Asia/Shanghai").instant(datetime!(2026-11-21 08:00)), at("2026-11-21T00:00:00Z"));
        assert_eq!(zone("UTC").instant(datetime!(2026-11-21 08:00)), at("2026-11-21T08:00:00Z"));
        assert_eq!(zone("europe/berlin").to_string(), "Europe/Berlin", "case does not matter");
        assert!("Asia/Peking".parse::<Zone>().expect_err("none").to_string().contains("like Asia/Shanghai"));
    }

    #[test]
    fn an_hour_gone_through_twice_is_taken_for_the_first_and_one_left_out_for_what_it_would_have_been() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.instant(datetime!(2026-10-25 02:30)), at("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.instant(datetime!(2026-10-25 03:30)), at("2026-10-25T02:30:00Z"));
        assert_eq!(berlin.instant(datetime!(2026-03-29 02:30)), at("2026-03-29T01:30:00Z"));
        assert_eq!(berlin.instant(datetime!(2026-03-29 03:30)), at("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn days_have_23_to_25_hours() {
        let berlin = zone("Europe/Berlin");
        let hours = |day| berlin.bounds(day).1.since(berlin.bounds(day).0).whole_hours();
        assert_eq!(
            [hours(date!(2026 - 03 - 29)), hours(date!(2026 - 06 - 01)), hours(date!(2026 - 10 - 25))],
            [23, 24, 25]
        );
        assert_eq!(berlin.day(at("2026-06-01T22:00:00Z")), date!(2026 - 06 - 02));
    }

    #[test]
    fn a_day_begins_at_the_sites_midnight() {
        let (late, early) = (at("2026-11-20T15:59:59Z"), at("2026-11-20T16:00:00Z"));
        let zone = zone("Asia/Shanghai");
        assert_eq!(zone.day_number(early) - zone.day_number(late), 1);
        assert_eq!(zone.hour_of_week(early).0, 5 * 24, "Saturday, midnight");
        assert_eq!(Zone::default().day_number(Timestamp::EPOCH), 0);
    }
}
