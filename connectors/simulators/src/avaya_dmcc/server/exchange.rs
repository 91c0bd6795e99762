//! The whole state of the server, and the lock around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::misbehaviour::{Answering, Faults};
use super::monitors::{Monitors, Watched};
use super::routing::Kept;
use super::sessions::Sessions;
use super::{AesSettings, Ledger, Note, Outbox, Outgoing, Tape, User};
use crate::avaya_dmcc::csta::{AVAYA, EVENT_INVOKE_ID, Markup, Names, encode};
use crate::avaya_dmcc::switch::Switch;

/// One TCP connection, as the state sees it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) outbox: Arc<Outbox>,
    /// The connection is to be closed.
    pub(crate) closing: CancellationToken,
    /// The connection has gone dead without being closed.
    pub(crate) frozen: CancellationToken,
    /// The session opened on it last.
    pub(crate) session: Option<Arc<str>>,
}

/// The server's state: sessions, monitors, the switch beneath.
#[derive(Debug)]
pub struct Exchange {
    pub(crate) switch: Switch,
    pub(crate) settings: AesSettings,
    pub(crate) users: Vec<User>,
    pub(crate) names: Names,
    pub(crate) sessions: Sessions,
    pub(crate) monitors: Monitors,
    pub(crate) faults: Faults,
    pub(crate) kept: Vec<Kept>,
    pub(crate) tape: Option<Tape>,
    pub(crate) status_requests: BTreeSet<(u64, u16)>,
    pub(crate) status_answers: u64,
    lines: BTreeMap<u64, Line>,
    last_line: u64,
    last_invoke_id: u16,
    changes: watch::Sender<u64>,
}

/// The state behind its lock, with what tasks wait on.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    exchange: Arc<Mutex<Exchange>>,
    pub(crate) ledger: Ledger,
    changes: watch::Receiver<u64>,
}

impl Shared {
    pub(crate) fn new(switch: Switch, settings: AesSettings, users: Vec<User>) -> Self {
        let (sender, changes) = watch::channel(0);
        let ledger = Ledger::new(settings.ledger_entries);
        let names = Names::new(switch.definition(), &settings.csta_namespace);
        let exchange = Exchange {
            switch,
            settings,
            users,
            names,
            sessions: Sessions::default(),
            monitors: Monitors::default(),
            faults: Faults::default(),
            kept: Vec::new(),
            tape: None,
            status_requests: BTreeSet::new(),
            status_answers: 0,
            lines: BTreeMap::new(),
            last_line: 0,
            last_invoke_id: 0,
            changes: sender,
        };
        Self { exchange: Arc::new(Mutex::new(exchange)), ledger, changes }
    }

