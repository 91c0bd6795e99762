//! Why a database could not be opened, told apart by which setting mends it. The server's words may be in any language; its
//! codes are not.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::error::StoreError;

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFault {
    /// User or password, or the server's rules on who may come from where.
    Login,
    /// There is no database of this name.
    Database,
    /// The user may not make our tables.
    Rights,
    /// TLS, or the certificate.
    Tls,
    /// It did not answer, or something else.
    Other,
}

impl StoreError {
    /// What kept the database from being opened.
    pub fn open_fault(&self) -> OpenFault {
        let (Self::Open { cause, .. } | Self::Database { cause, .. }) = self else { return OpenFault::Other };
        let (DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))) = cause
        else {
            return OpenFault::Other;
        };
        match inner.as_ref() {
            SqlxError::Tls(_) => OpenFault::Tls,
            SqlxError::Database(told) => told.code().map_or(OpenFault::Other, |code| of_code(&code)),
            _ => OpenFault::Other,
        }
    }
}

/// SQLSTATE: class 28 is authorisation, 3D000 an unknown database, 42501 and 3F000 missing rights.
fn of_code(code: &str) -> OpenFault {
    match code {
        "28000" | "28P01" => OpenFault::Login,
        "3D000" => OpenFault::Database,
        "42501" | "3F000" => OpenFault::Rights,
        _ => OpenFault::Other,
    }
}
