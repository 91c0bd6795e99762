//! Two daemons with disks of their own, one link: what nobody heard between the two stands in the books.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Load, Scenario};
use trunkline_test_support::config;
use trunkline_test_support::daemon::Daemon;
use trunkline_test_support::postgres::Postgres;
use trunkline_test_support::rabbit::Rabbit;

const DATABASE: &str = "fresh_0";
const SWITCH: &str = r#"
description = "The switch that two daemons want"
[switch]
name = "CM1"
stations = ["4700-4709"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "trunkline"
password = "takeover"
"#;
/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// What both daemons share.
struct World {
    avaya: AvayaDmcc,
    postgres: Postgres,
    rabbit: &'static Rabbit,
    vhost: String,
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let rabbit = Rabbit::shared().await;
        let vhost = rabbit.fresh_vhost().await;
        let postgres = Postgres::start().expect("a database server");
        postgres.fresh_database().expect("a database");
        let scenario = Scenario::parse(SWITCH).expect("a scenario");
        let avaya = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("a simulated Avaya");
        Self { avaya, postgres, rabbit, vhost }
    }

    fn daemon(&self, home: &Path) -> Daemon {
        Daemon::prepare(env!("CARGO_BIN_EXE_trunkline"), home, &self.config(home)).expect("a configuration")
    }

    fn config(&self, home: &Path) -> String {
        let data = home.join("data");
        let servers = config::on_servers(&data, self.rabbit, &self.vhost, &self.postgres, DATABASE);
        servers + &config::avaya("avaya-bj", self.avaya.addr().port(), "takeover", "4700-4709")
    }

    /// Asks the store until the answer is as wanted.
    async fn until<T>(&self, query: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let asking = async {
            loop {
                let answer = self.postgres.execute(DATABASE, query).ok();
                if let Some(found) = answer.and_then(|text| wanted(&serde_json::from_str(&text).ok()?)) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the store never says so")
    }

    async fn calls(&self) {
        let load = Load { talk: Duration::from_millis(200), ..Load::answered(5.0, 1.0) };
        self.avaya.load(&load).await.expect("a load that fits the switch");
        self.avaya.settle().await;
    }
}

fn instant(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

/// The administrator's look at the books.
async fn books(daemon: &Daemon, home: &Path) -> Vec<Value> {
    let token = std::fs::read_to_string(home.join("data/admin.token")).expect("a token");
    let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let address = format!("http://{}/api/v1/audit", daemon.address());
    let answer = client.get(address).bearer_auth(token.trim()).send().await.expect("an answer");
    let page: Value = answer.error_for_status().expect("good").json().await.expect("JSON");
    page["items"].as_array().expect("items").clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_a_killed_daemon_and_the_one_that_takes_over_there_is_a_gap_and_the_books_add_up() {
    let world = World::new().await;
    let homes = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let mut first = world.daemon(homes[0].path());
    first.start().await;
    world.avaya.wait_all_monitored().await;
    let mut second = world.daemon(homes[1].path());
    second.start().await;
    world.calls().await;
    let heard = "SELECT json_build_array(max(heard) / 1000000.0) FROM books WHERE source = '/connectors/avaya-bj'";
    world.until(heard, |answer| answer[0].as_f64()).await;

    let before = OffsetDateTime::now_utc();
    first.kill().await;
    let killed = OffsetDateTime::now_utc();
    let gap = "SELECT coalesce(json_agg(body::json -> 'data'), '[]') FROM event WHERE type = 'trunkline.link.gap.v1' \
               AND body LIKE '%another daemon held the link%'";
    let gap = world.until(gap, |gaps| gaps.get(0).cloned()).await;
    let (from, to) = (instant(&gap["from"]).expect("an instant"), instant(&gap["to"]).expect("an instant"));
    assert!(from <= before && to >= killed, "{gap} does not cover {before} to {killed}");
    assert!(before - from < time::Duration::seconds(60), "{gap} begins long before the kill at {before}");

    world.avaya.wait_all_monitored().await;
    world.calls().await;
    // The token is of the store that both share; the first to start made it.
    let token_home = homes[0].path();
    let adding_up = async {
        loop {
            let books = books(&second, token_home).await;
            let ours: Vec<&Value> = books.iter().filter(|page| page["source"] == "/connectors/avaya-bj").collect();
            let count = |page: &Value, key: &str| page[key].as_u64().unwrap_or(u64::MAX);
            let accounted = |page: &Value| count(page, "stored") + count(page, "duplicate") + count(page, "rejected");
            let whole = !ours.is_empty() && ours.iter().all(|page| count(page, "taken") == accounted(page));
            let told = ours.iter().any(|page| page["gaps"].as_array().is_some_and(|gaps| !gaps.is_empty()));
            if whole && told {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, adding_up).await.expect("the books do not add up");
    second.terminate().await;
}
