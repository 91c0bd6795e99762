//! Snapshots against what we believe (rule 12): legs and calls that vanished end as reconstructed, those that began
//! unseen are told as their state says, those we know as they are stay silent.
//!
//! A leg that changed after the snapshot was asked for is not judged by it.

use trunkline_events::call::{CallRef, Route};

use super::super::wire::messages::answers::{CallSnapshot, Found};
use super::call::{Call, LegState};
use super::origin::direction;
use super::telling::Stage;
use super::{Calls, reference};
use crate::contract::Actions;

/// A call that a snapshot shows and we do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// The switch's call id.
    pub(crate) call: String,
    /// A device of ours in it.
    pub(crate) device: String,
    /// The state of that device's leg.
    pub(crate) state: String,
}

/// What a snapshot changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reconciled {
    /// Calls that were closed because they had vanished.
    pub(crate) vanished: u32,
    /// Calls to be asked about.
    pub(crate) unseen: Vec<Unseen>,
}

impl Calls {
    /// Compares a device's connections with the legs it has in our books.
    pub(crate) fn device_read(
        &mut self,
        device: &str,
        found: &[Found<'_>],
        asked: i64,
        out: &mut Actions,
    ) -> Reconciled {
        let mut reconciled = Reconciled::default();
        for connection in found.iter().filter(|connection| !matches!(connection.state, "null" | "fail" | "queued")) {
            let id = self.joined.get(connection.call).map_or(connection.call, String::as_str).to_owned();
            let Some(call) = self.open.get_mut(&id) else {
                reconciled.unseen.push(Unseen {
                    call: id,
                    device: device.to_owned(),
                    state: connection.state.to_owned(),
                });
                continue;
            };
            call.confirm(device, connection.state, asked, &mut Stage { site: &self.site, teller: None, out });
        }
        let present = |call: &Call| {
            found.iter().any(|one| self.joined.get(one.call).map_or(one.call, String::as_str) == call.switch_id())
        };
        let missing: Vec<String> = self
            .open
            .values()
            .filter(|call| {
                call.live_legs().any(|leg| leg.extension.eq_ignore_ascii_case(device) && leg.changed <= asked)
            })
            .filter(|call| !present(call))
            .map(|call| call.switch_id().to_owned())
            .collect();
        for id in missing {
            reconciled.vanished += u32::from(self.leg_vanished(&id, device, out));
        }
        reconciled
    }

    /// True if the call is over with it.
    fn leg_vanished(&mut self, id: &str, device: &str, out: &mut Actions) -> bool {
        let Some(mut call) = self.open.remove(id) else { return false };
        let mut stage = Stage { site: &self.site, teller: None, out };
        call.leg_ended(device, None, &mut stage);
        let over = !call.followed && call.is_unwatched(&self.site.plan);
        if over {
            call.end(None, &mut stage);
            self.bury(call, out.now().unix_millis());
        } else {
            self.keep(call, out.now().unix_millis());
        }
        over
    }

    /// What the switch says of a call we asked about; `None` if it does not know it any more. True if it was closed.
    pub(crate) fn call_read(
        &mut self,
        id: &str,
        snapshot: Option<&CallSnapshot<'_>>,
        hint: Option<&Unseen>,
        asked: i64,
        out: &mut Actions,
    ) -> bool {
        let now = out.now().unix_millis();
        let known = self.open.remove(id);
        let mut stage = Stage { site: &self.site, teller: None, out };
        match (known, snapshot) {
            (Some(mut call), None) if call.touched <= asked => {
                call.end(None, &mut stage);
                self.bury(call, now);
                return true;
            }
            (Some(call), None) => drop(self.open.insert(id.to_owned(), call)),
            (None, None) => {}
            (known, Some(snapshot)) => {
                let mut call = known.unwrap_or_else(|| self.found_alive(id, snapshot, now));
                call.complete(snapshot, hint, asked, &mut stage);
                self.keep(call, now);
            }
        }
        false
    }

    /// A call that was told once and that we do not know: takes it in as a call to be asked about, and gives its id.
    /// Where the switch's id names another call by now, this one is over, and told so.
    pub(crate) fn doubt(&mut self, reference: CallRef, out: &mut Actions) -> Option<String> {
        let id = reference.switch_call_id.clone()?;
        let known = self.open.values().any(|call| call.goes_by(&reference));
        if known || self.ended.remembers(&reference) {
            return None;
        }
        let now = out.now().unix_millis();
        let mut call = Call::new(reference, now);
        call.mark = self.site.epoch;
        call.offered = true;
        if self.open.contains_key(&id) || self.joined.contains_key(&id) {
            call.end(None, &mut Stage { site: &self.site, teller: None, out });
            return None;
        }
        self.open.insert(id.clone(), call);
        Some(id)
    }

    /// A call that began while nobody listened.
    fn found_alive(&self, id: &str, snapshot: &CallSnapshot<'_>, now: i64) -> Call {
        let mut call = Call::new(reference(id, snapshot.ucid, now), now);
        call.mark = self.site.epoch;
        call.route = Route {
            calling: snapshot.calling.clone().unwrap_or_default(),
            called: snapshot.called.clone().unwrap_or_default(),
            ..Route::default()
        };
        let plan = &self.site.plan;
        call.route.vdn = call.route.called.number.clone().filter(|number| plan.is_vdn(number));
        call.route.direction = direction(plan, &call.route, false);
        call.origin = call.route.calling.number.clone().filter(|number| plan.is_surely_ours(number));
        call
    }

    /// Live calls that nothing was heard of since: the switch is to be asked about them.
    pub(crate) fn silent_since(&self, instant: i64) -> Vec<(String, Option<String>)> {
        let mut silent: Vec<_> = self
            .open
            .values()
            .filter(|call| call.touched < instant)
            .map(|call| (call.switch_id().to_owned(), call.live_legs().next().map(|leg| leg.extension.clone())))
            .collect();
        silent.sort();
        silent
    }

    /// Calls of which no monitor would tell the end, silent since then; and stations in calls that began before
    /// `began` and are silent since then too.
    pub(crate) fn doubtful(&self, silent: i64, began: i64) -> (Vec<String>, Vec<String>) {
        let quiet = || self.open.values().filter(move |call| call.touched < silent);
        let mut calls: Vec<String> = quiet()
            .filter(|call| call.is_unwatched(&self.site.plan) && (!call.followed || call.since < began))
            .map(|call| call.switch_id().to_owned())
            .collect();
        let mut stations: Vec<String> = quiet()
            .filter(|call| call.since < began)
            .flat_map(|call| call.live_legs().map(|leg| leg.extension.clone()))
            .collect();
        calls.sort();
        stations.sort();
        stations.dedup();
        (calls, stations)
    }
}

impl Call {
    /// The switch confirms a leg in a state; what we missed is told.
    fn confirm(&mut self, device: &str, found: &str, asked: i64, stage: &mut Stage<'_>) {
        self.touched = stage.now();
        if self.leg(device).is_some_and(|leg| leg.changed > asked) {
            return;
        }
        match (found, self.state(device)) {
            ("alerting", LegState::Gone) => self.ring(device, true, None, stage),
            ("connected", LegState::Held) => self.resumed(device, stage),
            ("connected", LegState::Gone | LegState::Ringing) if self.is_origin(device) => {
                self.set(device, LegState::Connected, stage.now());
            }
            ("connected", LegState::Gone | LegState::Ringing) => self.answer(device, true, stage),
            ("hold", LegState::Gone | LegState::Ringing) => {
                self.answer(device, true, stage);
                self.held(device, stage);
            }
            ("hold", LegState::Connected) => self.held(device, stage),
            _ => {}
        }
    }

    /// Takes a snapshot of the whole call.
    fn complete(&mut self, snapshot: &CallSnapshot<'_>, hint: Option<&Unseen>, asked: i64, stage: &mut Stage<'_>) {
        self.touched = stage.now();
        if let Some(ucid) = snapshot.ucid {
            self.name(ucid, stage);
        }
        self.offer(stage);
        let plan = &stage.site.plan;
        let ours = |one: &&Found<'_>| {
            one.device
                .is_some_and(|device| plan.is_internal(device) && !plan.is_entry(device) && !plan.is_recorder(device))
        };
        let mut legs: Vec<(String, String)> = snapshot
            .connections
            .iter()
            .filter(ours)
            .filter_map(|one| one.device.map(|device| (device.to_owned(), one.state.to_owned())))
            .collect();
        if let Some(hint) =
            hint.filter(|hint| !legs.iter().any(|(device, _)| device.eq_ignore_ascii_case(&hint.device)))
        {
            legs.push((hint.device.clone(), hint.state.clone()));
        }
        for (device, state) in legs {
            self.confirm(&device, &state, asked, stage);
        }
    }
}
