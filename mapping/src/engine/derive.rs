//! Events that mapping derives. Their ids follow from what they tell, and their times from the event that caused them, so
//! that doing the work again after a crash tells the same again.

use trunkline_events::{Body, Event, EventId, Timestamp};

/// Who tells derived events.
pub(super) const SOURCE: &str = "/mapping";

/// Derived events of one batch, in the order in which they are told.
#[derive(Default)]
pub(super) struct Derived {
    pub(super) events: Vec<Event>,
}

impl Derived {
    /// Adds an event about `subject`, caused by `cause`. `turn` tells apart repeats of one kind about one subject.
    pub(super) fn tell(&mut self, cause: &Event, subject: &str, turn: &str, body: Body) {
        self.events.push(Event {
            id: EventId::derive(SOURCE, subject, body.event_type(), turn),
            source: SOURCE.to_owned(),
            subject: Some(subject.to_owned()),
            time: cause.time,
            received: cause.received,
            partition_key: subject.to_owned(),
            causation: Some(cause.id),
            sequence: None,
            body,
        });
    }

    /// Adds an event about a day's report, which no event caused. The same `turn` is the same telling.
    pub(super) fn report(&mut self, day: &str, turn: &str, now: Timestamp, body: Body) {
        self.events.push(Event {
            id: EventId::derive(SOURCE, day, body.event_type(), turn),
            source: SOURCE.to_owned(),
            subject: Some(day.to_owned()),
            time: now,
            received: now,
            partition_key: day.to_owned(),
            causation: None,
            sequence: None,
            body,
        });
    }
}