    /// Takes the lock. Never hold it over an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Exchange> {
        // A simulator that panicked has failed its test already; others may still read its ledger.
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next change of sessions or monitors after the look that `receiver` had last.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Waits until the state is as asked; looks again at each change of sessions and monitors.
    pub(crate) async fn until(&self, is_so: impl Fn(&Exchange) -> bool) {
        let mut changes = self.changes.clone();
        loop {
            changes.borrow_and_update();
            if is_so(&self.lock()) {
                return;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Exchange {
    /// Sessions or monitors changed: wakes whoever waits for them.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn connect(&mut self, line: Line) -> u64 {
        self.last_line += 1;
        self.lines.insert(self.last_line, line);
        self.changed();
        self.last_line
    }

    pub(crate) fn disconnect(&mut self, connection: u64) {
        if let Some(line) = self.lines.remove(&connection) {
            line.outbox.close();
        }
        self.status_requests.retain(|(asked, _)| *asked != connection);
        self.sessions.detach(connection, Instant::now());
        self.changed();
    }

    pub(crate) fn line(&self, connection: u64) -> Option<&Line> {
        self.lines.get(&connection)
    }

    pub(crate) fn line_mut(&mut self, connection: u64) -> Option<&mut Line> {
        self.lines.get_mut(&connection)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &Line)> {
        self.lines.iter().map(|(connection, line)| (*connection, line))
    }

    /// Connections that are open, also those gone dead.
    pub(crate) fn connections(&self) -> usize {
        self.lines.len()
    }

    /// Devices that an attached session watches.
    pub(crate) fn watched_devices(&self) -> BTreeSet<&str> {
        let attached = |session: &str| self.sessions.get(session).is_some_and(|session| session.connection.is_some());
        let monitors = self.monitors.iter().filter(|monitor| attached(&monitor.session));
        monitors
            .filter_map(|monitor| match &monitor.watched {
                Watched::Device(device) | Watched::CallsVia(device) => Some(device.as_str()),
                Watched::Call(_) | Watched::Session => None,
            })
            .collect()
    }

    /// The session that speaks on a connection, if it still exists.
    pub(crate) fn session_on(&self, connection: u64) -> Option<Arc<str>> {
        let session = self.lines.get(&connection)?.session.clone()?;
        self.sessions.get(&session).map(|session| session.id.clone())
    }

    /// Queues a frame. A body too long for a frame is not sent, as a real server could not.
    pub(crate) fn send(&mut self, connection: u64, invoke_id: u16, body: &[u8], note: Option<Note>) {
        match encode(invoke_id, body) {
            Ok(bytes) => self.send_bytes(connection, Outgoing { bytes, note }),
            Err(error) => tracing::warn!(connection, %error, "a document was too long to be sent"),
        }
    }

    pub(crate) fn send_bytes(&mut self, connection: u64, frame: Outgoing) {
        if let Some(tape) = &mut self.tape {
            tape.frames.push((connection, frame));
        } else if let Some(line) = self.lines.get(&connection) {
            line.outbox.push(frame);
        }
    }

    /// Answers a request, late or twice if so asked.
    pub(crate) fn answer(&mut self, connection: u64, invoke_id: u16, body: &str) {
        match self.faults.answering() {
            Answering::AtOnce => self.send(connection, invoke_id, body.as_bytes(), None),
            Answering::Twice => {
                self.send(connection, invoke_id, body.as_bytes(), None);
                self.send(connection, invoke_id, body.as_bytes(), None);
            }
            Answering::Never => {}
            Answering::Late(by) => {
                let Some(line) = self.lines.get(&connection) else { return };
                let (outbox, closing) = (line.outbox.clone(), line.closing.clone());
                let Ok(bytes) = encode(invoke_id, body.as_bytes()) else { return };
                tokio::spawn(async move {
                    let due = tokio::time::sleep(by);
                    if closing.run_until_cancelled(due).await.is_some() {
                        outbox.push(Outgoing { bytes, note: None });
                    }
                });
            }
        }
    }

    /// The next invoke id for a request of the server's own (`SystemStatus`). Counts by itself, so it may well be
    /// one that the client uses too: the documents tell them apart.
    pub(crate) fn next_invoke_id(&mut self) -> u16 {
        self.last_invoke_id = (self.last_invoke_id + 1) % EVENT_INVOKE_ID;
        self.last_invoke_id
    }

    /// Ends sessions whose time is over. Answers when to look again.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Instant> {
        for id in self.sessions.over(now) {
            self.end_session(&id, Some("sessionTimerExpired"));
        }
        self.sessions.next_end()
    }

    /// Ends a session and its monitors; with a reason the client is told.
    pub(crate) fn end_session(&mut self, id: &str, reason: Option<&str>) {
        let Some(session) = self.sessions.remove(id) else { return };
        self.monitors.stop_all(id);
        if let (Some(connection), Some(reason)) = (session.connection, reason) {
            let body =
                Markup::document("ApplicationSessionTerminated", crate::avaya_dmcc::csta::APPLICATION_SESSION, |m| {
                    m.leaf("sessionID", id);
                    m.within("sessionTermReason", |m| m.leaf("definedTermReason", reason));
                });
            let note = Note::plain(connection, &session.id, "ApplicationSessionTerminated");
            self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
        }
        self.changed();
    }

    /// Tells whoever asked that the link to the switch went down or came back.
    pub(crate) fn tell_link(&mut self, up: bool) {
        let attached: Vec<(u64, Arc<str>, Option<String>)> = self
            .sessions
            .iter()
            .filter_map(|session| Some((session.connection?, session.id.clone(), session.status_registration.clone())))
            .collect();
        for (connection, session, registration) in attached {
            if let Some(registration) = registration {
                let body = self.system_status(&registration, up);
                let invoke_id = self.next_invoke_id();
                self.status_requests.insert((connection, invoke_id));
                let note = Note::plain(connection, &session, "SystemStatus");
                self.send(connection, invoke_id, body.as_bytes(), Some(note));
            }
            let wants = |(_, monitor): &(u64, &super::monitors::Monitor)| monitor.link_events;
            let references: Vec<Arc<str>> =
                self.monitors.of(&session).filter(wants).map(|(_, monitor)| monitor.cross_reference.clone()).collect();
            let kind = if up { "LinkUpEvent" } else { "LinkDownEvent" };
            for cross_reference in references {
                let body = Markup::document(kind, AVAYA, |m| {
                    m.leaf("eventListenerId", &cross_reference);
                    m.leaf("linkName", &self.switch.definition().name);
                    m.truth("autoReconnect", true);
                });
                let note = Note { cross_reference, ..Note::plain(connection, &session, kind) };
                self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
            }
        }
    }

    fn system_status(&self, registration: &str, up: bool) -> String {
        Markup::document("SystemStatus", &self.names.csta, |m| {
            m.leaf("sysStatRegisterID", registration);
            m.leaf("systemStatus", if up { "enabled" } else { "disabled" });
            m.within("extensions", |m| {
                m.within("privateData", |m| {
                    m.within("private", |m| {
                        m.within_namespace("SwitchTlinkStatus", AVAYA, |m| {
                            m.leaf("switchName", &self.switch.definition().name);
                            m.leaf("tlinkStatus", if up { "tlinkUp" } else { "tlinkDown" });
                        });
                    });
                });
            });
        })
    }
}
