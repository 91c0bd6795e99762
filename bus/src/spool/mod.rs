//! The disk spool: where events wait, in order and durable, while the transport cannot take them.
//!
//! Invariant: what `append` said is durable is read back by `peek` until `advance` passes it, also after a crash;
//! damage costs the damaged records alone and is counted.
//!
//! - [`record`] is the form of one event on the disk (pure). [`segment`] is one file. [`position`] is how far the
//!   reader got. [`Spool`] puts them together.

#[cfg(test)]
mod histories;
mod position;
mod record;
mod segment;
#[expect(clippy::module_inception, reason = "the folder's main type has the folder's name")]
mod spool;
#[cfg(test)]
mod tests;

pub(crate) use spool::{Fill, Spool};

use std::io;
use std::path::PathBuf;

/// Why the spool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk says no. Nothing of the call counts as durable.
    #[error("spool, {doing} {path}: {cause}")]
    Io {
        /// At what.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// How.
        #[source]
        cause: io::Error,
    },
    /// Another process uses the directory.
    #[error("spool directory {path} is in use by another process; give each process its own")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// There is no room until something was read.
    #[error("the spool is full: {bytes} of {max_bytes} bytes")]
    Full {
        /// What is there.
        bytes: u64,
        /// What may be there.
        max_bytes: u64,
    },
    /// The process is shutting down.
    #[error("the spool is closed")]
    Closed,
    /// The events of one call never fit.
    #[error("{bytes} bytes in one call, the spool holds {max_bytes}")]
    TooLarge {
        /// What was given.
        bytes: u64,
        /// What may be there.
        max_bytes: u64,
    },
}

impl SpoolError {
    /// There is no room now, be it by our own bound or on the disk; there may be later.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Io { cause, .. } => {
                matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Locked { .. } | Self::Closed | Self::TooLarge { .. } => false,
        }
    }

    fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { doing, path, cause }
    }
}
