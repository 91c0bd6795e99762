//! What numbers tell an operator: a link that has fallen silent, words and queues that are suddenly frequent, how long people
//! wait for an answer. Pure: counts and instants come in, no IO, no clock.
//!
//! - [`Usual`] is what a link usually tells, learned from its history; [`Usual::judge`] says whether its silence is one.
//! - [`Keywords`] finds declared words; [`Hit`] is one thing to count in one event; [`compare`] finds spikes.
//! - [`Response`] gathers the time to an answer by hour.

mod hotspot;
mod keyword;
mod response;
mod silence;

pub use hotspot::{Hit, HotspotView, SpikeRule, Subject, compare, hits};
pub use keyword::{KeywordError, Keywords};
pub use response::{Response, ResponseView};
pub use silence::{HourCount, SilenceRule, Usual, Verdict};

use crate::zone::Zone;

/// What is counted, and by whose calendar.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Words that are looked for.
    pub keywords: Keywords,
    /// The zone of the days on which hits are counted.
    pub zone: Zone,
}
