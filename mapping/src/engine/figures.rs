//! Counters: what a batch adds to them, and what they say.

use std::collections::BTreeMap;

use time::Duration;
use time::macros::format_description;
use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;

use super::inbox::Fresh;
use super::records::Records;
use crate::counts::{Counted, HotspotView, Response, ResponseView, SpikeRule, Subject, compare, hits};
use crate::store::hotspots::{self, HitRow};
use crate::store::{Bundle, Period, StoreError};

/// Adds what fresh events count to what the batch writes; nothing where they count nothing. A hit belongs to the day on which
/// it happened, so a late event is counted where it belongs.
pub(super) fn count(fresh: &[Fresh<'_>], counted: &Counted, writes: &mut Bundle) {
    let rows: Vec<HitRow<'_>> = fresh
        .iter()
        .flat_map(|one| {
            let (event, day) = (one.event.id.uuid(), counted.zone.day_number(one.event.time));
            let found = hits(one.event, &counted.keywords).into_iter();
            found.map(move |hit| HitRow { event, subject: hit.subject, word: hit.word, day })
        })
        .collect();
    if !rows.is_empty() {
        hotspots::insert(writes, &rows);
    }
}

type Counts = BTreeMap<(Subject, String), u64>;

impl Records {
    /// Counters of a day (counted from 1970-01-01 by the house's calendar) beside those of the day before, spikes first.
    ///
    /// Tags and keywords are looked up; queues are counted from the two days' records, which is seconds where there are
    /// hundreds of thousands.
    pub async fn hotspots(
        &self,
        day: i64,
        by: Option<Subject>,
        rule: SpikeRule,
    ) -> Result<Vec<HotspotView>, StoreError> {
        let mut days = self.store.hotspots(day.saturating_sub(1), day).await?;
        let mut of = |day: i64| days.remove(&day).unwrap_or_default();
        let (mut now, mut before) = (of(day), of(day.saturating_sub(1)));
        if by.is_none_or(|by| by == Subject::Queue) {
            self.add_queues(day, &mut now, &mut before).await?;
        }
        if let Some(by) = by {
            now.retain(|(subject, _), _| *subject == by);
        }
        Ok(compare(&date(day), &now, &before, rule))
    }

    /// Conversations by queue, on the day they began.
    async fn add_queues(&self, day: i64, now: &mut Counts, before: &mut Counts) -> Result<(), StoreError> {
        let zone = self.current.knowledge.counted.zone;
        // No zone is a day and a half from UTC.
        let noon = |day: i64| Timestamp::EPOCH.plus(Duration::days(day) + Duration::hours(12));
        let (since, until) = (noon(day - 1).plus(-Duration::hours(36)), noon(day).plus(Duration::hours(36)));
        let add = |cdr: &Cdr| {
            let Some(began) = cdr.started.map(|started| zone.day_number(started)) else { return };
            let counts = match began {
                _ if began == day => &mut *now,
                _ if began == day - 1 => &mut *before,
                _ => return,
            };
            for queue in &cdr.queues {
                *counts.entry((Subject::Queue, queue.clone())).or_default() += 1;
            }
        };
        self.store.each_record(since, until, add).await
    }

    /// How long customers waited for an answer, by the hour in which they came, over a period; of one queue, or of all.
    /// Reads every record of the period.
    pub async fn response(&self, period: Period, queue: Option<&str>) -> Result<Vec<ResponseView>, StoreError> {
        let mut response = Response::of(queue);
        self.store.each_record(period.since, period.until, |cdr| response.add(cdr)).await?;
        Ok(response.finish())
    }

    /// The day of an instant by the house's calendar, counted from 1970-01-01.
    pub fn day(&self, at: Timestamp) -> i64 {
        self.current.knowledge.counted.zone.day_number(at)
    }
}

/// `2026-11-21`
fn date(day: i64) -> String {
    let date = Timestamp::EPOCH.plus(Duration::days(day)).into_inner().date();
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}
