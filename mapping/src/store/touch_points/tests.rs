//! However long a journey is, a page of it reads a page.

use sea_orm::{DbBackend, Statement};
use serde_json::Value;
use time::Duration;
use trunkline_events::cdr::Cdr;
use trunkline_test_support::postgres::Postgres;

use super::*;
use crate::identity::Presence;
use crate::store::{HandleRow, Settings, Store, StoredCdr, handles};

/// Entries of each of the customer's two handles, and as many records.
const ENTRIES: i64 = 5_000;
/// Entries of a page.
const PAGE: u32 = 50;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000).expect("valid").plus(Duration::seconds(second))
}

fn id(number: i64) -> Uuid {
    Uuid::from_u128(number.unsigned_abs().into())
}

/// Other people, with three entries each: what a planner takes for usual.
const OTHERS: i64 = 2_000;

/// Two handles of one customer, another customer with as many entries, and many with few.
async fn a_long_journey(store: &Store) {
    let session = store.writing();
    let rows: Vec<HandleRow> = (1..=3)
        .map(|number| HandleRow {
            id: id(number),
            scheme: "account_no".into(),
            scope: String::new(),
            value: number.to_string(),
            customer: id(number),
            seen: Presence::at(at(0)),
            generic: false,
            shared: false,
            former: Vec::new(),
        })
        .collect();
    handles::insert(&session, &rows).await.expect("writes");
    let second = HandleRow { customer: id(1), ..rows[1].clone() };
    handles::update(&session, &[second]).await.expect("writes");
    for start in (0..ENTRIES).step_by(1_000) {
        let mut bundle = Bundle::new("write");
        let (mut touched, mut records) = (Vec::new(), Vec::new());
        for second in start..start + 1_000 {
            for handle in 1..=3 {
                let row = TouchRow {
                    id: id(10 * second + handle),
                    handle: Some(id(handle)),
                    conversation: None,
                    at: at(second),
                    kind: "page".into(),
                    medium: "app".into(),
                    agent: None,
                };
                touched.push(row);
                let cdr = Cdr { id: id(10 * second + handle), started: Some(at(second)), ..Cdr::default() };
                records.push(StoredCdr { cdr, complete: true, subject_handle: Some(id(handle)), sealed: false });
            }
        }
        for second in (start..start + 1_000).filter(|second| *second < OTHERS) {
            for number in 4..=6 {
                let (id, handle) = (id(10 * second + number), Some(id(1_000_000 + second)));
                let (kind, medium) = ("page".into(), "app".into());
                touched.push(TouchRow {
                    id,
                    handle,
                    conversation: None,
                    at: at(second + number),
                    kind,
                    medium,
                    agent: None,
                });
                let cdr = Cdr { id, started: Some(at(second + number)), ..Cdr::default() };
                records.push(StoredCdr { cdr, complete: true, subject_handle: handle, sealed: false });
            }
        }
        insert(&mut bundle, &touched);
        cdrs::upsert(&mut bundle, &records).expect("JSON");
        session.together(bundle).await.expect("writes");
    }
}

fn asked() -> PageQuery {
    PageQuery {
        customer: id(2),
        before: (at(ENTRIES / 2), Uuid::nil()),
        since: at(-10),
        kinds: BTreeSet::new(),
        medium: String::new(),
        agents: BTreeSet::new(),
        limit: PAGE,
    }
}

async fn explained(store: &Store, how: &str, sql: &'static str, backend: DbBackend) -> Vec<sea_orm::QueryResult> {
    let (mut text, mut values) = (how.to_owned(), Vec::new());
    bound(sql, &asked(), std::iter::empty()).write(backend, &mut text, &mut values);
    let statement = Statement::from_sql_and_values(backend, text, values);
    let transaction = store.begin_reading_in_order().await.expect("begins");
    let rows = transaction.session().statement("explain", statement).await.expect("explains");
    transaction.rollback().await.expect("ends");
    rows
}

/// Rows that were read of a table, those that a filter removed included.
fn rows_read(plan: &Value, table: &str) -> f64 {
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let here = if plan["Relation Name"] == table {
        (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
    } else {
        0.0
    };
    let below = plan["Plans"].as_array().into_iter().flatten().map(|below| rows_read(below, table)).sum::<f64>();
    here + below
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_postgresql_reads_no_more_rows_of_each_handle_than_it_has() {
    let url = tokio::task::block_in_place(|| {
        let server = Postgres::start().expect("a private PostgreSQL starts");
        let url = server.fresh_database().expect("makes a database");
        (server, url)
    });
    let store = Store::open(&Settings::new(&url.1)).await.expect("opens");
    a_long_journey(&store).await;
    // As the database does by itself a minute later.
    store.writing().say("analyze", "ANALYZE").await.expect("runs");
    for (sql, table) in [(TOUCH_POSTGRES, "touch_point"), (RECORDS_POSTGRES, "cdr")] {
        let rows = explained(&store, "EXPLAIN (ANALYZE, FORMAT JSON) ", sql, DbBackend::Postgres).await;
        let plan: Value = rows[0].try_get_by_index(0).expect("a plan");
        let read = rows_read(&plan[0]["Plan"], table);
        // A few more than a page are looked at to know that no two have one instant.
        assert!((50.0..=2.0 * f64::from(PAGE + 5)).contains(&read), "{read} rows of {table}: {plan:#}");
    }
    let page = store.reading().ask(page(&asked(), true)).await.expect("reads");
    assert_eq!(page.len(), 50);
    assert_eq!(page[0].at, at(ENTRIES / 2 - 1));
    store.close().await.expect("closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_sqlite_is_found_by_the_index_and_sorted_by_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("journey.db").display());
    let store = Store::open(&Settings::new(url)).await.expect("opens");
    a_long_journey(&store).await;
    for (sql, index) in [
        (TOUCH_SQLITE, "SEARCH x USING INDEX touch_point_handle (handle=? AND at>? AND (at,id)<(?,?)"),
        (RECORDS_SQLITE, "SEARCH x USING INDEX cdr_subject_handle (subject_handle=? AND started>? AND started<?"),
    ] {
        let rows = explained(&store, "EXPLAIN QUERY PLAN ", sql, DbBackend::Sqlite).await;
        let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(3).expect("a step")).collect();
        assert!(plan.iter().any(|step| step.starts_with(index)), "{plan:#?}");
        // `j` are the values that the statement was given, `h` the customer's few handles.
        let few = |step: &String| ["SCAN j", "SCAN h"].iter().any(|few| step.starts_with(few));
        assert!(!plan.iter().any(|step| step.starts_with("SCAN") && !few(step)), "{plan:#?}");
        let sorted = plan.iter().filter(|step| step.starts_with("USE TEMP B-TREE FOR ORDER BY")).count();
        assert_eq!(sorted, 1, "only what the handles gave is sorted, and not what each of them has: {plan:#?}");
    }
    let page = store.reading().ask(page(&asked(), false)).await.expect("reads");
    assert_eq!(page.len(), 50);
    assert_eq!(page[0].at, at(ENTRIES / 2 - 1));
    store.close().await.expect("closes");
}
