//! Agents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentView {
    /// His id here.
    pub agent: String,
    /// Name.
    pub name: Option<String>,
    /// Team or department.
    pub group: Option<String>,
    /// His own extension, or the one at which he was seen last.
    pub extension: Option<String>,
    /// What he can do: as declared, and as his systems say now.
    pub skills: Vec<String>,
    /// His own numbers: they are no customer's.
    pub phones: Vec<String>,
    /// His own addresses: they are no customer's.
    pub emails: Vec<String>,
    /// What each system calls him.
    pub logins: Vec<LoginView>,
    /// When an administrator or a list changed him last.
    pub changed: Timestamp,
}

/// A login at one system, with what events told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoginView {
    /// The system: `/connectors/avaya-bj`.
    pub system: String,
    /// What it calls him.
    pub login: String,
    /// Who said whose it is: `file` or `admin`; absent while it is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The name the system shows.
    pub name: Option<String>,
    /// The extension at which he was seen last.
    pub extension: Option<String>,
    /// Queues that he is logged on to.
    pub skills: Vec<String>,
    /// Whether he was logged on when he was seen last.
    pub logged_on: Option<bool>,
    /// When an event named him last.
    pub last_seen: Option<Timestamp>,
}

/// A word that a source uses for a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagWordView {
    /// Who uses it.
    pub source: String,
    /// The word.
    pub word: String,
    /// The tag that it stands for; absent for a word that no rule names.
    pub tag: Option<String>,
    /// When it was heard first.
    pub first_seen: Timestamp,
}
