//! How long a retry waits, and when it is given up. Pure.

use std::time::Duration;

use crate::Answer;

/// The waiting times there are queues for, in milliseconds, shortest first.
pub(crate) const DELAYS_MS: [u32; 5] = [1_000, 5_000, 30_000, 300_000, 3_600_000];

/// The shortest waiting time that is not below `after`; the longest there is for anything above.
pub(crate) fn delay_ms(after: Duration) -> u32 {
    let millis = after.as_millis();
    DELAYS_MS.into_iter().find(|delay| u128::from(*delay) >= millis).unwrap_or(DELAYS_MS[DELAYS_MS.len() - 1])
}

/// Turns a retry of the last attempt into a dead letter.
pub(crate) fn limited(answer: Answer, attempt: u32, max_attempts: u32) -> Answer {
    match answer {
        Answer::Retry(_) if attempt >= max_attempts => Answer::Dead(format!("gave up after {attempt} attempts")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_never_comes_early_unless_it_asks_for_more_than_an_hour() {
        assert_eq!(delay_ms(Duration::ZERO), 1_000);
        assert_eq!(delay_ms(Duration::from_millis(1_001)), 5_000);
        assert_eq!(delay_ms(Duration::from_mins(5)), 300_000);
        assert_eq!(delay_ms(Duration::from_hours(24)), 3_600_000);
    }

    #[test]
    fn the_last_attempt_turns_a_retry_into_a_dead_letter() {
        let retry = Answer::Retry(Duration::ZERO);
        assert_eq!(limited(retry.clone(), 2, 3), retry);
        assert_eq!(limited(retry, 3, 3), Answer::Dead("gave up after 3 attempts".to_owned()));
    }
}
