//! How the server is administered, as a scenario's `[aes]` and `[[users]]` say.

use serde::Deserialize;

/// Somebody who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// CTI user name.
    pub name: String,
    /// Password, in the clear: it guards nothing.
    pub password: String,
}

/// What a second monitor of one session on the same device gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuplicateMonitor {
    /// `objectMonitorLimitExceeded`.
    Error,
    /// Another cross reference, and every event twice.
    Second,
}

/// The server's administration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AesSettings {
    /// Versions that are spoken; a client's first wish that is here is taken. Empty: those of every release.
    pub protocol_versions: Vec<String>,
    /// Namespace of events and answers; clients must not care.
    pub csta_namespace: String,
    /// Longest session duration granted, in seconds.
    pub longest_session_seconds: u64,
    /// Longest clean-up delay granted, in seconds.
    pub longest_cleanup_seconds: u64,
    /// Sessions at a time.
    pub sessions: usize,
    /// Second monitor on the same device.
    pub duplicate_monitor: DuplicateMonitor,
    /// Station monitors that licences allow over all sessions; 0 means any number.
    pub station_licences: usize,
    /// Monitor and device requests a second per session, above which `outstandingReqLimitExceeded` is answered; 0: any.
    pub requests_per_second: u32,
    /// Ready, not ready and after-call work are told on station monitors (later releases) or not (6.2).
    pub agent_states_on_stations: bool,
    /// Frames kept in the ledger's memory; older ones stay counted (and in the ledger file).
    pub ledger_entries: usize,
}

impl Default for AesSettings {
    fn default() -> Self {
        Self {
            protocol_versions: Vec::new(),
            csta_namespace: crate::avaya_dmcc::csta::CSTA_ED3.to_owned(),
            longest_session_seconds: 7_200,
            longest_cleanup_seconds: 7_200,
            sessions: 64,
            duplicate_monitor: DuplicateMonitor::Error,
            station_licences: 0,
            requests_per_second: 0,
            agent_states_on_stations: true,
            ledger_entries: 1_000_000,
        }
    }
}
