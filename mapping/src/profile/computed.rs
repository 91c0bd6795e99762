//! Fields that nobody says: they follow from a customer's records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Weekday;
use trunkline_events::Timestamp;
use trunkline_events::call::Direction;
use trunkline_events::cdr::Cdr;

use super::rules::ProfileRules;
use super::settle::Chosen;
use crate::zone::Zone;

/// Who says what is computed.
pub const COMPUTED: &str = "computed";

/// Contacts that a value must rest on, where its rule says nothing.
const AT_LEAST: u32 = 3;

/// What a field is computed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Computed {
    /// The channel by which the customer came most often: `phone`.
    Channel,
    /// The hour of the week in which he came most often: `Tue 15:00`.
    HourOfWeek,
}

/// The computed fields, sorted by name, of the records that are given: those by which the customer came to us count.
///
/// A function of the set of records. Of two values that are as frequent the one that was used last counts, then the lesser
/// text. Its age is that of the last contact that speaks for it.
pub fn computed<'c>(records: impl IntoIterator<Item = &'c Cdr>, rules: &ProfileRules) -> Vec<Chosen> {
    let came = |record: &'c Cdr| {
        (record.direction == Direction::Inbound).then_some((record.started?, record.channel.as_str()))
    };
    let contacts: Vec<(Timestamp, &str)> = records.into_iter().filter_map(came).collect();
    let value = |(field, rule): (&String, &super::FieldRule)| {
        let said = |(at, channel): &(Timestamp, &str)| match rule.computed {
            Some(Computed::Channel) => Some((*at, (*channel).to_owned())),
            Some(Computed::HourOfWeek) => Some((*at, hour_of_week(*at, rules.zone))),
            None => None,
        };
        let (value, at) = most_frequent(contacts.iter().filter_map(said), rule.at_least.unwrap_or(AT_LEAST))?;
        Some(Chosen { field: field.clone(), value, source: COMPUTED.to_owned(), at })
    };
    rules.fields.iter().filter_map(value).collect()
}

/// The text that stands most often, if it does so often enough, and its last instant.
fn most_frequent(said: impl Iterator<Item = (Timestamp, String)>, at_least: u32) -> Option<(String, Timestamp)> {
    let mut counted: BTreeMap<String, (u32, Timestamp)> = BTreeMap::new();
    for (at, value) in said.filter(|(_, value)| !value.is_empty()) {
        let (count, last) = counted.entry(value).or_insert((0, at));
        *count += 1;
        *last = at.max(*last);
    }
    // The first of equals is the lesser text.
    let best = counted.into_iter().rev().max_by_key(|(_, counted)| *counted);
    best.filter(|(_, (count, _))| *count >= at_least).map(|(value, (_, at))| (value, at))
}

fn hour_of_week(at: Timestamp, zone: Zone) -> String {
    let local = zone.local(at);
    let day = match local.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    format!("{day} {:02}:00", local.hour())
}
