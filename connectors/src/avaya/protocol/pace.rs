//! Requests at a limited rate (rule 15): thousands of monitors must not flood an AES. What people wait for goes first.

use std::collections::{BTreeSet, VecDeque};

use super::pending::Task;

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
    /// Points whose monitor is to be tried again, by the instant.
    later: BTreeSet<(i64, usize)>,
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
            later: BTreeSet::new(),
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

    /// A point's monitor, at an instant in milliseconds since 1970.
    pub(crate) fn later(&mut self, at: i64, point: usize) {
        self.later.insert((at, point));
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

    /// What to do at `now`; a retry that is due becomes a task by `retry`.
    pub(crate) fn next(&mut self, now: i64, outstanding: usize, retry: impl FnOnce(usize) -> Task) -> Next {
        let due = self.later.first().copied();
        let has_task = !self.urgent.is_empty() || !self.normal.is_empty() || !self.leisure.is_empty();
        if !has_task && due.is_none_or(|(at, _)| at > now) {
            return due.map_or(Next::Idle, |(at, _)| Next::Wait(at - now));
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
        if let Some((at, point)) = due.filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, point));
            return Next::Send(retry(point));
        }
        let task = self.normal.pop_front().or_else(|| self.leisure.pop_front());
        task.map_or(Next::Idle, Next::Send)
    }
}
