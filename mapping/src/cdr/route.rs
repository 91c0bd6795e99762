//! Who calls whom, gathered over a conversation: the customer's side stays, whatever the agents dial among themselves.

use trunkline_events::Body;
use trunkline_events::call::{CallData, Direction, Party, Route};

use super::order::Told;

/// The first route seen from outside decides; later ones of the same direction fill what it left open.
#[derive(Default)]
pub(super) struct Journey<'a> {
    direction: Option<Direction>,
    calling: Option<&'a Party>,
    called: Option<&'a Party>,
    trunk: Option<&'a str>,
    vdn: Option<&'a str>,
    queues: Vec<&'a str>,
}

impl<'a> Journey<'a> {
    pub(super) fn note(&mut self, route: &'a Route) {
        let only_internal_so_far = self.direction.is_none_or(|known| known == Direction::Internal);
        if only_internal_so_far && self.direction != Some(route.direction) {
            self.direction = Some(route.direction);
            (self.calling, self.called, self.trunk) = (None, None, None);
        }
        if self.direction == Some(route.direction) {
            fill_party(&mut self.calling, &route.calling);
            fill_party(&mut self.called, &route.called);
            self.trunk = self.trunk.or(known(route.trunk.as_deref()));
        }
        self.vdn = self.vdn.or(known(route.vdn.as_deref()));
        if let Some(queue) = &route.queue {
            self.note_queue(queue);
        }
    }

    pub(super) fn note_queue(&mut self, queue: &'a str) {
        if !queue.is_empty() && !self.queues.contains(&queue) {
            self.queues.push(queue);
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.direction.unwrap_or_default()
    }

    /// The number on the customer's side; none on an internal call.
    pub(super) fn customer(&self) -> Option<&'a str> {
        match self.direction() {
            Direction::Inbound => number(self.calling),
            Direction::Outbound => number(self.called),
            Direction::Internal => None,
        }
    }

    /// The number that was dialled to reach us; none on an outbound call, where the customer dialled nothing.
    pub(super) fn dialled(&self) -> Option<&'a str> {
        if self.direction() == Direction::Outbound { None } else { number(self.called) }
    }

    pub(super) fn vdn(&self) -> Option<&'a str> {
        self.vdn
    }

    pub(super) fn trunk(&self) -> Option<&'a str> {
        self.trunk
    }

    /// Queues passed, each once, in the order they were first entered.
    pub(super) fn queues(&self) -> Vec<String> {
        self.queues.iter().map(|queue| (*queue).to_owned()).collect()
    }

    /// The customer's side as one route.
    pub(super) fn route(&self) -> Route {
        Route {
            direction: self.direction(),
            calling: self.calling.cloned().unwrap_or_default(),
            called: self.called.cloned().unwrap_or_default(),
            vdn: self.vdn.map(str::to_owned),
            queue: self.queues.last().map(|queue| (*queue).to_owned()),
            trunk: self.trunk.map(str::to_owned),
        }
    }
}

/// The route an event carries.
pub(super) fn route_of(body: &Body) -> Option<&Route> {
    match body {
        Body::CallOffered(body) => Some(&body.route),
        Body::CallQueued(body) => Some(&body.route),
        Body::CallRinging(body) => Some(&body.route),
        Body::CallAnswered(body) => Some(&body.route),
        Body::CallTransferred(body) => Some(&body.route),
        Body::CallConferenced(body) => Some(&body.route),
        _ => None,
    }
}

/// All call data of a conversation: what is told later wins, value by value.
pub(super) fn data_of(told: &[Told<'_>]) -> CallData {
    let mut all = CallData::default();
    for told in told {
        let data = match &told.event.body {
            Body::CallOffered(body) => &body.data,
            Body::CallRinging(body) => &body.data,
            Body::CallAnswered(body) => &body.data,
            Body::CallDataAttached(body) => &body.data,
            _ => continue,
        };
        overlay(&mut all.uui_hex, data.uui_hex.as_ref());
        overlay(&mut all.uui_text, data.uui_text.as_ref());
        overlay(&mut all.digits, data.digits.as_ref());
        all.pairs.extend(data.pairs.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    all
}

fn overlay(slot: &mut Option<String>, value: Option<&String>) {
    if let Some(value) = value {
        *slot = Some(value.clone());
    }
}

/// A party with a number is kept; one without stands in until a number is told.
fn fill_party<'a>(slot: &mut Option<&'a Party>, party: &'a Party) {
    let better = number(Some(party)).is_some() && number(*slot).is_none();
    if slot.is_none() || better {
        *slot = Some(party);
    }
}

fn number(party: Option<&Party>) -> Option<&str> {
    known(party.and_then(|party| party.number.as_deref()))
}

fn known(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
