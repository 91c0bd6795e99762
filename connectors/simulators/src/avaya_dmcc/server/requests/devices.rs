//! Device ids, agents and call linkage (avaya.md 1.4, 1.5).

use super::monitoring::device_in;
use super::{CstaError, avaya};
use crate::avaya_dmcc::csta::{AVAYA, Element, Markup, call_linkage};
use crate::avaya_dmcc::server::Exchange;
use crate::avaya_dmcc::switch::{Agent, AgentMode};

impl Exchange {
    pub(super) fn get_device_id(&self, request: &Element, root: &str) -> Result<String, CstaError> {
        let switch = request.text_at(&["switchName"]);
        let ours = &self.switch.definition().name;
        if switch.is_some_and(|switch| !switch.eq_ignore_ascii_case(ours)) {
            return Err(CstaError::INVALID_DEVICE);
        }
        let extension = request.text_at(&["extension"]).ok_or(CstaError::INVALID_DEVICE)?;
        let digits = extension.len() <= 30 && extension.chars().all(|c| c.is_ascii_digit() || "*#+".contains(c));
        // A third-party device may be any number, also an outside one.
        let third_party = root.contains("ThirdParty");
        if !digits || !(third_party || self.switch.is_installed(extension)) {
            return Err(CstaError::INVALID_DEVICE);
        }
        let instance = request.text_at(&["deviceInstance"]).unwrap_or("0");
        if !matches!(instance, "0" | "1" | "2") {
            return Err(CstaError::INVALID_DEVICE);
        }
        Ok(avaya(root, |m| self.names.device_instance(m, "device", extension, instance)))
    }

    pub(super) fn get_agent_state(&self, request: &Element) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let station = self.installed(device_in(request.child("device")))?;
        let group = request.child("acdGroup").map(|group| device_in(Some(group)));
        let agent = self.switch.agent_at(station);
        let talking = self.switch.is_talking(station);
        Ok(self.csta("GetAgentStateResponse", |m| {
            m.within("agentStateList", |m| {
                if let Some(agent) = agent {
                    self.agent_entry(m, agent, group, talking);
                }
            });
            if let Some(agent) = agent {
                agent_private(m, agent, talking);
            }
        }))
    }

    fn agent_entry(&self, m: &mut Markup, agent: &Agent, group: Option<&str>, talking: bool) {
        m.within("agentStateEntry", |m| {
            m.leaf("agentID", &agent.definition.id);
            m.truth("loggedOnState", agent.mode != AgentMode::Off);
            m.within("agentInfo", |m| {
                let wanted = |skill: &&String| group.is_none_or(|group| group == *skill);
                for skill in agent.definition.skills.iter().filter(wanted) {
                    m.within("agentInfoItem", |m| {
                        self.names.device(m, "acdGroup", skill);
                        m.leaf("agentState", agent_state(agent.mode, talking));
                    });
                }
            });
        });
    }

    pub(super) fn get_agent_login(&self, request: &Element) -> Result<String, CstaError> {
        let skill = self.installed(device_in(request.child("device")))?;
        let serves = |agent: &&Agent| {
            agent.mode != AgentMode::Off && agent.definition.skills.iter().any(|served| served == skill)
        };
        Ok(avaya("GetAgentLoginResponse", |m| {
            m.within("agentLoginExtensionList", |m| {
                for agent in self.switch.agents().filter(serves) {
                    self.names.device(m, "agentExtension", &agent.definition.station);
                }
            });
        }))
    }

    /// How a skill stands: agents who are free, calls that wait, agents logged on.
    pub(super) fn get_acd_split(&self, request: &Element) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let skill = self.installed(device_in(request.child("device").or_else(|| request.child("acdSplit"))))?;
        if !self.switch.is_skill(skill) {
            return Err(CstaError::INVALID_DEVICE);
        }
        let serves = |agent: &&Agent| {
            agent.mode != AgentMode::Off && agent.definition.skills.iter().any(|served| served == skill)
        };
        let free =
            |agent: &&Agent| agent.mode == AgentMode::Ready && !self.switch.is_talking(&agent.definition.station);
        let waiting = self.switch.calls().filter(|call| call.leg(skill).is_some()).count();
        Ok(avaya("GetAcdSplitResponse", |m| {
            m.number("availableAgents", self.switch.agents().filter(serves).filter(free).count() as u64);
            m.number("callsInQueue", waiting as u64);
            m.number("agentsLoggedIn", self.switch.agents().filter(serves).count() as u64);
        }))
    }

    pub(super) fn get_call_linkage_data(&self, request: &Element) -> Result<String, CstaError> {
        self.must_have_the_switch()?;
        let id = request.find("callID").and_then(|id| id.text.parse().ok()).ok_or(CstaError::INVALID_CALL)?;
        let call = self.switch.call_with_id(id).ok_or(CstaError::INVALID_CALL)?;
        Ok(avaya("GetCallLinkageDataResponse", |m| call_linkage(m, "callLinkageData", &call.ucid)))
    }
}

fn agent_state(mode: AgentMode, talking: bool) -> &'static str {
    match mode {
        AgentMode::Off => "agentNull",
        AgentMode::Ready if talking => "agentBusy",
        AgentMode::Ready => "agentReady",
        AgentMode::NotReady(_) => "agentNotReady",
        AgentMode::AfterCall => "agentWorkingAfterCall",
    }
}

fn agent_private(m: &mut Markup, agent: &Agent, talking: bool) {
    let work_mode = match agent.mode {
        AgentMode::AfterCall => "afterCallWork",
        AgentMode::Off | AgentMode::NotReady(_) => "auxWork",
        AgentMode::Ready if agent.definition.manual_in => "manualIn",
        AgentMode::Ready => "autoIn",
    };
    m.within("extensions", |m| {
        m.within("privateData", |m| {
            m.within("private", |m| {
                m.within_namespace("GetAgentStateResponsePrivateData", AVAYA, |m| {
                    m.leaf("workMode", work_mode);
                    m.leaf("talkState", if talking { "onCall" } else { "idle" });
                    if let AgentMode::NotReady(Some(reason)) = agent.mode {
                        m.number("reasonCode", u64::from(reason));
                    }
                });
            });
        });
    });
}
