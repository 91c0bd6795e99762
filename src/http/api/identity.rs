//! Decisions on identity: why these handles are one customer, and how a person says otherwise. Each can be undone.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_events::customer::RawHandle;
use trunkline_mapping::view::{LinkView, RehearsalView};
use uuid::Uuid;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Segment};
use crate::http::parts::{Change, Decided};
use crate::http::problem::Problem;

/// Why a customer's handles are one customer, and which are not.
#[utoipa::path(get, path = "/api/v1/customers/{id}/explain", tag = "identity", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Links"))))]
pub(super) async fn explain(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<List<LinkView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let items = app.records().explain(id).await?;
    app.audit(&caller, "customer.explain", &id.to_string(), "").await?;
    Ok(Json(List { items }))
}

/// `{"other", "reason"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MergeRequest {
    /// The customer who is the same person.
    other: Uuid,
    /// Why, in a sentence.
    reason: String,
}

/// Makes two customers one.
#[utoipa::path(post, path = "/api/v1/customers/{id}/merge", tag = "identity", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/MergeRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Change"))))]
pub(super) async fn merge(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<MergeRequest>,
) -> Result<Json<Change>, Problem> {
    caller.require(&[Scope::Admin])?;
    let reason = plain(&asked.reason, "reason")?;
    if asked.other == id {
        return Err(Problem::senseless("a customer cannot be merged with himself"));
    }
    app.audit(&caller, "customer.merge", &id.to_string(), &format!("with {}", asked.other)).await?;
    let decided = Decided { actor: &caller.token.name, reason };
    Ok(Json(app.records().merge(id, asked.other, decided).await?))
}

/// `{"handles": [{"scheme", "scope", "value"}], "reason"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SplitRequest {
    /// Handles that are another person's.
    handles: Vec<RawHandle>,
    /// Why, in a sentence.
    reason: String,
}

/// Takes handles away from a customer: they are another person's.
#[utoipa::path(post, path = "/api/v1/customers/{id}/split", tag = "identity", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/SplitRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Change"))))]
pub(super) async fn split(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<SplitRequest>,
) -> Result<Json<Change>, Problem> {
    caller.require(&[Scope::Admin])?;
    let reason = plain(&asked.reason, "reason")?;
    if asked.handles.is_empty() || asked.handles.len() > 100 {
        return Err(Problem::senseless("name 1 to 100 handles"));
    }
    for handle in &asked.handles {
        plain(&handle.scheme, "scheme")?;
        plain(&handle.value, "value")?;
    }
    app.audit(&caller, "customer.split", &id.to_string(), &format!("{} handles", asked.handles.len())).await?;
    let decided = Decided { actor: &caller.token.name, reason };
    Ok(Json(app.records().split(id, &asked.handles, decided).await?))
}

/// `{"rules", "after"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RehearsalRequest {
    /// Identity rules: TOML that is read over the defaults.
    rules: String,
    /// The `next` of the part before; absent for the first one.
    #[serde(default)]
    after: Option<Uuid>,
}

/// What other identity rules would do, a part of the customers at a time: ask on with `next` until there is none. Nothing
/// is changed.
#[utoipa::path(post, path = "/api/v1/identity/rehearse", tag = "identity",
    request_body(content_type = "application/json", content = ref("#/components/schemas/RehearsalRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RehearsalView"))))]
pub(super) async fn rehearse(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<RehearsalRequest>,
) -> Result<Json<RehearsalView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let view = app.records().rehearse(&asked.rules, asked.after).await?;
    if asked.after.is_none() {
        app.audit(&caller, "identity.rehearse", "", &format!("rules {}", view.rule_version)).await?;
    }
    Ok(Json(view))
}

/// `{"reason"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UndoRequest {
    /// Why, in a sentence.
    reason: String,
}

/// Makes a merge or split count no longer.
#[utoipa::path(post, path = "/api/v1/directives/{id}/undo", tag = "identity", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/UndoRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Change"))))]
pub(super) async fn undo(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<UndoRequest>,
) -> Result<Json<Change>, Problem> {
    caller.require(&[Scope::Admin])?;
    let reason = plain(&asked.reason, "reason")?;
    app.audit(&caller, "directive.undo", &id.to_string(), "").await?;
    Ok(Json(app.records().undo(id, Decided { actor: &caller.token.name, reason }).await?))
}
