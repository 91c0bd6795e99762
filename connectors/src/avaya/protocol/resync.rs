//! State read anew after a gap (rule 12), and now and then where doubt remains.
//!
//! First every monitor that is missing is set and every station's connections are read, those with live calls first;
//! then the switch is asked about each call of which nothing was heard. What is over by then is closed as
//! reconstructed. Then the gap, if the session was lost, says from when to when, and `link.resynced` what was read.
//!
//! While the AES is busy the round waits: the gap does not close before each monitor stands, or is refused for good.
//! Only what waits for the AES's limit of monitors is not waited for; it has a gap of its own when it stands at last.

use std::collections::HashSet;
use std::time::Duration;

use trunkline_events::call::CallRef;
use trunkline_events::link::Resynced;
use trunkline_events::{Body, Timestamp};

use super::monitors::PointKind;
use super::pace::Next;
use super::pending::{Asked, Errand, Task};
use super::{AGENTS, AUDIT, Dmcc, PACE};
use crate::contract::{Action, Actions};

/// Milliseconds until a refused monitor is tried again: at first, at most, after a limit was reached.
pub(crate) const FIRST_RETRY: i64 = 2_000;
pub(crate) const SLOWEST_RETRY: i64 = 60_000;
pub(crate) const LIMIT_RETRY: i64 = 300_000;
/// How often state is asked for that a busy AES will not tell; monitors are asked for without end.
pub(crate) const MOST_TRIES: u32 = 8;
/// How often calls that nobody would tell the end of are looked for.
pub(crate) const AUDIT_EVERY: Duration = Duration::from_mins(1);
/// Such a call is asked about when it was silent so long, in milliseconds.
const SILENT: i64 = 120_000;
/// A call so old is asked about even if a monitor follows it, in milliseconds.
const OLD: i64 = 4 * 3_600_000;
/// Questions in one round.
const MOST_DOUBTS: usize = 20;

/// A round of reading.
#[derive(Debug, Default)]
pub(crate) struct Resync {
    round: u32,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    began: Timestamp,
    outstanding: usize,
    asked_about_calls: bool,
    read: u32,
    vanished: u32,
}

impl Resync {
    /// Whether a round is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Ends the round without a word: the link is gone.
    pub(crate) fn abort(&mut self) {
        self.running = None;
    }

    fn begin(&mut self, began: Timestamp) {
        self.round += 1;
        self.running = Some(Running { began, outstanding: 0, asked_about_calls: false, read: 0, vanished: 0 });
    }

    fn current(&mut self, round: u32) -> Option<&mut Running> {
        self.running.as_mut().filter(|_| round == self.round)
    }

    /// Calls that a reading of this round closed.
    pub(crate) fn count(&mut self, round: u32, vanished: u32) {
        if let Some(running) = self.current(round) {
            running.vanished += vanished;
        }
    }

    /// A call that was closed by a question.
    pub(crate) fn count_vanished(&mut self) {
        if let Some(running) = &mut self.running {
            running.vanished += 1;
        }
    }
}

impl Dmcc {
    /// Starts a round: monitors that are missing, stations that are monitored.
    pub(crate) fn begin_resync(&mut self, out: &mut Actions) {
        self.resync.begin(out.now());
        self.pace.begin_round();
        let round = self.resync.round;
        let missing: Vec<usize> = self.monitors.missing().collect();
        let busy: HashSet<String> =
            self.translation.calls.iter().flat_map(|call| call.live_legs().map(|leg| leg.extension.clone())).collect();
        let mut set: Vec<usize> = self.monitors.stations().filter(|number| self.monitors.is_set(*number)).collect();
        let has_call = |number: &usize| self.monitors.get(*number).is_some_and(|point| busy.contains(&point.extension));
        set.sort_by_key(|number| !has_call(number));
        for errand in set.into_iter().map(Errand::Device).chain(missing.into_iter().map(Errand::Monitor)) {
            self.expect(round);
            self.pace.normal(Task::new(errand, round));
        }
        self.ask_for_agents();
        self.advance(out);
        self.pump(out);
    }

    /// Asks at leisure who sits where, at stations with a known agent first: who logged on before we listened tells
    /// nothing by himself. While a former round lasts there is no other.
    fn ask_for_agents(&mut self) {
        if !self.pace.is_at_leisure() {
            return;
        }
        let agents = &self.translation.calls.site.agents;
        let mut stations: Vec<usize> = self.monitors.stations().collect();
        stations
            .sort_by_key(|number| self.monitors.get(*number).is_none_or(|point| agents.at(&point.extension).is_none()));
        for number in stations {
            self.pace.leisure(Task::new(Errand::Agent(number), 0));
        }
    }

    fn expect(&mut self, round: u32) {
        if let Some(running) = self.resync.current(round) {
            running.outstanding += 1;
        }
    }

    /// Asks once more after a wait that doubles; a round that it belongs to waits for it.
    pub(crate) fn put_off(&mut self, mut task: Task, out: &mut Actions) {
        task.tries += 1;
        let wait = FIRST_RETRY.saturating_mul(1 << task.tries.saturating_sub(1).min(5)).min(SLOWEST_RETRY);
        self.pace.later(out.now().unix_millis() + wait, task);
    }

    /// One more question that the answer to another one raised.
    pub(crate) fn also(&mut self, errand: Errand, round: u32) {
        self.expect(round);
        self.pace.at_once(Task::new(errand, round));
    }

    /// A question of the round is answered, or will not be.
    pub(crate) fn settle(&mut self, round: u32, out: &mut Actions) {
        if let Some(running) = self.resync.current(round) {
            running.outstanding = running.outstanding.saturating_sub(1);
            running.read += 1;
            self.advance(out);
        }
    }

