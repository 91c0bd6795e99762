//! What an administrator sets. Every problem is told, all at once, with the key and the mend.

use std::path::PathBuf;

use secrecy::SecretString;

use super::numbers::{self, Lists, Plan};
use crate::contract::{ParamsError, Tls};
use crate::params::Params as Keys;

/// Versions that AES releases speak, newest first (protocol notes 1.2).
const VERSIONS: &[&str] = &[
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/privA",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv9",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv8",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv7",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv5",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv4",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv3",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv2",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv1",
    "http://www.ecma-international.org/standards/ecma-323/csta/ed2/priv1",
    "3.0",
];

/// Validated parameters. The password does not show in `Debug`.
#[derive(Debug)]
pub(crate) struct Params {
    /// AES host name or address.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
    /// Other AES of the same switch, with their ports.
    pub(crate) others: Vec<(String, u16)>,
    /// TLS settings; `None` for plain TCP.
    pub(crate) tls: Option<Tls>,
    /// The session's settings.
    pub(crate) settings: Settings,
}

/// What the protocol needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    /// AES user.
    pub(crate) user: String,
    /// His password.
    pub(crate) password: SecretString,
    /// The switch (Communication Manager) as the AES names it.
    pub(crate) switch_name: String,
    /// Its address, as part of device ids; mostly left out.
    pub(crate) switch_ip: String,
    /// Protocol versions, the dearest first.
    pub(crate) versions: Vec<String>,
    /// Seconds.
    pub(crate) session_duration: u64,
    /// Seconds.
    pub(crate) cleanup_delay: u64,
    /// Expanded.
    pub(crate) stations: Vec<String>,
    /// Expanded.
    pub(crate) skills: Vec<String>,
    /// Expanded.
    pub(crate) vdns: Vec<String>,
    /// What numbers are to the site.
    pub(crate) plan: Plan,
    /// Requests a second while monitors are set and state is read.
    pub(crate) rate: u32,
    /// Seconds between two rounds of asking for agents' states; 0 for never.
    pub(crate) agent_poll: u64,
    /// Seconds in which a second report of the same transition is taken for an echo.
    pub(crate) dedupe_window: u64,
}

impl Params {
    /// Reads and checks everything.
    pub(crate) fn read(value: &config::Value) -> Result<Self, ParamsError> {
        let mut keys = Keys::new(value);
        let mut tls_keys = keys.inner("tls");
        let enabled = tls_keys.flag("enabled", true);
        let tls = Tls {
            ca_file: tls_keys.text("ca_file").map(PathBuf::from),
            server_name: tls_keys.text("server_name"),
            insecure_skip_hostname: tls_keys.flag("insecure_skip_hostname", false),
        };
        keys.join("tls", tls_keys);
        let tls = enabled.then_some(tls);
        let host = keys.required("host", "the AES's host name or address");
        if host.contains(['/', '@', ' ']) {
            keys.problem("host", "must be the host's name or address alone; port, user and TLS have their own keys");
        }
        let port = keys.number("port", if enabled { 4722 } else { 4721 }, 1..=65_535);
        let port = u16::try_from(port).unwrap_or(4722);
        let others = secondary_hosts(&mut keys, port);
        let settings = settings(&mut keys);
        keys.finish(Self { host, port, others, tls, settings })
    }
}

/// Each is a host, or host:port where the port is another one.
fn secondary_hosts(keys: &mut Keys, port: u16) -> Vec<(String, u16)> {
    let entries = keys.texts("secondary_hosts");
    let mut hosts = Vec::with_capacity(entries.len());
    for entry in entries {
        // An IPv6 address has more than one colon, and brackets if a port follows.
        let written = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
        let (host, its_port) = match written {
            Some((host, text)) => (host.trim_matches(['[', ']']), text.parse().ok()),
            None => (entry.trim_matches(['[', ']']), Some(port)),
        };
        match its_port.filter(|_| !host.is_empty() && !host.contains(['/', '@', ' '])) {
            Some(port) => hosts.push((host.to_owned(), port)),
            None => keys.problem("secondary_hosts", "each has to be a host's name or address, or host:port"),
        }
    }
    hosts
}

fn settings(keys: &mut Keys) -> Settings {
    let user = keys.required("user", "the AES user, made under CTI users");
    let password = keys.secret("password", "password_file");
    let switch_name = keys.required("switch_name", "the switch connection's name on the AES");
    if switch_name.contains(':') {
        keys.problem("switch_name", "it must not hold a colon");
    }
    let switch_ip = keys.text("switch_ip").unwrap_or_default();
    let all_known = !keys.has("protocol_versions");
    let mut versions = keys.texts("protocol_versions");
    if all_known {
        versions = VERSIONS.iter().map(|&version| version.to_owned()).collect();
    } else if versions.iter().any(String::is_empty) || versions.is_empty() {
        keys.problem("protocol_versions", "it names no version; leave it out to offer all that are known");
    }
    let session_duration = keys.number("session_duration_seconds", 180, 10..=7200);
    let cleanup_delay = keys.number("cleanup_delay_seconds", 60, 0..=7200);
    let stations = number_list(keys, "stations");
    let skills = number_list(keys, "skills");
    let vdns = number_list(keys, "vdns");
    if stations.is_empty() && skills.is_empty() && vdns.is_empty() {
        keys.problem("stations", "it has to name at least one of stations, skills or vdns to be monitored");
    }
    let recorders = number_list(keys, "recorder_devices");
    let voicemail = number_list(keys, "voicemail_numbers");
    let internal = number_list(keys, "internal_numbers");
    for number in stations.iter().filter(|number| vdns.contains(number) || skills.contains(number)).take(1) {
        keys.problem("stations", format!("{number} is also named as a VDN or skill"));
    }
    let plan = Plan::new(Lists {
        stations: &stations,
        skills: &skills,
        vdns: &vdns,
        recorders: &recorders,
        voicemail: &voicemail,
        internal: &internal,
    });
    Settings {
        user,
        password,
        switch_name,
        switch_ip,
        versions,
        session_duration,
        cleanup_delay,
        stations,
        skills,
        vdns,
        plan,
        rate: u32::try_from(keys.number("monitor_rate_per_second", 5, 1..=100)).unwrap_or(5),
        agent_poll: keys.number("agent_poll_seconds", 0, 0..=86_400),
        dedupe_window: keys.number("dedupe_window_seconds", 5, 1..=60),
    }
}

/// A list of numbers, ranges and patterns, expanded.
fn number_list(keys: &mut Keys, key: &'static str) -> Vec<String> {
    let entries = keys.texts(key);
    numbers::expand(&entries).unwrap_or_else(|error| {
        keys.problem(key, error.to_string());
        Vec::new()
    })
}

#[cfg(test)]
mod tests;
