//! The way in over a bus whose broker is away: everything goes to the spool, or waits for it.

use std::sync::Arc;

use secrecy::SecretString;
use tempfile::TempDir;
use trunkline_bus::{AmqpSettings, Bus, Limits, Settings, SpoolSettings, Transport};
use trunkline_connectors::drive::{Intake, archive};
use trunkline_events::{Body, Event, EventId, link};
use trunkline_mapping::engine::Knowledge;

use super::{BusIntake, Recorder};

async fn away(max_bytes: u64) -> (TempDir, Bus, Arc<BusIntake>) {
    let data = tempfile::tempdir().expect("a folder");
    // Nobody listens on port 1.
    let amqp = AmqpSettings::new("127.0.0.1", 1, "nobody", SecretString::from(String::new()));
    let spool = SpoolSettings { dir: data.path().join("spool"), max_bytes };
    let settings = Settings { transport: Transport::Amqp(amqp), spool, limits: Limits::default() };
    let bus = Bus::connect(&settings).await.expect("a broker that is away is no error");
    let recorder = Recorder::open(data.path(), &Knowledge::default()).expect("a key is made");
    let data_dir = data.path().to_owned();
    let intake = Arc::new(BusIntake { intake: bus.intake(), data_dir, recorder: Arc::new(recorder) });
    (data, bus, intake)
}

fn event(number: u32, bytes: usize) -> Event {
    let at = "2026-03-01T08:00:00Z".parse().expect("an instant");
    let source = "/connectors/avaya-bj".to_owned();
    Event {
        id: EventId::derive(&source, "", "", &number.to_string()),
        source: source.clone(),
        subject: None,
        time: at,
        received: at,
        partition_key: source,
        causation: None,
        sequence: None,
        body: Body::LinkUp(link::Up { peer: "x".repeat(bytes) }),
    }
}

#[tokio::test]
async fn a_disk_that_fails_makes_a_link_wait_until_it_is_mended() {
    let (data, bus, intake) = away(1 << 20).await;
    let spool = data.path().join("spool");
    std::fs::remove_dir_all(&spool).expect("gone");
    let taking = Arc::clone(&intake);
    let waiting = tokio::spawn(async move { taking.accept(vec![event(1, 10)]).await });
    let health = bus.health_when(|health| health.spool_failing.is_some()).await.expect("told");
    assert!(health.spool_failing.is_some_and(|why| why.contains("spool")));
    assert!(!waiting.is_finished(), "the link was told something");
    std::fs::create_dir(&spool).expect("there again");
    waiting.await.expect("no panic").expect("the link goes on");
    let health = bus.health();
    assert_eq!((health.spool_events, health.spool_failing), (1, None));
}

#[tokio::test]
async fn only_the_event_that_is_too_large_is_refused_and_its_place_is_kept() {
    let (data, bus, intake) = away(4096).await;
    let large = event(2, 10_000);
    let batch = vec![event(1, 10), large.clone(), event(3, 10), event(4, 10)];
    intake.accept(batch).await.expect("the link goes on");
    assert_eq!(bus.health().spool_events, 4, "three, and a note in the place of the large one");
    let files = std::fs::read_dir(data.path().join("raw/avaya-bj")).expect("an archive").count();
    assert_eq!(files, 1);
    let json = large.to_json().expect("JSON");
    let reference = archive::keep(data.path(), "again", large.received, &json.clone().into()).expect("kept");
    let place = archive::find(data.path(), "avaya-bj", &reference).expect("read").expect("kept");
    assert_eq!(archive::fetch(&place).expect("read"), json);
}

#[tokio::test]
async fn a_bus_that_is_shut_down_ends_the_link() {
    let (_data, bus, intake) = away(4096).await;
    bus.close().await;
    assert!(intake.accept(vec![event(1, 10)]).await.is_err());
}
