//! What happens to a call on its way: ringing, answered, queued, held, diverted, failed.

use trunkline_events::Body;
use trunkline_events::call::{Answered, Direction, Diverted, Held, Queued, Resumed, Ringing};

use super::super::wire::messages::call_events::{CallEvent, CallEventKind};
use super::call::{Call, LegState};
use super::occurrence::Step;
use super::telling::Stage;

impl Call {
    /// Takes one event of the call; true if the call is over.
    pub(crate) fn step(&mut self, event: &CallEvent<'_>, stage: &mut Stage<'_>) -> bool {
        let at = event.subject.or(event.connection);
        match (event.kind, at) {
            (CallEventKind::Delivered, Some(at)) => self.delivered(at, event, stage),
            (CallEventKind::Established, Some(at)) => self.established(at, stage),
            (CallEventKind::Queued, Some(queue)) => self.queued(queue, event.calls_in_front, stage),
            (CallEventKind::Held, Some(at)) => self.held(at, stage),
            (CallEventKind::Retrieved, Some(at)) => self.resumed(at, stage),
            (CallEventKind::Diverted, Some(at)) => self.diverted(at, event, stage),
            (CallEventKind::Failed, _) => return self.failed(event, stage),
            (CallEventKind::ConnectionCleared, _) => return self.connection_cleared(event, stage),
            (CallEventKind::CallCleared, _) => {
                self.end(event.cause, stage);
                return true;
            }
            _ => {}
        }
        false
    }

    fn delivered(&mut self, at: &str, event: &CallEvent<'_>, stage: &mut Stage<'_>) {
        let plan = &stage.site.plan;
        let ours = plan.is_internal(at) || event.local_state == Some("alerting") && self.origin.is_none();
        // Rule 23: an outgoing call is delivered too, at the far end; that is no ringing of ours.
        if plan.is_entry(at) || self.is_origin(at) || !ours {
            return;
        }
        let settled = |leg: &super::call::Leg| stage.now() - leg.changed >= stage.site.window;
        let changes = match self.state(at) {
            LegState::Gone => true,
            LegState::Ringing => false,
            // It cannot ring where it is answered, unless the hang-up was missed.
            LegState::Connected | LegState::Held => self.leg(at).is_some_and(settled),
        };
        self.ring(at, changes, event.redirected_from, stage);
    }

    /// Tells that it rings at a device, if that is news.
    pub(crate) fn ring(&mut self, at: &str, changes: bool, from: Option<&str>, stage: &mut Stage<'_>) {
        let Some(sequence) = self.news(Step::Ringing, at, changes, stage) else { return };
        self.waiting_in = None;
        self.set(at, LegState::Ringing, stage.now());
        let ringing = Ringing {
            call: self.reference.clone(),
            device: stage.device(at),
            route: self.route.clone(),
            redirected_from: from.map(str::to_owned),
            data: self.data.clone(),
        };
        stage.tell(&self.reference, at, &sequence, Body::CallRinging(ringing));
    }

    fn established(&mut self, at: &str, stage: &mut Stage<'_>) {
        let plan = &stage.site.plan;
        if plan.is_entry(at) {
            return;
        }
        let ours = plan.is_internal(at) || self.leg(at).is_some();
        if ours && !self.is_origin(at) {
            let changes = match self.leg(at).map(|leg| (leg.state, leg.changed)) {
                None | Some((LegState::Ringing, _)) => true,
                Some((LegState::Connected | LegState::Held, _)) => false,
                // A late word about a leg that ended does not bring it back.
                Some((LegState::Gone, changed)) => stage.now() - changed >= stage.site.window,
            };
            self.answer(at, changes, stage);
        } else if let Some(origin) = self.origin.clone().filter(|_| !ours) {
            // The far end answered: the leg of ours that talks now is the one that dialled.
            let changes = !self.answered;
            self.answer(&origin, changes, stage);
        }
    }

    /// Tells that a device of ours talks, if that is news.
    pub(crate) fn answer(&mut self, at: &str, changes: bool, stage: &mut Stage<'_>) {
        let Some(sequence) = self.news(Step::Answered, at, changes, stage) else { return };
        self.waiting_in = None;
        self.answered = true;
        self.set(at, LegState::Connected, stage.now());
        self.talks_now(at);
        let answered = Answered {
            call: self.reference.clone(),
            device: stage.device(at),
            route: self.route.clone(),
            data: self.data.clone(),
            voicemail: stage.site.plan.is_voicemail(at),
        };
        stage.tell(&self.reference, at, &sequence, Body::CallAnswered(answered));
    }

    fn queued(&mut self, queue: &str, calls_in_front: Option<u32>, stage: &mut Stage<'_>) {
        let changes = self.waiting_in.as_deref() != Some(queue);
        let Some(sequence) = self.news(Step::Queued, queue, changes, stage) else { return };
        self.waiting_in = Some(queue.to_owned());
        let queued =
            Queued { call: self.reference.clone(), queue: queue.to_owned(), route: self.route.clone(), calls_in_front };
        stage.tell(&self.reference, queue, &sequence, Body::CallQueued(queued));
    }

    /// Tells that a device of ours put the call on hold, if that is news.
    pub(crate) fn held(&mut self, at: &str, stage: &mut Stage<'_>) {
        if self.leg(at).is_none() && !stage.site.plan.is_internal(at) {
            return;
        }
        let changes = self.leg(at).is_none_or(|leg| matches!(leg.state, LegState::Connected | LegState::Ringing));
        let Some(sequence) = self.news(Step::Held, at, changes, stage) else { return };
        self.set(at, LegState::Held, stage.now());
        let held = Held { call: self.reference.clone(), device: stage.device(at) };
        stage.tell(&self.reference, at, &sequence, Body::CallHeld(held));
    }

    /// Tells that a device of ours took the call back, if that is news.
    pub(crate) fn resumed(&mut self, at: &str, stage: &mut Stage<'_>) {
        if self.leg(at).is_none() && !stage.site.plan.is_internal(at) {
            return;
        }
        let changes = self.leg(at).is_none_or(|leg| leg.state == LegState::Held);
        let Some(sequence) = self.news(Step::Resumed, at, changes, stage) else { return };
        self.set(at, LegState::Connected, stage.now());
        let resumed = Resumed { call: self.reference.clone(), device: stage.device(at) };
        stage.tell(&self.reference, at, &sequence, Body::CallResumed(resumed));
    }

    fn diverted(&mut self, at: &str, event: &CallEvent<'_>, stage: &mut Stage<'_>) {
        // Calls leave VDNs and skills all the time; that is told by where they arrive.
        let changes = self.state(at) != LegState::Gone && !stage.site.plan.is_entry(at);
        let Some(sequence) = self.news(Step::Diverted, at, changes, stage) else { return };
        self.set(at, LegState::Gone, stage.now());
        let diverted = Diverted {
            call: self.reference.clone(),
            from: stage.device(at),
            to: event.other.map(str::to_owned),
            cause: event.cause.map(str::to_owned),
        };
        stage.tell(&self.reference, at, &sequence, Body::CallDiverted(diverted));
    }

    /// Busy, wrong number, no trunk. An inbound call that somebody still follows may yet be answered elsewhere.
    fn failed(&mut self, event: &CallEvent<'_>, stage: &mut Stage<'_>) -> bool {
        if self.answered {
            return false;
        }
        self.failure = Some(event.cause.unwrap_or("failed").to_owned());
        let rings = self.live_legs().any(|leg| leg.state == LegState::Ringing);
        if self.route.direction == Direction::Inbound && (self.followed || rings) {
            return false;
        }
        self.end(event.cause, stage);
        true
    }
}
