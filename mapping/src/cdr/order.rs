//! One order for a set of events, whatever order they came in.
//!
//! Doubles of an id are dropped (the earliest telling stays), the rest is sorted by
//! (time, received, epoch and number, kind, id). Sources without a clock of their own carry our receive time; where that
//! ran backwards against the connector's own numbering, the numbering decides and `at` is held at the highest
//! time seen, so that no stretch is ever negative.

use std::cmp::Ordering;

use trunkline_events::{Body, Event, Timestamp};

/// An event at its place in the order.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// When it happened, never before what stands earlier in the order.
    pub(super) at: Timestamp,
    pub(super) event: &'a Event,
}

/// Events in their order.
pub(super) struct Ordered<'a> {
    pub(super) told: Vec<Told<'a>>,
    /// Our clock ran back by a second or more between two of them.
    pub(super) clock_jumped: bool,
}

/// A step back below this is clock discipline, not a jump: straightened, not worth a mark.
const JUMP: time::Duration = time::Duration::SECOND;

pub(super) fn order<'a>(events: impl IntoIterator<Item = &'a Event>) -> Ordered<'a> {
    let mut told: Vec<Told<'a>> = events.into_iter().map(|event| Told { at: event.time, event }).collect();
    told.sort_unstable_by(|a, b| {
        let by_id = a.event.id.cmp(&b.event.id);
        by_id.then_with(|| by_time(a, b)).then_with(|| by_content(a.event, b.event))
    });
    told.dedup_by(|later, first| later.event.id == first.event.id);
    told.sort_unstable_by(by_time);
    let mut clock_jumped = false;
    if numbers_run_against_time(&told) {
        clock_jumped = straighten(&mut told);
        told.sort_unstable_by(by_number);
    }
    Ordered { told, clock_jumped }
}

fn by_time(a: &Told<'_>, b: &Told<'_>) -> Ordering {
    let by_clock = a.at.cmp(&b.at).then_with(|| a.event.received.cmp(&b.event.received));
    by_clock.then_with(|| by_number_alone(a, b))
}

fn by_number(a: &Told<'_>, b: &Told<'_>) -> Ordering {
    a.at.cmp(&b.at).then_with(|| by_number_alone(a, b))
}

fn by_number_alone(a: &Told<'_>, b: &Told<'_>) -> Ordering {
    let by_sequence = a.event.sequence.cmp(&b.event.sequence);
    by_sequence.then_with(|| rank(&a.event.body).cmp(&rank(&b.event.body))).then_with(|| a.event.id.cmp(&b.event.id))
}

/// Only for two different events under one id, which no connector sends: the choice must not hang on the order of arrival.
fn by_content(a: &Event, b: &Event) -> Ordering {
    if a == b { Ordering::Equal } else { a.to_json().ok().cmp(&b.to_json().ok()) }
}

/// The natural order of what happens at one instant, where nothing else tells it.
fn rank(body: &Body) -> u8 {
    match body {
        Body::CallOffered(_) | Body::ChatOpened(_) => 0,
        Body::CallDataAttached(_) => 1,
        Body::CallQueued(_) => 2,
        Body::CallDiverted(_) => 3,
        Body::CallRinging(_) | Body::ChatAssigned(_) => 4,
        Body::CallAnswered(_) | Body::ChatMessage(_) => 5,
        Body::CallHeld(_) => 6,
        Body::CallResumed(_) => 7,
        Body::CallTransferred(_) | Body::CallConferenced(_) => 8,
        Body::CallLegEnded(_) => 9,
        Body::CallEnded(_) | Body::ChatClosed(_) => 10,
        _ => 11,
    }
}

/// The event's epoch and number, if its time is our receive time.
fn stamped_by_us(event: &Event) -> Option<(&str, u64)> {
    let sequence = event.sequence.as_ref().filter(|_| event.time == event.received)?;
    Some((&sequence.epoch, sequence.number))
}

fn numbers_run_against_time(told: &[Told<'_>]) -> bool {
    let mut highest: Vec<(&str, u64)> = Vec::new();
    for (epoch, number) in told.iter().filter_map(|told| stamped_by_us(told.event)) {
        match highest.iter_mut().find(|(known, _)| *known == epoch) {
            Some((_, last)) if number < *last => return true,
            Some((_, last)) => *last = number,
            None => highest.push((epoch, number)),
        }
    }
    false
}

/// Holds the time of what we stamped at the highest seen before it in its epoch; whether that moved anything by a jump.
fn straighten(told: &mut [Told<'_>]) -> bool {
    let mut stamped: Vec<usize> = (0..told.len()).filter(|&at| stamped_by_us(told[at].event).is_some()).collect();
    stamped.sort_unstable_by_key(|&at| stamped_by_us(told[at].event));
    let mut jumped = false;
    let mut before: Option<(&str, Timestamp)> = None;
    for at in stamped {
        let Some((epoch, _)) = stamped_by_us(told[at].event) else { continue };
        if let Some((known, highest)) = before
            && known == epoch
            && told[at].at < highest
        {
            jumped |= highest.since(told[at].at) >= JUMP;
            told[at].at = highest;
        }
        before = Some((epoch, told[at].at));
    }
    jumped
}
