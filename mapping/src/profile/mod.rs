//! Profile fields and tags: what counts when several sources say different things of one customer.
//!
//! Every function here is a function of the set of what was said: order and repetition do not show, and a value that
//! arrives late never beats one that is newer by its source's own time.
//!
//! - [`ProfileRules`] is what is declared; each flaw in it has its line ([`Flaw`]).
//! - [`settle`] chooses the values of fields, [`computed`] makes those that nobody says of the customer's records.
//! - [`tags`] says which tags are set; [`spread`] what of them must be written to which system.
//! - [`segment`] compiles a condition, [`belongs`] says whether somebody meets it.
//! - [`owner`] finds whose customer one is.
//! - [`brief`] and [`last_contact`] make the short form that a pop shows.
//! - [`Agents`] says who of ours is who in which system.

mod agents;
mod brief;
mod check;
mod computed;
mod owner;
mod rules;
mod segments;
mod settle;
mod spread;
mod tags;

pub use agents::{AgentProfile, AgentsError, Login, is_id, system_of};
pub use brief::{brief, last_contact};
pub use computed::{COMPUTED, Computed, computed};
pub use owner::{Owner, OwnerRule, OwnerRules, owner};
pub use rules::{DEFAULT_PROFILE, FieldRule, Group, ProfileRules, ProfileRulesError, Strategy};
pub use segments::{Activity, NEVER, Segment, belongs, segment};
pub use settle::{Chosen, FieldValue, settle};
pub use spread::{ECHO_WITHIN, Written, spread};
pub use tags::{SetTag, TagAt, TagFact, TagRule, Way, tags};

pub use crate::overlay::Flaw;
