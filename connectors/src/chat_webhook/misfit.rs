//! Why a body does not fit, in words that quote nothing of it.

use serde::de;

use super::wire::MOST_EVENTS;
use crate::webhook::json::JsonRefusal;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It must not even be parsed.
    #[error("{0}")]
    Refused(#[from] JsonRefusal),
    /// It is not JSON, or not an object of ours.
    #[error("the body {0}")]
    Body(Misfit),
    /// An event of it does not fit its type.
    #[error("event {number}: {misfit}")]
    Event {
        /// From 1.
        number: usize,
        /// What does not fit.
        misfit: Misfit,
    },
    /// There are more than a thousand events, or none.
    #[error("a body has 1 to {MOST_EVENTS} events")]
    Count,
}

/// What does not fit, without a value from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit(pub(super) String);

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&serde_json::Error> for Misfit {
    fn from(error: &serde_json::Error) -> Self {
        let sentence = error.to_string();
        // These two name a member of the format; all others may quote the body.
        let names_member = sentence.starts_with("missing field") || sentence.starts_with("duplicate field");
        let own = sentence.strip_prefix(OURS);
        let said = match (own, error.classify()) {
            (Some(own), _) => own.split(" at line ").next().unwrap_or_default().to_owned(),
            (None, _) if names_member => sentence.split(" at line ").next().unwrap_or_default().to_owned(),
            (None, serde_json::error::Category::Data) => "holds a value of a wrong type".to_owned(),
            (None, _) => "is not whole JSON".to_owned(),
        };
        Self(format!("{said} (line {}, column {})", error.line(), error.column()))
    }
}

impl Misfit {
    pub(super) fn missing(member: &str) -> Self {
        Self(format!("missing field `{member}`"))
    }
}

/// Marks errors made here, which hold nothing of the body.
pub(super) const OURS: &str = "misfit: ";

pub(super) fn ours<E: de::Error>(sentence: &str) -> E {
    E::custom(format_args!("{OURS}{sentence}"))
}
