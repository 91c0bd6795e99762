//! What an operator, or a test, may set. The defaults are what the daemon runs with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use secrecy::SecretString;

/// Bounds and policies of the HTTP side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// CSP sources that may frame the pages; empty: only ourselves.
    pub frame_ancestors: Vec<String>,
    /// Token of requests that come without one from this very machine (demo and pilots); absent: none.
    pub default_token: Option<SecretString>,
    /// Open connections at most; more wait in the listener's queue.
    pub max_connections: usize,
    /// Whether pops reach this daemon (role `agent`): without them an open stream would promise what never comes.
    pub streams: bool,
    /// Open connections of one address at most (of one /64 network with IPv6); further ones are closed at once.
    pub max_connections_per_address: usize,
    /// Addresses that many people come from; these are not counted.
    pub proxies: Vec<IpAddr>,
    /// From the first byte (or the last answer) until the header is complete.
    pub header_timeout: Duration,
    /// From the header until the body is complete.
    pub body_timeout: Duration,
    /// A peer that takes no byte for so long is dropped.
    pub write_timeout: Duration,
    /// Open connections have so long to end when the daemon stops.
    pub stop_timeout: Duration,
    /// Largest body of an API request, in bytes.
    pub max_body: usize,
    /// The largest body with rule files, in bytes.
    pub max_rules_body: usize,
    /// Between two signs of life on an event stream.
    pub heartbeat: Duration,
    /// Events that may wait for a slow event stream.
    pub stream_queue: usize,
    /// Wrong tokens of one peer within `failure_window` before it must wait.
    pub max_failures: u32,
    /// See `max_failures`.
    pub failure_window: Duration,
    /// An agent sees customers of conversations that started so long ago at most.
    pub recent: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frame_ancestors: Vec::new(),
            default_token: None,
            streams: true,
            max_connections: 12_000,
            max_connections_per_address: 1000,
            proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
            max_body: 64 * 1024,
            max_rules_body: 512 * 1024,
            heartbeat: Duration::from_secs(15),
            stream_queue: 64,
            max_failures: 10,
            failure_window: Duration::from_mins(1),
            recent: Duration::from_hours(12),
        }
    }
}
