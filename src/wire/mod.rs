//! The only place that knows bus, connectors and mapping at once.
//!
//! - [`intake`]: connectors → bus, the one way in.
//! - [`links`]: which connectors run here; a lease on the bus decides between two daemons.
//! - [`orphans`]: open records whose call nobody will tell the end of.
//! - [`pipeline`]: bus → mapping → store.
//!   [`lanes`]: what waits to be applied, of all shards, and whose turn it is.
//! - [`relay`]: the outbox → bus.
//! - [`pops`]: bus → the pages of people.
//! - [`nightly`]: once a day the records against the switches' own, and what is old enough goes.
//! - [`opening`], [`declared`]: from the configuration to open parts and what they know.
//! - [`books`]: what is missing in the store and lies nowhere else.
//! - [`silence`]: links that usually talk and do not.
//! - [`recorder`]: what links tell, masked, for whoever records.
//! - [`records`], [`profiles`], [`operations`], [`figures`], [`rules`]: what the HTTP side asks for.
//! - [`staff`]: our own people, as other processes know them too.

pub(crate) mod books;
pub(crate) mod declared;
pub(crate) mod figures;
pub(crate) mod intake;
pub(crate) mod lanes;
pub(crate) mod links;
pub(crate) mod nightly;
pub(crate) mod opening;
pub(crate) mod operations;
pub(crate) mod orphans;
pub(crate) mod pipeline;
pub(crate) mod pops;
pub(crate) mod profiles;
pub(crate) mod recorder;
pub(crate) mod records;
pub(crate) mod relay;
pub(crate) mod rules;
pub(crate) mod silence;
pub(crate) mod staff;
