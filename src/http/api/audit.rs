//! The books that prove nothing was lost, and the log of who looked at or changed what.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use time::{Date, OffsetDateTime};
use trunkline_events::Timestamp;
use utoipa::IntoParams;

use super::{List, day};
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::Parameters;
use crate::http::figures::{Period, Queues};
use crate::http::parts::{AuditEntry, Books};
use crate::http::problem::Problem;

/// Which period: days, or from one instant to another.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Days {
    /// A day in UTC, `2026-11-21`; today if all is absent.
    day: Option<String>,
    /// Up to this day, included; `day` alone if absent.
    to: Option<String>,
    /// From this instant (RFC 3339) or day; instead of `day`.
    since: Option<String>,
    /// Up to this instant, or to the end of this day; now if absent.
    until: Option<String>,
}

impl Days {
    fn period(&self) -> Result<Period, Problem> {
        if self.since.is_none() && self.until.is_none() {
            let from = self.day.as_deref().map_or_else(|| Ok(OffsetDateTime::now_utc().date()), day)?;
            let to = self.to.as_deref().map_or(Ok(from), day)?;
            return whole(midnight(from), midnight(to.next_day().unwrap_or(to)), "to is before day");
        }
        if self.day.is_some() || self.to.is_some() {
            return Err(Problem::senseless("give either day and to, or since and until"));
        }
        let since = self.since.as_deref().ok_or_else(|| Problem::senseless("since is missing: when does it begin?"))?;
        period(since, self.until.as_deref())
    }
}

/// From an instant or day to an instant or the end of a day; to now where there is none.
pub(super) fn period(since: &str, until: Option<&str>) -> Result<Period, Problem> {
    let since = day(since).map(midnight).or_else(|_| instant(since))?;
    let until = match until {
        None => App::now(),
        Some(text) => match day(text) {
            Ok(date) => midnight(date.next_day().unwrap_or(date)),
            Err(_) => instant(text)?,
        },
    };
    whole(since, until, "until is not after since")
}

fn whole(since: Timestamp, until: Timestamp, backwards: &str) -> Result<Period, Problem> {
    if until <= since { Err(Problem::senseless(backwards)) } else { Ok(Period { since, until }) }
}

fn midnight(date: Date) -> Timestamp {
    Timestamp::new(date.midnight().assume_utc())
}

fn instant(text: &str) -> Result<Timestamp, Problem> {
    text.parse()
        .map_err(|_| Problem::senseless("an instant is written like 2026-11-21T08:00:00Z, a day like 2026-11-21"))
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
    Ok(Json(app.operations().books(days.period()?).await?))
}

/// Books by queue: told = answered + abandoned + unanswered + open + missing; and what waits in the bus's queues now.
#[utoipa::path(get, path = "/api/v1/audit/queues", tag = "operations", params(Days),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Queues"))))]
pub(super) async fn queues(
    caller: Caller,
    State(app): State<App>,
    Parameters(days): Parameters<Days>,
) -> Result<Json<Queues>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(app.operations().queues(days.period()?).await?))
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
