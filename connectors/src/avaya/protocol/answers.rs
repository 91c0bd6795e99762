//! What an answer means for the thing that was asked.

use super::super::calls::{Reconciled, Unseen};
use super::super::wire::frame::Frame;
use super::super::wire::messages::answers::{Refusal, Verdict, agent_found, call_snapshot, snapshot};
use super::super::wire::messages::data::ucid;
use super::super::wire::xml::Element;
use super::monitors::PointKind;
use super::pending::{Asked, Errand, Task, Waiting};
use super::resync::{FIRST_RETRY, LIMIT_RETRY, SLOWEST_RETRY};
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
                self.task_answered(&task, at, root, out);
                self.settle(task.resync, out);
                self.pump(out);
            }
        }
        Ok(())
    }

    fn task_answered(&mut self, task: &Task, asked: i64, root: Element<'_>, out: &mut Actions) {
        let refusal = Refusal::read(root);
        match (&task.errand, refusal) {
            (Errand::Monitor(number), Some(refusal)) => self.monitor_refused(*number, task.resync, &refusal, out),
            (Errand::Monitor(number), None) => self.monitor_set(*number, task.resync, asked, root, out),
            (Errand::DeviceId(number), None) => self.device_id_given(*number, task.resync, root),
            (Errand::DeviceId(number), Some(refusal)) => self.park(*number, &refusal),
            (Errand::Device(number), None) => self.device_read(*number, task.resync, asked, root, out),
            (Errand::Call { id, hint, .. }, refusal) => {
                self.call_read(id, hint.as_ref(), asked, root, refusal.as_ref(), out);
            }
            (Errand::Linkage { id, .. }, None) => {
                if let Some(ucid) = root.child("callLinkageData").and_then(ucid) {
                    self.translation.calls.linkage(id, ucid, out);
                    self.dirty = true;
                }
            }
            (Errand::Agent(number), None) => self.agent_read(*number, root, out),
            // Nothing was learned; the next round or event will.
            (Errand::Device(_) | Errand::Linkage { .. } | Errand::Agent(_), Some(_)) => {}
        }
    }

    fn monitor_set(&mut self, number: usize, resync: u32, asked: i64, root: Element<'_>, out: &mut Actions) {
        let Some(kind) = self.monitors.get(number).map(|point| point.kind) else { return };
        let Some(cross_ref) = root.text_of("monitorCrossRefID").filter(|id| id.len() <= 256) else {
            self.try_again(number, FIRST_RETRY, out);
            return;
        };
        self.translation.monitor_started(cross_ref, kind == PointKind::Vdn);
        self.monitors.set(number, cross_ref);
        self.dirty = true;
        match (kind, snapshot(root)) {
            // The answer may hold the calls that are there already.
            (_, Some(_)) => self.device_read(number, resync, asked, root, out),
            (PointKind::Station, None) => self.also(Errand::Device(number), resync),
            (PointKind::Vdn | PointKind::Skill, None) => {}
        }
    }

    /// Rules 14, 15: try again later, much later, with the device id the AES wants, or not at all.
    fn monitor_refused(&mut self, number: usize, resync: u32, refusal: &Refusal, out: &mut Actions) {
        match refusal.verdict() {
            Verdict::Later => {
                let times = self.monitors.refused(number);
                let wait = FIRST_RETRY.saturating_mul(1 << times.saturating_sub(1).min(5)).min(SLOWEST_RETRY);
                self.pace.later(out.now().unix_millis() + wait, number);
            }
            Verdict::Limit => self.try_again(number, LIMIT_RETRY, out),
            Verdict::Never if refusal.code == "invalidDeviceID" && !self.monitors.has_given_id(number) => {
                self.also(Errand::DeviceId(number), resync);
            }
            Verdict::Never => self.park(number, refusal),
        }
        if self.monitors.get(number).is_some() && refusal.verdict() == Verdict::Limit {
            tracing::warn!(source = %self.source, "the AES's limit of monitors is reached, tried again in minutes");
        }
    }

    pub(crate) fn try_again(&mut self, number: usize, wait: i64, out: &Actions) {
        self.monitors.refused(number);
        self.pace.later(out.now().unix_millis() + wait, number);
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
        for unseen in reconciled.unseen {
            let device = Some(unseen.device.clone()).filter(|device| !device.is_empty());
            let hint = device.is_some().then(|| unseen.clone());
            self.also(Errand::Call { id: unseen.call, device, hint }, resync);
        }
    }

    fn call_read(
        &mut self,
        id: &str,
        hint: Option<&Unseen>,
        asked: i64,
        root: Element<'_>,
        refusal: Option<&Refusal>,
        out: &mut Actions,
    ) {
        // Only "there is no such call" is news; busy or denied tells nothing of the call.
        if refusal.is_some_and(|refusal| !says_unknown(refusal)) {
            return;
        }
        let read = refusal.is_none().then(|| call_snapshot(root));
        let calls = &mut self.translation.calls;
        if calls.call_read(id, read.as_ref(), hint, asked, out) {
            self.resync.count_vanished();
        }
        self.dirty = true;
    }

    fn agent_read(&mut self, number: usize, root: Element<'_>, out: &mut Actions) {
        let Some(extension) = self.monitors.get(number).map(|point| point.extension.clone()) else { return };
        let site = &mut self.translation.calls.site;
        self.dirty |= site.agents.found(&extension, agent_found(root).as_ref(), &site.source, out);
    }

    /// Frees what was not answered in time.
    pub(crate) fn expire(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        for asked in self.pending.expired(out.now().unix_millis()) {
            match asked {
                Asked::Session => return Err(ProtocolError::reset("the AES did not answer the login")),
                Asked::Task(task) => {
                    if let Errand::Monitor(number) = task.errand {
                        self.try_again(number, FIRST_RETRY, out);
                    }
                    self.settle(task.resync, out);
                }
                Asked::KeepAlive | Asked::SystemRegister | Asked::Farewell => {}
            }
        }
        if self.pending.len() > 0 {
            let again = std::time::Duration::from_secs(1);
            out.push(Action::Timer { timer: PATIENCE, after: Some(again) });
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
