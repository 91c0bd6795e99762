//! Configuration: where it comes from, what it may hold, and what is wrong with it, all at once.
//!
//! - [`load`] (and [`load_with`] a check of connectors) reads the embedded defaults, a file, `conf.d/*.toml` beside it, the environment (`TRUNKLINE_HTTP__LISTEN`)
//!   and flags, in this order, later ones winning.
//! - [`Settings`] is the whole schema. Parameters of a connector stay opaque here; its kind checks them.
//! - [`Problems`] lists every wrong key with the mend.

mod load;
mod problem;
mod secret;
mod settings;

pub use config::Value;
pub use load::{DEFAULT, Sources, load, load_with};
pub use problem::{Problem, Problems, nearest};
pub use secret::secret;
pub use settings::{
    Amqp, Bus, Connector, Daemon, Embedded, Http, Log, LogFormat, Mapping, Postgres, Role, Settings, Spool, Sqlite,
    Store, StoreBackend, Transport,
};
