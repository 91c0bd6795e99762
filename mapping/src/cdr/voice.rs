//! The walk over the events of a call.

use trunkline_events::call::{Device, Direction, Route};
use trunkline_events::cdr::{Cdr, Leg, Medium};
use trunkline_events::{Body, Timestamp};

use super::calls::Calls;
use super::fold::{CustomerHandle, LiveLeg};
use super::leg::{LegEnd, LegState, Phase, millis};
use super::order::Told;
use super::outcome::{AnsweredBy, Standing, of_call};
use super::route::{Journey, data_of, route_of};

/// What the walk has gathered.
pub(super) struct Voice<'a> {
    calls: Calls<'a>,
    legs: Vec<LegState<'a>>,
    journey: Journey<'a>,
    standing: Standing,
    /// First answer of an outbound call's far side, where no leg of ours tells it.
    far_answer: Option<Timestamp>,
    transfers: u32,
    conferences: u32,
    reconstructed: bool,
    ended: Option<Timestamp>,
    failure: Option<&'a str>,
}

impl<'a> Voice<'a> {
    /// Walks over the events in their order. Events of other families are passed over.
    pub(super) fn walk(told: &[Told<'a>]) -> Self {
        let calls = Calls::of(told);
        let end = calls.end();
        let mut voice = Self {
            calls,
            legs: Vec::with_capacity(4),
            journey: Journey::default(),
            standing: Standing::default(),
            far_answer: None,
            transfers: 0,
            conferences: 0,
            reconstructed: end.is_some_and(|end| end.reconstructed),
            ended: end.map(|end| end.at),
            failure: end.and_then(|end| end.failure),
        };
        for (place, told) in told.iter().enumerate() {
            voice.step(place, told);
            if end.is_some_and(|end| end.place == place) {
                voice.close(told.at);
                break;
            }
        }
        voice.tell_diversions_from_abandonment();
        voice
    }

    fn step(&mut self, place: usize, told: &Told<'a>) {
        let at = told.at;
        let body = &told.event.body;
        let Some((call, from)) = super::key::call_of(body) else { return };
        let Some(named) = self.calls.index(&told.event.source, &call.id) else { return };
        if let Some(route) = route_of(body) {
            self.journey.note(route);
        }
        for other in from {
            if let Some(other) = self.calls.index(&told.event.source, &other.id) {
                self.calls.join(named, other, at);
            }
        }
        let call = self.calls.now(named);
        match body {
            Body::CallOffered(body) => self.offered(call, body.device.as_ref(), &body.route, told),
            Body::CallQueued(body) => self.queued(call, &body.queue),
            Body::CallRinging(body) => self.ringing(call, &body.device, &body.route, told),
            Body::CallAnswered(body) => {
                self.answered(call, &body.device, &body.route, told);
                if body.voicemail {
                    self.with_leg(call, &body.device, |leg| leg.voicemail = true);
                }
            }
            Body::CallHeld(body) => self.with_leg(call, &body.device, |leg| leg.hold(at)),
            Body::CallResumed(body) => self.with_leg(call, &body.device, |leg| leg.resume(at)),
            Body::CallTransferred(body) => {
                self.transfers += 1;
                self.with_leg(call, &body.transferring, |leg| leg.finish(at, LegEnd::Transferred));
            }
            Body::CallConferenced(body) => {
                self.conferences += 1;
                self.with_leg(call, &body.conferencing, |leg| leg.resume(at));
            }
            Body::CallDiverted(body) => self.diverted(call, &body.from, at),
            // A call that has ended in another clears its old connections: the devices go on in the other.
            Body::CallLegEnded(body) if !self.calls.has_ended_in_another(named) => {
                self.leg_ended(call, &body.device, body.reconstructed, at);
            }
            Body::CallEnded(_) if self.calls.ending_at(place).is_some() => self.call_ended(call, at),
            _ => {}
        }
        self.settle_waiting(call, at);
    }

    fn offered(&mut self, call: usize, device: Option<&'a Device>, route: &Route, told: &Told<'a>) {
        if let Some(device) = device
            && route.direction != Direction::Inbound
            && self.open_leg(device).is_none()
        {
            self.legs.push(LegState::new(call, device, Phase::Dialling, told.event.received));
        }
    }

    fn queued(&mut self, call: usize, queue: &'a str) {
        self.journey.note_queue(queue);
        self.calls.set_queued(call, true);
        if !self.rings(call) {
            self.standing = Standing::InQueue;
        }
    }

    fn ringing(&mut self, call: usize, device: &'a Device, route: &Route, told: &Told<'a>) {
        if is_far_side(device, route) {
            return;
        }
        if self.hang_up_was_missed(call, device) {
            // It cannot ring where it talks: we did not hear the end, and know no better time for it.
            self.with_leg(call, device, |leg| leg.finish(told.at, LegEnd::HungUp));
            self.reconstructed = true;
        }
        if let Some(leg) = self.open_leg(device) {
            learn_agent(leg, device);
            return;
        }
        self.legs.push(LegState::new(call, device, Phase::Ringing(told.at), told.event.received));
        self.standing = Standing::Ringing;
    }

    /// It rings where a leg that rang before talks; who dialled may well hear his own phone named as ringing.
    fn hang_up_was_missed(&self, call: usize, device: &Device) -> bool {
        let talks = |leg: &LegState<'a>| matches!(leg.phase, Phase::Talking(_) | Phase::Held(_)) && leg.rang.is_some();
        self.legs.iter().any(|leg| leg.extension == device.extension && talks(leg) && self.calls.now(leg.home) == call)
    }

    fn answered(&mut self, call: usize, device: &'a Device, route: &Route, told: &Told<'a>) {
        let at = told.at;
        self.calls.set_queued(call, false);
        if is_far_side(device, route) {
            self.far_answer.get_or_insert(at);
        } else if let Some(leg) = self.open_leg(device) {
            learn_agent(leg, device);
            leg.answer(at);
        } else {
            self.legs.push(LegState::new(call, device, Phase::Talking(at), told.event.received));
        }
        self.answer_dialler(call, at);
    }

    /// Who dialled this call talks from the moment the far side answers.
    fn answer_dialler(&mut self, call: usize, at: Timestamp) {
        let calls = &self.calls;
        let dialling = |leg: &&mut LegState<'a>| leg.phase == Phase::Dialling && calls.now(leg.home) == call;
        for leg in self.legs.iter_mut().filter(dialling) {
            leg.answer(at);
        }
    }

    fn diverted(&mut self, call: usize, from: &Device, at: Timestamp) {
        let mut rang = false;
        self.with_leg(call, from, |leg| {
            rang = leg.rings();
            leg.finish(at, LegEnd::Diverted);
        });
        if rang && !self.rings(call) {
            self.standing = if self.calls.is_queued(call) { Standing::InQueue } else { Standing::Nowhere };
        }
    }

    fn leg_ended(&mut self, call: usize, device: &Device, reconstructed: bool, at: Timestamp) {
        let mut rang = false;
        let mut found = false;
        self.with_leg(call, device, |leg| {
            (found, rang) = (true, leg.rings());
            leg.finish(at, leg.end_by_leaving());
        });
        self.reconstructed |= found && reconstructed;
        if rang && !self.rings(call) {
            // The caller is gone; only a diversion goes back to the queue.
            self.calls.set_queued(call, false);
        }
    }

    fn call_ended(&mut self, call: usize, at: Timestamp) {
        let calls = &self.calls;
        for leg in self.legs.iter_mut().filter(|leg| calls.now(leg.home) == call) {
            leg.finish(at, leg.end_by_leaving());
        }
        self.calls.set_queued(call, false);
    }

    /// The conversation is over: whatever still stands open ends with it.
    fn close(&mut self, at: Timestamp) {
        for leg in &mut self.legs {
            leg.finish(at, leg.end_by_leaving());
        }
        self.calls.stop_all_waiting(at);
    }

    /// A ring that stopped because another device answered was not given up by the caller.
    fn tell_diversions_from_abandonment(&mut self) {
        let answers: Vec<Timestamp> = self.legs.iter().filter_map(|leg| leg.answered).collect();
        for leg in self.legs.iter_mut().filter(|leg| leg.end == Some(LegEnd::Abandoned)) {
            if answers.iter().any(|answer| Some(*answer) >= leg.rang) {
                leg.end = Some(LegEnd::Diverted);
            }
        }
    }

    fn settle_waiting(&mut self, call: usize, at: Timestamp) {
        let engaged = self
            .legs
            .iter()
            .any(|leg| leg.is_open() && leg.phase != Phase::Dialling && self.calls.now(leg.home) == call);
        self.calls.settle_waiting(call, engaged, at);
    }

    fn rings(&self, call: usize) -> bool {
        self.legs.iter().any(|leg| leg.rings() && self.calls.now(leg.home) == call)
    }

    /// The open leg of an extension, on whatever call: one extension has one leg at a time.
    fn open_leg(&mut self, device: &Device) -> Option<&mut LegState<'a>> {
        self.legs.iter_mut().find(|leg| leg.is_open() && leg.extension == device.extension)
    }

