//! Agents: who works where, in which state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::CallRef;

/// An agent's work state, the same words for every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkState {
    /// Takes work.
    Ready,
    /// Logged on, takes no work.
    NotReady,
    /// In a call or chat.
    Busy,
    /// Wrap-up after a call.
    AfterCall,
    /// Logged off.
    LoggedOff,
}

/// `trunkline.agent.state.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// The agent's login id at the source.
    pub agent: String,
    /// The device he sits at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// What he does now.
    pub state: WorkState,
    /// The source's reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Skill, split or queue, where the state is told per queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The call this state belongs to: the wrap-up after it, and the state that ends the wrap-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRef>,
}

/// `trunkline.agent.login.v1`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Login {
    /// The agent's login id at the source.
    pub agent: String,
    /// The device he sits at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Skill, split or queue, where log-on is told per queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// True for the first log-on, false once the last queue is left.
    pub logged_on: bool,
}
