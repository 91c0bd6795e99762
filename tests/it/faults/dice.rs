//! Chance that can be repeated.

use std::time::Duration;

/// SplitMix64 with a seed that is told when a test fails.
pub(super) struct Dice {
    pub(super) seed: u64,
    state: u64,
}

impl Dice {
    /// From `TRUNKLINE_FAULTS_SEED`, or from the clock.
    pub(super) fn new() -> Self {
        let told = std::env::var("TRUNKLINE_FAULTS_SEED").ok().and_then(|text| text.parse().ok());
        let seed = told.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
            u64::from(now.subsec_nanos()) | now.as_secs() << 32
        });
        Self { seed, state: seed }
    }

    /// Below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A time at random.
    pub(super) fn drawn(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms + self.below(most_ms - least_ms + 1))
    }

    /// Waits so long at random: the moment of a fault is what is drawn here, nothing is waited for.
    pub(super) async fn moment(&mut self, least_ms: u64, most_ms: u64) {
        tokio::time::sleep(self.drawn(least_ms, most_ms)).await;
    }
}