    /// Acts on the open leg of an extension if it belongs to this call.
    fn with_leg(&mut self, call: usize, device: &Device, act: impl FnOnce(&mut LegState<'a>)) {
        let calls = &self.calls;
        let leg = self.legs.iter_mut().find(|leg| leg.is_open() && leg.extension == device.extension);
        if let Some(leg) = leg.filter(|leg| calls.now(leg.home) == call) {
            act(leg);
        }
    }

    /// The record; its start, remarks and wrap-up are the caller's.
    pub(super) fn record(&self) -> Cdr {
        let legs: Vec<Leg> = self.legs.iter().map(LegState::record).collect();
        let people = || self.legs.iter().filter(|leg| !leg.voicemail).map(LegState::record);
        let sum = |of: fn(&Leg) -> u64| people().map(|leg| of(&leg)).sum();
        let root = self.calls.root();
        let answered = people().filter_map(|leg| leg.answered).chain(self.far_answer).min();
        let by = match answered {
            Some(_) => AnsweredBy::People,
            None if self.legs.iter().any(|leg| leg.voicemail) => AnsweredBy::Mailbox,
            None => AnsweredBy::Nobody,
        };
        let outcome = self.ended.map(|_| of_call(by, self.failure, self.journey.direction(), self.standing));
        Cdr {
            id: root.map(|root| root.id()).unwrap_or_default(),
            medium: Medium::Voice,
            source: self.calls.get(0).source.to_owned(),
            direction: self.journey.direction(),
            channel: "phone".to_owned(),
            calls: self.calls.ids(),
            ucids: self.calls.ucids(),
            customer_handle: self.journey.customer().map(str::to_owned),
            dialled: self.journey.dialled().map(str::to_owned),
            vdn: self.journey.vdn().map(str::to_owned),
            queues: self.journey.queues(),
            answered,
            ended: self.ended,
            queue_ms: millis(self.calls.queue_wait()),
            ring_ms: sum(|leg| leg.ring_ms),
            talk_ms: sum(|leg| leg.talk_ms),
            hold_ms: sum(|leg| leg.hold_ms),
            outcome: outcome.unwrap_or_default(),
            transfers: self.transfers,
            conferences: self.conferences,
            reconstructed: self.reconstructed,
            legs,
            ..Cdr::default()
        }
    }

    /// The customer's number as the dial plans want it.
    pub(super) fn customer_handle(&self) -> Option<CustomerHandle> {
        let number = self.journey.customer()?;
        Some(CustomerHandle::phone(self.calls.get(0).source, number, self.journey.trunk()))
    }

    /// Legs that ring or talk now.
    pub(super) fn live(&self, told: &[Told<'a>]) -> Vec<LiveLeg> {
        let alive = |leg: &&LegState<'a>| leg.is_open() && leg.phase != Phase::Dialling && !leg.voicemail;
        let mut live = Vec::new();
        for leg in self.legs.iter().filter(alive) {
            let call = self.calls.get(self.calls.now(leg.home));
            live.push(LiveLeg {
                link: call.source.to_owned(),
                call: call.full_reference(),
                device: Device { extension: leg.extension.to_owned(), agent: leg.agent.map(str::to_owned) },
                route: self.journey.route(),
                data: data_of(told),
                answered: leg.answered,
                rang: leg.taken,
            });
        }
        live
    }
}

/// On a call that we dialled, the called number itself is no device of ours.
fn is_far_side(device: &Device, route: &Route) -> bool {
    route.direction == Direction::Outbound && route.called.number.as_deref() == Some(&device.extension)
}

fn learn_agent<'a>(leg: &mut LegState<'a>, device: &'a Device) {
    if device.agent.is_some() {
        leg.agent = device.agent.as_deref();
    }
}
