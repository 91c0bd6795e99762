//! F7: a database that takes too long, or takes no more connections. Both pass, and nothing is lost by them.

use std::sync::Arc;
use std::time::Duration;

use trunkline_mapping::engine::{Engine, EngineError, Knowledge};
use trunkline_mapping::store::{Day, Disposition, Settings, Store};
use trunkline_test_support::postgres::Postgres;

use crate::told::{avaya, whole_call};

async fn stored(engine: &Engine) -> (u64, u64, u64) {
    let books = &engine.store().books(Day(0), Day(i64::MAX)).await.expect("reads")[0];
    (books.taken, books.stored, books.waiting)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_given_up_and_its_batch_applied_later() {
    let server = Arc::new(Postgres::start().expect("starts"));
    let url = server.fresh_database().expect("makes a database");
    let database = url.rsplit_once('/').expect("a name").1.to_owned();
    let settings = Settings { statement_timeout: Duration::from_millis(200), ..Settings::new(&url) };
    let engine = Engine::new(Store::open(&settings).await.expect("opens"), Knowledge::default());
    let call = whole_call(&avaya(), 0, "c1", "13800138001");
    let holding = tokio::task::spawn_blocking({
        let (server, database) = (Arc::clone(&server), database.clone());
        // One transaction, as psql runs what one -c holds.
        move || server.execute(&database, "LOCK TABLE event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2)")
    });
    let held =
        "SELECT count(*) FROM pg_locks WHERE relation = 'event'::regclass AND granted AND mode = 'AccessExclusiveLock'";
    while tokio::task::block_in_place(|| server.execute(&database, held)).expect("reads").trim() != "1" {}
    let refused = engine.apply(&call).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    holding.await.expect("ended").expect("released");
    assert_eq!(engine.apply(&call).await.expect("applies").new, 5);
    assert_eq!(stored(&engine).await, (5, 5, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_no_connection_left_is_waited_for_and_who_has_one_works_on() {
    let server = Postgres::start().expect("starts");
    // The same refusal (SQLSTATE 53300) as at the end of max_connections.
    for sql in ["CREATE ROLE guest LOGIN CONNECTION LIMIT 6", "CREATE DATABASE small OWNER guest"] {
        server.execute("postgres", sql).expect(sql);
    }
    let url = format!("postgres://guest@127.0.0.1:{}/small", server.port());
    let settings = Settings { connect_timeout: Duration::from_millis(500), ..Settings::new(&url) };
    let engine = Engine::new(Store::open(&settings).await.expect("opens"), Knowledge::default());
    let mut others = Vec::new();
    let refused = loop {
        match Store::open(&settings).await {
            Ok(store) => others.push(store),
            Err(refused) => break refused,
        }
        assert!(others.len() < 10, "the server takes more than it may");
    };
    assert_eq!(refused.disposition(), Disposition::RetryLater, "{refused}");
    let source = avaya();
    let calls: Vec<_> =
        (0..8).map(|call| whole_call(&source, call * 100, &format!("c{call}"), "13800138001")).collect();
    for call in &calls {
        // A try that finds its connection not back in the pool yet asks for another one in vain; as the consumer does, the
        // batch is kept and tried again.
        loop {
            match engine.apply(call).await {
                Ok(_) => break,
                Err(refused) => assert!(matches!(refused, EngineError::Unavailable(_)), "{refused:?}"),
            }
        }
    }
    for store in others {
        store.close().await.expect("closes");
    }
    // The server notices the end of a session a moment later.
    let again = loop {
        if let Ok(store) = Store::open(&settings).await {
            break store;
        }
    };
    again.close().await.expect("closes");
    assert_eq!(stored(&engine).await, (40, 40, 0));
}
