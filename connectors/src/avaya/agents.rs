//! Who sits where (rule 26). An agent logs on per skill; he is logged off when the last one is gone.
//!
//! Agents have no id that is unique in time, so an event's id takes the instant it was heard: a replay with the same
//! times gives the same ids, and echoes of several monitors are told apart by state, not by id.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trunkline_events::agent::{Login, State, WorkState};
use trunkline_events::call::CallRef;
use trunkline_events::{Body, Event, EventId};

use super::numbers::folded;
use super::wire::messages::agent_events::{AgentChange, AgentEvent};
use super::wire::messages::answers::AgentFound;
use crate::contract::{Action, Actions};

/// An agent at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Agent {
    id: String,
    #[serde(default)]
    groups: BTreeSet<String>,
    #[serde(default)]
    state: Option<WorkState>,
    #[serde(default)]
    reason: Option<String>,
    /// The call that he wraps up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wraps_up: Option<CallRef>,
}

/// All agents that are logged on, by station.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Agents {
    by_station: BTreeMap<String, Agent>,
    /// The instant of the last event and how many came at it: recordings without times have one instant only.
    #[serde(skip)]
    last: (i64, u32),
}

/// Tells one source's agent events.
struct Teller<'a> {
    source: &'a str,
    extension: &'a str,
    out: &'a mut Actions,
    last: (i64, u32),
}

impl<'a> Teller<'a> {
    fn new(source: &'a str, extension: &'a str, last: (i64, u32), out: &'a mut Actions) -> Self {
        Self { source, extension, out, last }
    }
}

impl Agents {
    /// The login id of who sits at a station.
    pub(crate) fn at(&self, extension: &str) -> Option<&str> {
        self.by_station.get(&*folded(extension)).map(|agent| agent.id.as_str())
    }

    /// The station that an event is about: the one it names, else where its agent sits.
    pub(crate) fn station_of(&self, event: &AgentEvent<'_>) -> Option<String> {
        let known = || self.by_station.iter().find(|(_, agent)| Some(agent.id.as_str()) == event.agent);
        event.extension.map(|at| folded(at).into_owned()).or_else(|| known().map(|(at, _)| at.clone()))
    }

    /// Takes one event at `extension`; `call` is the one that a state after a call belongs to. True if anything changed.
    pub(crate) fn apply(
        &mut self,
        event: &AgentEvent<'_>,
        extension: &str,
        call: Option<CallRef>,
        source: &str,
        out: &mut Actions,
    ) -> bool {
        let before = self.by_station.get(extension).cloned();
        let mut teller = Teller::new(source, extension, self.last, out);
        match event.change {
            AgentChange::LoggedOn => self.logged_on(event.agent, event.group, &mut teller),
            AgentChange::LoggedOff => self.logged_off(event.agent, event.group, event.reason, &mut teller),
            AgentChange::State(state) => {
                // A state of somebody we never saw log on tells that he did.
                if event.agent.is_some() {
                    self.logged_on(event.agent, None, &mut teller);
                }
                self.changed(state, event.reason, call, &mut teller);
            }
        }
        self.last = teller.last;
        self.by_station.get(extension) != before.as_ref()
    }

    /// Takes what `GetAgentState` found at a station; `None` if nobody is there.
    pub(crate) fn found(
        &mut self,
        extension: &str,
        found: Option<&AgentFound<'_>>,
        call: Option<CallRef>,
        source: &str,
        out: &mut Actions,
    ) -> bool {
        let before = self.by_station.get(extension).cloned();
        let mut teller = Teller::new(source, extension, self.last, out);
        match found.filter(|found| found.logged_on && (found.agent.is_some() || before.is_some())) {
            None => self.logged_off(None, None, None, &mut teller),
            Some(found) => {
                self.logged_on(found.agent, None, &mut teller);
                if let Some(agent) = self.by_station.get_mut(extension).filter(|_| !found.groups.is_empty()) {
                    agent.groups = found.groups.iter().map(|&group| group.to_owned()).collect();
                }
                if let Some(state) = found.state {
                    self.changed(state, found.reason, call, &mut teller);
                }
            }
        }
        self.last = teller.last;
        self.by_station.get(extension) != before.as_ref()
    }

