//! Wrap-up: what the agent of the last leg did after it.

use time::Duration;
use trunkline_events::agent::{State, WorkState};
use trunkline_events::cdr::{Cdr, Leg, Medium};
use trunkline_events::{Body, Timestamp};

use super::leg::{millis, span};
use super::order::Told;

/// A switch may tell the agent's state a little before it tells that the call is over.
const AHEAD: Duration = Duration::seconds(2);

/// Milliseconds from the end of the last answered leg's `after_call` to the agent's next state.
///
/// 0 while it lasts, if the agent did something else first, or if no agent states are among the events.
pub(super) fn wrap_up(told: &[Told<'_>], cdr: &Cdr) -> u64 {
    if cdr.medium != Medium::Voice {
        return 0;
    }
    let Some((leg, ended)) = last_answered(cdr) else { return 0 };
    let earliest = ended.plus(-AHEAD);
    let mut states = told.iter().filter(|told| told.at >= earliest && told.event.source == cdr.source).filter_map(
        |told| match &told.event.body {
            Body::AgentState(state) if is_of(state, leg) => Some((told.at, state.state)),
            _ => None,
        },
    );
    // Until the end he was busy with this very call.
    let first = states.find(|(at, state)| *state != WorkState::Busy || *at > ended);
    let Some((from, WorkState::AfterCall)) = first else { return 0 };
    let next = states.find(|(_, state)| *state != WorkState::AfterCall);
    next.map_or(0, |(to, _)| millis(span(from.max(ended), to)))
}

fn last_answered(cdr: &Cdr) -> Option<(&Leg, Timestamp)> {
    let answered = cdr.legs.iter().filter(|leg| leg.answered.is_some());
    answered.filter_map(|leg| Some((leg, leg.ended?))).max_by_key(|(_, ended)| *ended)
}

fn is_of(state: &State, leg: &Leg) -> bool {
    match &leg.agent {
        Some(agent) => state.agent == *agent,
        None => state.extension.as_deref() == Some(&leg.extension),
    }
}
