//! Where a call comes from: its route, direction, data, taken from events and, after it was passed on, from what they
//! say of the original call (rules 20, 23).

use trunkline_events::call::{CallData, Direction, Party, Route};

use super::super::numbers::Plan;
use super::super::wire::messages::call_events::{CallEvent, CallEventKind};
use super::super::wire::messages::data::{Data, Original};
use super::call::{Call, LegState};
use super::telling::Stage;

impl Call {
    /// Takes over what an event knows of the call, before the event itself is looked at.
    pub(crate) fn learn(&mut self, event: &CallEvent<'_>, stage: &mut Stage<'_>) {
        let now = stage.now();
        self.touched = now;
        self.followed |= stage.teller.is_some_and(|teller| teller.follows);
        self.learn_origin(event, &stage.site.plan, now);
        self.learn_route(event, &stage.site.plan);
        let gained = self.learn_data(&event.data);
        // Rule 19: the UCID comes from the linkage data. One in the user data may be that of the call that was consulted about.
        match event.data.ucid {
            Some(ucid) if event.data.former_ucid.is_some() => self.rename(ucid, stage),
            Some(ucid) => self.name(ucid, stage),
            None => {}
        }
        if let Some(former) = event.data.former_ucid {
            self.name(former, stage);
        }
        // Ringing and answered carry the data themselves.
        let carries = matches!(event.kind, CallEventKind::Delivered | CallEventKind::Established);
        if self.offered && !carries && !gained.is_empty() {
            self.attach(gained, stage);
        }
    }

    fn learn_origin(&mut self, event: &CallEvent<'_>, plan: &Plan, now: i64) {
        let device = match event.kind {
            CallEventKind::ServiceInitiated | CallEventKind::Originated => event.subject.or(event.connection),
            _ if self.origin.is_none() => self.dialler(event, plan),
            _ => None,
        };
        let Some(device) = device else { return };
        if self.leg(device).is_none() {
            self.set(device, LegState::Connected, now);
        }
        self.origin.get_or_insert_with(|| device.to_owned());
    }

    /// Who dialled, where the event that tells it was missed: the calling device, if it is ours, and another party
    /// that is reached now is outside, or is told by a monitor whose own device talks already.
    fn dialler<'e>(&self, event: &'e CallEvent<'_>, plan: &Plan) -> Option<&'e str> {
        let calling = event.calling.as_ref()?.number.as_deref()?;
        let trunk = event.data.trunk.is_some() || self.route.trunk.is_some();
        let ours = plan.is_surely_ours(calling) || plan.is_internal(calling) && !trunk;
        // After a transfer events name who transferred as the calling device, and his leg is gone.
        let left = self.leg(calling).is_some_and(|leg| leg.state == LegState::Gone);
        if !ours || left || plan.is_entry(calling) || plan.is_recorder(calling) {
            return None;
        }
        let reached = event.subject.or(event.connection).filter(|at| !at.eq_ignore_ascii_case(calling))?;
        let outside = !plan.is_internal(reached);
        let by_the_dialler = event.local_state == Some("connected");
        match event.kind {
            CallEventKind::Delivered | CallEventKind::Failed => (outside || by_the_dialler).then_some(calling),
            CallEventKind::NetworkReached => Some(calling),
            CallEventKind::Established => outside.then_some(calling),
            _ => None,
        }
    }

    fn learn_route(&mut self, event: &CallEvent<'_>, plan: &Plan) {
        if let Some(original) = event.data.original.as_deref() {
            self.take_original(original, plan);
        }
        fill_party(&mut self.route.calling, event.calling.as_ref());
        fill_party(&mut self.route.called, event.called.as_ref());
        let distributing = event.data.distributing.filter(|device| plan.is_vdn(device));
        let vdn = event.data.vdn.or(distributing).or_else(|| event.subject.filter(|at| plan.is_vdn(at)));
        if let Some(vdn) = vdn {
            self.route.vdn = Some(vdn.to_owned());
        }
        let queued_at = event.subject.filter(|_| event.kind == CallEventKind::Queued);
        if let Some(queue) = event.data.queue.or(queued_at) {
            self.route.queue = Some(queue.to_owned());
        }
        if self.route.trunk.is_none() {
            self.route.trunk = event.data.trunk.map(str::to_owned);
        }
        if !self.offered {
            self.route.direction = direction(plan, &self.route, self.origin.is_some());
        }
    }

    /// The customer's side of a call that was passed on to this one.
    pub(crate) fn take_original(&mut self, original: &Original<'_>, plan: &Plan) {
        if original.calling.number.is_some() {
            self.route.calling = original.calling.clone();
            if original.called.number.is_some() {
                self.route.called = original.called.clone();
            }
            self.route.direction = direction(plan, &self.route, false);
        }
        if self.route.trunk.is_none() {
            self.route.trunk = original.data.trunk.map(str::to_owned);
        }
        self.learn_data(&original.data);
        if let Some(ucid) = original.data.ucid
            && self.reference.ucid.as_deref() != Some(ucid)
            && !self.former_ucids.iter().any(|former| former == ucid)
        {
            self.former_ucids.push(ucid.to_owned());
        }
    }

    /// Adds data; gives back what was new.
    fn learn_data(&mut self, data: &Data<'_>) -> CallData {
        let mut gained = CallData::default();
        let told = &data.attached;
        if told.uui_hex.is_some() && told.uui_hex != self.data.uui_hex {
            gained.uui_hex.clone_from(&told.uui_hex);
            gained.uui_text.clone_from(&told.uui_text);
            self.data.uui_hex.clone_from(&told.uui_hex);
            self.data.uui_text.clone_from(&told.uui_text);
        }
        if told.digits.is_some() && told.digits != self.data.digits {
            gained.digits.clone_from(&told.digits);
            self.data.digits.clone_from(&told.digits);
        }
        for (key, value) in &told.pairs {
            if self.data.pairs.insert(key.clone(), value.clone()).as_ref() != Some(value) {
                gained.pairs.insert(key.clone(), value.clone());
            }
        }
        gained
    }
}

/// A number once known stays: after a transfer events name the transferring agent as the calling device.
fn fill_party(known: &mut Party, told: Option<&Party>) {
    let Some(told) = told else { return };
    if known.number.is_none() && (told.number.is_some() || known.absent.is_none()) {
        known.clone_from(told);
    } else if known.name.is_none() && known.number == told.number {
        known.name.clone_from(&told.name);
    }
}

/// Seen from the company; `dialled` if one of our devices was seen to dial.
pub(crate) fn direction(plan: &Plan, route: &Route, dialled: bool) -> Direction {
    let internal = |party: &Party| party.number.as_deref().is_some_and(|number| plan.is_internal(number));
    let surely_ours = route.calling.number.as_deref().is_some_and(|number| plan.is_surely_ours(number));
    // A short number that came over a trunk is a caller from outside (a hotline's number, a bank's).
    let from_trunk = route.trunk.is_some() && !surely_ours;
    match (dialled || internal(&route.calling) && !from_trunk, internal(&route.called)) {
        (false, _) => Direction::Inbound,
        (true, true) => Direction::Internal,
        (true, false) => Direction::Outbound,
    }
}
