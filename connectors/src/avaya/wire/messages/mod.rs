//! Typed messages over [`super::xml`]: what is read is found by local name, what is written is namespace-correct.
//!
//! - [`requests`]: what we ask, and the two answers that we owe the server.
//! - [`answers`]: session services, monitors, snapshots, agent states, errors.
//! - [`call_events`], [`agent_events`]: what happens at the switch.
//! - [`party`], [`data`], [`user_data`]: numbers, private data, user-to-user information within them.

pub(crate) mod agent_events;
pub(crate) mod answers;
pub(crate) mod call_events;
pub(crate) mod data;
pub(crate) mod party;
pub(crate) mod requests;
pub(crate) mod user_data;
