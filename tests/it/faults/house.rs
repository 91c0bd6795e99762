//! Everything that runs in one test: broker, database, simulated Avaya behind a proxy, the daemon.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::MutexGuard;
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Scenario};
use trunkline_test_support::chaos::ChaosProxy;
use trunkline_test_support::config;
use trunkline_test_support::daemon::Daemon;
use trunkline_test_support::postgres::Postgres;
use trunkline_test_support::rabbit::Rabbit;

use super::TURN;
use super::absence::Absences;
use super::dice::Dice;

/// Signs the simulated web chat's webhooks.
pub(super) const CHAT_SECRET: &str = "whsec_ZmF1bHQtdGVzdHMtc2VjcmV0LW9mLXRydW5rbGluZQ==";
/// Several, so that transactions of events from all of them are killed too.
pub(super) const SHARDS: u16 = 4;
/// The one database of the house.
const DATABASE: &str = "fresh_0";

const SWITCH: &str = r#"
description = "The switch of the fault tests"
[switch]
name = "CM1"
stations = ["4700-4759"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "trunkline"
password = "fault-tests"
"#;

/// A broker that may be hurt, or one that others use too.
pub(super) enum Broker {
    Shared(&'static Rabbit),
    Own(Box<Rabbit>),
}

impl Deref for Broker {
    type Target = Rabbit;

    fn deref(&self) -> &Rabbit {
        match self {
            Self::Shared(rabbit) => rabbit,
            Self::Own(rabbit) => rabbit,
        }
    }
}

/// All of it. Fields are dropped in this order: the daemon first.
pub(super) struct House {
    pub(super) daemon: Daemon,
    pub(super) avaya: Arc<AvayaDmcc>,
    /// Between the daemon and the Avaya.
    pub(super) proxy: ChaosProxy,
    pub(super) postgres: Postgres,
    pub(super) broker: Broker,
    pub(super) vhost: String,
    pub(super) dice: Dice,
    pub(super) absences: Absences,
    pub(super) client: reqwest::Client,
    pub(super) home: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl House {
    /// A house on the broker that tests share.
    pub(super) async fn open() -> Self {
        let turn = TURN.lock().await;
        Self::furnish(Broker::Shared(Rabbit::shared().await), turn).await
    }

    /// A house whose broker may be killed.
    pub(super) async fn with_own_broker() -> Self {
        let turn = TURN.lock().await;
        Self::furnish(Broker::Own(Box::new(Rabbit::start().await)), turn).await
    }

    async fn furnish(broker: Broker, turn: MutexGuard<'static, ()>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vhost = broker.fresh_vhost().await;
        let postgres = Postgres::start().expect("a database server");
        postgres.fresh_database().expect("a database");
        let scenario = Scenario::parse(SWITCH).expect("a scenario");
        let avaya = Arc::new(AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("a simulated Avaya"));
        let proxy = ChaosProxy::start(avaya.addr()).await.expect("a proxy");
        let home = tempfile::Builder::new().prefix("trunkline-faults-").tempdir().expect("a folder");
        let written = written(&home.path().join("data"), &broker, &vhost, &postgres, &proxy);
        let daemon = Daemon::prepare(env!("CARGO_BIN_EXE_trunkline"), home.path(), &written).expect("a configuration");
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(std::time::Duration::from_secs(10))
            .build()
            .expect("an HTTP client");
        let dice = Dice::new();
        let absences = Absences::default();
        let mut house =
            Self { daemon, avaya, proxy, postgres, broker, vhost, dice, absences, client, home, _turn: turn };
        house.daemon.start().await;
        house.avaya.wait_all_monitored().await;
        house.stands().await;
        house
    }

    /// Where the web chat posts.
    pub(super) fn ingest(&self) -> String {
        format!("http://{}/ingest/web-chat", self.daemon.address())
    }

    /// What the administrator's API says; `None` while the daemon does not answer 2xx.
    pub(super) async fn get(&self, path: &str) -> Option<Value> {
        let request = self.client.get(format!("http://{}/api/v1{path}", self.daemon.address()));
        let response = request.bearer_auth(self.token()).send().await.ok()?;
        response.error_for_status().ok()?.json().await.ok()
    }

    /// Posts to the administrator's API; the answer's body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("http://{}/api/v1{path}", self.daemon.address()));
        let response = request.bearer_auth(self.token()).json(body).send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    fn token(&self) -> String {
        let file = self.home.path().join("data/admin.token");
        std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned()
    }

    /// What a query that makes one JSON value gives; `None` while the database is away.
    pub(super) fn sql(&self, query: &str) -> Option<Value> {
        serde_json::from_str(&self.postgres.execute(DATABASE, query).ok()?).ok()
    }
}

/// The daemon's configuration.
fn written(data: &Path, rabbit: &Rabbit, vhost: &str, postgres: &Postgres, avaya: &ChaosProxy) -> String {
    let chat =
        format!("[connectors.web-chat]\nkind = \"chat-webhook\"\nparams = {{ secrets = [\"{CHAT_SECRET}\"] }}\n");
    let avaya = config::avaya("avaya-bj", avaya.addr().port(), "fault-tests", "4700-4759");
    let servers = config::on_servers(data, rabbit, vhost, postgres, DATABASE);
    servers.replace("[bus.amqp]", &format!("[bus.amqp]\nshards = {SHARDS}")) + &avaya + &chat
}
