//! The AES itself: connections, sessions, monitors, requests, and what it does wrong when asked to.
//!
//! One [`Exchange`] holds the whole state behind one lock that is never held over an await; the tasks around it
//! only move bytes. So what a client sees is one order: the order in which verbs and requests took the lock.

mod connection;
mod exchange;
mod ledger;
mod listener;
mod misbehaviour;
mod monitors;
mod outbox;
mod requests;
mod routing;
mod sessions;
mod settings;
mod tape;

pub use exchange::Exchange;
pub use ledger::{Entry, Ledger};
pub use listener::{Tls, TlsError};
pub use misbehaviour::{BrokenBody, Misbehaviour};
pub use settings::{AesSettings, DuplicateMonitor, User};

pub(crate) use exchange::Shared;
pub(crate) use ledger::Note;
pub(crate) use listener::{ListenError, listen};
pub(crate) use outbox::{Outbox, Outgoing};
pub(crate) use tape::Tape;
