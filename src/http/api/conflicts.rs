//! What the rules could not decide on identity, put before a person.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_events::Timestamp;
use trunkline_mapping::identity::Question;
use trunkline_mapping::view::{ConflictDetail, ConflictView};
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::parts::{Change, Decided};
use crate::http::problem::Problem;

/// Which conflicts.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Page {
    /// `conflict` (if absent): a rule stood against a join. `candidate`: the evidence proves too little.
    #[param(value_type = Option<String>)]
    kind: Option<Kind>,
    /// For the next page: the `at` of the last one of the page before.
    #[param(value_type = Option<String>)]
    after_at: Option<Timestamp>,
    /// For the next page: the `id` of the last one of the page before.
    after_id: Option<Uuid>,
    /// At most so many, 1 to 100; 50 if absent.
    limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Conflict,
    Candidate,
}

/// What awaits a decision, the latest first.
#[utoipa::path(get, path = "/api/v1/conflicts", tag = "identity", params(Page),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Conflicts"))))]
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<List<ConflictView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let question = match page.kind.unwrap_or_default() {
        Kind::Conflict => Question::Conflict,
        Kind::Candidate => Question::Candidate,
    };
    let items = app
        .records()
        .conflicts(question, page.after_at.zip(page.after_id), page.limit.unwrap_or(50).clamp(1, 100))
        .await?;
    app.audit(&caller, "conflict.list", "", &format!("{} shown", items.len())).await?;
    Ok(Json(List { items }))
}

/// One conflict with the evidence on both sides.
#[utoipa::path(get, path = "/api/v1/conflicts/{id}", tag = "identity", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/ConflictDetail"))))]
pub(super) async fn show(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<ConflictDetail>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let detail = app.records().conflict(id).await?.ok_or_else(|| Problem::missing("conflict"))?;
    app.audit(&caller, "conflict.view", &id.to_string(), "").await?;
    Ok(Json(detail))
}

/// `{"decision": "join" | "part", "reason"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ConflictRequest {
    /// Whether the two are one person.
    decision: ConflictDecision,
    /// Why, in a sentence.
    reason: String,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ConflictDecision {
    /// They are one person.
    Join,
    /// They are two, and nobody is asked again.
    Part,
}

/// Decides a conflict. The decision stands over every rule, and can be undone like a merge or a split.
#[utoipa::path(post, path = "/api/v1/conflicts/{id}/decide", tag = "identity", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/ConflictRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Change"))))]
pub(super) async fn decide(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<ConflictRequest>,
) -> Result<Json<Change>, Problem> {
    caller.require(&[Scope::Admin])?;
    let reason = plain(&asked.reason, "reason")?;
    let is_one = matches!(asked.decision, ConflictDecision::Join);
    app.audit(&caller, if is_one { "conflict.join" } else { "conflict.part" }, &id.to_string(), "").await?;
    let decided = Decided { actor: &caller.token.name, reason };
    Ok(Json(app.records().decide_conflict(id, is_one, decided).await?))
}
