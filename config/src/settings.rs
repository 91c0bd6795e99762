//! The schema. Every key has a default in `default.toml`, so no field here is optional unless absence means something.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Everything.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The process.
    pub daemon: Daemon,
    /// Logs.
    pub log: Log,
    /// HTTP API, pages, ingest.
    pub http: Http,
    /// The bus.
    pub bus: Bus,
    /// The database.
    pub store: Store,
    /// Mapping.
    pub mapping: Mapping,
    /// Conversation records.
    pub cdr: Cdr,
    /// The alarm when a link is silent.
    pub silence: Silence,
    /// What is counted by day.
    pub hotspots: Hotspots,
    /// Connectors by name.
    pub connectors: BTreeMap<String, Connector>,
}

/// `[daemon]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// Spool, checkpoints, raw archive, embedded databases.
    pub data_dir: PathBuf,
    /// What this process does.
    pub roles: Vec<Role>,
    /// Site of connectors that name none.
    pub site: String,
    /// IANA name of the house's time zone.
    pub zone: String,
    /// Other zones by site.
    pub zones: BTreeMap<String, String>,
    /// Recordings may be played into it.
    pub test_system: bool,
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Links to outside systems.
    Connectors,
    /// Identity, records, profile.
    Mapping,
    /// HTTP for agents, integrators and administrators.
    Agent,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for collectors.
    pub format: LogFormat,
    /// As `RUST_LOG`.
    pub level: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address to bind.
    pub listen: SocketAddr,
    /// CSP sources that may frame our pages.
    pub frame_ancestors: Vec<String>,
    /// Open connections at most.
    pub max_connections: usize,
    /// Open connections of one address at most.
    pub max_connections_per_address: usize,
    /// Addresses for which that bound does not hold.
    pub proxies: Vec<IpAddr>,
}

/// `[bus]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Which transport.
    pub transport: Transport,
    /// Used when embedded.
    pub embedded: Embedded,
    /// Used when amqp.
    pub amqp: Amqp,
    /// Where events wait.
    pub spool: Spool,
}

/// The bus's transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// SQLite, one process.
    Embedded,
    /// RabbitMQ.
    Amqp,
}

/// `[bus.embedded]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// Relative to `data_dir`.
    pub path: PathBuf,
}

/// `[bus.amqp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amqp {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Virtual host.
    pub vhost: String,
    /// User.
    pub user: String,
    /// Password, or see `password_file`; filled from the file on load.
    pub password: Option<SecretString>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// amqps.
    pub tls: bool,
    /// CAs to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Mapping queues.
    pub shards: u16,
}

/// `[bus.spool]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spool {
    /// Bound, in MiB.
    pub max_mib: u64,
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Which database.
    pub backend: StoreBackend,
    /// Used when sqlite.
    pub sqlite: Sqlite,
    /// Used when postgres.
    pub postgres: Postgres,
}

/// The store's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreBackend {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// `[store.sqlite]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sqlite {
    /// Relative to `data_dir`.
    pub path: PathBuf,
}

/// `[store.postgres]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub user: String,
    /// Password, or see `password_file`; filled from the file on load.
    pub password: Option<SecretString>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
    /// TLS with a certificate that is the host's; without it nothing is encrypted.
    pub tls: bool,
    /// CAs to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Pool size.
    pub max_connections: u32,
}

/// `[mapping]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// File with scheme rules; empty for the built-in ones.
    pub identity_rules: PathBuf,
    /// Folder with mapping rules that are applied where none ever were; empty for none.
    pub rules: PathBuf,
    /// Folder with dial plans; empty for the built-in one.
    pub dial_plans: PathBuf,
    /// File with rules of fields, tags, owner and segments; empty for the built-in ones.
    pub profile_rules: PathBuf,
    /// File with agents; empty for none.
    pub agents: PathBuf,
    /// Events in one transaction at most.
    pub batch: usize,
}

/// `[cdr]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cdr {
    /// When the night's work is done, by the clocks of the house's zone.
    pub hour: u8,
    /// Against the switches' own records.
    pub reconciliation: Reconciliation,
    /// What is removed by age.
    pub retention: Retention,
}

/// `[cdr.reconciliation]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconciliation {
    /// Whether the day before is compared each night.
    pub nightly: bool,
    /// How far two ends may be apart.
    pub end_tolerance_seconds: u32,
    /// How far two durations may be apart.
    pub duration_tolerance_seconds: u32,
}

/// `[cdr.retention]`, in days; 0 for ever.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Raw events.
    pub events_days: u32,
    /// Messages of chats.
    pub messages_days: u32,
    /// Records, with their revisions.
    pub records_days: u32,
    /// Records of switches.
    pub switch_records_days: u32,
}

/// `[silence]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Links are judged.
    pub enabled: bool,
    /// Events that were usual in a silence that is told.
    pub threshold: u64,
    /// Minutes that it has lasted at least.
    pub least_minutes: u32,
    /// Weeks that are looked back upon.
    pub weeks: u32,
    /// Local dates that are as a Sunday.
    pub holidays: Vec<String>,
    /// Seconds between two looks.
    pub every_seconds: u64,
}

/// `[hotspots]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotspots {
    /// So many times the day before are a spike.
    pub factor: f64,
    /// If there are so many at all.
    pub minimum: u64,
    /// What keywords are found by.
    pub keywords: BTreeMap<String, Vec<String>>,
}

/// `[connectors.<name>]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// One of `trunkctl connector kinds`.
    pub kind: String,
    /// Switched off without losing its parameters.
    #[serde(default = "on")]
    pub enabled: bool,
    /// Selects the dial plan.
    pub site: Option<String>,
    /// Checked by the kind.
    #[serde(default = "no_params")]
    pub params: config::Value,
}

fn on() -> bool {
    true
}

fn no_params() -> config::Value {
    config::Value::new(None, config::ValueKind::Table(config::Map::new()))
}
