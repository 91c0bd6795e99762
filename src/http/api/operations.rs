//! Connectors and dead letters, for administrators. Every change is in the audit log.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::parts::{ConnectorView, DeadLetterView, Letters, LettersDone};
use crate::http::problem::Problem;

/// Every connector and how its link stands.
#[utoipa::path(get, path = "/api/v1/connectors", tag = "operations",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Connectors"))))]
pub(super) async fn connectors(caller: Caller, State(app): State<App>) -> Result<Json<List<ConnectorView>>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(List { items: app.operations().connectors().await? }))
}

/// Stops a connector's link until it is resumed.
#[utoipa::path(post, path = "/api/v1/connectors/{name}/pause", tag = "operations", params(("name" = String, Path)),
    responses((status = 204, description = "It is paused.")))]
pub(super) async fn pause(
    caller: Caller,
    State(app): State<App>,
    Segment(name): Segment<String>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Scope::Admin])?;
    app.audit(&caller, "connector.pause", connector(&name)?, "").await?;
    app.operations().pause(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts a paused connector again.
#[utoipa::path(post, path = "/api/v1/connectors/{name}/resume", tag = "operations", params(("name" = String, Path)),
    responses((status = 204, description = "It runs again.")))]
pub(super) async fn resume(
    caller: Caller,
    State(app): State<App>,
    Segment(name): Segment<String>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Scope::Admin])?;
    app.audit(&caller, "connector.resume", connector(&name)?, "").await?;
    app.operations().resume(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A connector's name, checked before it is written anywhere.
pub(super) fn connector(name: &str) -> Result<&str, Problem> {
    match trunkline_connectors::contract::SourceId::new(name) {
        Ok(_) => Ok(name),
        Err(_) => Err(Problem::new(StatusCode::NOT_FOUND, "there is no connector of this name")),
    }
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Few {
    /// At most so many, 1 to 1,000; 100 if absent.
    limit: Option<u32>,
}

/// Messages that were given up, the newest first, without bodies.
#[utoipa::path(get, path = "/api/v1/bus/dead", tag = "operations", params(Few),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/DeadLetters"))))]
pub(super) async fn dead_letters(
    caller: Caller,
    State(app): State<App>,
    Parameters(few): Parameters<Few>,
) -> Result<Json<List<DeadLetterView>>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(List { items: app.operations().dead_letters(few.limit.unwrap_or(100).clamp(1, 1000)).await? }))
}

/// One dead letter with its body.
#[utoipa::path(get, path = "/api/v1/bus/dead/{id}", tag = "operations", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/DeadLetterView"))))]
pub(super) async fn dead_letter(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<DeadLetterView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let letter = app.operations().dead_letter(id).await?.ok_or_else(|| Problem::missing("dead letter"))?;
    app.audit(&caller, "dead_letter.view", &id.to_string(), "").await?;
    Ok(Json(letter))
}

/// `{"ids": [..]}` or `{"all": true}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LettersRequest {
    /// These, by the ids of their events.
    #[serde(default)]
    ids: Vec<Uuid>,
    /// All that are there now.
    #[serde(default)]
    all: bool,
}

impl LettersRequest {
    fn letters(self) -> Result<Letters, Problem> {
        match (self.ids.is_empty(), self.all) {
            (true, true) => Ok(Letters::All),
            (false, false) => Ok(Letters::Ids(self.ids)),
            _ => Err(Problem::senseless("give either ids, or all: true")),
        }
    }
}

impl Letters {
    fn words(&self) -> String {
        match self {
            Self::All => "all".into(),
            Self::Ids(ids) => format!("{} by id", ids.len()),
        }
    }
}

/// Puts dead letters back into the queues they came from.
#[utoipa::path(post, path = "/api/v1/bus/dead/replay", tag = "operations",
    request_body(content_type = "application/json", content = ref("#/components/schemas/LettersRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/LettersDone"))))]
pub(super) async fn replay(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<LettersRequest>,
) -> Result<Json<LettersDone>, Problem> {
    caller.require(&[Scope::Admin])?;
    let letters = asked.letters()?;
    app.audit(&caller, "dead_letter.replay", "", &letters.words()).await?;
    Ok(Json(app.operations().replay(letters).await?))
}

/// Throws dead letters away.
#[utoipa::path(delete, path = "/api/v1/bus/dead", tag = "operations",
    request_body(content_type = "application/json", content = ref("#/components/schemas/LettersRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/LettersDone"))))]
pub(super) async fn purge(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<LettersRequest>,
) -> Result<Json<LettersDone>, Problem> {
    caller.require(&[Scope::Admin])?;
    let letters = asked.letters()?;
    app.audit(&caller, "dead_letter.purge", "", &letters.words()).await?;
    Ok(Json(app.operations().purge(letters).await?))
}
