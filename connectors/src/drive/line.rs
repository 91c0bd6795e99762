//! What a driver itself tells of a link: up, down, gap, books.

use std::sync::atomic::{AtomicU64, Ordering};

use trunkline_events::{Body, Event, EventId, Timestamp, link};

/// Makes the events of one link in one epoch. Their ids are unique, since nothing outside tells them again.
#[derive(Debug)]
pub(super) struct Line {
    source: String,
    epoch: String,
    told: AtomicU64,
}

impl Line {
    pub(super) fn new(source: String, epoch: String) -> Self {
        Self { source, epoch, told: AtomicU64::new(0) }
    }

    pub(super) fn up(&self, now: Timestamp, peer: &str) -> Box<Event> {
        self.event(now, Body::LinkUp(link::Up { peer: peer.to_owned() }))
    }

    pub(super) fn down(&self, now: Timestamp, peer: &str, reason: &str) -> Box<Event> {
        self.event(now, Body::LinkDown(link::Down { peer: peer.to_owned(), reason: reason.to_owned() }))
    }

    /// Between `from` and `now` something may have been said that was not heard.
    pub(super) fn gap(&self, from: Timestamp, now: Timestamp, reason: &str) -> Box<Event> {
        // A clock that was set back must not make a gap that ends before it begins.
        let gap = link::Gap { from: from.min(now), to: now, reason: reason.to_owned() };
        self.event(now, Body::LinkGap(gap))
    }

    pub(super) fn books(&self, now: Timestamp, taken: u64, heard_until: Option<Timestamp>) -> Box<Event> {
        self.event(now, Body::LinkBooks(link::Books { epoch: self.epoch.clone(), taken, heard_until }))
    }

    fn event(&self, now: Timestamp, body: Body) -> Box<Event> {
        let number = self.told.fetch_add(1, Ordering::Relaxed).to_string();
        Box::new(Event {
            id: EventId::derive(&self.source, &self.epoch, body.event_type(), &number),
            source: self.source.clone(),
            subject: None,
            time: now,
            received: now,
            partition_key: self.source.clone(),
            causation: None,
            sequence: None,
            body,
        })
    }
}