    /// Goes on to the next stage if this one is done.
    fn advance(&mut self, out: &mut Actions) {
        let Some(running) = self.resync.running.as_mut().filter(|running| running.outstanding == 0) else { return };
        let began = running.began.unix_millis();
        if !std::mem::replace(&mut running.asked_about_calls, true) {
            let silent = self.translation.calls.silent_since(began);
            for (id, device) in silent {
                self.also(Errand::Call { id, device, hint: None }, self.resync.round);
            }
        }
        if self.resync.running.as_ref().is_some_and(|running| running.outstanding == 0) {
            self.finish_resync(out);
        }
    }

    fn finish_resync(&mut self, out: &mut Actions) {
        let Some(running) = self.resync.running.take() else { return };
        let parked = self.monitors.parked().count();
        tracing::info!(source = %self.source, read = running.read, vanished = running.vanished, parked, "state is read");
        if parked > 0 {
            let some: Vec<&str> = self.monitors.parked().take(20).collect();
            tracing::warn!(source = %self.source, parked, extensions = ?some, "devices that the AES will not monitor");
        }
        let resynced = Resynced { read: running.read, vanished: running.vanished };
        // The gap first: a link that told a gap counts as resyncing until it says that it is done.
        self.close_gap(out);
        self.tell_link("session", Body::LinkResynced(resynced), out);
        self.dirty = true;
    }

    /// Sends what the pace allows now, and sets the timer for the rest.
    pub(crate) fn pump(&mut self, out: &mut Actions) {
        if !self.session.is_running() {
            return;
        }
        loop {
            let now = out.now().unix_millis();
            match self.pace.next(now, self.pending.len()) {
                Next::Send(task) => self.send_task(task, out),
                Next::Wait(milliseconds) => {
                    let after = Duration::from_millis(milliseconds.max(1).unsigned_abs());
                    out.push(Action::Timer { timer: PACE, after: Some(after) });
                    return;
                }
                Next::Idle => return,
            }
        }
    }

    fn send_task(&mut self, task: Task, out: &mut Actions) {
        let Some(request) = self.request(&task.errand) else {
            self.settle(task.resync, out);
            return;
        };
        self.ask(Asked::Task(task), &request, out);
    }

    /// The request of an errand; `None` if it has become pointless.
    fn request(&self, errand: &Errand) -> Option<String> {
        let compose = |device: &Option<String>| device.as_deref().map(|device| self.monitors.compose(device));
        Some(match errand {
            Errand::Monitor(number) => {
                let point = self.monitors.get(*number).filter(|_| !self.monitors.is_set(*number))?;
                self.csta.monitor_start(&self.monitors.device_id(*number)?, point.kind == PointKind::Vdn)
            }
            Errand::DeviceId(number) => {
                let point = self.monitors.get(*number)?;
                super::super::wire::messages::requests::get_device_id(&self.settings.switch_name, &point.extension)
            }
            Errand::Device(number) => self.csta.snapshot_device(&self.monitors.device_id(*number)?),
            Errand::Call { id, device, .. } => self.csta.snapshot_call(id, compose(device).as_deref()),
            Errand::Linkage { id, device } => {
                self.translation.calls.get(id).filter(|call| call.reference.ucid.is_none())?;
                self.csta.call_linkage(id, compose(device).as_deref())
            }
            Errand::Agent(number) => self.csta.agent_state(&self.monitors.device_id(*number)?),
        })
    }

    /// A round of asking who sits where; the next begins only when this one is through.
    pub(crate) fn poll_agents(&mut self, out: &mut Actions) {
        if !self.session.is_running() || self.settings.agent_poll == 0 {
            return;
        }
        self.ask_for_agents();
        out.push(Action::Timer { timer: AGENTS, after: Some(Duration::from_secs(self.settings.agent_poll)) });
        self.pump(out);
    }

    /// Asks the switch about calls that the records hold open and we know nothing of: they were told by a life of this
    /// process whose last memory was not kept.
    pub(crate) fn check_calls(&mut self, body: &serde_json::Value, out: &mut Actions) -> Result<(), String> {
        if !self.session.is_running() {
            return Err("there is no session to ask the switch by".to_owned());
        }
        let calls = body.get("calls").cloned().unwrap_or_default();
        let calls: Vec<CallRef> = serde_json::from_value(calls).map_err(|error| format!("calls: {error}"))?;
        for call in calls {
            if let Some(id) = self.translation.calls.doubt(call, out) {
                self.pace.leisure(Task::new(Errand::Call { id, device: None, hint: None }, 0));
            }
        }
        self.dirty = true;
        self.pump(out);
        Ok(())
    }

    /// Looks for calls whose end was missed.
    pub(crate) fn audit(&mut self, out: &mut Actions) {
        if !self.session.is_running() {
            return;
        }
        let now = out.now().unix_millis();
        let (calls, stations) = self.translation.calls.doubtful(now - SILENT, now - OLD);
        let stations: Vec<usize> =
            stations.iter().filter_map(|extension| self.monitors.station(extension)).take(MOST_DOUBTS).collect();
        for id in calls.into_iter().take(MOST_DOUBTS) {
            self.pace.leisure(Task::new(Errand::Call { id, device: None, hint: None }, 0));
        }
        for number in stations {
            self.pace.leisure(Task::new(Errand::Device(number), 0));
        }
        out.push(Action::Timer { timer: AUDIT, after: Some(AUDIT_EVERY) });
        self.pump(out);
    }
}
