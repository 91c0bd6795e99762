//! Agents: who is logged on where, and what state they are in.

use super::{AgentDefinition, AgentOccurrence, Occurrence, Switch, SwitchError};

/// What an agent is doing, apart from talking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentMode {
    /// Not logged on.
    Off,
    /// Takes calls.
    Ready,
    /// Auxiliary work, with the agent's reason code.
    NotReady(Option<u32>),
    /// Work after a call.
    AfterCall,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Who it is.
    pub definition: AgentDefinition,
    /// What the agent does.
    pub mode: AgentMode,
}

impl Switch {
    /// Installs an agent. One who is `logged_on` stands so without an event, as before the simulator began.
    pub fn install(&mut self, agent: AgentDefinition) -> Result<(), SwitchError> {
        self.must_be_station(&agent.station)?;
        if let Some(skill) = agent.skills.iter().find(|skill| !self.is_skill(skill)) {
            return Err(SwitchError::NotInstalled { what: "skill", device: skill.clone() });
        }
        if agent.logged_on {
            self.agent_of_station.insert(agent.station.clone(), agent.id.clone());
        }
        let mode = if agent.logged_on { AgentMode::Ready } else { AgentMode::Off };
        self.agents.insert(agent.id.clone(), Agent { definition: agent, mode });
        Ok(())
    }

    /// The agent logged on at a station.
    pub fn agent_at(&self, station: &str) -> Option<&Agent> {
        self.agent_of_station.get(station).and_then(|id| self.agents.get(id))
    }

    /// Whether somebody talks at this station.
    pub fn is_talking(&self, station: &str) -> bool {
        self.calls.values().any(|call| call.leg(station).is_some())
    }

    /// Logged-on agents.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    fn change(
        &mut self,
        id: &str,
        mode: AgentMode,
        root: &'static str,
        reason: Option<u32>,
    ) -> Result<(), SwitchError> {
        let missing = || SwitchError::NotInstalled { what: "agent", device: id.to_owned() };
        let agent = self.agents.get_mut(id).ok_or_else(missing)?;
        let logging_on = root == "AgentLoggedOnEvent";
        if logging_on != (agent.mode == AgentMode::Off) {
            let sentence = format!("agent {id:?} is {}logged on", if logging_on { "already " } else { "not " });
            return Err(SwitchError::BadValue { field: "agent", sentence });
        }
        if logging_on && self.agent_of_station.contains_key(&agent.definition.station) {
            let sentence = format!("somebody is logged on at station {:?}", agent.definition.station);
            return Err(SwitchError::BadValue { field: "agent", sentence });
        }
        agent.mode = mode;
        let agent = agent.definition.clone();
        if logging_on {
            self.agent_of_station.insert(agent.station.clone(), agent.id.clone());
        } else if mode == AgentMode::Off {
            self.agent_of_station.remove(&agent.station);
        }
        let pending = (root == "AgentWorkingAfterCallEvent").then_some("ready");
        for skill in agent.skills {
            self.out.push(Occurrence::Agent(AgentOccurrence {
                root,
                agent: agent.id.clone(),
                station: agent.station.clone(),
                skill,
                reason,
                pending,
            }));
        }
        Ok(())
    }

    pub(super) fn log_on(&mut self, id: &str) -> Result<(), SwitchError> {
        self.change(id, AgentMode::NotReady(None), "AgentLoggedOnEvent", None)
    }

    pub(super) fn log_off(&mut self, id: &str, reason: Option<u32>) -> Result<(), SwitchError> {
        self.change(id, AgentMode::Off, "AgentLoggedOffEvent", reason)
    }

    pub(super) fn ready(&mut self, id: &str) -> Result<(), SwitchError> {
        self.change(id, AgentMode::Ready, "AgentReadyEvent", None)
    }

    pub(super) fn not_ready(&mut self, id: &str, reason: Option<u32>) -> Result<(), SwitchError> {
        self.change(id, AgentMode::NotReady(reason), "AgentNotReadyEvent", reason)
    }

    pub(super) fn after_call_work(&mut self, id: &str) -> Result<(), SwitchError> {
        self.change(id, AgentMode::AfterCall, "AgentWorkingAfterCallEvent", None)
    }

    pub(super) fn busy(&mut self, id: &str) -> Result<(), SwitchError> {
        let mode = self.agents.get(id).map_or(AgentMode::Off, |agent| agent.mode);
        self.change(id, mode, "AgentBusyEvent", None)
    }

    /// A station's call is over: an agent in manual-in mode goes into after-call work.
    pub(super) fn after_call(&mut self, station: &str) {
        let Some(id) = self.agent_of_station.get(station).cloned() else { return };
        let manual = self.agents.get(&id).is_some_and(|agent| agent.definition.manual_in);
        if manual {
            // An agent at a station is logged on, so this cannot be refused.
            let _ = self.after_call_work(&id);
        }
    }
}
