//! The daemon: the parts that its roles ask for, put together, and taken apart in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_bus::Bus;
use trunkline_config::{Role, Settings};
use trunkline_connectors::drive::{self, Host};
use trunkline_mapping::engine::Engine;
use trunkline_mapping::store::{Minted, NewToken, Store};
use uuid::Uuid;

use crate::http::hub::Hub;
use crate::http::{self, App};
use crate::wire::figures::{self, Counters};
use crate::wire::intake::BusIntake;
use crate::wire::lanes::Lanes;
use crate::wire::links::{self, Links};
use crate::wire::nightly::{Nightly, Policy};
use crate::wire::opening;
use crate::wire::operations::{Inlet, Panel};
use crate::wire::pipeline::Pipeline;
use crate::wire::pops::Pops;
use crate::wire::recorder::Recorder;
use crate::wire::records::StoreRecords;
use crate::wire::relay::{Relay, relay};
use crate::wire::rules::{self, AppliedRules};
use crate::wire::silence::{Silences, Watch};
use crate::wire::staff;

/// A running daemon.
pub struct Daemon {
    address: SocketAddr,
    bus: Bus,
    store: Store,
    links: Arc<Links>,
    /// Ends what consumes: mapping, relay, pops.
    stop: CancellationToken,
    /// Ends HTTP.
    close: CancellationToken,
    tasks: TaskTracker,
    serving: tokio::task::JoinHandle<()>,
    admin_token: PathBuf,
}

/// What a caller of [`Daemon::start_with`] may add to the configuration.
#[derive(Debug, Default)]
pub struct Extras {
    /// Token of requests that come without one from this very machine.
    pub default_token: Option<NewToken>,
}

impl Daemon {
    /// Starts everything the configuration asks for; returns when HTTP answers.
    pub async fn start(settings: Settings) -> Result<Self> {
        Self::start_with(settings, Extras::default()).await
    }

    /// Like [`Daemon::start`], with what only a program may ask for.
    pub async fn start_with(settings: Settings, extras: Extras) -> Result<Self> {
        let planned = links::plan(&settings.connectors)?;
        let data_dir = settings.daemon.data_dir.clone();
        std::fs::create_dir_all(&data_dir).with_context(|| {
            format!("daemon.data_dir: cannot make {}; check the path and its permissions", data_dir.display())
        })?;
        let listener = TcpListener::bind(settings.http.listen).await.with_context(|| {
            let listen = settings.http.listen;
            format!("http.listen: cannot listen on {listen}; is another program there? Set another address")
        })?;
        let address = listener.local_addr().context("no local address")?;
        warn_if_in_the_open(address);
        let metrics = recorder();
        let knowledge = trunkline_mapping::declared::knowledge(&settings)?;
        let recorder = Arc::new(Recorder::open(&data_dir, &knowledge)?);
        let store = opening::open_store(&settings).await?;
        let bus = opening::open_bus(&settings).await?;
        let engine = Engine::new(store.clone(), knowledge);
        rules::adopt(&engine, &settings).await?;
        engine.keep_agents(&trunkline_mapping::declared::agents(&settings)?, drive::system_clock()).await?;
        let parts = Parts { settings: &settings, bus, engine, metrics, recorder };
        let admin_token = first_token(&store, &data_dir).await?;
        let default_token = match &extras.default_token {
            Some(new) => Some(SecretString::from(store.create_token(new, drive::system_clock()).await?.1)),
            None => None,
        };
        Ok(parts.start(planned, listener, address, default_token, admin_token))
    }

    /// Where HTTP listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with the first administrator's token.
    pub fn admin_token_file(&self) -> &Path {
        &self.admin_token
    }

    /// Stops in order: connectors say good-bye and what they took becomes durable, then mapping, then HTTP, then the rest.
    pub async fn stop(self) {
        self.links.stop().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.close.cancel();
        if self.serving.await.is_err() {
            tracing::error!("the HTTP side had panicked");
        }
        self.bus.close().await;
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the store did not close cleanly");
        }
    }
}

/// What is open before anything runs.
struct Parts<'a> {
    settings: &'a Settings,
    bus: Bus,
    engine: Engine,
    metrics: Option<PrometheusHandle>,
    recorder: Arc<Recorder>,
}

