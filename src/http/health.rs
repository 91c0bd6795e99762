//! Probes: `/health/live` says that the process answers, `/health/ready` why it does not work yet, `/metrics` counts.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;

#[derive(Serialize)]
struct Ready {
    ready: bool,
    /// A sentence each; empty when ready.
    reasons: Vec<String>,
}

pub(super) async fn live() -> &'static str {
    "live\n"
}

pub(super) async fn ready(State(app): State<App>) -> Response {
    let reasons = app.operations().unready().await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready: reasons.is_empty(), reasons })).into_response()
}

pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.operations().metrics())
}
