//! The store: PostgreSQL or SQLite behind the same functions, and the only place that sees the database.
//!
//! - [`Store`] opens a database and brings its schema up to date ([`Settings`] says which).
//! - One file a table or two: events and books, conversations and records, handles and evidence, profile and tags, touch
//!   points, agents, pops, outbox, tokens, audit log, mapping rules. Each statement takes a whole batch; none is run per event. What a batch asks and writes at one
//!   point of its transaction goes as one [`Bundle`].
//! - [`StoreError::disposition`] says what a caller does about a failure.
//!
//! Everything about a person hangs on handles, never on customers: a merge or a split moves `handle.customer` and nothing
//! else. A customer's id is the id of one of his handles, so a former id resolves in one hop, for ever.
//!
//! Instants are kept in microseconds since 1970; the text of an event is kept as it came.

pub(crate) mod activity;
pub(crate) mod agents;
mod audit_log;
mod books;
mod bundle;
pub(crate) mod cdrs;
mod connect;
pub(crate) mod conversations;
mod error;
pub(crate) mod events;
pub(crate) mod evidence;
mod fault;
pub(crate) mod handles;
pub(crate) mod hotspots;
mod link_hours;
pub(crate) mod locks;
mod migration;
mod open_calls;
pub(crate) mod outbox;
pub(crate) mod pops;
pub(crate) mod profiles;
mod queues;
pub(crate) mod retention;
pub(crate) mod revisions;
mod rows;
pub(crate) mod rules;
mod series;
mod session;
mod spans;
pub(crate) mod switch_records;
pub(crate) mod tags;
mod tokens;
pub(crate) mod touch_points;

use time::Duration;
use trunkline_events::Timestamp;

pub use audit_log::AuditEntry;
pub use books::{Day, Period};
pub use connect::{Settings, Store};
pub use error::{Disposition, StoreError};
pub use events::Rejection;
pub use fault::OpenFault;
pub use link_hours::LinkHour;
pub use outbox::Pending;
pub use tokens::{Grant, Minted, NewToken, Token};

pub(crate) use bundle::{Answers, Bundle, Place};
pub(crate) use cdrs::{CdrQuery, Held, StoredCdr};
pub(crate) use conversations::ConversationRow;
pub(crate) use events::{Arrival, BooksRow, Duplicate};
pub(crate) use evidence::{EvidenceRow, Judgement, UndoRow};
pub(crate) use handles::HandleRow;
pub(crate) use pops::LivePop;
pub(crate) use profiles::{TagRow, ValueRow};
pub(crate) use revisions::RevisionRow;
pub(crate) use rules::{NewVersion, RuleSetRow, VersionRow};
pub(crate) use session::Session;
pub(crate) use tags::WordRow;
pub(crate) use touch_points::{PageQuery, TouchRow};

/// Microseconds since 1970.
pub(crate) fn micros(instant: Timestamp) -> i64 {
    // Years 0 to 9999 fit 64 bits of microseconds with room to spare.
    i64::try_from(instant.since(Timestamp::EPOCH).whole_microseconds()).unwrap_or(i64::MAX)
}

/// The instant that [`micros`] wrote.
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::microseconds(micros))
}
