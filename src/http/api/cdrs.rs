//! Conversation records, and the remarks that agents write on them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Medium};
use trunkline_mapping::view::RevisionView;
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::{App, had_leg};
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::parts::CdrFilter;
use crate::http::problem::Problem;

/// Longest remark, in characters.
const MAX_REMARK: usize = 2000;

/// Which records; what is absent does not filter.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Filter {
    /// Of this customer, by any of his ids.
    customer: Option<Uuid>,
    /// With this customer number, in any spelling.
    number: Option<String>,
    /// With a leg of this agent.
    agent: Option<String>,
    /// With a leg at this extension.
    extension: Option<String>,
    /// Seen by this connector: `avaya-bj`.
    connector: Option<String>,
    /// Started at this instant or later (RFC 3339).
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Started before this instant.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// `voice` or `chat`.
    #[param(value_type = Option<String>)]
    medium: Option<Medium>,
    /// Only what comes after the last record of the page before, as `<its start>|<its id>`: no record is left out where
    /// several began at once.
    after: Option<String>,
    /// At most so many, 1 to 1,000; 50 if absent.
    limit: Option<u32>,
}

/// `2026-11-21T08:00:00Z|ec0dc0b9-…`
fn place(text: &str) -> Result<(Timestamp, Uuid), Problem> {
    let read = text.split_once('|').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    read.ok_or_else(|| Problem::senseless("after is the start and the id of a record: 2026-11-21T08:00:00Z|<id>"))
}

/// Conversation records, the newest first. For the next page, `after` is the last one.
#[utoipa::path(get, path = "/api/v1/cdrs", tag = "cdrs", params(Filter),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Cdrs"))))]
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<List<Cdr>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    for (name, text) in [("number", &filter.number), ("agent", &filter.agent), ("extension", &filter.extension)] {
        text.as_deref().map(|text| plain(text, name)).transpose()?;
    }
    let filter = CdrFilter {
        customer: filter.customer,
        number: filter.number,
        agent: filter.agent,
        extension: filter.extension,
        source: filter.connector.map(|name| format!("/connectors/{name}")),
        since: filter.since,
        until: filter.until,
        medium: filter.medium,
        after: filter.after.as_deref().map(place).transpose()?,
        limit: filter.limit.unwrap_or(50).clamp(1, 1000),
    };
    let items = app.records().cdrs(&filter).await?;
    let target = filter.customer.map(|id| id.to_string()).unwrap_or_default();
    app.audit(&caller, "cdr.list", &target, &format!("{} records", items.len())).await?;
    Ok(Json(List { items }))
}

/// One conversation record.
#[utoipa::path(get, path = "/api/v1/cdrs/{id}", tag = "cdrs", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Cdr"))))]
pub(super) async fn show(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<Cdr>, Problem> {
    let cdr = visible(&app, &caller, id).await?;
    app.audit(&caller, "cdr.view", &id.to_string(), "").await?;
    Ok(Json(cdr))
}

/// What was told of a conversation's record: what each revision changed, when and why, the oldest first.
#[utoipa::path(get, path = "/api/v1/cdrs/{id}/revisions", tag = "cdrs", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Revisions"))))]
pub(super) async fn revisions(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<List<RevisionView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    visible(&app, &caller, id).await?;
    app.audit(&caller, "cdr.revisions", &id.to_string(), "").await?;
    Ok(Json(List { items: app.records().revisions(id).await? }))
}

/// `{"text"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RemarkRequest {
    /// The text, up to 2,000 characters; replaces the caller's earlier remark on this conversation.
    text: String,
}

/// Writes a remark on a conversation.
#[utoipa::path(post, path = "/api/v1/cdrs/{id}/remark", tag = "cdrs", params(("id" = Uuid, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/RemarkRequest")),
    responses((status = 204, description = "It is stored.")))]
pub(super) async fn remark(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Body(asked): Body<RemarkRequest>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Scope::Agent, Scope::Desk])?;
    let text = asked.text.trim();
    let unfit = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().count() > MAX_REMARK || text.contains(unfit) {
        let detail = format!("a remark is up to {MAX_REMARK} characters of text without control characters");
        return Err(Problem::senseless(detail));
    }
    writable(&app, &caller, id).await?;
    app.audit(&caller, "cdr.remark", &id.to_string(), "").await?;
    app.records().remark(id, &caller.author(), text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The record of a call that rings is perhaps not written yet: then the live pop that announced it counts.
async fn writable(app: &App, caller: &Caller, id: Uuid) -> Result<(), Problem> {
    if let Some(seat) = caller.bound_seat() {
        let live = app.records().live_pops(&seat).await?;
        if live.iter().any(|live| live.pop.cdr == id && seat.sees(&live.pop.link, &live.pop.device)) {
            return Ok(());
        }
    }
    visible(app, caller, id).await.map(drop)
}

/// The record, if this caller had a leg in it or may see its customer.
async fn visible(app: &App, caller: &Caller, id: Uuid) -> Result<Cdr, Problem> {
    let cdr = app.records().cdr(id).await?;
    let cdr = cdr.ok_or_else(|| Problem::missing("conversation"))?;
    if caller.may(Scope::Integrator) || caller.may(Scope::Desk) {
        return Ok(cdr);
    }
    let seat = caller.seat()?;
    if had_leg(&seat, &cdr) {
        return Ok(cdr);
    }
    let customer = cdr.customer.ok_or_else(|| Problem::missing("conversation"))?;
    app.may_see(caller, customer).await.map_err(|problem| match problem.status {
        404 => Problem::missing("conversation"),
        _ => problem,
    })?;
    Ok(cdr)
}
