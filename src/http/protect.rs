//! What stands around every handler: whole bodies within size and time, headers that bind browsers, no panic outside.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::app::App;
use super::problem::Problem;
use super::settings::Settings;

/// Where rule files are sent.
const RULES: &str = "/api/v1/mapping/";

/// Reads a body to its end: 413 over `limit` bytes, 408 when it takes too long altogether.
pub(super) async fn read_body(body: Body, limit: usize, settings: &Settings) -> Result<Bytes, Problem> {
    let whole = timeout(settings.body_timeout, Limited::new(body, limit).collect());
    match whole.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is larger than the {limit} bytes that are taken here");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

/// Reads the body before the handler runs, so that no handler waits for a slow peer.
pub(super) async fn whole_bodies(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let settings = app.settings();
    let limit = if parts.uri.path().starts_with(RULES) { settings.max_rules_body } else { settings.max_body };
    match read_body(body, limit, settings).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => closing(problem.into_response()),
    }
}

/// An answer to a request that was not read to its end: the connection is no good any more.
pub(super) fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A panic is a 500 that says nothing; the panic hook has logged where.
pub(super) async fn no_panic(request: Request, next: Next) -> Response {
    let Ok(response) = AssertUnwindSafe(next.run(request)).catch_unwind().await else {
        metrics::counter!("trunkline_http_panics_total").increment(1);
        return Problem::broken().into_response();
    };
    response
}

/// Headers on every answer. Pages set their own policy; everything else may not be shown, framed or kept.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
