//! How a canonical event is made: its id, times, subject and partition key.

use trunkline_events::call::{CallRef, Device};
use trunkline_events::{Body, Event, EventId, Timestamp};

use super::super::agents::Agents;
use super::super::numbers::Plan;
use crate::contract::{Action, Actions};

/// What is known beside the calls.
pub(crate) struct Site {
    /// The connector's CloudEvents source.
    pub(crate) source: String,
    /// What numbers are to the site.
    pub(crate) plan: Plan,
    /// Who sits where.
    pub(crate) agents: Agents,
    /// Milliseconds in which a second report of a transition is taken for an echo.
    pub(crate) window: i64,
    /// When this process began to listen, in milliseconds since 1970; `None` on a recording.
    pub(crate) epoch: Option<i64>,
}

/// The monitor that tells something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Teller {
    /// Its number.
    pub(crate) monitor: u32,
    /// It follows calls through all their parties and tells their end.
    pub(crate) follows: bool,
}

/// Everything a call needs to tell what happened to it. Without a teller it is a snapshot that speaks.
pub(crate) struct Stage<'a> {
    pub(crate) site: &'a Site,
    pub(crate) teller: Option<Teller>,
    pub(crate) out: &'a mut Actions,
}

impl Stage<'_> {
    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.out.now().unix_millis()
    }

    /// The device with who sits at it.
    pub(crate) fn device(&self, extension: &str) -> Device {
        Device { extension: extension.to_owned(), agent: self.site.agents.at(extension).map(str::to_owned) }
    }

    /// Emits an event of `call`; `device` and `sequence` make its id what the module's documentation says.
    pub(crate) fn tell(&mut self, call: &CallRef, device: &str, sequence: &str, body: Body) {
        let native = if device.is_empty() { call.id.clone() } else { format!("{}/{device}", call.id) };
        let switch_id = call.switch_call_id.as_deref().unwrap_or(&call.id);
        let id = EventId::derive(&self.site.source, &native, body.event_type(), sequence);
        let now = self.out.now();
        self.out.push(Action::Emit(Box::new(Event {
            id,
            source: self.site.source.clone(),
            subject: Some(call.id.clone()),
            time: now,
            received: now,
            partition_key: format!("{}:{switch_id}", self.site.source),
            causation: None,
            sequence: None,
            body,
        })));
    }
}

/// An event of a link; `which` tells the session's from the switch's.
pub(crate) fn link_event(source: &str, which: &str, body: Body, now: Timestamp) -> Event {
    let sequence = now.unix_millis().to_string();
    Event {
        id: EventId::derive(source, &format!("link/{which}"), body.event_type(), &sequence),
        source: source.to_owned(),
        subject: None,
        time: now,
        received: now,
        partition_key: format!("{source}:link"),
        causation: None,
        sequence: None,
        body,
    }
}
