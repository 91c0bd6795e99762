//! A small private branch exchange: trunks, VDNs, skills, stations, agents, and calls with their legs.
//!
//! Pure: verbs go in, occurrences come out, time is given by the caller. Invariant: a verb that is refused
//! changes nothing, and a verb that is taken leaves every call with at least one live party or ended.
//!
//! - [`SwitchDefinition`]: what is installed (extensions, numbers, agents).
//! - [`Verb`]: what people and the network do.
//! - [`Switch::apply`]: does it, and says what a CTI observer could see as [`Occurrence`]s.

mod agents;
mod book;
mod call;
mod definition;
mod error;
mod inbound;
mod merge;
mod occurrence;
mod outbound;
mod talk;
mod verb;

#[cfg(test)]
mod tests;

pub use agents::{Agent, AgentMode};
pub use book::{Stepped, Switch};
pub use call::{Call, CallKey, Leg, LegState, OriginalCall, Party, Role, Trunk};
pub use definition::{AgentDefinition, SwitchDefinition};
pub use error::SwitchError;
pub use occurrence::{
    AgentOccurrence, CallOccurrence, Connection, ConnectionItem, Linkage, LocalState, Merge, Occurrence, What,
};
pub use verb::{Arrive, Dial, Verb};
