//! The timers of one protocol, by name. There are few, so a list does.

use std::time::Duration;

use tokio::time::Instant;

/// Timers by name; setting one again moves it.
#[derive(Debug, Default)]
pub(super) struct Timers(Vec<(&'static str, Instant)>);

impl Timers {
    /// Sets, moves or (with `None`) stops a timer.
    pub(super) fn set(&mut self, name: &'static str, after: Option<Duration>) {
        self.0.retain(|(known, _)| *known != name);
        // A wait beyond the clock's range is one that never ends.
        if let Some(due) = after.and_then(|after| Instant::now().checked_add(after)) {
            self.0.push((name, due));
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|(_, due)| *due).min()
    }

    /// Takes the one that is longest overdue.
    pub(super) fn take_due(&mut self) -> Option<&'static str> {
        let now = Instant::now();
        let at = (0..self.0.len()).filter(|at| self.0[*at].1 <= now).min_by_key(|at| self.0[*at].1)?;
        Some(self.0.swap_remove(at).0)
    }
}

/// Waits for the instant; for ever without one.
pub(super) async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_set_again_moves_and_an_overdue_one_comes_once() {
        let mut timers = Timers::default();
        timers.set("keep-alive", Some(Duration::ZERO));
        timers.set("poll", Some(Duration::ZERO));
        timers.set("keep-alive", Some(Duration::from_hours(1)));
        assert_eq!(timers.take_due(), Some("poll"));
        assert_eq!(timers.take_due(), None);
        timers.set("keep-alive", None);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn an_endless_wait_is_no_panic() {
        let mut timers = Timers::default();
        timers.set("never", Some(Duration::MAX));
        assert_eq!(timers.take_due(), None);
    }
}
