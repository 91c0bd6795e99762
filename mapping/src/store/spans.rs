//! Silences and tenures of a handle as the text of a column: few handles have any, and none is asked for by them.

use std::fmt::Write as _;

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::{instant, micros};
use crate::identity::{Silence, Tenure};

/// `from:until from:until`, in microseconds.
pub(super) fn write_silences(silences: &[Silence]) -> String {
    listed(silences, |text, silence| write!(text, "{}:{}", micros(silence.from), micros(silence.until)))
}

/// What [`write_silences`] wrote.
pub(super) fn read_silences(text: &str) -> Result<Vec<Silence>, String> {
    let read = |(from, until): (&str, &str)| Ok(Silence { from: read_instant(from)?, until: read_instant(until)? });
    pairs(text).map(|pair| pair.and_then(read)).collect()
}

/// `until:owner until:`, the owner being a handle's id, or nothing.
pub(super) fn write_tenures(tenures: &[Tenure]) -> String {
    listed(tenures, |text, tenure| {
        let owner = tenure.owner.map(|owner| owner.to_string()).unwrap_or_default();
        write!(text, "{}:{owner}", micros(tenure.until))
    })
}

/// What [`write_tenures`] wrote.
pub(super) fn read_tenures(text: &str) -> Result<Vec<Tenure>, String> {
    let read = |(until, owner): (&str, &str)| {
        let owner = (!owner.is_empty()).then(|| Uuid::parse_str(owner)).transpose();
        Ok(Tenure { until: read_instant(until)?, owner: owner.map_err(|cause| cause.to_string())? })
    };
    pairs(text).map(|pair| pair.and_then(read)).collect()
}

fn listed<T>(items: &[T], one: impl Fn(&mut String, &T) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a String cannot fail.
        let _ = one(&mut text, item);
    }
    text
}

fn pairs(text: &str) -> impl Iterator<Item = Result<(&str, &str), String>> {
    text.split_whitespace().map(|pair| pair.split_once(':').ok_or_else(|| format!("{pair:?} is no pair")))
}

fn read_instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map(instant).map_err(|_| format!("{text:?} is no instant"))
}
