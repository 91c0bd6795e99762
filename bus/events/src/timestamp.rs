//! One instant type for the whole model: UTC, microseconds.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime, UtcOffset};

/// The ends of what RFC 3339 can write.
const EARLIEST: OffsetDateTime = datetime!(0000-01-01 00:00:00 UTC);
const LATEST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999 UTC);

/// An instant in UTC, cut to microseconds (what both databases keep), written as RFC 3339.
///
/// A connector turns its system's zone into UTC; the original zone never leaves the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// The text is no RFC 3339 instant, or the number lies outside the years 0–9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant: {0:?}")]
pub struct TimestampError(String);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// The same instant in UTC, what is below a microsecond cut off, held within the years 0–9999 of RFC 3339.
    pub fn new(instant: OffsetDateTime) -> Self {
        let beyond = if instant.year() > 0 { LATEST } else { EARLIEST };
        let utc = instant.checked_to_offset(UtcOffset::UTC).unwrap_or(beyond);
        let micros = utc.microsecond();
        Self(utc.replace_microsecond(micros).unwrap_or(utc).clamp(EARLIEST, LATEST))
    }

    /// As [`new`](Self::new), `None` outside the years 0–9999.
    fn checked(instant: OffsetDateTime) -> Option<Self> {
        let utc = instant.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999).contains(&utc.year()).then(|| Self::new(utc))
    }

    /// From milliseconds since 1970. Fails outside the years 0–9999.
    pub fn from_unix_millis(millis: i64) -> Result<Self, TimestampError> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
            .ok()
            .and_then(Self::checked)
            .ok_or_else(|| TimestampError(millis.to_string()))
    }

    /// From seconds since 1970. Fails outside the years 0–9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, TimestampError> {
        OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .and_then(Self::checked)
            .ok_or_else(|| TimestampError(seconds.to_string()))
    }

    /// Milliseconds since 1970, rounded down.
    pub fn unix_millis(self) -> i64 {
        self.0.unix_timestamp() * 1000 + i64::from(self.0.millisecond())
    }

    /// For arithmetic and formatting with the `time` crate; always at offset UTC.
    pub fn into_inner(self) -> OffsetDateTime {
        self.0
    }

    /// `self - earlier`, negative if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }

    /// `self + duration`, held at the ends of the calendar.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::new(self.0.saturating_add(duration))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(Self::checked)
            .ok_or_else(|| TimestampError(text.chars().take(64).collect()))
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(instant: OffsetDateTime) -> Self {
        Self::new(instant)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(InstantText)
    }
}

/// Reads the text where it stands, without a copy: an event holds up to a dozen instants.
struct InstantText;

impl de::Visitor<'_> for InstantText {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 instant")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_becomes_utc_and_round_trips() {
        let instant: Timestamp = "2026-03-01T08:15:30.123456789+08:00".parse().expect("valid");
        assert_eq!(instant.to_string(), "2026-03-01T00:15:30.123456Z");
        let json = serde_json::to_string(&instant).expect("serialises");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).expect("parses"), instant);
    }

    #[test]
    fn absurd_numbers_are_refused() {
        assert!(Timestamp::from_unix_millis(i64::MAX).is_err());
        assert!(Timestamp::from_unix_seconds(i64::MIN).is_err());
        assert!(Timestamp::from_unix_seconds(-62_167_219_201).is_err(), "a second before the year 0");
    }

    #[test]
    fn an_instant_that_leaves_the_calendar_in_utc_is_refused_not_a_panic() {
        assert!("9999-12-31T23:59:59-08:00".parse::<Timestamp>().is_err());
        assert!("0000-01-01T00:00:00+08:00".parse::<Timestamp>().is_err());
    }

    #[test]
    fn arithmetic_is_held_at_the_ends_of_the_calendar() {
        assert_eq!(Timestamp::EPOCH.plus(Duration::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::EPOCH.plus(Duration::MIN).to_string(), "0000-01-01T00:00:00Z");
    }
}
