//! Requests at a limited rate (rule 15): thousands of monitors must not flood an AES. What people wait for goes first.

use std::collections::{BTreeMap, VecDeque};

use super::pending::{Errand, Task};

/// Requests that may wait for their answer before more are sent.
pub(crate) const MOST_OUTSTANDING: usize = 32;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this now.
    Send(Task),
    /// Nothing before so many milliseconds.
    Wait(i64),
    /// Nothing at all.
    Idle,
}

/// The queues, in order of urgency, and when the next request may go out.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Milliseconds between two requests.
    interval: i64,
    urgent: VecDeque<Task>,
    normal: VecDeque<Task>,
    leisure: VecDeque<Task>,
    /// Tasks to be tried again, by the instant and in the order they were put off.
    later: BTreeMap<(i64, u64), Task>,
    put_off: u64,
    free_at: i64,
}

impl Pace {
    /// `rate` requests a second.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            interval: 1000_i64.div_euclid(i64::from(rate.max(1))).max(1),
            urgent: VecDeque::new(),
            normal: VecDeque::new(),
            leisure: VecDeque::new(),
            later: BTreeMap::new(),
            put_off: 0,
            free_at: i64::MIN,
        }
    }

    /// Before all others.
    pub(crate) fn urgent(&mut self, task: Task) {
        self.urgent.push_back(task);
    }

    /// In its turn.
    pub(crate) fn normal(&mut self, task: Task) {
        self.normal.push_back(task);
    }

    /// Next in turn: it completes what was just begun.
    pub(crate) fn at_once(&mut self, task: Task) {
        self.normal.push_front(task);
    }

    /// When there is nothing else.
    pub(crate) fn leisure(&mut self, task: Task) {
        self.leisure.push_back(task);
    }

    /// Once more, at an instant in milliseconds since 1970.
    pub(crate) fn later(&mut self, at: i64, task: Task) {
        self.put_off += 1;
        self.later.insert((at, self.put_off), task);
    }

    /// A new round asks for all monitors and stations anew: what waits of former rounds is not worth a second request.
    pub(crate) fn begin_round(&mut self) {
        let renewed = |task: &Task| matches!(task.errand, Errand::Monitor(_) | Errand::DeviceId(_) | Errand::Device(_));
        self.normal.retain(|task| !renewed(task));
        self.later.retain(|_, task| !renewed(task));
    }

    /// Whether nothing of leisure waits.
    pub(crate) fn is_at_leisure(&self) -> bool {
        self.leisure.is_empty()
    }

    /// Forgets everything: the link is gone.
    pub(crate) fn clear(&mut self) {
        self.urgent.clear();
        self.normal.clear();
        self.leisure.clear();
        self.later.clear();
    }

    /// What to do at `now`.
    pub(crate) fn next(&mut self, now: i64, outstanding: usize) -> Next {
        let due = self.later.first_key_value().map(|((at, _), _)| *at);
        let has_task = !self.urgent.is_empty() || !self.normal.is_empty() || !self.leisure.is_empty();
        if !has_task && due.is_none_or(|at| at > now) {
            return due.map_or(Next::Idle, |at| Next::Wait(at - now));
        }
        if now < self.free_at {
            return Next::Wait(self.free_at - now);
        }
        if outstanding >= MOST_OUTSTANDING {
            return Next::Wait(self.interval);
        }
        self.free_at = now + self.interval;
        if let Some(task) = self.urgent.pop_front() {
            return Next::Send(task);
        }
        if due.is_some_and(|at| at <= now)
            && let Some((_, task)) = self.later.pop_first()
        {
            return Next::Send(task);
        }
        let task = self.normal.pop_front().or_else(|| self.leisure.pop_front());
        task.map_or(Next::Idle, Next::Send)
    }
}
