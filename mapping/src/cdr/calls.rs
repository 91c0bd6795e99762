//! The calls of one conversation: which exist, which ended in which, when each is over.

use time::Duration;
use trunkline_events::call::CallRef;
use trunkline_events::{Body, Timestamp};

use super::key::{ConversationKey, call_of, root};
use super::leg::span;
use super::order::Told;

/// One call at one source.
pub(super) struct Call<'a> {
    pub(super) source: &'a str,
    pub(super) reference: &'a CallRef,
    /// All UCIDs it had, the last one now.
    ucids: Vec<&'a str>,
    first: Timestamp,
    /// The last transfer or conference that names it says that it ended in another call.
    absorbed: bool,
    pub(super) end: Option<End<'a>>,
    /// The call it has ended in so far.
    into: Option<usize>,
    queued: bool,
    waiting_since: Option<Timestamp>,
}

/// The end of a call that counts.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    /// Its place in the order of events.
    pub(super) place: usize,
    pub(super) at: Timestamp,
    pub(super) failure: Option<&'a str>,
    pub(super) reconstructed: bool,
}

/// All calls of the conversation, in the order of their first events.
pub(super) struct Calls<'a> {
    calls: Vec<Call<'a>>,
    queue_wait: Duration,
}

impl<'a> Calls<'a> {
    /// Finds every call that is told of, who ended in whom, and the end of each.
    pub(super) fn of(told: &[Told<'a>]) -> Self {
        let mut calls = Self { calls: Vec::with_capacity(2), queue_wait: Duration::ZERO };
        for (place, told) in told.iter().enumerate() {
            let Some((call, from)) = call_of(&told.event.body) else { continue };
            let index = calls.sight(told, call);
            for other in from.iter().filter(|other| other.id != call.id) {
                let other = calls.sight(told, other);
                calls.calls[other].absorbed = true;
            }
            if matches!(told.event.body, Body::CallTransferred(_) | Body::CallConferenced(_)) {
                calls.calls[index].absorbed = false;
            }
            if let Body::CallEnded(body) = &told.event.body {
                let end =
                    End { place, at: told.at, failure: body.failure.as_deref(), reconstructed: body.reconstructed };
                calls.calls[index].learn_end(end);
            }
        }
        calls
    }

    fn sight(&mut self, told: &Told<'a>, call: &'a CallRef) -> usize {
        let event = told.event;
        let index = self.index(&event.source, &call.id).unwrap_or_else(|| {
            self.calls.push(Call::new(&event.source, call, event.time));
            self.calls.len() - 1
        });
        let known = &mut self.calls[index];
        known.first = known.first.min(event.time);
        if let Some(ucid) = call.ucid.as_deref()
            && !known.ucids.contains(&ucid)
        {
            known.ucids.push(ucid);
        }
        index
    }

    /// The index of a call by its own name.
    pub(super) fn index(&self, source: &str, id: &str) -> Option<usize> {
        self.calls.iter().position(|call| call.reference.id == id && call.source == source)
    }

    /// The call that goes on where this one has ended in another so far.
    pub(super) fn now(&self, mut index: usize) -> usize {
        while let Some(into) = self.calls[index].into {
            index = into;
        }
        index
    }

    /// Whether this call has ended in another so far.
    pub(super) fn has_ended_in_another(&self, index: usize) -> bool {
        self.calls[index].into.is_some()
    }

    /// From now on what is said of `from` is said of `into`.
    pub(super) fn join(&mut self, into: usize, from: usize, at: Timestamp) {
        let (into, from) = (self.now(into), self.now(from));
        if into != from {
            self.stop_waiting(from, at);
            self.calls[into].queued |= self.calls[from].queued;
            self.calls[from].into = Some(into);
        }
    }

    pub(super) fn set_queued(&mut self, index: usize, queued: bool) {
        self.calls[index].queued = queued;
    }

    pub(super) fn is_queued(&self, index: usize) -> bool {
        self.calls[index].queued
    }

    /// Brings the wait of a call up to date: it waits while it is queued and engages no device.
    pub(super) fn settle_waiting(&mut self, index: usize, engaged: bool, at: Timestamp) {
        if !self.calls[index].queued || engaged {
            self.stop_waiting(index, at);
        } else if self.calls[index].waiting_since.is_none() {
            self.calls[index].waiting_since = Some(at);
        }
    }

    pub(super) fn stop_waiting(&mut self, index: usize, at: Timestamp) {
        if let Some(since) = self.calls[index].waiting_since.take() {
            self.queue_wait += span(since, at);
        }
    }

    pub(super) fn stop_all_waiting(&mut self, at: Timestamp) {
        for index in 0..self.calls.len() {
            self.stop_waiting(index, at);
        }
    }

    pub(super) fn queue_wait(&self) -> Duration {
        self.queue_wait
    }

    /// The end of the conversation: that of the last call that did not end in another. `None` while one of them goes on.
    pub(super) fn end(&self) -> Option<End<'a>> {
        let mut last: Option<End<'a>> = None;
        for call in self.calls.iter().filter(|call| !call.absorbed) {
            let end = call.end?;
            if last.is_none_or(|last| last.place < end.place) {
                last = Some(end);
            }
        }
        last
    }

    /// Whether the event at `place` is the end of a call that did not end in another; which one.
    pub(super) fn ending_at(&self, place: usize) -> Option<usize> {
        self.calls.iter().position(|call| !call.absorbed && call.end.is_some_and(|end| end.place == place))
    }

    /// The key that names the record.
    pub(super) fn root(&self) -> Option<ConversationKey> {
        let keys: Vec<(ConversationKey, Timestamp)> =
            self.calls.iter().map(|call| (ConversationKey::new(call.source, &call.reference.id), call.first)).collect();
        root(keys.iter().map(|(key, first)| (key, *first))).cloned()
    }

    pub(super) fn get(&self, index: usize) -> &Call<'a> {
        &self.calls[index]
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.calls.iter().map(|call| call.reference.id.clone()).collect()
    }

    pub(super) fn ucids(&self) -> Vec<String> {
        let mut ucids: Vec<String> = Vec::new();
        for ucid in self.calls.iter().flat_map(|call| call.ucids.iter().copied()) {
            if !ucids.iter().any(|known| known == ucid) {
                ucids.push(ucid.to_owned());
            }
        }
        ucids
    }
}

impl<'a> Call<'a> {
    fn new(source: &'a str, reference: &'a CallRef, first: Timestamp) -> Self {
        Self {
            source,
            reference,
            ucids: Vec::new(),
            first,
            absorbed: false,
            end: None,
            into: None,
            queued: false,
            waiting_since: None,
        }
    }

    /// The call as it is known at the end of all telling.
    pub(super) fn full_reference(&self) -> CallRef {
        let mut reference = self.reference.clone();
        if let Some(ucid) = self.ucids.last() {
            reference.ucid = Some((*ucid).to_owned());
        }
        reference
    }

    /// The switch's own word beats an end that we concluded; of two equal ones the first counts.
    fn learn_end(&mut self, end: End<'a>) {
        if self.end.is_none_or(|known| known.reconstructed && !end.reconstructed) {
            self.end = Some(end);
        }
    }
}
