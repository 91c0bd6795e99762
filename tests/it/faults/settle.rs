//! Waits until nothing waits any more: links up, queues and outbox empty, every conversation over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::house::House;

/// The highest numbers of each source's epochs that have arrived in the store, in whatever role. A daemon that took a
/// link back goes on with an epoch that is not the newest.
const TOPS: &str = "SELECT coalesce(json_object_agg(source, tops), '{}') FROM (SELECT source, json_agg(top) AS tops FROM \
    (SELECT source, epoch, max(number) AS top FROM (SELECT source, epoch, number FROM event WHERE epoch IS NOT NULL UNION \
    ALL SELECT source, epoch, number FROM duplicate UNION ALL SELECT source, epoch, number FROM rejection WHERE epoch IS \
    NOT NULL) AS arrived GROUP BY source, epoch) AS epochs GROUP BY source) AS sources";
const UNFINISHED: &str = "SELECT json_build_object('outbox', (SELECT count(*) FROM outbox), 'open calls', (SELECT \
    count(*) FROM cdr WHERE ended IS NULL AND medium = 'voice'), 'live pops', (SELECT count(*) FROM live_pop))";

impl House {
    /// The books of yesterday and today: a test may run over midnight.
    pub(super) async fn books(&self) -> Option<Vec<Value>> {
        let today = time::OffsetDateTime::now_utc().date();
        let yesterday = today.previous_day().unwrap_or(today);
        let books = self.get(&format!("/audit?day={yesterday}&to={today}")).await?;
        Some(books["items"].as_array()?.clone())
    }

    /// Waits until nothing waits; how long that took.
    ///
    /// # Panics
    /// When something still waits after `within`; it says what.
    pub(super) async fn settle(&self, within: Duration) -> Duration {
        let begun = Instant::now();
        loop {
            let waiting = self.waiting().await;
            if waiting.is_empty() {
                return begun.elapsed();
            }
            assert!(
                begun.elapsed() < within,
                "seed {}: after {within:?} still {waiting:#?}\nbooks: {:#?}\n{}",
                self.dice.seed,
                self.books().await,
                self.daemon.output()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A sentence for each thing that is not over.
    async fn waiting(&self) -> Vec<String> {
        let (Some(connectors), Some(books)) = (self.get("/connectors").await, self.books().await) else {
            return vec!["the API does not answer".into()];
        };
        let (Some(tops), Some(unfinished)) = (self.sql(TOPS), self.sql(UNFINISHED)) else {
            return vec!["the database does not answer".into()];
        };
        let mut waiting = Vec::new();
        for connector in connectors["items"].as_array().into_iter().flatten() {
            let name = connector["name"].as_str().unwrap_or_default();
            if connector["state"] != "up" {
                waiting.push(format!("{name} is {}", connector["state"]));
            }
            let arrived = &tops[format!("/connectors/{name}")];
            if !arrived.as_array().is_some_and(|tops| tops.contains(&connector["taken"])) {
                waiting.push(format!("{name} has taken {}, {arrived} arrived", connector["taken"]));
            }
        }
        for page in books.iter().filter(|page| page["waiting"] != 0) {
            waiting.push(format!("{} of {} wait by the books", page["waiting"], page["source"]));
        }
        let unfinished: BTreeMap<String, u64> = serde_json::from_value(unfinished).expect("counts");
        waiting
            .extend(unfinished.iter().filter(|(_, count)| **count > 0).map(|(what, count)| format!("{what}: {count}")));
        waiting
    }
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none `within`.
pub(super) async fn bounded<T>(within: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
