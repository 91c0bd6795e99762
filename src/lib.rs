//! The daemon's parts that tests and benches reach: everything but `main`.
//!
//! - [`http`] serves agents, integrators, administrators and webhooks.

pub mod http;
