//! The books that prove nothing was lost, and the log of who looked at or changed what.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use trunkline_events::Timestamp;
use utoipa::IntoParams;

use super::List;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::Parameters;
use crate::http::parts::{AuditEntry, Books};
use crate::http::problem::Problem;

/// Which days, in UTC.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Days {
    /// A day, `2026-11-21`; today if absent.
    day: Option<String>,
    /// Up to this day, included; `day` alone if absent.
    to: Option<String>,
}

/// Books by connector and day: taken = stored + duplicate + rejected + waiting, and what of that is lost.
#[utoipa::path(get, path = "/api/v1/audit", tag = "operations", params(Days),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/BooksList"))))]
pub(super) async fn books(
    caller: Caller,
    State(app): State<App>,
    Parameters(days): Parameters<Days>,
) -> Result<Json<Books>, Problem> {
    caller.require(&[Scope::Admin])?;
    let from = days.day.as_deref().map_or_else(|| Ok(OffsetDateTime::now_utc().date()), day)?;
    let to = days.to.as_deref().map_or(Ok(from), day)?;
    if to < from {
        return Err(Problem::senseless("to is before day"));
    }
    Ok(Json(app.operations().books(&from.to_string(), &to.to_string()).await?))
}

fn day(text: &str) -> Result<Date, Problem> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| Problem::senseless("a day is written like 2026-11-21"))
}

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Part {
    /// Only entries before this instant (RFC 3339): the `at` of the last entry, for the next page.
    #[param(value_type = Option<String>)]
    before: Option<Timestamp>,
    /// At most so many, 1 to 1,000; 100 if absent.
    limit: Option<u32>,
}

/// Who looked at or changed what, the newest first.
#[utoipa::path(get, path = "/api/v1/audit-log", tag = "operations", params(Part),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/AuditLog"))))]
pub(super) async fn log(
    caller: Caller,
    State(app): State<App>,
    Parameters(part): Parameters<Part>,
) -> Result<Json<List<AuditEntry>>, Problem> {
    caller.require(&[Scope::Admin])?;
    let items = app.records().audit_log(part.before, part.limit.unwrap_or(100).clamp(1, 1000)).await?;
    Ok(Json(List { items }))
}
