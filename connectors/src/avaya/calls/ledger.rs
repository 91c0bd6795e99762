//! Which call an event is about. A call id names a call only while it lives (rule 27): ids are reused after a wrap,
//! also where the end of the former call was never told, and late words come for calls that are over.

use std::collections::{HashMap, VecDeque};

use trunkline_events::call::CallRef;

use super::super::wire::messages::call_events::{CallEvent, CallEventKind};
use super::call::Call;
use super::telling::Stage;
use super::{Calls, reference};
use crate::contract::Actions;

/// How long a call that is over is remembered, in milliseconds.
const REMEMBERED: i64 = 60_000;
/// How many at most.
const MOST: usize = 20_000;

/// Calls that ended just now.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    by_switch_id: HashMap<String, Memory>,
    order: VecDeque<(String, i64)>,
}

#[derive(Debug)]
struct Memory {
    id: String,
    ucids: Vec<String>,
    at: i64,
}

impl Ended {
    /// Remembers a call that is over.
    pub(crate) fn add(&mut self, call: Call, now: i64) {
        self.forget(now);
        let switch_id = call.switch_id().to_owned();
        let ucids = call.reference.ucid.into_iter().chain(call.former_ucids).collect();
        self.order.push_back((switch_id.clone(), now));
        self.by_switch_id.insert(switch_id, Memory { id: call.reference.id, ucids, at: now });
    }

    /// Whether this very call ended here a moment ago: then its end was told.
    pub(super) fn remembers(&self, reference: &CallRef) -> bool {
        let memory = reference.switch_call_id.as_ref().and_then(|id| self.by_switch_id.get(id));
        memory.is_some_and(|memory| {
            memory.id == reference.id || reference.ucid.as_ref().is_some_and(|ucid| memory.ucids.contains(ucid))
        })
    }

    fn forget(&mut self, now: i64) {
        while let Some((switch_id, at)) = self.order.front() {
            if now - at < REMEMBERED && self.order.len() < MOST {
                return;
            }
            if self.by_switch_id.get(switch_id).is_some_and(|memory| memory.at == *at) {
                self.by_switch_id.remove(switch_id);
            }
            self.order.pop_front();
        }
    }
}

/// Whether a call's first event can be of this kind.
fn opens(kind: CallEventKind) -> bool {
    matches!(
        kind,
        CallEventKind::ServiceInitiated
            | CallEventKind::Originated
            | CallEventKind::Delivered
            | CallEventKind::Queued
            | CallEventKind::Failed
    )
}

/// Whether an event says that a device of ours dials.
fn dials(kind: CallEventKind) -> bool {
    matches!(kind, CallEventKind::ServiceInitiated | CallEventKind::Originated)
}

impl Calls {
    /// Takes the event's call out of the books, a new one if need be; `None` if the event is about nothing alive.
    pub(crate) fn take(&mut self, event: &CallEvent<'_>, out: &mut Actions) -> Option<Call> {
        if let Some(goes_on) = self.joined.get(event.call).cloned() {
            if !dials(event.kind) {
                return self.open.remove(&goes_on);
            }
            // The id of a call that went up in another one is in use again.
            self.joined.remove(event.call);
        }
        let now = out.now().unix_millis();
        match self.open.remove(event.call) {
            Some(call) if !self.is_another(&call, event, now) => Some(call),
            Some(mut missed) => {
                missed.end(None, &mut Stage { site: &self.site, teller: None, out });
                self.bury(missed, now);
                Some(self.born(event, now))
            }
            None if self.is_late(event, now) => None,
            None if opens(event.kind) || continues(event.kind) => Some(self.born(event, now)),
            None => None,
        }
    }

    /// Whether a live call's id now names another call: its hang-up was missed.
    fn is_another(&self, call: &Call, event: &CallEvent<'_>, now: i64) -> bool {
        if let (Some(told), Some(known)) = (event.data.ucid, call.reference.ucid.as_deref()) {
            return opens(event.kind) && told != known && !call.former_ucids.iter().any(|former| former == told);
        }
        let by_another = event.subject.is_some_and(|subject| !call.is_origin(subject));
        match event.kind {
            CallEventKind::Originated => call.offered && by_another,
            CallEventKind::ServiceInitiated => call.offered && (by_another || now - call.since >= self.site.window),
            _ => false,
        }
    }

    /// Whether the event is a late word about a call that is over.
    fn is_late(&self, event: &CallEvent<'_>, now: i64) -> bool {
        let Some(memory) = self.ended.by_switch_id.get(event.call) else { return false };
        if let Some(told) = event.data.ucid.filter(|_| !memory.ucids.is_empty()) {
            return memory.ucids.iter().any(|known| known == told);
        }
        let at_entry = event.subject.is_some_and(|at| self.site.plan.is_entry(at));
        let long_ago = now - memory.at >= self.site.window;
        // Where a recording has no times nothing is long ago; a call that comes to a device is a new one there.
        let comes = matches!(event.kind, CallEventKind::Delivered | CallEventKind::Queued);
        let no_times = self.site.epoch.is_none() && !self.clock_runs;
        let begins = dials(event.kind) || opens(event.kind) && (at_entry || long_ago) || no_times && comes;
        !begins
    }

    fn born(&mut self, event: &CallEvent<'_>, now: i64) -> Call {
        let mut reference = reference(event.call, event.data.ucid, now);
        if reference.ucid.is_none() {
            let (at, times) = self.named.entry(event.call.to_owned()).or_insert((now, 0));
            *times = if *at == now { *times + 1 } else { 1 };
            *at = now;
            if *times > 1 {
                reference.id = format!("{}-{times}", reference.id);
            }
        }
        let mut call = Call::new(reference, now);
        if !opens(event.kind) {
            call.mark = self.site.epoch;
        }
        call
    }
}

/// Whether an event of an unknown call is worth making the call known.
fn continues(kind: CallEventKind) -> bool {
    matches!(
        kind,
        CallEventKind::Established
            | CallEventKind::Held
            | CallEventKind::Retrieved
            | CallEventKind::Transferred
            | CallEventKind::Conferenced
            | CallEventKind::NetworkReached
    )
}
