//! The parameters of a `chat-webhook` connector, checked.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::translate::Terms;
use crate::contract::ParamsError;
use crate::params::Params;
use crate::webhook::standard::Secret;

/// Checked parameters.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) secrets: Vec<Secret>,
    pub(super) tolerance: Duration,
    pub(super) max_body: usize,
    pub(super) terms: Terms,
}

pub(super) fn read(params: &config::Value) -> Result<Checked, ParamsError> {
    let mut params = Params::new(params);
    let mut secrets = Vec::new();
    for (number, text) in params.secrets("secrets", "secrets_file").iter().enumerate() {
        match Secret::parse(text.expose_secret()) {
            Ok(secret) => secrets.push(secret),
            Err(error) => params.problem("secrets", format!("number {}: {error}", number + 1)),
        }
    }
    let tolerance = params.number("tolerance_seconds", 300, 1..=86_400);
    let max_body = params.number("max_body_bytes", 256 << 10, 1024..=(16 << 20));
    let terms = Terms {
        channel: params.text("channel").unwrap_or_else(|| Terms::default().channel),
        visitor_scope: params.text_or_empty("visitor_scope"),
        account_scope: params.text_or_empty("account_scope"),
        crm_scope: params.text_or_empty("crm_scope"),
    };
    params.finish(Checked {
        secrets,
        tolerance: Duration::from_secs(tolerance),
        max_body: usize::try_from(max_body).unwrap_or(usize::MAX),
        terms,
    })
}
