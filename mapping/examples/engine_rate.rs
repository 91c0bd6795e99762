//! How many call events a second the engine takes, into which database, by how many workers.
//!
//! `cargo run --release -p trunkline-mapping --example engine_rate -- URL [workers] [batch] [seconds]`; without a URL a private
//! PostgreSQL with fsync on is started. Five events a call, every third caller is new, batches are as they come
//! from shards: a worker's calls interleaved, so that a call's events are spread over several batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use trunkline_events::call::{Answered, CallData, CallRef, Device, Ended, LegEnded, Offered, Party, Ringing, Route};
use trunkline_events::{Body, Event, EventId, Sequence, Timestamp};
use trunkline_mapping::engine::{Engine, Knowledge};
use trunkline_mapping::store::{Settings, Store};
use trunkline_test_support::postgres::Postgres;

fn route(caller: u64) -> Route {
    let party = |number: String| Party { number: Some(number), ..Party::default() };
    let calling = party(format!("138{:08}", caller % 100_000_000));
    Route { calling, called: party("4008001234".to_owned()), vdn: Some("3001".to_owned()), ..Route::default() }
}

/// The event of a call at one of its five steps.
fn event(worker: u64, call: u64, step: u64, number: u64) -> Event {
    let id = format!("{worker}-{call}");
    let reference =
        CallRef { id: id.clone(), switch_call_id: Some(call.to_string()), ucid: Some(format!("{call:020}")) };
    // One of three callers is new, the others phoned before.
    let caller = if call.is_multiple_of(3) { 1_000_000 + worker * 10_000_000 + call } else { call % 20_000 };
    let (route, data) = (route(caller), CallData::default());
    let device =
        Device { extension: format!("{}", 1_000 + call % 2_000), agent: Some(format!("{}", 2_000 + call % 2_000)) };
    let call = reference;
    let body = match step {
        0 => Body::CallOffered(Offered { call, route, device: None, data }),
        1 => Body::CallRinging(Ringing { call, device, route, redirected_from: None, data }),
        2 => Body::CallAnswered(Answered { call, device, route, data, voicemail: false }),
        3 => Body::CallLegEnded(LegEnded { call, device, cause: None, reconstructed: false }),
        _ => Body::CallEnded(Ended { call, cause: None, failure: None, reconstructed: false }),
    };
    let source = format!("/connectors/avaya-{worker}");
    let time = Timestamp::from_unix_seconds(1_795_248_000).unwrap_or(Timestamp::EPOCH);
    let time = time.plus(time::Duration::milliseconds(i64::try_from(number).unwrap_or_default()));
    Event {
        id: EventId::derive(&source, &id, body.event_type(), &step.to_string()),
        subject: Some(id.clone()),
        time,
        received: time,
        partition_key: id,
        causation: None,
        sequence: Some(Sequence { epoch: "epoch".to_owned(), number }),
        body,
        source,
    }
}

async fn work(engine: Engine, worker: u64, batch: u64, until: Instant, done: Arc<AtomicU64>, worst: Arc<AtomicU64>) {
    // Calls overlap: at each tick one call begins and four others go one step on.
    let (mut tick, mut number) = (0_u64, 0_u64);
    while Instant::now() < until {
        let mut events = Vec::new();
        while (events.len() as u64) < batch {
            for step in 0..5_u64 {
                if let Some(call) = tick.checked_sub(step * 37) {
                    number += 1;
                    events.push(event(worker, call, step, number));
                }
            }
            tick += 1;
        }
        let started = Instant::now();
        match engine.apply(&events).await {
            Ok(applied) => {
                let places: Vec<i64> = applied.derived.iter().map(|derived| derived.seq).collect();
                if let Err(cause) = engine.relay().published(&places).await {
                    tracing::error!(%cause, "cannot clear the outbox");
                    return;
                }
                done.fetch_add(applied.new as u64, Ordering::Relaxed);
            }
            Err(cause) => {
                tracing::error!(%cause, "cannot apply");
                return;
            }
        }
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        worst.fetch_max(took, Ordering::Relaxed);
    }
}

#[expect(clippy::print_stdout, reason = "a program for people")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let url = arguments.next_if(|argument| argument.contains(':'));
    let mut number = |fallback| arguments.next().and_then(|argument| argument.parse().ok()).unwrap_or(fallback);
    let (workers, batch, seconds) = (number(2_u64), number(100_u64), number(10_u64));
    let server = if url.is_none() { Some(Postgres::start()?) } else { None };
    let url = match (&url, &server) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => server.fresh_database()?,
        (None, None) => return Err("no database".into()),
    };
    let store = Store::open(&Settings { writers: 4, ..Settings::new(url) }).await?;
    let engine = Engine::new(store, Knowledge::default());
    let (done, worst) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let mut running = tokio::task::JoinSet::new();
    for worker in 0..workers {
        running.spawn(work(engine.clone(), worker, batch, until, Arc::clone(&done), Arc::clone(&worst)));
    }
    running.join_all().await;
    let (events, took) = (done.load(Ordering::Relaxed), started.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let rate = events as f64 / took.as_secs_f64();
    let worst = Duration::from_micros(worst.load(Ordering::Relaxed));
    println!(
        "{events} events in {took:.1?}: {rate:.0} events/s, {workers} workers, batches of {batch}, worst {worst:.1?}"
    );
    Ok(())
}
