//! The only IO of a connector: sockets, TLS, HTTP, timers, back-off, metrics, the raw archive, checkpoints.
//!
//! [`start`] runs one connector and gives its [`Link`]. One task owns the protocol, so its inputs are strictly ordered;
//! what it emits goes through a bounded queue to a publishing task that numbers events and hands them to the [`Intake`]
//! in natural batches. While that queue is full nothing more is read from the far side, but timers (and with them the
//! keep-alives) flow on.
//!
//! The invariant: whatever is acknowledged outside (a webhook's 2xx, a kept checkpoint, a mark of what was surely taken)
//! stands in the queue *behind* the events it vouches for, and takes effect only once these are durable.
//!
//! - [`host`] is what a link needs from the daemon: intake, data folder, clock, pace.
//! - [`link`] is the handle; [`status`] what it tells.
//! - `desk` runs one protocol, `reopen` waits between two connections; `tcp_client`, `tcp_listener` (both over `stream`,
//!   the former with `tls`), `http_client` and `webhook_inlet` are the transports.
//! - `publish`, `keep` and [`archive`] make things durable; `commands` remembers what was done.
//! - [`replay`] decodes a recording without any of that.

pub mod archive;
mod back_off;
mod commands;
mod desk;
pub mod host;
mod http_client;
mod keep;
mod line;
pub mod link;
mod publish;
mod reopen;
pub mod replay;
pub mod status;
mod stream;
mod tcp_client;
mod tcp_listener;
mod timers;
mod tls;
mod webhook_inlet;

pub use host::{Host, Intake, IntakeClosed, Pace, system_clock};
pub use link::{CommandError, Link, start};
pub use status::{LinkState, LinkStatus};
