//! The application session (ECMA-354): started, kept alive, recovered, stopped.
//!
//! A session outlives its connection by `cleanup_delay_seconds`. So whenever a connection opens and a session is
//! remembered, that one is asked for first; only if it is refused a new one is started, and all monitors with it.

use std::time::Duration;

use trunkline_events::Timestamp;

use super::super::wire::messages::answers::{Refusal, seconds, started};
use super::super::wire::messages::requests::{Csta, Login, reset_timer, start_session, stop_session};
use super::super::wire::xml::Element;
use super::pending::Asked;
use super::stream::Stream;
use super::{AGENTS, AUDIT, Dmcc, FRAME, KEEP_ALIVE, PACE, PATIENCE, resync};
use crate::contract::{Action, Actions, ProtocolError};

/// The longest time between two keep-alives, in seconds: a dead connection is found within two of them.
const LONGEST_SILENCE: u64 = 30;
/// Monitors and device ids that are given back one by one; beyond that the end of the session does it.
const MOST_GOODBYES: usize = 200;
/// A session that the server ends again so soon, in milliseconds, is started anew only after a back-off.
const TOO_SOON: i64 = 60_000;

/// Where the session stands.
#[derive(Debug, Default)]
enum Phase {
    /// No connection, or none that we speak on.
    #[default]
    Closed,
    /// Asked for; `recovering` the one we had.
    Starting { recovering: bool },
    /// It runs.
    Running,
}

/// The session and how it is kept.
#[derive(Debug, Default)]
pub(crate) struct Session {
    phase: Phase,
    /// The session's id: running, or to be recovered.
    pub(crate) id: Option<String>,
    /// Which of the versions are offered: all, or one after another.
    offered: Option<usize>,
    /// Seconds granted.
    duration: u64,
    /// Keep-alives without an answer.
    missed: u32,
    /// Nothing was read when the last keep-alive was due.
    deaf: bool,
    /// When the server last ended a session of ours, in milliseconds.
    terminated: Option<i64>,
}

impl Session {
    /// Whether requests may be sent.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running)
    }
}

impl Dmcc {
    /// The connection is open.
    pub(crate) fn open(&mut self, out: &mut Actions) {
        self.stream = Stream::default();
        self.pending.clear();
        self.pace.clear();
        self.session.offered = None;
        if self.session.id.is_none() {
            // Without the former session there is no monitor yet, so the driver's gap, which ends now, is too short.
            self.health.missing_since(self.heard, "a new session: the monitors had to be set anew");
        }
        self.start(out);
    }

    /// Asks for the session we had, or else for a new one.
    fn start(&mut self, out: &mut Actions) {
        let recover = self.session.id.clone();
        self.session.phase = Phase::Starting { recovering: recover.is_some() };
        let versions = &self.settings.versions;
        let one = self.session.offered.and_then(|at| versions.get(at..=at));
        let request = start_session(&Login {
            user: &self.settings.user,
            password: &self.settings.password,
            recover: recover.as_deref(),
            versions: one.unwrap_or(versions),
            duration: self.settings.session_duration,
            cleanup_delay: self.settings.cleanup_delay,
        });
        self.ask(Asked::Session, &request, out);
    }

    /// The answer to the start.
    pub(crate) fn session_answered(&mut self, root: Element<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        let Phase::Starting { recovering } = self.session.phase else { return Ok(()) };
        if let Some(refusal) = Refusal::read(root) {
            return self.session_refused(&refusal, recovering, out);
        }
        let Some(started) = started(root) else {
            return Err(ProtocolError::reset(format!("{} names no session", shortened(root.name()))));
        };
        let recovered = recovering && self.session.id.as_deref() == Some(started.session.as_str());
        if recovering && !recovered {
            self.lose_session("the session could not be recovered");
        }
        self.session.id = Some(started.session);
        self.session.phase = Phase::Running;
        self.session.duration =
            started.duration.filter(|seconds| *seconds > 0).unwrap_or(self.settings.session_duration);
        self.session.missed = 0;
        self.session.deaf = false;
        self.csta = Csta::of_version(&started.version);
        tracing::info!(source = %self.source, recovered, seconds = self.session.duration, "session started");
        self.schedule_keep_alive(out);
        let register = self.csta.system_register(&self.settings.switch_name);
        self.ask(Asked::SystemRegister, &register, out);
        self.schedule_rounds(out);
        self.dirty = true;
        if !recovered {
            // If the switch is still lost, it shows in how the AES takes the new monitors.
            self.switch_is_back(out);
        }
        self.begin_resync(out);
        Ok(())
    }

