//! From what happens on the switch to frames on connections; and what goes wrong with them on request.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::misbehaviour::{HoldBack, broken_body};
use super::monitors::Watched;
use super::{BrokenBody, Exchange, Misbehaviour, Note, Outgoing};
use crate::avaya_dmcc::csta::{EVENT_INVOKE_ID, HEADER, Markup, agent_event, call_event, encode};
use crate::avaya_dmcc::switch::{
    AgentOccurrence, CallOccurrence, LocalState, Occurrence, Stepped, SwitchError, Verb, What,
};

/// An occurrence that waits for another to go first.
#[derive(Debug)]
pub(crate) struct Kept {
    occurrence: CallOccurrence,
    until: String,
}

impl Exchange {
    /// Does a verb on the switch and sends what monitors see of it.
    pub(crate) fn step(&mut self, verb: &Verb) -> Result<Stepped, SwitchError> {
        let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or(0);
        let stepped = self.switch.apply(verb, now)?;
        for occurrence in &stepped.occurrences {
            match occurrence {
                Occurrence::Call(call) => self.call_occurrence(call),
                Occurrence::Agent(agent) => self.agent_occurrence(agent),
            }
        }
        Ok(stepped)
    }

    fn call_occurrence(&mut self, occurrence: &CallOccurrence) {
        let root = occurrence.what.root();
        if self.faults.link_down || self.faults.loses(root) {
            // Followers learn of it all the same, so that the books of monitors stay right.
            self.monitors.seeing(occurrence);
            return;
        }
        let rule = self.faults.hold_back.iter().position(|rule| rule.event == root);
        if let Some(rule) = rule {
            let HoldBack { until, .. } = self.faults.hold_back.remove(rule);
            self.kept.push(Kept { occurrence: occurrence.clone(), until });
            return;
        }
        self.show(occurrence);
        let key = occurrence.call.key;
        let over = occurrence.what == What::CallCleared;
        let due = |kept: &mut Kept| kept.occurrence.call.key == key && (over || kept.until == root);
        let due: Vec<Kept> = self.kept.extract_if(.., due).collect();
        for kept in &due {
            self.show(&kept.occurrence);
        }
    }

    fn show(&mut self, occurrence: &CallOccurrence) {
        let seeing = self.monitors.seeing(occurrence);
        if seeing.is_empty() {
            return;
        }
        let call: Arc<str> = occurrence.call.name.as_str().into();
        let ucid: Arc<str> = occurrence.call.ucid.as_str().into();
        for (serial, local) in seeing {
            let Some((connection, session, cross_reference)) = self.listener(serial, occurrence.what.root()) else {
                continue;
            };
            let note = Note {
                call_id: Some(occurrence.call.id),
                call: Some(call.clone()),
                ucid: Some(ucid.clone()),
                cross_reference,
                ..Note::plain(connection, &session, occurrence.what.root())
            };
            self.show_to(note, local, occurrence);
        }
    }

    fn show_to(&mut self, note: Note, local: Option<LocalState>, occurrence: &CallOccurrence) {
        let body = call_event(&self.names, &note.cross_reference, local, occurrence);
        let connection = note.connection;
        let twin = self.faults.duplicate_monitors.then(|| note.clone());
        self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
        if let Some(note) = twin {
            let cross_reference: Arc<str> = format!("9{:0>6}", note.cross_reference).into();
            let body = call_event(&self.names, &cross_reference, local, occurrence);
            let note = Note { cross_reference, fault: Some("duplicate"), ..note };
            self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
        }
    }

    /// Where a monitor's events go, when somebody is there and wants this one.
    fn listener(&self, serial: u64, root: &str) -> Option<(u64, Arc<str>, Arc<str>)> {
        let monitor = self.monitors.get(serial).filter(|monitor| monitor.filter.passes(root))?;
        let connection = self.sessions.get(&monitor.session)?.connection?;
        Some((connection, monitor.session.clone(), monitor.cross_reference.clone()))
    }

