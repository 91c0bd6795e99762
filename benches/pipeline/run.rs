//! One measurement: frames go out, events are stored, pops arrive.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use time::OffsetDateTime;
use trunkline_simulators::avaya_dmcc::{Ledger, Prepared};

use crate::daemon::House;
use crate::load::{Switch, whole};
use crate::pages::Arrival;
use crate::processes::{Cpu, Memory};

/// Events on their way at once when it goes as fast as it can: as many as the ceiling may have on its queues.
const ON_THEIR_WAY: u64 = 4_000;
/// Frames handed over at once then.
const CHUNK: usize = 400;
/// How often it is looked what was stored.
const LOOK: Duration = Duration::from_millis(20);
/// The first part of a run is not measured: caches fill, calls begin.
const UNMEASURED: f64 = 0.15;
/// Events prepared for a second of the run without a given rate; more would only cost memory.
const MOST: f64 = 12_000.0;

/// What came of it.
pub(crate) struct Measured {
    /// What was asked for; `None`: as fast as goes.
    pub(crate) rate: Option<u32>,
    pub(crate) events_per_s: f64,
    /// CPU microseconds an event.
    pub(crate) cpu: Cpu,
    pub(crate) memory: Memory,
    /// Ring → pop in milliseconds, sorted.
    pub(crate) pops: Vec<f64>,
    /// Events that were on their way at most, at the looks.
    pub(crate) on_their_way: u64,
}

/// A moment of a run.
struct Mark {
    at: Instant,
    stored: u64,
    cpu: Cpu,
}

impl Mark {
    async fn now(house: &House) -> Result<Self> {
        Ok(Self { at: Instant::now(), stored: house.mapped().await?, cpu: house.processes.cpu() })
    }
}

/// Sends events at a rate.
pub(crate) async fn at_rate(house: &mut House, switch: &mut Switch, rate: u32, time: Duration) -> Result<Measured> {
    let per_second = f64::from(rate);
    let prepared = switch.prepare(house, per_second, per_second * time.as_secs_f64())?;
    let begun = house.quiet().await?;
    house.pages.take();
    #[expect(clippy::cast_possible_truncation, reason = "some thousand")]
    let frames = whole(per_second * switch.frames_an_event) as u32;
    let total = expected(&prepared, switch);
    let emitting = async {
        house.avaya.emit(prepared, frames).await;
        Ok::<(), anyhow::Error>(())
    };
    let watching = async {
        tokio::time::sleep(time.mul_f64(UNMEASURED)).await;
        let first = Mark::now(house).await?;
        tokio::time::sleep(time.mul_f64(1.0 - UNMEASURED)).await;
        Ok((first, Mark::now(house).await?))
    };
    let ((), (first, last)) = tokio::try_join!(emitting, watching)?;
    let sent = begun + total;
    let behind = sent.saturating_sub(last.stored);
    finish(house, Some(rate), &first, &last, behind).await
}

/// Sends events as fast as they are stored, with a bounded number on their way.
pub(crate) async fn sustained(
    house: &mut House,
    switch: &mut Switch,
    ceiling: f64,
    time: Duration,
) -> Result<Measured> {
    let most = MOST.min(ceiling);
    let mut prepared = switch.prepare(house, most / 2.0, most * time.as_secs_f64())?;
    let begun = house.quiet().await?;
    house.pages.take();
    let start = Instant::now();
    let (mut first, mut sent, mut on_their_way) = (None, 0, 0);
    let mut look = tokio::time::interval(LOOK);
    while start.elapsed() < time && prepared.events() > 0 {
        look.tick().await;
        let stored = house.mapped().await? - begun;
        on_their_way = on_their_way.max(event_count(sent, switch).saturating_sub(stored));
        while event_count(sent, switch) < stored + ON_THEIR_WAY && prepared.events() > 0 {
            let chunk = prepared.take(CHUNK);
            sent += chunk.events();
            house.avaya.emit(chunk, u32::MAX).await;
        }
        if first.is_none() && start.elapsed() > time.mul_f64(UNMEASURED) {
            first = Some(Mark::now(house).await?);
        }
    }
    let last = Mark::now(house).await?;
    let first = match first {
        Some(first) => first,
        None => Mark::now(house).await?,
    };
    finish(house, None, &first, &last, on_their_way).await
}

async fn finish(house: &House, rate: Option<u32>, first: &Mark, last: &Mark, on_their_way: u64) -> Result<Measured> {
    let memory = house.processes.memory();
    house.quiet().await?;
    house.look()?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let events = (last.stored - first.stored).max(1) as f64;
    let used = last.cpu - first.cpu;
    let each = |seconds: f64| seconds * 1e6 / events;
    Ok(Measured {
        rate,
        events_per_s: events / (last.at - first.at).as_secs_f64(),
        cpu: Cpu {
            daemon: each(used.daemon),
            broker: each(used.broker),
            database: each(used.database),
            bench: each(used.bench),
        },
        memory,
        pops: delays(&house.avaya.ledger(), &house.pages.take()),
        on_their_way,
    })
}

/// From the writing of a ringing frame to the arrival of its pop, in milliseconds, sorted.
fn delays(ledger: &Ledger, arrivals: &[Arrival]) -> Vec<f64> {
    let mut queued: HashMap<_, bool> = HashMap::new();
    let mut rang: HashMap<_, OffsetDateTime> = HashMap::new();
    for entry in ledger.entries() {
        let Some(ucid) = entry.ucid else { continue };
        match entry.kind {
            "QueuedEvent" => drop(queued.insert(ucid, true)),
            // Before it waits in the queue a call is delivered to the VDN, which rings nowhere.
            "DeliveredEvent" if queued.contains_key(&ucid) => drop(rang.entry(ucid).or_insert(entry.at)),
            _ => {}
        }
    }
    let mut delays: Vec<f64> = arrivals
        .iter()
        .filter_map(|(ucid, arrived)| Some((*arrived - *rang.get(ucid.as_str())?).as_seconds_f64() * 1e3))
        .collect();
    delays.sort_unstable_by(f64::total_cmp);
    delays
}

fn expected(prepared: &Prepared, switch: &Switch) -> u64 {
    event_count(prepared.events(), switch)
}

/// How many events so many frames are.
fn event_count(frames: usize, switch: &Switch) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let frames = frames as f64;
    whole(frames / switch.frames_an_event)
}
