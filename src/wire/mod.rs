//! The only place that knows bus, connectors and mapping at once.
//!
//! - [`intake`]: connectors → bus, the one way in.
//! - [`links`]: which connectors run here; a lease on the bus decides between two daemons.
//! - [`pipeline`]: bus → mapping → store.
//! - [`relay`]: the outbox → bus.
//! - [`pops`]: bus → the pages of people.

pub(crate) mod intake;
pub(crate) mod links;
pub(crate) mod pipeline;
pub(crate) mod pops;
pub(crate) mod relay;
