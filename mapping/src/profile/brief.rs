//! A customer in short.

use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;
use trunkline_events::pop::{Brief, LastContact};
use uuid::Uuid;

use super::rules::ProfileRules;
use super::settle::Chosen;
use super::tags::SetTag;

/// The short form that a pop shows: name, tags (each once), the contact before this one.
pub fn brief(
    customer: Uuid,
    fields: &[Chosen],
    tags: &[SetTag],
    last_contact: Option<LastContact>,
    rules: &ProfileRules,
) -> Brief {
    let named = |name: &String| fields.iter().find(|field| field.field == *name);
    let name = rules.name_fields.iter().find_map(named).map(|field| field.value.clone());
    let mut tags: Vec<String> = tags.iter().map(|tag| tag.tag.clone()).collect();
    tags.sort_unstable();
    tags.dedup();
    Brief { customer, name, tags, last_contact }
}

/// The latest contact that began before `before`, with its last remark; `this` conversation is not its own past.
pub fn last_contact<'a>(
    records: impl IntoIterator<Item = &'a Cdr>,
    before: Timestamp,
    this: Uuid,
) -> Option<LastContact> {
    let earlier = records.into_iter().filter(|record| record.id != this);
    let started = earlier.filter_map(|record| Some((record.started?, record)));
    let (at, record) = started.filter(|(at, _)| *at < before).max_by_key(|(at, record)| (*at, record.id))?;
    let remark = record.remarks.iter().max_by_key(|remark| remark.at).map(|remark| remark.text.clone());
    Some(LastContact { at, channel: record.channel.clone(), remark })
}