    fn schedule_rounds(&self, out: &mut Actions) {
        if self.settings.agent_poll > 0 {
            out.push(Action::Timer { timer: AGENTS, after: Some(Duration::from_secs(self.settings.agent_poll)) });
        }
        out.push(Action::Timer { timer: AUDIT, after: Some(resync::AUDIT_EVERY) });
    }

    /// Rule 9: what a refusal means.
    fn session_refused(&mut self, refusal: &Refusal, recovering: bool, out: &mut Actions) -> Result<(), ProtocolError> {
        let kind = kind_of(refusal);
        if recovering && kind != RefusalKind::Busy {
            self.lose_session("the session could not be recovered");
            self.start(out);
            return Ok(());
        }
        self.session.phase = Phase::Closed;
        match kind {
            RefusalKind::Busy => Err(ProtocolError::reset(format!("the AES takes no session now ({})", told(refusal)))),
            RefusalKind::Version => self.offer_next_version(out),
            RefusalKind::Credentials => Err(ProtocolError::denied(format!(
                "the AES refuses the login ({}): check user and password, and that the user may use DMCC",
                told(refusal)
            ))),
        }
    }

    fn offer_next_version(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        let next = self.session.offered.map_or(0, |at| at + 1);
        if next >= self.settings.versions.len() || self.settings.versions.len() == 1 {
            return Err(ProtocolError::fatal(
                "the AES speaks none of the protocol versions offered: set protocol_versions to its release's",
            ));
        }
        self.session.offered = Some(next);
        self.start(out);
        Ok(())
    }

    /// The session is gone, and all monitors with it. What was said since the last frame may be missed.
    fn lose_session(&mut self, reason: &str) {
        tracing::warn!(source = %self.source, reason, "session lost");
        self.session.id = None;
        self.session.phase = Phase::Closed;
        self.health.missing_since(self.heard, reason);
        self.pending.clear();
        self.pace.clear();
        self.resync.abort();
        self.monitors.forget();
        self.translation.forget_monitors();
        self.dirty = true;
    }

    /// The server ended the session (rule 13). A new one is started on the same connection, unless that was just done.
    pub(crate) fn session_terminated(
        &mut self,
        before: Option<Timestamp>,
        out: &mut Actions,
    ) -> Result<(), ProtocolError> {
        if !self.session.is_running() {
            return Ok(());
        }
        let now = out.now().unix_millis();
        let soon = self.session.terminated.replace(now).is_some_and(|former| now - former < TOO_SOON);
        self.heard = before.or(self.heard);
        self.lose_session("the AES ended the session");
        self.heard = Some(out.now());
        if soon {
            return Err(ProtocolError::reset("the AES ended the session again"));
        }
        self.start(out);
        Ok(())
    }

    fn schedule_keep_alive(&self, out: &mut Actions) {
        let seconds = (self.session.duration / 3).clamp(1, LONGEST_SILENCE);
        out.push(Action::Timer { timer: KEEP_ALIVE, after: Some(Duration::from_secs(seconds)) });
    }

