//! Connectors: one folder a system, bytes in, canonical events out.
//!
//! - [`contract`] says what a connector is: a [`contract::Kind`] builds a sans-IO [`contract::Protocol`].
//! - `drive/` is the only IO: sockets, TLS, HTTP, timers, back-off, the raw archive, checkpoints.
//! - [`KINDS`] lists every kind that is built in. Adding a system is one folder and one row here.

pub mod avaya;
pub mod contract;

/// Every kind that is built in.
pub const KINDS: &[&dyn contract::Kind] = &[&avaya::AvayaDmcc];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static dyn contract::Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}
