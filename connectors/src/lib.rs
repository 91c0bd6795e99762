//! Connectors: one folder a system, bytes in, canonical events out.
//!
//! - [`contract`] says what a connector is: a [`contract::Kind`] builds a sans-IO [`contract::Protocol`].
//! - [`drive`] is the only IO: sockets, TLS, HTTP, timers, back-off, the raw archive, checkpoints.
//! - [`params`] reads parameters and tells all problems at once, [`seen`] remembers what came before, [`webhook`] is what
//!   webhook kinds share.
//! - [`KINDS`] lists every kind that is built in. Adding a system is one folder and one row here.

pub mod chat_webhook;
pub mod contract;
mod digest;
pub mod drive;
pub mod params;
pub mod seen;
pub mod webhook;

/// Every kind that is built in.
pub const KINDS: &[&dyn contract::Kind] = &[&chat_webhook::ChatWebhook];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static dyn contract::Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}
