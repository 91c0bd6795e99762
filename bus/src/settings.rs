//! What the bus must know before it starts. Plain values: the daemon fills them from its configuration.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Everything [`crate::Bus::connect`] needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which transport carries the events.
    pub transport: Transport,
    /// Where events wait while the transport cannot take them.
    pub spool: SpoolSettings,
    /// Limits that hold on every transport.
    pub limits: Limits,
}

/// The two transports.
#[derive(Debug, Clone)]
pub enum Transport {
    /// RabbitMQ 3.10 or later.
    Amqp(AmqpSettings),
    /// SQLite, for one process.
    Embedded(EmbeddedSettings),
}

/// Where RabbitMQ is and how it is used.
#[derive(Debug, Clone)]
pub struct AmqpSettings {
    /// Host name or address; with TLS also the name on the certificate.
    pub host: String,
    /// 5672, or 5671 with TLS.
    pub port: u16,
    /// The virtual host, `/` by default.
    pub vhost: String,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// With it, only TLS is spoken.
    pub tls: Option<TlsSettings>,
    /// How many queues carry the events of connectors to mapping; 1–64, and the same in every process.
    pub shards: u16,
    /// Seconds after which a silent link counts as broken (twice this, by AMQP).
    pub heartbeat_seconds: u16,
}

impl AmqpSettings {
    /// The defaults for everything but the address and the login.
    pub fn new(host: impl Into<String>, port: u16, user: impl Into<String>, password: SecretString) -> Self {
        Self {
            host: host.into(),
            port,
            vhost: "/".to_owned(),
            user: user.into(),
            password,
            tls: None,
            shards: 1,
            heartbeat_seconds: 10,
        }
    }
}

/// TLS towards the broker.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// A PEM file of authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Where the embedded queue keeps its messages.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// The SQLite file; made if absent.
    pub path: PathBuf,
    /// How many queues carry the events of connectors to mapping; 1–64.
    pub shards: u16,
}

/// The disk spool.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// A directory of this process alone; made if absent.
    pub dir: PathBuf,
    /// Bytes on disk at which the spool is full.
    pub max_bytes: u64,
}

/// Limits that hold on every transport.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Deliveries of one message that may end without an answer (a crash, a lost link) before it is dead.
    pub delivery_limit: u32,
    /// `Answer::Retry` is granted until this many attempts were made, then the message is dead.
    pub max_attempts: u32,
    /// Messages handed to one subscription before it settles.
    pub prefetch: u16,
    /// An event that the transport has not confirmed after this time goes to the spool.
    pub slow_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // Every lost link counts as a delivery for all that was prefetched, so the first limit must outlive a bad day.
        Self { delivery_limit: 50, max_attempts: 12, prefetch: 1024, slow_after: Duration::from_secs(3) }
    }
}
