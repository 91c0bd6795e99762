//! Transactions that lost a race with another worker's: run again at once, a bounded number of times.

use super::apply::EngineError;
use crate::store::{Disposition, StoreError};

/// How often a transaction that lost a race is run again at once.
const MOST: usize = 8;

/// Races that one piece of work has lost so far.
#[derive(Default)]
pub(super) struct Races(usize);

impl Races {
    /// Whether what failed for this cause is to be run again at once.
    pub(super) fn again(&mut self, cause: &StoreError) -> bool {
        let again = cause.disposition() == Disposition::RetryNow && self.0 < MOST;
        if again {
            self.0 += 1;
            metrics::counter!("trunkline_lost_races_total").increment(1);
        }
        again
    }
}

impl From<StoreError> for EngineError {
    fn from(cause: StoreError) -> Self {
        if cause.disposition() == Disposition::RetryNow { Self::Contended(cause) } else { Self::Unavailable(cause) }
    }
}
