//! Which path leads where, and what stands around all of it.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{any, get};

use super::app::App;
use super::problem::Problem;
use super::{api, health, ingest, openapi, pages, protect, screen_pop};

/// Everything the daemon serves.
pub fn router(app: App) -> Router {
    let (api, _) = api::routes().split_for_parts();
    let api = api
        .route("/api/openapi.json", get(openapi::show))
        .layer(from_fn_with_state(app.clone(), protect::whole_bodies))
        .route("/ingest/{connector}", any(ingest::webhook))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/pop", get(screen_pop::open))
        .merge(pages::routes());
    api.fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(protect::headers))
        .layer(from_fn(protect::no_panic))
        .with_state(app)
}

async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
}
