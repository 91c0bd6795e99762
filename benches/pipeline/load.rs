//! The calls: like a day's, with two of three callers known, about six events each, over 500 stations.

use std::time::Duration;

use anyhow::{Result, ensure};
use trunkline_simulators::avaya_dmcc::{Load, Prepared};

use crate::daemon::House;

/// Customers who called before and call again.
const KNOWN: u64 = 3_000;
const FIRST_KNOWN: &str = "13800000000";
const FIRST_NEW: u64 = 13_900_000_000;
/// From one state of a call to the next.
const PACE: Duration = Duration::from_millis(200);
const TALK: Duration = Duration::from_secs(2);
/// A call's events, near enough to choose how many calls to make.
const EVENTS_A_CALL: f64 = 6.0;
/// Frames that are sent at once while warming up.
const GULP: u32 = 6_000;

/// The telephone system's side of the measurement.
pub(crate) struct Switch {
    next_new: u64,
    /// Frames of the wire for one event of ours: several monitors see the same step.
    pub(crate) frames_an_event: f64,
}

impl Switch {
    /// Lets every known customer call once, and learns how many frames make an event.
    pub(crate) async fn warm_up(house: &House, time: Duration) -> Result<Self> {
        // A short run is a smoke test: it need not know as many people.
        let calls = if time < Duration::from_secs(5) { KNOWN / 6 } else { KNOWN };
        let mut load = load(400.0, calls, FIRST_KNOWN.to_owned());
        load.callers = KNOWN;
        let prepared = house.avaya.prepare(&load)?;
        let (frames, before) = (prepared.events(), house.quiet().await?);
        house.avaya.emit(prepared, GULP).await;
        let events = house.quiet().await? - before;
        ensure!(events > 0, "no event was stored");
        house.analyze()?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let frames_an_event = frames as f64 / events as f64;
        house.say(&format!("{calls} calls made {frames} frames and {events} events"))?;
        Ok(Self { next_new: FIRST_NEW, frames_an_event })
    }

    /// Renders so many events, whose calls begin at the rate that `events_a_second` asks for.
    pub(crate) fn prepare(&mut self, house: &House, events_a_second: f64, events: f64) -> Result<Prepared> {
        let (calls, rate) = (whole(events / EVENTS_A_CALL), events_a_second / EVENTS_A_CALL);
        let new = (calls / 3).max(1);
        let mut known = load(rate * 2.0 / 3.0, (calls - new).max(1), FIRST_KNOWN.to_owned());
        known.callers = KNOWN;
        let strangers = load(rate / 3.0, new, self.next_new.to_string());
        self.next_new += new;
        Ok(house.avaya.prepare_together(&[known, strangers])?)
    }
}

fn load(calls_a_second: f64, calls: u64, first_ani: String) -> Load {
    #[expect(clippy::cast_precision_loss, reason = "at most ten million calls")]
    let seconds = calls as f64 / calls_a_second;
    Load { first_ani, callers: calls.max(1), pace: PACE, talk: TALK, ..Load::answered(calls_a_second, seconds) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of calls")]
pub(crate) fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}
