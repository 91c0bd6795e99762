//! What an answer means for the thing that was asked.

use std::time::Duration;

use super::super::calls::{Reconciled, Unseen};
use super::super::wire::frame::Frame;
use super::super::wire::messages::answers::{CallSnapshot, Refusal, Verdict, agent_found, call_snapshot, snapshot};
use super::super::wire::messages::data::ucid;
use super::super::wire::xml::Element;
use super::monitors::PointKind;
use super::pending::{Asked, Errand, Task, Waiting};
use super::resync::{LIMIT_RETRY, MOST_TRIES};
use super::{Dmcc, PATIENCE};
use crate::contract::{Action, Actions, ProtocolError};

impl Dmcc {
    /// Takes an answer; one that nobody waits for is late and dropped (rule 4).
    pub(crate) fn answer(&mut self, frame: &Frame, root: Element<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        let Some(Waiting { asked, at }) = self.pending.answered(frame.invoke) else {
            metrics::counter!("trunkline_answers_late_total", "source" => self.source.clone()).increment(1);
            return Ok(());
        };
        match asked {
            Asked::Session => return self.session_answered(root, out),
            Asked::KeepAlive => self.kept_alive(root, out),
            Asked::SystemRegister => {
                if let Some(refusal) = Refusal::read(root) {
                    let code = refusal.category;
                    tracing::info!(source = %self.source, code, "the AES does not report its link to the switch");
                }
            }
            Asked::Farewell => {}
            Asked::Task(task) => {
                let round = task.resync;
                let done = match Refusal::read(root) {
                    Some(refusal) => self.task_refused(task, at, &refusal, out),
                    None => self.task_answered(task, at, root, out),
                };
                if done {
                    self.settle(round, out);
                }
                self.pump(out);
            }
        }
        Ok(())
    }

    /// True if it is done with; else it is asked again later.
    fn task_refused(&mut self, task: Task, asked: i64, refusal: &Refusal, out: &mut Actions) -> bool {
        match (&task.errand, refusal.verdict()) {
            (Errand::Monitor(number), verdict) => return self.monitor_refused(*number, verdict, task, refusal, out),
            (Errand::DeviceId(number), Verdict::Never) => self.park(*number, refusal),
            (Errand::DeviceId(_), Verdict::Later | Verdict::Limit) => return self.once_more(task, out),
            (Errand::Call { id, hint, .. }, _) if says_unknown(refusal) => {
                self.call_read(id, hint.as_ref(), asked, None, out);
            }
            (Errand::Call { .. } | Errand::Device(_), Verdict::Later | Verdict::Limit) if task.tries < MOST_TRIES => {
                return self.once_more(task, out);
            }
            // Nothing was learned; the next round or event will.
            (Errand::Call { .. } | Errand::Device(_) | Errand::Linkage { .. } | Errand::Agent(_), _) => {}
        }
        true
    }

    /// Never done: says so.
    fn once_more(&mut self, task: Task, out: &mut Actions) -> bool {
        self.put_off(task, out);
        false
    }

    /// True if it is done with; else it is asked again later.
    fn task_answered(&mut self, task: Task, asked: i64, root: Element<'_>, out: &mut Actions) -> bool {
        match &task.errand {
            Errand::Monitor(number) => match root.text_of("monitorCrossRefID").filter(|id| id.len() <= 256) {
                Some(cross_ref) => self.monitor_set(*number, cross_ref, task.resync, asked, root, out),
                None => return self.once_more(task, out),
            },
            Errand::DeviceId(number) => self.device_id_given(*number, task.resync, root),
            Errand::Device(number) => self.device_read(*number, task.resync, asked, root, out),
            Errand::Call { id, hint, .. } => {
                let read = call_snapshot(root);
                self.call_read(id, hint.as_ref(), asked, Some(&read), out);
            }
            Errand::Linkage { id, .. } => {
                if let Some(ucid) = root.child("callLinkageData").and_then(ucid) {
                    self.translation.calls.linkage(id, ucid, out);
                    self.dirty = true;
                }
            }
            Errand::Agent(number) => self.agent_read(*number, root, out),
        }
        true
    }

    fn monitor_set(
        &mut self,
        number: usize,
        cross_ref: &str,
        resync: u32,
        asked: i64,
        root: Element<'_>,
        out: &mut Actions,
    ) {
        let Some(kind) = self.monitors.get(number).map(|point| point.kind) else { return };
        self.switch_speaks(out);
        self.translation.monitor_started(cross_ref, kind == PointKind::Vdn);
        self.monitors.set(number, cross_ref);
        self.dirty = true;
        match (kind, snapshot(root)) {
            // The answer may hold the calls that are there already.
            (_, Some(_)) => self.device_read(number, resync, asked, root, out),
            (PointKind::Station, None) => self.also(Errand::Device(number), resync),
            (PointKind::Vdn | PointKind::Skill, None) => self.close_gap_of(number, 0, out),
        }
    }

