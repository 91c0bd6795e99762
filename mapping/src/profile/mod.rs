//! Profile fields and tags: what counts when several sources say different things of one customer.
//!
//! Every function here is a function of the set of what was said: order and repetition do not show, and a value that
//! arrives late never beats one that is newer by its source's own time.
//!
//! - [`settle`] chooses the values of fields by [`FieldRules`].
//! - [`tags`] says which tags are set.
//! - [`brief`] and [`last_contact`] make the short form that a pop shows.

mod brief;
mod rules;
mod settle;
mod tags;

pub use brief::{brief, last_contact};
pub use rules::{FieldRule, FieldRules, Strategy};
pub use settle::{Chosen, FieldValue, settle};
pub use tags::{SetTag, TagFact, tags};
