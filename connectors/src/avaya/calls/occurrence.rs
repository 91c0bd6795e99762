//! Which report of a transition is news.
//!
//! A call may be seen by a VDN's, a skill's and a station's monitor at once (rule 25). Each monitor's reports of one
//! transition of one device are counted: the third hold of a monitor is the third hold, whoever tells it first. A
//! report that repeats the state we hold is never news and never runs ahead of what was told. A report that would
//! change the state but whose count was told already is an echo within the window; later than that the monitor began
//! in the middle of the call, and it is news.

use serde::{Deserialize, Serialize};

/// What can happen to a call or leg more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Queued,
    Ringing,
    Answered,
    Held,
    Resumed,
    Diverted,
    LegEnded,
    Transferred,
    Conferenced,
    DataAttached,
}

/// One transition of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Occurrence {
    step: Step,
    device: String,
    /// How often it was told.
    told: u32,
    /// How often it had been told when the present monitors began.
    #[serde(skip)]
    before: u32,
    /// When it was told last.
    #[serde(skip)]
    at: i64,
    /// Reports by monitor.
    #[serde(skip)]
    reports: Vec<(u32, u32)>,
}

/// All transitions of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Occurrences {
    list: Vec<Occurrence>,
}

/// A report to be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    /// What happened.
    pub(crate) step: Step,
    /// To which device; empty for the call as a whole.
    pub(crate) device: &'a str,
    /// Which monitor says so; `None` for a snapshot, which is always right.
    pub(crate) monitor: Option<u32>,
    /// Whether it differs from the state we hold.
    pub(crate) changes: bool,
    /// Milliseconds since 1970.
    pub(crate) now: i64,
    /// Milliseconds.
    pub(crate) window: i64,
}

impl Occurrences {
    /// The number of the occurrence if it is news, from 1.
    pub(crate) fn news(&mut self, report: Report<'_>) -> Option<u32> {
        let found =
            self.list.iter().position(|one| one.step == report.step && one.device.eq_ignore_ascii_case(report.device));
        let at = found.unwrap_or_else(|| {
            self.list.push(Occurrence {
                step: report.step,
                device: report.device.to_owned(),
                told: 0,
                before: 0,
                at: i64::MIN,
                reports: Vec::new(),
            });
            self.list.len() - 1
        });
        self.list[at].judge(report)
    }

    /// The present monitors begin to count where we stand.
    pub(crate) fn new_monitors(&mut self) {
        for one in &mut self.list {
            one.before = one.told;
            one.reports.clear();
        }
    }
}

impl Occurrence {
    fn judge(&mut self, report: Report<'_>) -> Option<u32> {
        let Some(monitor) = report.monitor else {
            return report.changes.then(|| self.tell(report.now));
        };
        let counted = self.reports.iter().find(|(one, _)| *one == monitor).map_or(self.before, |(_, count)| *count);
        let count = counted + 1;
        let stale = report.now.saturating_sub(self.at) >= report.window;
        let news = report.changes && (count > self.told || stale);
        let number = if news { Some(self.tell(report.now)) } else { None };
        let count = if news { self.told } else { count.min(self.told) };
        match self.reports.iter_mut().find(|(one, _)| *one == monitor) {
            Some((_, kept)) => *kept = count,
            None => self.reports.push((monitor, count)),
        }
        number
    }

    fn tell(&mut self, now: i64) -> u32 {
        self.told += 1;
        self.at = now;
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(monitor: u32, changes: bool, now: i64) -> Report<'static> {
        Report { step: Step::Held, device: "4750", monitor: Some(monitor), changes, now, window: 5000 }
    }

    #[test]
    fn a_lagging_monitor_tells_nothing_new_even_when_its_word_differs_from_the_state() {
        let mut holds = Occurrences::default();
        assert_eq!(holds.news(report(1, true, 0)), Some(1));
        assert_eq!(holds.news(report(1, true, 10)), Some(2), "resumed between the two");
        assert_eq!(holds.news(report(2, true, 20)), None, "the first hold, told by the other monitor");
        assert_eq!(holds.news(report(2, false, 30)), None, "the second");
        assert_eq!(holds.news(report(2, true, 40)), Some(3), "the third, told first by the slower monitor");
    }

    #[test]
    fn a_monitor_that_began_in_the_middle_is_believed_after_the_window() {
        let mut holds = Occurrences::default();
        assert_eq!(holds.news(report(1, true, 0)), Some(1));
        assert_eq!(holds.news(report(2, true, 60_000)), Some(2));
    }

    #[test]
    fn a_monitor_that_repeats_itself_does_not_run_ahead() {
        let mut holds = Occurrences::default();
        assert_eq!(holds.news(report(1, true, 0)), Some(1));
        assert_eq!(holds.news(report(1, false, 1)), None);
        assert_eq!(holds.news(report(1, true, 2)), Some(2));
    }

    #[test]
    fn after_recovery_new_monitors_count_from_where_we_stand() {
        let mut holds = Occurrences::default();
        assert_eq!(holds.news(report(1, true, 0)), Some(1));
        holds.new_monitors();
        assert_eq!(holds.news(report(7, true, 1)), Some(2));
    }
}