impl Parts<'_> {
    fn start(
        self,
        planned: Vec<links::Planned>,
        listener: TcpListener,
        address: SocketAddr,
        default_token: Option<SecretString>,
        admin_token: PathBuf,
    ) -> Daemon {
        let (stop, close, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let has = |role| self.settings.daemon.roles.contains(&role);
        let http_settings = http::Settings {
            frame_ancestors: self.settings.http.frame_ancestors.clone(),
            default_token,
            max_connections: self.settings.http.max_connections,
            streams: has(Role::Agent),
            max_connections_per_address: self.settings.http.max_connections_per_address,
            proxies: self.settings.http.proxies.clone(),
            ..http::Settings::default()
        };
        let hub = Hub::new(http_settings.stream_queue);
        let shared = self.bus.is_shared();
        let pops = Pops::new(Arc::clone(&hub), shared);
        let (outbox, publishing) = relay(self.engine.relay(), self.bus.publisher(), pops.clone(), stop.clone());
        tasks.spawn(publishing.run());
        if has(Role::Agent) && shared {
            tasks.spawn(pops.clone().serve(self.bus.clone(), stop.clone()));
        }
        let policy = Policy::of(&self.settings.cdr, &self.settings.daemon.zone);
        if has(Role::Mapping) {
            self.map(&outbox, &pops, &stop, &tasks);
            self.tend(&outbox, &policy, &stop, &tasks);
        }
        let data_dir = &self.settings.daemon.data_dir;
        let (intake, recorder) = (self.bus.intake(), Arc::clone(&self.recorder));
        let host = Host::new(Arc::new(BusIntake { intake, data_dir: data_dir.clone(), recorder }), data_dir);
        let planned = if has(Role::Connectors) { planned } else { Vec::new() };
        self.follow_rules(&stop, &tasks);
        let store = self.engine.store().clone();
        let links = Arc::new(Links::start(planned, &self.bus, &store, &host));
        let connectors = self.settings.connectors.keys().cloned().collect();
        let rules = Arc::new(AppliedRules { engine: self.engine.clone(), connectors });
        let records = StoreRecords { engine: self.engine.clone(), relay: outbox, pops, policy };
        let panel = Panel {
            bus: self.bus.clone(),
            store: Some(store.clone()),
            links: Arc::clone(&links),
            counters: self.counters(&links, &stop, &tasks),
            metrics: self.metrics,
        };
        let inlet = Arc::new(Inlet(Arc::clone(&links)));
        let app =
            App::new(http_settings.clone(), Arc::new(records), (Arc::new(panel), rules), inlet, hub, close.clone());
        let stop_http = close.clone();
        let serving = tokio::spawn(async move {
            http::server::serve(listener, http::router(app), &http_settings, stop_http).await;
        });
        Daemon { address, bus: self.bus, store, links, stop, close, tasks, serving, admin_token }
    }

    /// The night's work on records, and who is one of our own people.
    fn tend(&self, outbox: &Relay, policy: &Policy, stop: &CancellationToken, tasks: &TaskTracker) {
        let (engine, relay) = (self.engine.clone(), outbox.clone());
        tasks.spawn(Nightly { engine, relay, policy: policy.clone(), stop: stop.clone() }.run());
        tasks.spawn(staff::learn(self.engine.clone(), stop.clone()));
    }

    /// Whatever mapping rules are applied, by whichever process, count here within a second.
    fn follow_rules(&self, stop: &CancellationToken, tasks: &TaskTracker) {
        let (engine, stopped) = (self.engine.clone(), stop.clone());
        tasks.spawn(async move { stopped.run_until_cancelled(engine.follow_rules()).await });
    }

    /// What is counted and watched besides events; the watch over links starts here.
    fn counters(&self, links: &Arc<Links>, stop: &CancellationToken, tasks: &TaskTracker) -> Counters {
        let (rule, zones) = trunkline_mapping::declared::silence(self.settings);
        let silences = Silences::default();
        if self.settings.silence.enabled {
            let watch = Watch {
                links: Arc::clone(links),
                store: self.engine.store().clone(),
                intake: self.bus.intake(),
                rule,
                zones,
                every: Duration::from_secs(self.settings.silence.every_seconds),
                silences: silences.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(watch.run());
        }
        Counters {
            records: self.engine.records(),
            spikes: trunkline_mapping::declared::spikes(self.settings),
            recorder: Arc::clone(&self.recorder),
            silences,
            test_system: self.settings.daemon.test_system,
        }
    }

    /// One task a shard and one a lane. The number of shards is the broker's to say, so they start once it was reached.
    fn map(&self, outbox: &Relay, pops: &Pops, stop: &CancellationToken, tasks: &TaskTracker) {
        let pipeline = Pipeline {
            bus: self.bus.clone(),
            engine: self.engine.clone(),
            relay: outbox.clone(),
            pops: Some(pops.clone()),
            batch: self.settings.mapping.batch,
            lanes: Arc::new(Lanes::new(self.settings.mapping.batch)),
            stop: stop.clone(),
        };
        (0..pipeline.lanes.count()).for_each(|_| drop(tasks.spawn(pipeline.clone().work())));
        tasks.spawn(figures::sum_up(self.engine.store().clone(), self.engine.records(), stop.clone()));
        let spawner = tasks.clone();
        tasks.spawn(async move {
            let shards = tokio::select! {
                () = pipeline.stop.cancelled() => return,
                shards = pipeline.bus.shards() => shards,
            };
            match shards {
                Ok(shards) => (0..shards).for_each(|shard| drop(spawner.spawn(pipeline.clone().serve(shard)))),
                Err(error) => tracing::error!(%error, "mapping cannot start"),
            }
        });
    }
}

/// Tokens and customers' data go over this in clear text.
fn warn_if_in_the_open(address: SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "HTTP listens beyond this machine and is not encrypted; put a TLS proxy before it and let nobody else reach it"
        );
    }
}

/// The process's metrics; `None` when another daemon of this process (tests) collects them.
fn recorder() -> Option<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().ok()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Some(handle)
}

/// The file of the first administrator's token, which is made when there is no token at all.
///
/// The file comes first: a token that is stored and whose secret nobody has would keep everybody out. A file whose token
/// was not stored any more is written anew at the next start.
async fn first_token(store: &Store, data_dir: &Path) -> Result<PathBuf> {
    let file = data_dir.join("admin.token");
    if store.tokens().await?.is_empty() {
        let new = NewToken { name: "first administrator".into(), scopes: vec!["admin".into()], ..NewToken::default() };
        let minted = Minted::new(Uuid::now_v7())?;
        write_private(&file, &minted.secret).with_context(|| {
            let file = file.display();
            format!("daemon.data_dir: cannot write {file}; check the permissions, and that the disk is not full")
        })?;
        store.keep_token(&minted, &new, drive::system_clock()).await?;
        tracing::info!(file = %file.display(), "made the first administrator's token");
    }
    Ok(file)
}

fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut to = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    to.write_all(text.as_bytes())?;
    to.write_all(b"\n")?;
    to.sync_all()
}
