//! Mapping rules: what becomes of the profile fields, tags, call and chat attributes that a source says, before the rest
//! of mapping sees them. Pure.
//!
//! - [`RuleSet::parse`] compiles TOML files; everything that is wrong is told at once, with file, line and nearest name.
//! - [`RuleSet::map`] maps an event; [`Mapped`] is a function of the event and the rules alone. Handles are never changed,
//!   so rules of mapping cannot make two people one.
//! - [`RuleSet::run_tests`] runs the `[[test]]` blocks that stand beside the rules.
//! - [`rehearse`] compares what two rule sets make of the same events.
//! - [`reference`](reference()) is the page about all this, made from the tables that the code reads.
//!
//! Rules are carried out in order, file by file and from top to bottom; each sees what those before it have left. A rule
//! that fails on an event changes nothing of it: the event goes on, and the failure is told.

mod content;
mod event;
mod file;
mod read;
mod reference;
mod rehearsal;
mod rule;
mod run;
mod set;
mod test;

pub use content::{ATTRIBUTES, About, Attribute, Content, EVENT_TYPES, VARIABLES, Variable};
pub use event::{CHAT_NAME, Mapped, Said};
pub use read::Problem;
pub use reference::reference;
pub use rehearsal::{Counts, Difference, Failures, Rehearsal, Sample, rehearse};
pub use run::RuleFailure;
pub use set::{File, LARGEST, RuleSet};
pub use test::TestFailure;