    fn logged_on(&mut self, id: Option<&str>, group: Option<&str>, teller: &mut Teller<'_>) {
        let Some(id) = id else { return };
        if self.at(teller.extension).is_some_and(|former| former != id) {
            self.logged_off(None, None, None, teller);
        }
        let elsewhere = self.by_station.iter().find(|(at, agent)| agent.id == id && *at != teller.extension);
        if let Some(elsewhere) = elsewhere.map(|(at, _)| at.clone()) {
            // He sits in one place: that he left the other was not heard.
            let mut there = Teller::new(teller.source, &elsewhere, teller.last, teller.out);
            self.logged_off(Some(id), None, None, &mut there);
            teller.last = there.last;
        }
        let new = self.at(teller.extension).is_none();
        let agent = self.by_station.entry(teller.extension.to_owned()).or_insert_with(|| Agent {
            id: id.to_owned(),
            groups: BTreeSet::new(),
            state: None,
            reason: None,
            wraps_up: None,
        });
        agent.groups.extend(group.map(str::to_owned));
        if new {
            teller.login(id, group, true);
        }
    }

    fn logged_off(&mut self, id: Option<&str>, group: Option<&str>, reason: Option<&str>, teller: &mut Teller<'_>) {
        let Some(agent) = self.by_station.get_mut(teller.extension) else { return };
        if id.is_some_and(|id| id != agent.id) {
            return;
        }
        match group {
            Some(group) => drop(agent.groups.remove(group)),
            None => agent.groups.clear(),
        }
        if !agent.groups.is_empty() {
            return;
        }
        if let Some(agent) = self.by_station.remove(teller.extension) {
            teller.state(&agent.id, WorkState::LoggedOff, reason, agent.wraps_up);
            teller.login(&agent.id, group, false);
        }
    }

    /// A wrap-up and the state that ends it belong to a call; after another call there is another wrap-up.
    fn changed(&mut self, state: WorkState, reason: Option<&str>, call: Option<CallRef>, teller: &mut Teller<'_>) {
        let Some(agent) = self.by_station.get_mut(teller.extension) else { return };
        let same_call =
            call.as_ref().is_none_or(|call| agent.wraps_up.as_ref().is_some_and(|known| known.id == call.id));
        if agent.state == Some(state) && agent.reason.as_deref() == reason && same_call {
            return;
        }
        let before = agent.wraps_up.take();
        let call = call.or(before);
        if state == WorkState::AfterCall {
            agent.wraps_up.clone_from(&call);
        }
        agent.state = Some(state);
        agent.reason = reason.map(str::to_owned);
        teller.state(&agent.id, state, reason, call);
    }
}

impl Teller<'_> {
    fn login(&mut self, agent: &str, group: Option<&str>, logged_on: bool) {
        let login = Login {
            agent: agent.to_owned(),
            extension: Some(self.extension.to_owned()),
            queue: group.map(str::to_owned),
            logged_on,
        };
        self.tell(agent, if logged_on { "on" } else { "off" }, Body::AgentLogin(login));
    }

    fn state(&mut self, agent: &str, state: WorkState, reason: Option<&str>, call: Option<CallRef>) {
        let told = State {
            agent: agent.to_owned(),
            extension: Some(self.extension.to_owned()),
            state,
            reason: reason.map(str::to_owned),
            queue: None,
            call,
        };
        let word = match state {
            WorkState::Ready => "ready",
            WorkState::NotReady => "not_ready",
            WorkState::Busy => "busy",
            WorkState::AfterCall => "after_call",
            WorkState::LoggedOff => "logged_off",
        };
        self.tell(agent, word, Body::AgentState(told));
    }

    fn tell(&mut self, agent: &str, word: &str, body: Body) {
        let now = self.out.now();
        let native = format!("agent/{agent}/{}", self.extension);
        let instant = now.unix_millis();
        self.last = if self.last.0 == instant { (instant, self.last.1 + 1) } else { (instant, 0) };
        let sequence = format!("{word}@{instant}-{}", self.last.1);
        self.out.push(Action::Emit(Box::new(Event {
            id: EventId::derive(self.source, &native, body.event_type(), &sequence),
            source: self.source.to_owned(),
            subject: Some(agent.to_owned()),
            time: now,
            received: now,
            partition_key: format!("{}:agent:{agent}", self.source),
            causation: None,
            sequence: None,
            body,
        })));
    }
}
