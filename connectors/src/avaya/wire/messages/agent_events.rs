//! Agent events (protocol notes 1.7): log-on and log-off come for each skill, work states for the station.

use trunkline_events::agent::WorkState;

use super::super::xml::Element;
use super::data::private;
use super::party::{device, extension};

/// What happened to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentChange {
    /// Logged on to a skill.
    LoggedOn,
    /// Logged off from a skill.
    LoggedOff,
    /// Changed what he does.
    State(WorkState),
}

/// One agent event, borrowed from its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentEvent<'d> {
    /// What happened.
    pub(crate) change: AgentChange,
    /// The monitor that tells it.
    pub(crate) cross_ref: &'d str,
    /// The station he sits at.
    pub(crate) extension: Option<&'d str>,
    /// Login id.
    pub(crate) agent: Option<&'d str>,
    /// Skill or split.
    pub(crate) group: Option<&'d str>,
    /// Reason code; 0 is none.
    pub(crate) reason: Option<&'d str>,
}

/// Whether a root element is an agent event; `None` if it is not.
pub(crate) fn agent_event(root: Element<'_>) -> Option<AgentEvent<'_>> {
    let change = match root.name() {
        "AgentLoggedOnEvent" => AgentChange::LoggedOn,
        "AgentLoggedOffEvent" => AgentChange::LoggedOff,
        "AgentReadyEvent" => AgentChange::State(WorkState::Ready),
        "AgentNotReadyEvent" => AgentChange::State(WorkState::NotReady),
        "AgentBusyEvent" => AgentChange::State(WorkState::Busy),
        "AgentWorkingAfterCallEvent" => AgentChange::State(WorkState::AfterCall),
        _ => return None,
    };
    Some(AgentEvent {
        change,
        cross_ref: root.text_of("monitorCrossRefID").unwrap_or_default(),
        extension: root.child("agentDevice").and_then(device),
        agent: root.text_of("agentID").and_then(extension),
        group: root.child("acdGroup").and_then(device),
        reason: private(root).and_then(|private| reason(private)),
    })
}

/// A reason code other than 0.
pub(crate) fn reason(private: Element<'_>) -> Option<&str> {
    private.text_of("reasonCode").filter(|code| *code != "0" && code.len() <= 16)
}
