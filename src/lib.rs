//! The daemon's parts that tests and benches reach: everything but `main`.
//!
//! - [`daemon`] puts the parts together; [`run`] runs them until a signal, [`demo`] plays a story on them.
//! - [`http`] serves agents, integrators, administrators and webhooks.
//! - `wire` is the only place that knows bus, connectors and mapping at once.
//! - [`simulate`] plays an outside system from the command line; [`token`] makes an administrator's token there.

pub mod daemon;
pub mod demo;
pub mod http;
pub mod logging;
pub mod run;
pub mod simulate;
pub mod token;
mod wire;