    /// Rule 10: resets the session's timer; two without an answer mean that the link is dead, whatever TCP says.
    pub(crate) fn keep_alive(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        if !self.session.is_running() {
            return Ok(());
        }
        // While the driver does not read, and just after, an answer may be there and wait to be read.
        let was_deaf = std::mem::replace(&mut self.session.deaf, !out.reads());
        if self.pending.withdraw(&Asked::KeepAlive) && !was_deaf && out.reads() {
            self.session.missed += 1;
            if self.session.missed >= 2 {
                return Err(ProtocolError::reset("two keep-alives were not answered"));
            }
        }
        let Some(session) = self.session.id.clone() else { return Ok(()) };
        let request = reset_timer(&session, self.settings.session_duration);
        self.ask(Asked::KeepAlive, &request, out);
        self.schedule_keep_alive(out);
        Ok(())
    }

    /// The answer to a keep-alive. A refusal means that the session is no more, or that it has to be recovered.
    pub(crate) fn kept_alive(&mut self, root: Element<'_>, out: &mut Actions) {
        self.session.missed = 0;
        if let Some(refusal) = Refusal::read(root) {
            if refusal.code == "invalidSessionID" {
                self.lose_session("the AES no longer knows the session");
            } else {
                tracing::info!(source = %self.source, code = refusal.category, "the session's timer is not reset, the session is recovered");
            }
            self.start(out);
        } else if let Some(duration) = seconds(root).filter(|seconds| *seconds > 0) {
            self.session.duration = duration;
        }
    }

    /// The connection is gone; the session may yet be recovered.
    pub(crate) fn closed(&mut self, out: &mut Actions) {
        self.session.phase = Phase::Closed;
        self.broke_off(out.now());
        self.health.unheard();
        self.pending.clear();
        self.pace.clear();
        self.resync.abort();
        for timer in [KEEP_ALIVE, PACE, PATIENCE, AGENTS, AUDIT, FRAME] {
            out.push(Action::Timer { timer, after: None });
        }
        self.save(out);
    }

    /// Rule 14: monitors, device ids and the session are given back.
    pub(crate) fn say_goodbye(&mut self, out: &mut Actions) {
        if self.session.is_running()
            && let Some(session) = self.session.id.clone()
        {
            let stops: Vec<String> = self
                .monitors
                .set_ones()
                .take(MOST_GOODBYES + 1)
                .map(|(_, cross_ref)| self.csta.monitor_stop(cross_ref))
                .collect();
            let given = self.monitors.given_ids().take(MOST_GOODBYES);
            let releases: Vec<String> = given.map(super::super::wire::messages::requests::release_device_id).collect();
            // The end of the session ends its monitors too; many of them are not worth a flood.
            let stops = if stops.len() > MOST_GOODBYES { Vec::new() } else { stops };
            for request in stops.iter().chain(&releases) {
                self.ask(Asked::Farewell, request, out);
            }
            self.ask(Asked::Farewell, &stop_session(&session), out);
        }
        self.session.id = None;
        self.session.phase = Phase::Closed;
        self.monitors.forget();
        self.translation.forget_monitors();
        self.save(out);
    }
}

/// What a refused start means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefusalKind {
    /// It will pass.
    Busy,
    /// Another version is wanted.
    Version,
    /// User or password.
    Credentials,
}

fn kind_of(refusal: &Refusal) -> RefusalKind {
    match refusal.code.as_str() {
        "invalidApplicationInfo" => return RefusalKind::Credentials,
        "requestedProtocolVersionNotSupported" => return RefusalKind::Version,
        "serverResourcesBusy" | "maxNumberSessions" => return RefusalKind::Busy,
        _ => {}
    }
    let text = refusal.code.to_ascii_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if refusal.category == "security"
        || speaks_of(&["password", "user", "authent", "authoriz", "login", "credential", "permission", "denied"])
    {
        RefusalKind::Credentials
    } else if speaks_of(&["protocol version", "version not", "unsupported version"]) {
        RefusalKind::Version
    } else {
        RefusalKind::Busy
    }
}

/// A refusal for the operator: the schema's words are told, free text (it may hold the user's name) is not.
fn told(refusal: &Refusal) -> String {
    let free = matches!(refusal.category.as_str(), "applError" | "exception" | "privateErrorCode");
    if free { refusal.category.clone() } else { refusal.to_string() }
}

fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}
