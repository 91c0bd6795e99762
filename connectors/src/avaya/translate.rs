//! Native event in, canonical events out: the same for a live session and a recording. Pure.
//!
//! An event is routed by its monitor's cross reference (rule 5). A root that is not known is kept as an opaque event
//! with its raw bytes, and so is an event whose monitor is not ours: it may be about a call that we must not invent.

use std::collections::HashMap;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use trunkline_events::link::Opaque;
use trunkline_events::{Body, Event, EventId};

use super::calls::telling::Teller;
use super::calls::{Calls, Wishes};
use super::wire::messages::agent_events::agent_event;
use super::wire::messages::call_events::{CallEvent, CallEventKind, call_event};
use super::wire::xml::Element;
use crate::contract::{Action, Actions, ProtocolError};

/// Whose events are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those of monitors that we set.
    OwnMonitors,
    /// Also those of monitors we do not know yet: an answer to a start of one is on its way, or it is a recording.
    Anyone,
}

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A call event; what is to be asked next.
    Call(Wishes),
    /// An agent event; whether anything changed.
    Agent(bool),
    /// Kept, not understood.
    Opaque,
}

/// What the switch has told so far.
pub(crate) struct Translation {
    /// The calls and agents.
    pub(crate) calls: Calls,
    tellers: HashMap<String, Teller>,
    next_monitor: u32,
    opaque: u64,
}

impl Translation {
    /// Nothing heard yet.
    pub(crate) fn new(calls: Calls) -> Self {
        Self { calls, tellers: HashMap::new(), next_monitor: 0, opaque: 0 }
    }

    /// A monitor of ours; `follows` if it follows calls through all parties.
    pub(crate) fn monitor_started(&mut self, cross_ref: &str, follows: bool) {
        match self.tellers.get_mut(cross_ref) {
            Some(teller) => teller.follows |= follows,
            None => drop(self.add_teller(cross_ref, follows)),
        }
    }

    fn add_teller(&mut self, cross_ref: &str, follows: bool) -> Teller {
        self.next_monitor = self.next_monitor.wrapping_add(1);
        let teller = Teller { monitor: self.next_monitor, follows };
        self.tellers.insert(cross_ref.to_owned(), teller);
        teller
    }

    /// A monitor is gone. What it told keeps counting.
    pub(crate) fn monitor_ended(&mut self, cross_ref: &str) {
        self.tellers.remove(cross_ref);
    }

    /// All monitors are gone.
    pub(crate) fn forget_monitors(&mut self) {
        self.tellers.clear();
        self.calls.new_monitors();
    }

    /// Takes a message that is no answer and nothing of the session's. An error is a known event that lacks
    /// something.
    pub(crate) fn hear(
        &mut self,
        root: Element<'_>,
        raw: &Bytes,
        trust: Trust,
        out: &mut Actions,
    ) -> Result<Heard, ProtocolError> {
        if let Some(event) = call_event(root) {
            let event = event.map_err(|error| ProtocolError::skip(error.to_string(), raw.clone()))?;
            let Some(mut teller) = self.teller(event.cross_ref, trust) else {
                return Ok(self.stranger(root, raw, out));
            };
            if trust == Trust::Anyone && shows_following(&event) {
                teller.follows = true;
                self.tellers.insert(event.cross_ref.to_owned(), teller);
            }
            return Ok(Heard::Call(self.calls.apply(&event, teller, out)));
        }
        if let Some(event) = agent_event(root) {
            if self.teller(event.cross_ref, trust).is_none() {
                return Ok(self.stranger(root, raw, out));
            }
            return Ok(Heard::Agent(self.calls.agent_event(&event, out)));
        }
        self.keep(root.name(), raw, out);
        Ok(Heard::Opaque)
    }

    fn teller(&mut self, cross_ref: &str, trust: Trust) -> Option<Teller> {
        match (self.tellers.get(cross_ref), trust) {
            (Some(teller), _) => Some(*teller),
            (None, Trust::Anyone) => Some(self.add_teller(cross_ref, false)),
            (None, Trust::OwnMonitors) => None,
        }
    }

    fn stranger(&mut self, root: Element<'_>, raw: &Bytes, out: &mut Actions) -> Heard {
        metrics::counter!("trunkline_events_unknown_monitor_total", "source" => self.calls.site.source.clone())
            .increment(1);
        tracing::debug!(source = %self.calls.site.source, size = raw.len(), "event of a monitor that is not ours");
        self.keep(root.name(), raw, out);
        Heard::Opaque
    }

    /// Keeps what is not understood: an opaque event, and the bytes in the archive.
    pub(crate) fn keep(&mut self, native_kind: &str, raw: &Bytes, out: &mut Actions) {
        self.opaque += 1;
        let reference = format!("{:x}", Sha256::digest(raw));
        let now = out.now();
        let source = &self.calls.site.source;
        let opaque = Opaque {
            native_kind: native_kind.chars().take(100).collect(),
            raw: Some(reference.clone()),
            size: raw.len() as u64,
        };
        let body = Body::Opaque(opaque);
        let sequence = format!("{}-{}", now.unix_millis(), self.opaque);
        let event = Event {
            id: EventId::derive(source, &reference, body.event_type(), &sequence),
            source: source.clone(),
            subject: None,
            time: now,
            received: now,
            partition_key: format!("{source}:opaque"),
            causation: None,
            sequence: None,
            body,
        };
        out.push(Action::Archive { reference, bytes: raw.clone() });
        out.push(Action::Emit(Box::new(event)));
    }
}

/// A recording does not say of which type a monitor is: one that tells a call at its VDN, or its end, follows it.
fn shows_following(event: &CallEvent<'_>) -> bool {
    match event.kind {
        CallEventKind::CallCleared => true,
        CallEventKind::Delivered => event.local_state.is_none() && event.cause == Some("enteringDistribution"),
        _ => false,
    }
}
