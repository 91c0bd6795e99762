//! Requests that wait for their answer (rule 4): invoke ids 0000–9998, one at a time each, freed by the answer or by
//! time. A late answer finds nothing here and is dropped.

use std::collections::HashMap;

use super::super::calls::Unseen;
use super::super::wire::frame::EVENT;

/// Milliseconds after which no answer is expected any more.
pub(crate) const PATIENCE: i64 = 15_000;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Start of a session.
    Session,
    /// Reset of its timer.
    KeepAlive,
    /// To be told of the link to the switch.
    SystemRegister,
    /// Something of the paced queue.
    Task(Task),
    /// Something whose answer does not matter.
    Farewell,
}

/// A request that the pace limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) errand: Errand,
    /// The resync it belongs to; 0 for none.
    pub(crate) resync: u32,
    /// How often it was sent and came to nothing that lasts.
    pub(crate) tries: u32,
}

impl Task {
    /// Not sent yet.
    pub(crate) fn new(errand: Errand, resync: u32) -> Self {
        Self { errand, resync, tries: 0 }
    }
}

/// What a paced request is about. Numbers are those of the monitored points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Start the monitor of a point.
    Monitor(usize),
    /// Ask the AES for a point's device id.
    DeviceId(usize),
    /// Which calls are at a point.
    Device(usize),
    /// What of a call.
    Call { id: String, device: Option<String>, hint: Option<Unseen> },
    /// Which UCID has a call.
    Linkage { id: String, device: Option<String> },
    /// Who sits at a point.
    Agent(usize),
}

/// A request and when it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) asked: Asked,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
}

/// All requests that wait.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    waiting: HashMap<u16, Waiting>,
    next: u16,
}

impl Pending {
    /// An invoke id that nobody waits for, now waiting; `None` if all are taken.
    pub(crate) fn add(&mut self, asked: Asked, now: i64) -> Option<u16> {
        if self.waiting.len() >= usize::from(EVENT) {
            return None;
        }
        while self.waiting.contains_key(&self.next) {
            self.advance();
        }
        let invoke = self.next;
        self.advance();
        self.waiting.insert(invoke, Waiting { asked, at: now });
        Some(invoke)
    }

    fn advance(&mut self) {
        self.next = (self.next + 1) % EVENT;
    }

    /// The request that an answer belongs to.
    pub(crate) fn answered(&mut self, invoke: u16) -> Option<Waiting> {
        self.waiting.remove(&invoke)
    }

    /// Takes back all requests of a kind; true if there was one.
    pub(crate) fn withdraw(&mut self, asked: &Asked) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|_, waiting| waiting.asked != *asked);
        self.waiting.len() < before
    }

    /// Frees the ids of requests that were not answered in time, the oldest first.
    pub(crate) fn expired(&mut self, now: i64) -> Vec<Asked> {
        let late = |waiting: &Waiting| waiting.asked != Asked::KeepAlive && now - waiting.at >= PATIENCE;
        let mut expired: Vec<(i64, u16, Asked)> = Vec::new();
        self.waiting.retain(|invoke, waiting| {
            let keep = !late(waiting);
            if !keep {
                expired.push((waiting.at, *invoke, waiting.asked.clone()));
            }
            keep
        });
        expired.sort_by_key(|(at, invoke, _)| (*at, *invoke));
        expired.into_iter().map(|(_, _, asked)| asked).collect()
    }

    /// The link is gone: nobody waits any more.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Whether a start of a monitor is on its way.
    pub(crate) fn starts_monitor(&self) -> bool {
        let starts = |asked: &Asked| matches!(asked, Asked::Task(Task { errand: Errand::Monitor(_), .. }));
        self.waiting.values().any(|waiting| starts(&waiting.asked))
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_4_invoke_ids_wrap_below_9999_and_skip_those_that_wait() {
        let mut pending = Pending::default();
        assert_eq!(pending.add(Asked::Session, 0), Some(0));
        let ids: Vec<_> = (0..9998).filter_map(|_| pending.add(Asked::Farewell, 0)).collect();
        assert_eq!((ids.first(), ids.last(), ids.len()), (Some(&1), Some(&9998), 9998));
        assert_eq!(pending.add(Asked::Farewell, 0), None, "all are taken");
        assert!(pending.answered(7).is_some());
        assert_eq!(pending.add(Asked::KeepAlive, 0), Some(7));
    }

    #[test]
    fn rule_4_an_unanswered_id_is_freed_and_its_late_answer_belongs_to_nobody() {
        let mut pending = Pending::default();
        let invoke = pending.add(Asked::SystemRegister, 0).expect("free");
        assert_eq!(pending.expired(PATIENCE - 1), vec![]);
        assert_eq!(pending.expired(PATIENCE), vec![Asked::SystemRegister]);
        assert_eq!(pending.answered(invoke), None);
    }
}
