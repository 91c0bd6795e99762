//! Mapping: one customer out of many handles, one record out of many events.
//!
//! - [`numbers`] makes a canonical key of a phone number, by the dial plan of its site. Pure.
//! - [`identity`] decides which handles are one customer: a function of the evidence, not of its order. Pure.
//! - [`cdr`] folds events into conversation records. Pure.
//! - [`profile`] settles fields and tags. Pure.
//! - [`masking`] makes other people of people, for recordings. Pure.
//! - [`counts`] tells silence, hot spots and times to an answer from numbers. Pure.
//! - [`declared`] reads the files with rules and dial plans that a configuration names.
//! - [`expression`] compiles and evaluates what administrators write in CEL. Pure.
//! - [`engine`] applies batches of events in one transaction, and answers questions.
//! - [`rules`] maps fields, tags and attributes by rules of your own. Pure.
//! - [`store`] is the only place that sees the database.
//! - [`view`] has the shapes that answers are given in; [`zone`] the clocks that days and hours are told by.

pub mod cdr;
pub mod counts;
pub mod declared;
pub mod engine;
pub mod expression;
pub mod identity;
pub mod masking;
pub mod numbers;
mod overlay;
pub mod profile;
pub mod rules;
pub mod store;
pub mod view;
pub mod zone;