    /// Rules 14, 15: try again later, much later, with the device id the AES wants, or not at all. True if a round need
    /// not wait for it.
    fn monitor_refused(
        &mut self,
        number: usize,
        verdict: Verdict,
        task: Task,
        refusal: &Refusal,
        out: &mut Actions,
    ) -> bool {
        match verdict {
            // It was asked for twice.
            _ if self.monitors.is_set(number) => {}
            Verdict::Later => return self.once_more(task, out),
            Verdict::Limit => {
                self.monitors.limit(number);
                self.pace.later(out.now().unix_millis() + LIMIT_RETRY, Task::new(Errand::Monitor(number), 0));
                tracing::warn!(source = %self.source, "the AES's limit of monitors is reached, tried again in minutes");
            }
            Verdict::Never if refusal.code == "invalidDeviceID" && !self.monitors.has_given_id(number) => {
                self.also(Errand::DeviceId(number), task.resync);
            }
            Verdict::Never => self.park(number, refusal),
        }
        true
    }

    fn park(&mut self, number: usize, refusal: &Refusal) {
        self.monitors.park(number);
        metrics::counter!("trunkline_monitors_parked_total", "source" => self.source.clone()).increment(1);
        let extension = self.monitors.get(number).map(|point| point.extension.clone()).unwrap_or_default();
        tracing::warn!(
            source = %self.source,
            extension,
            category = refusal.category,
            code = refusal.code,
            "the AES will not monitor a device: check its number and the user's rights"
        );
    }

    fn device_id_given(&mut self, number: usize, resync: u32, root: Element<'_>) {
        if let Some(id) = root.text_of("device") {
            self.monitors.give_id(number, id);
            self.also(Errand::Monitor(number), resync);
        }
    }

    fn device_read(&mut self, number: usize, resync: u32, asked: i64, root: Element<'_>, out: &mut Actions) {
        let Some((kind, extension)) = self.monitors.get(number).map(|point| (point.kind, point.extension.clone()))
        else {
            return;
        };
        let found = snapshot(root).unwrap_or_default();
        let calls = &mut self.translation.calls;
        let reconciled = if kind == PointKind::Station {
            calls.device_read(&extension, &found, asked, out)
        } else {
            // Calls wait at a VDN or skill; they have no leg there.
            let unseen = found.iter().filter(|one| calls.get(one.call).is_none()).map(|one| Unseen {
                call: one.call.to_owned(),
                device: String::new(),
                state: String::new(),
            });
            Reconciled { vanished: 0, unseen: unseen.collect() }
        };
        self.resync.count(resync, reconciled.vanished);
        self.dirty = true;
        self.switch_speaks(out);
        self.close_gap_of(number, reconciled.vanished, out);
        for unseen in reconciled.unseen {
            let device = Some(unseen.device.clone()).filter(|device| !device.is_empty());
            let hint = device.is_some().then(|| unseen.clone());
            self.also(Errand::Call { id: unseen.call, device, hint }, resync);
        }
    }

    /// What the switch says of a call; `None` if there is none such.
    fn call_read(
        &mut self,
        id: &str,
        hint: Option<&Unseen>,
        asked: i64,
        read: Option<&CallSnapshot<'_>>,
        out: &mut Actions,
    ) {
        if self.translation.calls.call_read(id, read, hint, asked, out) {
            self.resync.count_vanished();
        }
        self.dirty = true;
    }

    fn agent_read(&mut self, number: usize, root: Element<'_>, out: &mut Actions) {
        let Some(extension) = self.monitors.get(number).map(|point| point.extension.clone()) else { return };
        self.dirty |= self.translation.calls.agent_read(&extension, agent_found(root).as_ref(), out);
    }

    /// Frees what was not answered in time.
    pub(crate) fn expire(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        if !out.reads() {
            // Answers may be there and wait to be read.
            out.push(Action::Timer { timer: PATIENCE, after: Some(Duration::from_secs(1)) });
            return Ok(());
        }
        for asked in self.pending.expired(out.now().unix_millis()) {
            match asked {
                Asked::Session => return Err(ProtocolError::reset("the AES did not answer the login")),
                Asked::Task(task) => match &task.errand {
                    Errand::Monitor(_) | Errand::DeviceId(_) => self.put_off(task, out),
                    Errand::Device(_) | Errand::Call { .. } if task.tries < MOST_TRIES => self.put_off(task, out),
                    _ => self.settle(task.resync, out),
                },
                Asked::KeepAlive | Asked::SystemRegister | Asked::Farewell => {}
            }
        }
        if self.pending.len() > 0 {
            out.push(Action::Timer { timer: PATIENCE, after: Some(Duration::from_secs(1)) });
        }
        self.pump(out);
        Ok(())
    }
}

fn says_unknown(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_str(),
        "invalidCallID"
            | "invalidConnectionID"
            | "objectNotKnown"
            | "invalidObject"
            | "noActiveCall"
            | "invalidConnectionIDForActiveCall"
    )
}
