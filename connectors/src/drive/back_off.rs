//! How long to wait before a link is opened again.

use std::time::Duration;

use rand::Rng;

use super::Pace;

/// Doubling waits with jitter, begun anew after the link was good for a while.
#[derive(Debug)]
pub(super) struct BackOff {
    pace: Pace,
    losses: u32,
}

impl BackOff {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, losses: 0 }
    }

    /// The wait after a link that had stood for `stood` is lost: between half and the whole of the doubled step, so
    /// that many links that fell together do not come back together.
    pub(super) fn wait(&mut self, stood: Duration) -> Duration {
        if stood >= self.pace.good_while {
            self.losses = 0;
        }
        let step = self.pace.back_off_first.saturating_mul(1 << self.losses.min(16)).min(self.pace.back_off_most);
        self.losses = self.losses.saturating_add(1);
        jitter(step)
    }

    /// The wait after the far side refused us.
    pub(super) fn denied(&self) -> Duration {
        jitter(self.pace.denied_for)
    }
}

fn jitter(step: Duration) -> Duration {
    step.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_begin_anew_after_a_good_while() {
        let pace = Pace::default();
        let mut back_off = BackOff::new(pace);
        let first = back_off.wait(Duration::ZERO);
        assert!(first >= pace.back_off_first / 2 && first <= pace.back_off_first);
        for _ in 0..40 {
            assert!(back_off.wait(Duration::from_secs(3)) <= pace.back_off_most);
        }
        assert!(
            back_off.wait(Duration::from_secs(3)) >= pace.back_off_most / 2,
            "flapping does not reset the back-off"
        );
        assert!(back_off.wait(pace.good_while) <= pace.back_off_first);
    }
}
