//! What is done to all records: made anew, held against the switches' own, retired. For administrators; every change is
//! in the audit log.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::cdr::SwitchRecord;
use trunkline_mapping::engine::{LONGEST, Rebuild};
use trunkline_mapping::view::{RebuiltPage, ReconciliationView, RetiredView};
use uuid::Uuid;

use super::customers::plain;
use super::day;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Segment};
use crate::http::parts::{Reconcile, RetentionView};
use crate::http::problem::Problem;

/// Records of switches that one request may bring.
const MOST_RECORDS: usize = 1_000;

/// `{"since", "connector", "after", "limit", "dry_run"}`, each may be left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RebuildRequest {
    /// Conversations that began at this instant or later.
    #[serde(default)]
    since: Option<Timestamp>,
    /// Of this connector: `avaya-bj`.
    #[serde(default)]
    connector: Option<String>,
    /// Where the page begins: `next` of the one before.
    #[serde(default)]
    after: Option<Uuid>,
    /// Conversations in this page, 1 to 1,000; 200 if absent.
    #[serde(default)]
    limit: Option<u32>,
    /// Only says what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Makes one page of records anew from their events, in one transaction; ask again with `next` until it is absent.
#[utoipa::path(post, path = "/api/v1/cdrs/rebuild", tag = "cdrs",
    request_body(content_type = "application/json", content = ref("#/components/schemas/RebuildRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RebuiltPage"))))]
pub(super) async fn rebuild(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<RebuildRequest>,
) -> Result<Json<RebuiltPage>, Problem> {
    caller.require(&[Scope::Admin])?;
    let connector = asked.connector.as_deref().map(|name| plain(name, "connector")).transpose()?;
    let rebuild = Rebuild {
        since: asked.since,
        source: connector.map(|name| format!("/connectors/{name}")),
        after: asked.after,
        limit: asked.limit.unwrap_or(200).clamp(1, 1000),
        dry_run: asked.dry_run,
    };
    if !rebuild.dry_run {
        let since = rebuild.since.map(|since| since.to_string()).unwrap_or_default();
        let after = rebuild.after.map(|after| after.to_string()).unwrap_or_default();
        let detail = format!("since {since} after {after}");
        app.audit(&caller, "cdr.rebuild", connector.unwrap_or("all"), &detail).await?;
    }
    Ok(Json(app.records().rebuild(&rebuild).await?))
}

/// `{"records": [...]}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SwitchRecordsRequest {
    /// Up to 1,000, each with its end or its start, and its connector as source: `/connectors/avaya-bj`.
    records: Vec<SwitchRecord>,
}

/// What became of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct KeptRecords {
    /// Not known before.
    new: u64,
    /// Known already, word for word.
    known: u64,
}

/// Keeps a switch's own records; one that is known already is not kept twice.
#[utoipa::path(post, path = "/api/v1/switch-records", tag = "cdrs",
    request_body(content_type = "application/json", content = ref("#/components/schemas/SwitchRecordsRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/KeptRecords"))))]
pub(super) async fn keep_switch_records(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<SwitchRecordsRequest>,
) -> Result<Json<KeptRecords>, Problem> {
    caller.require(&[Scope::Admin])?;
    let records = asked.records;
    if records.len() > MOST_RECORDS {
        return Err(Problem::senseless(format!("one request brings {MOST_RECORDS} records at most")));
    }
    let unfit = |record: &SwitchRecord| {
        let texts =
            [&record.ucid, &record.calling, &record.called, &record.extension, &record.agent, &record.disposition];
        let mut texts = texts.into_iter().flatten().chain([&record.source]);
        texts.any(|text| text.len() > 256 || text.contains('\0'))
            || (record.ended.is_none() && record.started.is_none())
    };
    if let Some(at) = records.iter().position(unfit) {
        let detail = format!("record {} has no time, or a text of more than 256 bytes or with a NUL", at + 1);
        return Err(Problem::senseless(detail));
    }
    app.audit(&caller, "switch_record.import", "", &format!("{} records", records.len())).await?;
    let new = app.records().keep_switch_records(&records).await?;
    Ok(Json(KeptRecords { new, known: (records.len() as u64).saturating_sub(new) }))
}

/// `{"day"}`, or `{"since", "until"}`; `"dry_run": true` only compares.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ReconcileRequest {
    /// A day of the configured zone, `2026-11-21`. Its report is kept.
    #[serde(default)]
    day: Option<String>,
    /// Calls that ended at this instant or later.
    #[serde(default)]
    since: Option<Timestamp>,
    /// Calls that ended before; within 25 hours of `since`.
    #[serde(default)]
    until: Option<Timestamp>,
    /// Only compares: no record gets the switch's figures, no report is kept.
    #[serde(default)]
    dry_run: bool,
}

impl ReconcileRequest {
    fn when(&self) -> Result<Reconcile, Problem> {
        match (&self.day, self.since, self.until) {
            (Some(text), None, None) => Ok(Reconcile::Day(day(text)?.to_string())),
            (None, Some(since), Some(until)) if until.since(since) > Duration::ZERO => {
                if until.since(since) > LONGEST {
                    return Err(Problem::senseless("since and until are more than 25 hours apart; ask day by day"));
                }
                Ok(Reconcile::Stretch(since, until))
            }
            (None, Some(_), Some(_)) => Err(Problem::senseless("until is not after since")),
            _ => Err(Problem::senseless("give either day, or since and until")),
        }
    }
}

/// Holds records against the switches' own: what only one side has, and what differs. Matched records get the switch's
/// figures beside their own, as their next revision.
#[utoipa::path(post, path = "/api/v1/reconciliations", tag = "cdrs",
    request_body(content_type = "application/json", content = ref("#/components/schemas/ReconcileRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Reconciliation"))))]
pub(super) async fn reconcile(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<ReconcileRequest>,
) -> Result<Json<ReconciliationView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let when = asked.when()?;
    let target = match &when {
        Reconcile::Day(day) => day.clone(),
        Reconcile::Stretch(since, until) => format!("{since} to {until}"),
    };
    app.audit(&caller, "cdr.reconcile", &target, if asked.dry_run { "dry run" } else { "" }).await?;
    Ok(Json(app.records().reconcile(&when, asked.dry_run).await?))
}

/// The kept report of a day.
#[utoipa::path(get, path = "/api/v1/reconciliations/{day}", tag = "cdrs", params(("day" = String, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Reconciliation"))))]
pub(super) async fn report(
    caller: Caller,
    State(app): State<App>,
    Segment(text): Segment<String>,
) -> Result<Json<ReconciliationView>, Problem> {
    caller.require(&[Scope::Admin])?;
    let day = day(&text)?.to_string();
    let report = app.records().report(&day).await?.ok_or_else(|| Problem::missing("report"))?;
    app.audit(&caller, "cdr.report", &day, "").await?;
    Ok(Json(report))
}

/// The retention policy, and what it would remove now. Counts whole tables.
#[utoipa::path(get, path = "/api/v1/retention", tag = "operations",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Retention"))))]
pub(super) async fn old(caller: Caller, State(app): State<App>) -> Result<Json<RetentionView>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(app.records().old().await?))
}

/// Removes one batch of what the policy says is old; ask again until nothing was removed. The daemon does it each night.
#[utoipa::path(post, path = "/api/v1/retention", tag = "operations",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/RetiredView"))))]
pub(super) async fn retire(caller: Caller, State(app): State<App>) -> Result<Json<RetiredView>, Problem> {
    caller.require(&[Scope::Admin])?;
    app.audit(&caller, "retention.run", "", "one batch").await?;
    Ok(Json(app.records().retire().await?))
}
