//! A time zone by its IANA name, with the changes of its clocks.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, UtcOffset};
use trunkline_events::Timestamp;

/// Where hours of the week are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(&'static str);

impl Zone {
    /// `Asia/Shanghai`; `None` if there is no such zone.
    pub fn named(name: &str) -> Option<Self> {
        tzdb::TZ_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).map(|name| Self(name))
    }

    /// The instant as clocks there show it.
    pub fn local(self, at: Timestamp) -> OffsetDateTime {
        let utc = at.into_inner();
        let kind = tzdb::tz_by_name(self.0).and_then(|zone| zone.find_local_time_type(utc.unix_timestamp()).ok());
        let offset = kind.and_then(|kind| UtcOffset::from_whole_seconds(kind.ut_offset()).ok());
        utc.to_offset(offset.unwrap_or(UtcOffset::UTC))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            de::Error::custom(match trunkline_config::nearest(&name, tzdb::TZ_NAMES) {
                Some(near) => format!("there is no zone {name:?}; did you mean {near}?"),
                None => format!("there is no zone {name:?}; write its IANA name, like Asia/Shanghai"),
            })
        })
    }
}
