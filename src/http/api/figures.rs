//! Hot spots and series, for those who plan shifts and answer complaints.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trunkline_mapping::counts::{HotspotView, ResponseView, Subject};
use utoipa::IntoParams;

use super::List;
use super::audit::period;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::Parameters;
use crate::http::problem::Problem;

/// Which counters.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Day {
    /// A day by the house's calendar, `2026-11-21`; today if absent.
    day: Option<String>,
    /// `tag`, `keyword` or `queue`; all if absent.
    #[param(value_type = Option<String>)]
    by: Option<Subject>,
}

/// How often tags, keywords and queues came on a day and on the day before; spikes first.
#[utoipa::path(get, path = "/api/v1/hotspots", tag = "figures", params(Day),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Hotspots"))))]
pub(super) async fn hotspots(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<Day>,
) -> Result<Json<List<HotspotView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    Ok(Json(List { items: app.operations().hotspots(asked.day.as_deref(), asked.by).await? }))
}

/// Which series.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Span {
    /// From this instant (RFC 3339) or day.
    since: String,
    /// Up to this instant, or to the end of this day; now if absent.
    until: Option<String>,
    /// Of conversations that passed this queue.
    queue: Option<String>,
}

/// How long customers waited for their first answer, by the hour in which they came.
#[utoipa::path(get, path = "/api/v1/series/response", tag = "figures", params(Span),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/ResponseSeries"))))]
pub(super) async fn response(
    caller: Caller,
    State(app): State<App>,
    Parameters(span): Parameters<Span>,
) -> Result<Json<List<ResponseView>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let period = period(&span.since, span.until.as_deref())?;
    Ok(Json(List { items: app.operations().response(period, span.queue.as_deref()).await? }))
}
