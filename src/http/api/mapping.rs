//! Mapping rules, for administrators: look, rehearse, apply, bring back. Every change is in the audit log.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_events::Timestamp;
use trunkline_mapping::rules::{File, Rehearsal};
use trunkline_mapping::view::{EventRulesView, RuleVersionView};
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::parts::Decided;
use crate::http::problem::Problem;
use crate::http::rules::Rehearsed;

/// Events that are rehearsed if nobody says how many.
const LAST: u32 = 5_000;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Few {
    /// At most so many, 1 to 1,000; 100 if absent.
    limit: Option<u32>,
}

/// Versions of the mapping rules, the newest first, without their files.
#[utoipa::path(get, path = "/api/v1/mapping/versions", tag = "mapping", params(Few),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RuleVersions"))))]
pub(super) async fn versions(
    caller: Caller,
    State(app): State<App>,
    Parameters(few): Parameters<Few>,
) -> Result<Json<List<RuleVersionView>>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(List { items: app.rules().versions(few.limit.unwrap_or(100).clamp(1, 1000)).await? }))
}

/// One version with its files: a number, or `active` for the one that counts.
#[utoipa::path(get, path = "/api/v1/mapping/versions/{name}", tag = "mapping", params(("name" = String, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RuleVersionView"))))]
pub(super) async fn version(
    caller: Caller,
    State(app): State<App>,
    Segment(name): Segment<String>,
) -> Result<Json<RuleVersionView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let missing = || Problem::missing("version of the mapping rules");
    let number = if name == "active" { None } else { Some(name.parse::<i64>().map_err(|_| missing())?) };
    Ok(Json(app.rules().version(number).await?.ok_or_else(missing)?))
}

/// By which rules a stored event was mapped.
#[utoipa::path(get, path = "/api/v1/mapping/events/{id}", tag = "mapping", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/EventRulesView"))))]
pub(super) async fn event(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<EventRulesView>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(app.rules().of_event(id).await?.ok_or_else(|| Problem::missing("event with a version of its rules"))?))
}

/// `{"files": [{"name", "text"}], "since", "last", "show"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PlanRequest {
    /// The rule files.
    files: Vec<File>,
    /// Only events received then or later.
    #[serde(default)]
    since: Option<Timestamp>,
    /// At most so many events, the latest, 1 to 20,000; 5,000 if absent.
    #[serde(default)]
    last: Option<u32>,
    /// Whether samples have values, which may be personal data; it stands in the audit log.
    #[serde(default)]
    show: bool,
}

/// What rules would change of stored events; nothing is changed.
#[utoipa::path(post, path = "/api/v1/mapping/plan", tag = "mapping",
    request_body(content_type = "application/json", content = ref("#/components/schemas/PlanRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Rehearsal"))))]
pub(super) async fn plan(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<PlanRequest>,
) -> Result<Json<Rehearsal>, Problem> {
    caller.require(&[Scope::Admin])?;
    if asked.show {
        app.audit(&caller, "mapping.plan", "", "with values").await?;
    }
    let on = Rehearsed { since: asked.since, last: asked.last.unwrap_or(LAST), show: asked.show };
    Ok(Json(app.rules().rehearse(&asked.files, on).await?))
}

/// `{"files": [{"name", "text"}], "base", "note"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ApplyRequest {
    /// The rule files.
    files: Vec<File>,
    /// The version that they take the place of, 0 for none: refused if another one counts by then. Absent: whichever counts.
    #[serde(default)]
    base: Option<i64>,
    /// Why, in a sentence.
    note: String,
}

/// Applies rules, if they are good and their tests pass. Every daemon maps by them within a second.
#[utoipa::path(post, path = "/api/v1/mapping/apply", tag = "mapping",
    request_body(content_type = "application/json", content = ref("#/components/schemas/ApplyRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RuleVersionView"))))]
pub(super) async fn apply(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<ApplyRequest>,
) -> Result<Json<RuleVersionView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let decided = Decided { actor: &caller.token.name, reason: plain(&asked.note, "note")? };
    Ok(Json(app.rules().apply(&asked.files, asked.base, decided).await?))
}

/// `{"version", "note"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RollbackRequest {
    /// The version whose files are to count again.
    version: i64,
    /// Why, in a sentence.
    note: String,
}

/// Makes an old version's files count again, as a new version.
#[utoipa::path(post, path = "/api/v1/mapping/rollback", tag = "mapping",
    request_body(content_type = "application/json", content = ref("#/components/schemas/RollbackRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RuleVersionView"))))]
pub(super) async fn rollback(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<RollbackRequest>,
) -> Result<Json<RuleVersionView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let decided = Decided { actor: &caller.token.name, reason: plain(&asked.note, "note")? };
    Ok(Json(app.rules().restore(asked.version, decided).await?))
}
