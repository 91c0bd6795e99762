//! What can go wrong at the store, told apart by what the caller must do.

use std::num::ParseIntError;

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use uuid::Uuid;

/// An error of the store. Its text names no values that were stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's own error, and what was being done.
    #[error("the store could not {action}: {cause}")]
    Database {
        /// What was being done: `write events`.
        action: &'static str,
        /// The database's words.
        #[source]
        cause: DbErr,
    },
    /// The database did not answer as it was opened.
    #[error("cannot open the store ({backend}): {cause}")]
    Open {
        /// `PostgreSQL` or `SQLite`.
        backend: &'static str,
        /// The database's words.
        #[source]
        cause: DbErr,
    },
    /// The URL names no database that Trunkline can use.
    #[error("the store's URL must start with postgres:// or sqlite:, not with {0:?}")]
    Url(String),
    /// A row that this release cannot read.
    #[error("row {id} of table {table} cannot be read: {problem}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The row.
        id: Uuid,
        /// What is wrong with it.
        problem: String,
    },
    /// Another transaction changed what this one had read without a lock.
    #[error("the store could not {action}: another transaction was first")]
    Raced {
        /// What was being done.
        action: &'static str,
    },
    /// The operating system gave no random bits.
    #[error("no random bits for a secret: {0}")]
    Random(String),
    /// A record that cannot be written as JSON, or that cannot be read from it.
    #[error("a record cannot be written or read as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the caller of a failed write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The same write may go through at once: a deadlock, a serialisation conflict.
    RetryNow,
    /// The database is away or unwell: the same write may go through later.
    RetryLater,
    /// The database refuses what was to be written; it will refuse it again.
    Refused,
}

impl StoreError {
    pub(crate) fn database(action: &'static str) -> impl FnOnce(DbErr) -> Self {
        move |cause| Self::Database { action, cause }
    }

    /// What to do about it.
    ///
    /// Only errors that lie in the data (SQLSTATE classes 22, 23, 54, P0; SQLite's constraint, size and type errors) are
    /// refusals. Anything else, an outdated schema and a missing permission too, is kept and tried again: an operator's
    /// slip must not send events to the dead letters.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Database { cause, .. } => of_database(cause),
            Self::Open { .. } | Self::Url(_) | Self::Unreadable { .. } | Self::Random(_) => Disposition::RetryLater,
            Self::Json(_) => Disposition::Refused,
            Self::Raced { .. } => Disposition::RetryNow,
        }
    }
}

fn of_database(cause: &DbErr) -> Disposition {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = cause
    else {
        return Disposition::RetryLater;
    };
    match inner.as_ref() {
        // A value that the driver itself cannot encode.
        SqlxError::Encode(_) => Disposition::Refused,
        SqlxError::Database(told) => told.code().map_or(Disposition::RetryLater, |code| of_code(&code)),
        _ => Disposition::RetryLater,
    }
}

/// SQLSTATE has five characters; SQLite tells its extended result code as a decimal number.
fn of_code(code: &str) -> Disposition {
    if code.len() == 5 {
        return match &code[..2] {
            "40" => Disposition::RetryNow,
            "22" | "23" | "54" | "P0" => Disposition::Refused,
            _ => Disposition::RetryLater,
        };
    }
    let primary: Result<u32, ParseIntError> = code.parse::<u32>().map(|extended| extended & 0xff);
    match primary {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH
        Ok(18..=20) => Disposition::Refused,
        // SQLITE_BUSY, SQLITE_LOCKED
        Ok(5 | 6) => Disposition::RetryNow,
        _ => Disposition::RetryLater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_data_is_refused() {
        for (code, expected) in [
            ("22P05", Disposition::Refused),
            ("23505", Disposition::Refused),
            ("54000", Disposition::Refused),
            ("40P01", Disposition::RetryNow),
            ("40001", Disposition::RetryNow),
            ("57P01", Disposition::RetryLater),
            ("42P01", Disposition::RetryLater),
            ("53300", Disposition::RetryLater),
            ("1811", Disposition::Refused),
            ("517", Disposition::RetryNow),
            ("13", Disposition::RetryLater),
        ] {
            assert_eq!(of_code(code), expected, "{code}");
        }
    }
}
