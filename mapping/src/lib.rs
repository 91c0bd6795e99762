//! Mapping: one customer out of many handles, one record out of many events.
//!
//! - [`numbers`] makes a canonical key of a phone number, by the dial plan of its site. Pure.
//! - [`identity`] decides which handles are one customer: a function of the evidence, not of its order. Pure.
//! - [`cdr`] folds events into conversation records. Pure.
//! - [`profile`] settles fields and tags. Pure.
//! - [`declared`] reads the files with rules and dial plans that a configuration names.
//! - [`expression`] compiles and evaluates what administrators write in CEL. Pure.
//! - [`engine`] applies batches of events in one transaction, and answers questions.
//! - [`store`] is the only place that sees the database.

pub mod cdr;
pub mod declared;
pub mod engine;
pub mod expression;
pub mod identity;
pub mod numbers;
mod overlay;
pub mod profile;
pub mod store;
pub mod view;
