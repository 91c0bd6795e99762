//! The session with an AES, sans-IO: login, keep-alive, recovery, monitors, snapshots.
//!
//! - [`session`]: start, recovery, keep-alive, good-bye (rules 9–11).
//! - [`monitors`], [`pace`], [`pending`]: what is monitored, how fast it is asked for, what waits for an answer.
//! - [`answers`]: what an answer means; [`resync`]: state read anew after a gap (rule 12).
//! - [`stream`]: whole frames, and the stream that breaks its form.
//! - [`health`]: the link between AES and switch, gaps (rule 13); [`checkpoint`]: what outlives the process.
//!
//! Everything that concerns calls is [`super::translate`]'s; here is only what needs a session.

mod answers;
mod checkpoint;
mod health;
mod monitors;
mod pace;
mod pending;
mod resync;
mod session;
mod stream;

use std::time::Duration;

use bytes::Bytes;
use trunkline_events::Timestamp;

use self::health::Health;
use self::monitors::Monitors;
use self::pace::Pace;
use self::pending::{Asked, Errand, Pending, Task};
use self::resync::Resync;
use self::session::Session;
use self::stream::Stream;
use super::agents::Agents;
use super::calls::telling::Site;
use super::calls::{Calls, Wishes};
use super::params::Settings;
use super::translate::{Heard, Translation, Trust};
use super::wire::frame::{EVENT, Frame, frame};
use super::wire::messages::answers::switch_link;
use super::wire::messages::requests::Csta;
use super::wire::xml::{Document, Element};
use crate::contract::{Ability, Action, Actions, Input, Protocol, ProtocolError, SourceId};

/// Timers; see [`Dmcc::tick`].
const KEEP_ALIVE: &str = "keep-alive";
const PACE: &str = "pace";
const PATIENCE: &str = "patience";
const CHECKPOINT: &str = "checkpoint";
const AGENTS: &str = "agents";
const AUDIT: &str = "audit";
const FRAME: &str = "frame";

/// One link to one AES.
pub(crate) struct Dmcc {
    settings: Settings,
    source: String,
    stream: Stream,
    pending: Pending,
    session: Session,
    csta: Csta,
    monitors: Monitors,
    pace: Pace,
    resync: Resync,
    health: Health,
    translation: Translation,
    /// When the last frame came.
    heard: Option<Timestamp>,
    /// A checkpoint is due.
    dirty: bool,
}

impl Dmcc {
    /// From validated settings.
    pub(crate) fn new(id: &SourceId, settings: Settings) -> Self {
        let source = id.source();
        let site = Site {
            source: source.clone(),
            plan: settings.plan.clone(),
            agents: Agents::default(),
            window: i64::try_from(settings.dedupe_window).unwrap_or(5) * 1000,
            epoch: None,
        };
        Self {
            source,
            stream: Stream::default(),
            pending: Pending::default(),
            session: Session::default(),
            csta: Csta::default(),
            monitors: Monitors::new(&settings),
            pace: Pace::new(settings.rate),
            resync: Resync::default(),
            health: Health::default(),
            translation: Translation::new(Calls::new(site)),
            heard: None,
            dirty: false,
            settings,
        }
    }

    /// Sends a request that waits for its answer.
    fn ask(&mut self, asked: Asked, body: &str, out: &mut Actions) {
        let Some(invoke) = self.pending.add(asked, out.now().unix_millis()) else {
            tracing::warn!(source = %self.source, "all invoke ids wait for an answer, a request is not sent");
            return;
        };
        if self.pending.len() == 1 {
            let patience = Duration::from_millis(pending::PATIENCE.unsigned_abs());
            out.push(Action::Timer { timer: PATIENCE, after: Some(patience) });
        }
        if !self.send(invoke, body, out) {
            self.pending.answered(invoke);
        }
    }

    /// Sends a message; false if it fits in no frame.
    fn send(&mut self, invoke: u16, body: &str, out: &mut Actions) -> bool {
        match frame(invoke, body) {
            Ok(bytes) => {
                out.push(Action::Send(bytes));
                true
            }
            Err(error) => {
                tracing::error!(source = %self.source, %error, "a message cannot be sent");
                false
            }
        }
    }

