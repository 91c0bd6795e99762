//! What a CTI observer could see: one occurrence a fact, with the call as it stood at that moment.

use std::sync::Arc;

use super::{Call, CallKey, LegState};

/// State of the observed device's own connection in an event.
pub type LocalState = LegState;

/// A device on a call, by the call's id at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The call's small id.
    pub call_id: u32,
    /// The device.
    pub device: String,
}

/// One party of a merged call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionItem {
    /// Its connection in the resulting call.
    pub new: Connection,
    /// Its connection before.
    pub old: Option<Connection>,
    /// The party.
    pub endpoint: String,
}

/// UCIDs after and before a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linkage {
    /// Of the resulting call.
    pub new: String,
    /// Of the call that went into it.
    pub old: String,
}

/// The facts of a transfer or a conference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The first call and the device that acts on it.
    pub primary: Connection,
    /// The consultation call, where there was one.
    pub secondary: Option<Connection>,
    /// Who transfers or conferences.
    pub by: String,
    /// Who is transferred to, or added.
    pub to: String,
    /// Everybody on the resulting call.
    pub items: Vec<ConnectionItem>,
    /// UCIDs, where two calls became one.
    pub linkage: Option<Linkage>,
}

/// What happened to a call. Devices are extensions or numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the CSTA event of the same name; protocols: ECMA-269 call control events")]
pub enum What {
    ServiceInitiated { device: String },
    Originated { device: String },
    NetworkReached { device: String },
    Delivered { device: String },
    Established { device: String },
    Queued { skill: String, waiting: usize, in_front: usize },
    Diverted { device: String, to: String },
    Failed { device: String },
    Held { device: String },
    Retrieved { device: String },
    ConnectionCleared { device: String },
    CallCleared,
    Transferred(Merge),
    Conferenced(Merge),
    CallInformation { device: String },
    EnteredDigits { device: String, digits: String },
}

/// One fact about one call.
#[derive(Debug, Clone)]
pub struct CallOccurrence {
    /// The call as it stood right then.
    pub call: Arc<Call>,
    /// A call that went into this one by it.
    pub absorbed: Option<CallKey>,
    /// The fact.
    pub what: What,
    /// CSTA cause.
    pub cause: &'static str,
    /// The devices whose own monitors see it, with the state of their connection.
    pub audience: Vec<(String, Option<LocalState>)>,
}

/// One fact about an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOccurrence {
    /// CSTA event root, for example `AgentLoggedOnEvent`.
    pub root: &'static str,
    /// The agent's login id.
    pub agent: String,
    /// Where the agent sits.
    pub station: String,
    /// The skill it concerns.
    pub skill: String,
    /// A reason code, where the agent gave one.
    pub reason: Option<u32>,
    /// What follows after-call work: `ready` or `notReady`.
    pub pending: Option<&'static str>,
}

/// Anything an observer could see.
#[derive(Debug, Clone)]
pub enum Occurrence {
    /// About a call.
    Call(CallOccurrence),
    /// About an agent.
    Agent(AgentOccurrence),
}
