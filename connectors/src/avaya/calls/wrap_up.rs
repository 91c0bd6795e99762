//! Which call an agent's wrap-up belongs to: the one he hung up last, unless he did something else since. An agent event
//! names no call, so this is remembered by station.

use std::collections::HashMap;

use trunkline_events::agent::WorkState;
use trunkline_events::call::CallRef;

use super::super::numbers::folded;
use super::super::wire::messages::agent_events::{AgentChange, AgentEvent};
use super::super::wire::messages::answers::AgentFound;
use super::Calls;
use super::call::{Call, LegState};
use crate::contract::Actions;

/// A call that was hung up so few milliseconds ago is what an agent wraps up, whatever else he has on the line.
const JUST_NOW: i64 = 2_000;
/// Milliseconds after which "after call" is no longer the wrap-up of the call before: the agent pressed a button.
const LONG_AGO: i64 = 60_000;

/// The call that was hung up last at each station, and when; forgotten when the agent there does anything else.
#[derive(Debug, Default)]
pub(crate) struct HungUp {
    by_station: HashMap<String, (CallRef, i64)>,
}

impl HungUp {
    /// Takes the legs of `call` that talked and are gone now.
    pub(crate) fn note(&mut self, call: &mut Call, now: i64) {
        for leg in call.legs.iter_mut().filter(|leg| leg.talked && leg.state == LegState::Gone) {
            leg.talked = false;
            self.by_station.insert(folded(&leg.extension).into_owned(), (call.reference.clone(), now));
        }
    }

    /// What is said of a call that ended in another one is said of that one.
    pub(crate) fn follow(&mut self, old: &CallRef, goes_on: &CallRef) {
        for (call, _) in self.by_station.values_mut().filter(|(call, _)| call.id == old.id) {
            call.clone_from(goes_on);
        }
    }

    fn forget(&mut self, station: &str) {
        self.by_station.remove(station);
    }

    fn within(&self, station: &str, milliseconds: i64, now: i64) -> Option<&CallRef> {
        self.by_station.get(station).filter(|(_, at)| now - at <= milliseconds).map(|(call, _)| call)
    }
}

impl Calls {
    /// Takes an agent event; true if anything changed.
    pub(crate) fn agent_event(&mut self, event: &AgentEvent<'_>, out: &mut Actions) -> bool {
        let Some(station) = self.site.agents.station_of(event) else { return false };
        if let Some(learned) = self.site.plan.learned() {
            learned.station(&station);
        }
        let state = match event.change {
            AgentChange::State(state) => Some(state),
            AgentChange::LoggedOff => Some(WorkState::LoggedOff),
            AgentChange::LoggedOn => None,
        };
        let call = self.wrapped_up(&station, state, out);
        self.site.agents.apply(event, &station, call, &self.site.source, out)
    }

    /// Takes what `GetAgentState` found at a station, `None` if nobody is there; true if anything changed.
    pub(crate) fn agent_read(&mut self, station: &str, found: Option<&AgentFound<'_>>, out: &mut Actions) -> bool {
        let station = folded(station);
        let call = self.wrapped_up(&station, found.and_then(|found| found.state), out);
        self.site.agents.found(&station, found, call, &self.site.source, out)
    }

    /// The call that a state belongs to if it is "after call"; any other but "busy" ends the memory of the last call.
    fn wrapped_up(&mut self, station: &str, state: Option<WorkState>, out: &Actions) -> Option<CallRef> {
        let now = out.now().unix_millis();
        match state {
            Some(WorkState::AfterCall) => {
                let just_now = self.hung_up.within(station, JUST_NOW, now);
                let call = just_now.or_else(|| self.talks_in(station));
                call.or_else(|| self.hung_up.within(station, LONG_AGO, now)).cloned()
            }
            Some(WorkState::Ready | WorkState::NotReady | WorkState::LoggedOff) => {
                self.hung_up.forget(station);
                None
            }
            Some(WorkState::Busy) | None => None,
        }
    }

    /// The live call of a station: a switch may tell the agent's state a little before the hang-up.
    fn talks_in(&self, station: &str) -> Option<&CallRef> {
        let legs = self.open.values().filter_map(|call| Some((call, call.leg(station).filter(|leg| leg.talked)?)));
        let alive = legs.filter(|(_, leg)| matches!(leg.state, LegState::Connected | LegState::Held));
        alive.max_by_key(|(_, leg)| (leg.state, leg.changed)).map(|(call, _)| &call.reference)
    }
}
