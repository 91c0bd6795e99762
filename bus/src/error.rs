//! What can go wrong, as sentences for the person who must mend it.

use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use crate::spool::SpoolError;

/// A failure of the bus itself.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The broker does not answer.
    #[error("broker {address} does not answer: {cause}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the attempt met.
        cause: String,
    },
    /// The broker answers and says no.
    #[error(
        "broker {address} refuses the login of user {user:?} to vhost {vhost:?}: {reason}; check user, password, vhost and permissions"
    )]
    Refused {
        /// Host and port.
        address: String,
        /// The user.
        user: String,
        /// The virtual host.
        vhost: String,
        /// The broker's words.
        reason: String,
    },
    /// A queue or exchange exists with other arguments than ours.
    #[error(
        "{name:?} exists on the broker with other arguments ({detail}); empty it, delete it with \
         `rabbitmqctl delete_queue {name}` (an exchange by its plugin or the management page), and start again"
    )]
    Mismatch {
        /// The queue or exchange.
        name: String,
        /// The broker's words.
        detail: String,
    },
    /// There are queues of a former, higher number of shards.
    #[error(
        "shards is {shards}, but queue {queue:?} of a former, higher number exists and still gets events; \
         set shards as before, or stop the connectors, let mapping empty all queues and delete {queue:?} and those after it"
    )]
    LeftOverShard {
        /// The configured number.
        shards: u16,
        /// The first queue beyond it.
        queue: String,
    },
    /// A value of the settings cannot be.
    #[error("{key} is {value}: {expected}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The file of authorities cannot be used.
    #[error("ca_file {path}: {cause}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// The broker or the link failed while we were at something.
    #[error("{doing}: {cause}")]
    Broker {
        /// At what.
        doing: &'static str,
        /// How.
        #[source]
        cause: lapin::Error,
    },
    /// The embedded queue's file failed.
    #[error("embedded queue, {doing}: {cause}")]
    Database {
        /// At what.
        doing: &'static str,
        /// How.
        #[source]
        cause: sqlx::Error,
    },
    /// The embedded queue's file cannot be used.
    #[error("embedded queue {path}: {cause}")]
    QueueFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// Another process has the embedded queue's file open.
    #[error("embedded queue {path} is in use by another process; the embedded transport serves one, use amqp for more")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The embedded queue's file is of a later release.
    #[error("embedded queue {path} is of schema {found}, this release knows up to {known}; start the newer release")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: i64,
        /// What we know.
        known: i64,
    },
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A message could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The transport is away now; it is being tried again in the background.
    #[error("the bus is not connected: {reason}")]
    Away {
        /// Since when and why.
        reason: String,
    },
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
}

/// Some of the messages are not (known to be) on the bus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue takes these; the others of the call are confirmed. Trying again does not help.
    #[error("no queue takes {} message(s), the first is {}", .ids.len(), .ids.first().copied().unwrap_or_default())]
    Unroutable {
        /// Their ids.
        ids: Vec<Uuid>,
    },
    /// None of the messages counts as published, though some may be: publish all again.
    #[error("the bus is away: {reason}")]
    Away {
        /// Why.
        reason: String,
    },
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
}

impl PublishError {
    /// Whether publishing the same messages again can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}

/// Some of the events were not taken; the caller still owns them all.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The transport is away and the spool's disk fails.
    #[error("the bus is away and the spool fails: {0}")]
    Spool(#[source] Arc<SpoolError>),
    /// The events of one call are larger than the whole spool may be.
    #[error("{bytes} bytes in one call, the spool holds {max_bytes}")]
    TooLarge {
        /// What was given.
        bytes: u64,
        /// What fits.
        max_bytes: u64,
    },
    /// The bus was shut down.
    #[error("the bus is shut down")]
    Closed,
}

impl IntakeError {
    /// Whether the same events may be taken later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Spool(_))
    }
}
