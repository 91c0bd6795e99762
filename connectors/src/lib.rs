//! Connectors: one folder a system, bytes in, canonical events out.
//!
//! - [`contract`] says what a connector is: a [`contract::Kind`] builds a sans-IO [`contract::Protocol`].
//! - [`drive`] is the only IO: sockets, TLS, HTTP, timers, back-off, the raw archive, checkpoints.
//! - [`params`] reads parameters and tells all problems at once, [`seen`] remembers what came before, [`webhook`] is what
//!   webhook kinds share.
//! - [`KINDS`] lists every kind that is built in. Adding a system is one folder and one row here.

pub mod avaya;
pub mod chat_webhook;
pub mod contract;
mod digest;
pub mod drive;
pub mod params;
pub mod seen;
pub mod webhook;

/// Every kind that is built in.
pub const KINDS: &[&dyn contract::Kind] = &[&avaya::AvayaDmcc, &chat_webhook::ChatWebhook];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static dyn contract::Kind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}

/// One configured connector whose kind and parameters are good.
pub struct Checked {
    /// Its name.
    pub id: contract::SourceId,
    /// Its kind.
    pub kind: &'static dyn contract::Kind,
    /// What the kind made of its parameters.
    pub built: contract::Built,
}

/// Checks one `[connectors.<name>]` entry; keys of problems are relative to it. Reads files named by `*_file` keys.
pub fn check(name: &str, kind_name: &str, params: &config::Value) -> Result<Checked, contract::ParamsError> {
    let refused = |key: &str, problem: String| contract::ParamsError {
        problems: vec![contract::ParamProblem { key: key.to_owned(), problem }],
    };
    let id = contract::SourceId::new(name).map_err(|error| refused("name", error.to_string()))?;
    let Some(kind) = kind(kind_name) else {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
        return Err(refused("kind", format!("{kind_name:?} is no kind; kinds are {}", known.join(", "))));
    };
    let built = kind.build(&id, params).map_err(|error| contract::ParamsError {
        problems: error
            .problems
            .into_iter()
            .map(|wrong| contract::ParamProblem { key: format!("params.{}", wrong.key), problem: wrong.problem })
            .collect(),
    })?;
    Ok(Checked { id, kind, built })
}
