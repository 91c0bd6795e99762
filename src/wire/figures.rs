//! Counts, series and recordings as the HTTP side asks for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Exchange, Outgoing};
use trunkline_connectors::drive::system_clock;
use trunkline_events::{Body, Event, Sequence};
use trunkline_mapping::counts::{HotspotView, ResponseView, SpikeRule, Subject};
use trunkline_mapping::engine::Records;
use trunkline_mapping::store::{self, Store};

use crate::http::figures::{BusQueue, Figures, Lines, Period, Play, Played, Queues};
use crate::http::parts::{Answer, PartError};
use crate::wire::nightly;
use crate::wire::operations::Panel;
use crate::wire::recorder::Recorder;
use crate::wire::records::stored;
use crate::wire::silence::Silences;

/// How often days that are over are summed up.
const SUM_UP: Duration = Duration::from_mins(10);

/// What the panel needs for figures.
pub(crate) struct Counters {
    pub(crate) records: Records,
    pub(crate) spikes: SpikeRule,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) silences: Silences,
    /// Recordings may be played into this daemon.
    pub(crate) test_system: bool,
}

#[async_trait]
impl Figures for Panel {
    async fn hotspots(&self, day: Option<&str>, by: Option<Subject>) -> Answer<Vec<HotspotView>> {
        let Counters { records, spikes, .. } = &self.counters;
        let day = match day {
            None => records.day(system_clock()),
            Some(text) => calendar_day(text)?,
        };
        stored(records.hotspots(day, by, *spikes).await)
    }

    async fn response(&self, period: Period, queue: Option<&str>) -> Answer<Vec<ResponseView>> {
        stored(self.counters.records.response(of_store(period), queue).await)
    }

    async fn queues(&self, period: Period) -> Answer<Queues> {
        let period = of_store(period);
        let items = stored(self.store()?.queue_books(period.since, period.until).await)?;
        let depths = self.bus.depths().await.ok();
        let bus = depths.map(|depths| {
            depths.into_iter().map(|depth| BusQueue { queue: depth.queue, ready: depth.ready }).collect()
        });
        Ok(Queues { items, bus })
    }

    async fn record(&self, connector: &str, how_long: Duration) -> Answer<Lines> {
        let running = self.links.list().find(|running| running.name == connector);
        let missing = || PartError::Missing(format!("this daemon has no connector {connector:?}"));
        let running = running.ok_or_else(missing)?;
        if running.link.is_none() {
            let sentence = format!("another daemon holds the link of {connector}; ask that one to record it");
            return Err(PartError::Conflict(sentence));
        }
        Ok(self.counters.recorder.record(connector, running.kind, how_long))
    }

    async fn play(&self, part: Play) -> Answer<Played> {
        if !self.counters.test_system && !part.into_production {
            return Err(PartError::Conflict(
                "this daemon is no test system, so no recording is played into it: its people would stand among your \
                 customers; set daemon.test_system = true where that is right, or insist with --into-production"
                    .to_owned(),
            ));
        }
        let events = numbered(part);
        let messages = events.iter().map(|event| Outgoing::event(Exchange::Events, event));
        let messages = messages.collect::<Result<Vec<_>, _>>();
        let messages = messages.map_err(|error| PartError::Conflict(error.to_string()))?;
        let taken = messages.len() as u64;
        let accepted = self.bus.intake().accept(messages).await;
        accepted.map_err(|error| PartError::Unavailable { what: "the bus", reason: error.to_string() })?;
        Ok(Played { taken })
    }
}

/// The events with their place in the books of this run. What the recorded connector said of its own books, and what its
/// daemon said of its silence, is about another house.
fn numbered(part: Play) -> Vec<Event> {
    let told = part
        .events
        .into_iter()
        .filter(|event| !matches!(event.body, Body::LinkBooks(_) | Body::LinkSilent(_) | Body::LinkTalking(_)));
    let epoch = part.run.to_string();
    let place = |(number, event): (u64, Event)| {
        let sequence = Some(Sequence { epoch: epoch.clone(), number });
        Event { sequence, ..event }
    };
    (part.first..).zip(told).map(place).collect()
}

fn of_store(period: Period) -> store::Period {
    store::Period { since: period.since, until: period.until }
}

/// Days since 1970-01-01 by the calendar.
fn calendar_day(text: &str) -> Answer<i64> {
    let date = nightly::date(text).map_err(PartError::Conflict)?;
    Ok(i64::from(date.to_julian_day() - OffsetDateTime::UNIX_EPOCH.to_julian_day()))
}

/// Sums up the counters of days that are over; yesterday's stay as they are for what comes late.
pub(crate) async fn sum_up(store: Store, records: Records, stop: CancellationToken) {
    loop {
        let before = records.day(system_clock()) - 1;
        loop {
            match store.sum_up_hotspots(before).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::info!(%error, "counters cannot be summed up now; it is tried again");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SUM_UP) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_run_numbers_what_it_plays_without_holes() {
        let samples = ["call.ringing", "link.books", "link.silent", "chat.message"];
        let events = samples.map(|name| {
            let file = format!("bus/events/samples/trunkline.{name}.v1.json");
            Event::from_json(&std::fs::read(file).expect("a sample")).expect("parses")
        });
        let run = Uuid::from_u128(7);
        let played = numbered(Play { run, first: 41, events: events.to_vec(), into_production: false });
        let places: Vec<_> = played.iter().map(|event| event.sequence.clone().expect("numbered")).collect();
        let place = |number| Sequence { epoch: run.to_string(), number };
        assert_eq!(places, [place(41), place(42)]);
        assert_eq!(played[1].body, events[3].body);
    }

    #[test]
    fn a_day_is_counted_as_the_store_counts_it() {
        assert_eq!(calendar_day("1970-01-02").expect("a day"), 1);
        assert!(matches!(calendar_day("today"), Err(PartError::Conflict(_))));
    }
}