    /// Log-on and log-off are told on the skill's monitors, the other states on the station's (avaya.md 1.7).
    fn agent_occurrence(&mut self, occurrence: &AgentOccurrence) {
        if self.faults.link_down || self.faults.loses(occurrence.root) {
            return;
        }
        let on_skill = matches!(occurrence.root, "AgentLoggedOnEvent" | "AgentLoggedOffEvent");
        if !on_skill && !self.settings.agent_states_on_stations {
            return;
        }
        let device = if on_skill { &occurrence.skill } else { &occurrence.station };
        let serials: Vec<u64> = self.monitors.on(device).collect();
        for serial in serials {
            let Some((connection, session, cross_reference)) = self.listener(serial, occurrence.root) else { continue };
            let body = agent_event(&self.names, &cross_reference, occurrence);
            let note = Note { cross_reference, ..Note::plain(connection, &session, occurrence.root) };
            self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
        }
    }

    /// Starts, ends or does once what is asked.
    pub(crate) fn misbehave(&mut self, wanted: &Misbehaviour) {
        let milliseconds = |count: u64| (count > 0).then(|| Duration::from_millis(count));
        let faults = &mut self.faults;
        match wanted {
            Misbehaviour::Split { bytes } => faults.manners.split = (*bytes > 0).then_some(*bytes),
            Misbehaviour::Merge { milliseconds: by } => faults.manners.merge = milliseconds(*by),
            Misbehaviour::Delay { milliseconds: by } => faults.manners.delay = milliseconds(*by),
            Misbehaviour::DuplicateMonitors { on } => faults.duplicate_monitors = *on,
            Misbehaviour::Lose { event, count } => faults.lose.push((event.clone(), *count)),
            Misbehaviour::HoldBack { event, until } => {
                faults.hold_back.push(HoldBack { event: event.clone(), until: until.clone() });
            }
            Misbehaviour::LateResponse { milliseconds, count } => {
                faults.late = Some((Duration::from_millis(*milliseconds), *count));
            }
            Misbehaviour::DuplicateResponse { count } => faults.twice = *count,
            Misbehaviour::NoResponse { count } => faults.silent = *count,
            Misbehaviour::RefuseLicences { on } => faults.refuse_licences = *on,
            Misbehaviour::RefusePasswords { on } => faults.refuse_passwords = *on,
            Misbehaviour::RefuseVersions { on } => faults.refuse_versions = *on,
            Misbehaviour::Busy { on } => faults.busy = *on,
            Misbehaviour::LinkDown => self.set_link(false),
            Misbehaviour::LinkUp => self.set_link(true),
            Misbehaviour::Normal => {
                self.set_link(true);
                self.faults = super::misbehaviour::Faults::default();
            }
            Misbehaviour::Drop => self.drop_all(),
            Misbehaviour::HalfOpen => self.lines().for_each(|(_, line)| line.frozen.cancel()),
            Misbehaviour::ForgetSession { tell } => {
                let ids: Vec<Arc<str>> = self.sessions.iter().map(|session| session.id.clone()).collect();
                for id in &ids {
                    self.end_session(id, tell.then_some("resourceLimitation"));
                }
            }
            Misbehaviour::WrongLength { length } => self.send_header([0, 0], Some(*length), "wrong-length"),
            Misbehaviour::BadIndicator => self.send_header([0, 1], None, "bad-indicator"),
            Misbehaviour::BrokenBody { how } => self.send_broken(*how),
            Misbehaviour::UnknownCrossReference => self.send_stranger(),
            Misbehaviour::StopMonitor { device } => self.end_monitors(device),
        }
    }

    /// Closes every connection. Its sessions wait for their owners from this moment on.
    fn drop_all(&mut self) {
        let connections: Vec<u64> = self.lines().map(|(connection, _)| connection).collect();
        for connection in connections {
            if let Some(line) = self.line(connection) {
                line.closing.cancel();
            }
            self.disconnect(connection);
        }
    }

