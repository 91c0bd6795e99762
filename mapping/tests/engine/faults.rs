//! What must be survived: poison, connections that die in the middle, a database that is killed and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunkline_events::Event;
use trunkline_mapping::engine::{Applied, Engine, EngineError};
use trunkline_mapping::store::{Day, Settings, Store, StoreError};
use trunkline_mapping::view::CdrFilter;
use trunkline_test_support::postgres::Postgres;

use crate::house::House;
use crate::told::{Source, avaya, offered, whole_call};

/// Makes the database refuse one event, as it would refuse a value that only it minds.
const REFUSE: [&str; 2] = [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.body LIKE '%poison%' THEN \
     RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$; \
     CREATE TRIGGER refuse BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse()",
    "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.body LIKE '%poison%' BEGIN \
     SELECT RAISE(ABORT, 'refused'); END",
];

async fn a_poisoned_event_is_put_aside_and_the_others_pass(house: &House) {
    house.execute(REFUSE[usize::from(!house.is_postgres())]);
    let source = avaya();
    let mut batch: Vec<Event> = Vec::new();
    for call in 0..20 {
        batch.extend(whole_call(&source, call * 100, &format!("c{call}"), "13800138001"));
    }
    batch.insert(37, offered(&source, 50, "poison", "13800138002"));
    batch.insert(81, offered(&source, 60, "poison", "13800138003"));
    let applied = house.apply(&batch).await;
    assert_eq!((applied.new, applied.rejected.len()), (100, 2));
    assert!(applied.rejected[0].reason.contains("refused"), "{:?}", applied.rejected);
    assert_eq!(house.records().cdrs(&CdrFilter { limit: 100, ..CdrFilter::default() }).await.expect("reads").len(), 20);
    let books = &house.store().books(Day(0), Day(i64::MAX)).await.expect("reads")[0];
    assert_eq!((books.taken, books.stored, books.rejected, books.waiting), (102, 100, 2, 0));
}

crate::on_both! { a_poisoned_event_is_put_aside_and_the_others_pass }

/// Calls of one connector in batches of ten events.
fn batches(source: &Source, calls: i64) -> Vec<Vec<Event>> {
    let mut events = Vec::new();
    for call in 0..calls {
        events.extend(whole_call(source, call * 10, &format!("c{call}"), &format!("1380013{:04}", 8000 + call % 7)));
    }
    events.chunks(10).map(<[Event]>::to_vec).collect()
}

/// As a consumer does: the batch is kept until the store has it.
async fn until_applied(engine: &Engine, batch: &[Event], failures: &mut u32) -> Applied {
    loop {
        match engine.apply(batch).await {
            Ok(applied) => return applied,
            Err(EngineError::Unavailable(_) | EngineError::Contended(_)) => *failures += 1,
        }
    }
}

/// F7: whatever connection dies at whatever moment, commits with unknown outcome included, there is one effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_ended_in_the_middle_leave_one_effect() {
    let house = Arc::new(House::postgres().await);
    let done = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn({
        let (house, done) = (Arc::clone(&house), Arc::clone(&done));
        async move {
            let mut ended = 0;
            while !done.load(Ordering::Relaxed) {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'trunkline' \
                           AND datname = current_database() AND state <> 'idle'";
                ended += house.execute(sql).lines().filter(|line| line.trim() == "t").count();
            }
            ended
        }
    });
    let source = avaya();
    let mut failures = 0;
    let mut new = 0;
    for batch in batches(&source, 300) {
        new += until_applied(&house.engine, &batch, &mut failures).await.new;
    }
    done.store(true, Ordering::Relaxed);
    let ended = killer.await.expect("the killer ends");
    assert!(ended > 0 && failures > 0, "nothing was ended: {ended} backends, {failures} failures");
    assert!(new <= 1_500, "{new}: an event was new twice");
    let records = house.records().cdrs(&CdrFilter { limit: 1_000, ..CdrFilter::default() }).await.expect("reads");
    assert_eq!(records.len(), 300);
    assert!(records.iter().all(|cdr| cdr.ended.is_some() && cdr.legs.len() == 1));
    let books = &house.store().books(Day(0), Day(i64::MAX)).await.expect("reads")[0];
    assert_eq!((books.stored, books.duplicate, books.rejected, books.waiting), (1_500, 0, 0, 0));
    let completed = house.execute("SELECT count(*) FROM outbox WHERE routing = 'cdr.completed.v1'");
    assert_eq!(completed.trim(), "300", "each call is told complete once");
}

/// F7: SIGKILL of the whole server, and its return.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_costs_nothing_that_was_committed() {
    let mut server = Postgres::start().expect("starts");
    let url = server.fresh_database().expect("makes a database");
    let store = Store::open(&Settings::new(&url)).await.expect("opens");
    let engine = Engine::new(store, trunkline_mapping::engine::Knowledge::default());
    let parts = batches(&avaya(), 40);
    for (at, batch) in parts.iter().enumerate() {
        if at % 8 == 5 {
            server.kill().expect("is killed");
            let refused = engine.apply(batch).await;
            assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
            server.start_again().expect("comes back");
        }
        let mut failures = 0;
        assert_eq!(until_applied(&engine, batch, &mut failures).await.rejected, []);
    }
    let records = engine.records().cdrs(&CdrFilter { limit: 100, ..CdrFilter::default() }).await.expect("reads");
    assert_eq!(records.len(), 40);
    let books = &engine.store().books(Day(0), Day(i64::MAX)).await.expect("reads")[0];
    assert_eq!((books.taken, books.stored, books.waiting), (200, 200, 0));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let settings = Settings {
        password: Some("hunter2".into()),
        connect_timeout: std::time::Duration::from_millis(300),
        ..Settings::new("postgres://trunkline@127.0.0.1:1/none")
    };
    let Err(refused) = Store::open(&settings).await else { panic!("opens") };
    assert!(matches!(refused, StoreError::Open { backend: "PostgreSQL", .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    let Err(refused) = Store::open(&Settings::new("mysql://root:hunter2@localhost/x")).await else { panic!("opens") };
    assert_eq!(refused.to_string(), r#"the store's URL must start with postgres:// or sqlite:, not with "mysql""#);
}