    fn frame(&mut self, frame: &Frame, out: &mut Actions) -> Result<(), ProtocolError> {
        let before = self.heard.replace(out.now());
        let document = Document::parse(&frame.body)
            .map_err(|error| ProtocolError::skip(format!("a message is refused: {error}"), frame.body.clone()))?;
        self.stream.sound(out.now());
        let root = document.root();
        if let Some(link) = switch_link(root) {
            if root.name() == "SystemStatus" {
                let answer = self.csta.system_status_response();
                self.send(frame.invoke, &answer, out);
            }
            self.switch_link(link, before, out);
            return Ok(());
        }
        match root.name() {
            "ApplicationSessionTerminated" => self.session_terminated(before, out),
            "MonitorStop" => {
                self.monitor_stopped(frame.invoke, root, out);
                Ok(())
            }
            name if frame.invoke != EVENT && !name.ends_with("Event") => self.answer(frame, root, out),
            _ => self.event(root, &frame.body, out),
        }
    }

    fn event(&mut self, root: Element<'_>, raw: &Bytes, out: &mut Actions) -> Result<(), ProtocolError> {
        // The first events of a monitor may overtake the answer that names it.
        let trust = if self.pending.starts_monitor() { Trust::Anyone } else { Trust::OwnMonitors };
        match self.translation.hear(root, raw, trust, out)? {
            Heard::Call(wishes) => {
                self.dirty = true;
                self.switch_speaks(out);
                self.grant(wishes, out);
            }
            Heard::Agent(changed) => self.dirty |= changed,
            Heard::Opaque => {}
        }
        Ok(())
    }

    /// Asks the switch what the calls want to know.
    fn grant(&mut self, wishes: Wishes, out: &mut Actions) {
        if let Some((id, device)) = wishes.linkage {
            self.pace.urgent(Task::new(Errand::Linkage { id, device }, 0));
            self.pump(out);
        }
        if let Some(station) = wishes.suspect.and_then(|extension| self.monitors.station(&extension)) {
            self.pace.urgent(Task::new(Errand::Device(station), 0));
            self.pump(out);
        }
    }

    /// The switch ended a monitor: it is set again, unless the session ends too.
    fn monitor_stopped(&mut self, invoke: u16, root: Element<'_>, out: &mut Actions) {
        if invoke != EVENT {
            let answer = self.csta.monitor_stop_response();
            self.send(invoke, &answer, out);
        }
        let Some(cross_ref) = root.text_of("monitorCrossRefID") else { return };
        self.translation.monitor_ended(cross_ref);
        if let Some(number) = self.monitors.ended(cross_ref, out.now()) {
            tracing::info!(source = %self.source, "the switch ended a monitor, it is set again");
            self.pace.later(out.now().unix_millis() + resync::FIRST_RETRY, Task::new(Errand::Monitor(number), 0));
            self.pump(out);
        }
    }

    fn tick(&mut self, timer: &str, out: &mut Actions) -> Result<(), ProtocolError> {
        match timer {
            KEEP_ALIVE => return self.keep_alive(out),
            PACE => self.pump(out),
            PATIENCE => return self.expire(out),
            CHECKPOINT => self.save(out),
            AGENTS => self.poll_agents(out),
            AUDIT => self.audit(out),
            FRAME => return self.still_unfinished(out),
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, input: &Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Restored(saved) => self.restore(*saved, out),
            Input::Opened { .. } => self.open(out),
            Input::Bytes(bytes) => return self.bytes(bytes, out),
            Input::Tick { timer } => return self.tick(timer, out),
            Input::Closed { .. } => self.closed(out),
            Input::Stopping => self.say_goodbye(out),
            Input::Command(command) => {
                let result = match command.ability {
                    Ability::CheckCalls => self.check_calls(&command.body, out),
                    _ => Err("an Avaya DMCC connector can only check calls".to_owned()),
                };
                out.push(Action::CommandDone { key: command.key.clone(), result });
            }
            Input::Response { .. } | Input::Webhook(_) => {
                return Err(ProtocolError::skip("an AES does not speak HTTP", Bytes::new()));
            }
        }
        Ok(())
    }
}

impl Protocol for Dmcc {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        let was_dirty = self.dirty;
        let taken = self.take(&input, out);
        if self.dirty && !was_dirty {
            out.push(Action::Timer { timer: CHECKPOINT, after: Some(checkpoint::DELAY) });
        }
        taken
    }
}

#[cfg(test)]
mod tests;