    fn set_link(&mut self, up: bool) {
        if self.faults.link_down == up {
            self.faults.link_down = !up;
            self.tell_link(up);
        }
    }

    fn attached(&self) -> Vec<(u64, Arc<str>)> {
        self.sessions.iter().filter_map(|session| Some((session.connection?, session.id.clone()))).collect()
    }

    /// A frame whose header is wrong around a good body.
    fn send_header(&mut self, indicator: [u8; 2], length: Option<u16>, fault: &'static str) {
        let body = broken_body(BrokenBody::UnknownEvent, &self.names.csta);
        let Ok(mut bytes) = encode(EVENT_INVOKE_ID, &body) else { return };
        bytes[..2].copy_from_slice(&indicator);
        if let Some(length) = length {
            bytes[2..HEADER - 4].copy_from_slice(&length.to_be_bytes());
        }
        for (connection, session) in self.attached() {
            let note = Note { fault: Some(fault), ..Note::plain(connection, &session, "BrokenFrame") };
            self.send_bytes(connection, Outgoing { bytes: bytes.clone(), note: Some(note) });
        }
    }

    fn send_broken(&mut self, how: BrokenBody) {
        let body = broken_body(how, &self.names.csta);
        for (connection, session) in self.attached() {
            let note = Note { fault: Some(how.word()), ..Note::plain(connection, &session, "BrokenBody") };
            self.send(connection, EVENT_INVOKE_ID, &body, Some(note));
        }
    }

    fn send_stranger(&mut self) {
        let device = self.switch.devices().next().unwrap_or("0").to_owned();
        let body = Markup::document("HeldEvent", &self.names.csta, |m| {
            m.leaf("monitorCrossRefID", "987654321");
            self.names.connection(m, "heldConnection", 4_294_967_295, &device);
            self.names.subject(m, "holdingDevice", &device);
            m.leaf("localConnectionInfo", "hold");
            m.leaf("cause", "normal");
        });
        for (connection, session) in self.attached() {
            let note = Note {
                cross_reference: "987654321".into(),
                fault: Some("unknown-cross-reference"),
                ..Note::plain(connection, &session, "HeldEvent")
            };
            self.send(connection, EVENT_INVOKE_ID, body.as_bytes(), Some(note));
        }
    }

    /// Ends all monitors of a device with a `MonitorStop` of the server's own.
    fn end_monitors(&mut self, device: &str) {
        let of_device = |watched: &Watched| match watched {
            Watched::Device(of) | Watched::CallsVia(of) => of == device,
            Watched::Call(_) | Watched::Session => false,
        };
        let ended: Vec<(Arc<str>, Arc<str>)> = self
            .monitors
            .iter()
            .filter(|monitor| of_device(&monitor.watched))
            .map(|monitor| (monitor.session.clone(), monitor.cross_reference.clone()))
            .collect();
        for (session, cross_reference) in ended {
            self.monitors.stop(&session, &cross_reference);
            let Some(connection) = self.sessions.get(&session).and_then(|session| session.connection) else { continue };
            let body =
                Markup::document("MonitorStop", &self.names.csta, |m| m.leaf("monitorCrossRefID", &cross_reference));
            let invoke_id = self.next_invoke_id();
            let note = Note { cross_reference, ..Note::plain(connection, &session, "MonitorStop") };
            self.send(connection, invoke_id, body.as_bytes(), Some(note));
        }
        self.changed();
    }

    /// Monitors that attached sessions have set.
    pub(crate) fn live_monitors(&self) -> usize {
        let attached = |session: &str| self.sessions.get(session).is_some_and(|session| session.connection.is_some());
        let counts = |watched: &Watched| *watched != Watched::Session;
        self.monitors.iter().filter(|monitor| counts(&monitor.watched) && attached(&monitor.session)).count()
    }
}
