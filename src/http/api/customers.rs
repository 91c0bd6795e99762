//! Customers, as people look at them. Every look is in the audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trunkline_events::Timestamp;
use trunkline_events::customer::RawHandle;
use trunkline_events::pop::{Brief, Certainty};
use trunkline_mapping::view::{CustomerView, TimelineEntry, Who};
use utoipa::IntoParams;
use uuid::Uuid;

use super::List;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Parameters, Segment};
use crate::http::problem::Problem;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Find {
    /// A number, address or id in any spelling, or the beginning of a name.
    find: String,
    /// At most so many, 1 to 100; 20 if absent.
    limit: Option<u32>,
}

/// Customers by a handle or the beginning of a name.
#[utoipa::path(get, path = "/api/v1/customers", tag = "customers", params(Find),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Briefs"))))]
pub(super) async fn find(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<Find>,
) -> Result<Json<List<Brief>>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let text = plain(&asked.find, "find")?;
    let items = app.records().find_customers(text, asked.limit.unwrap_or(20).clamp(1, 100)).await?;
    app.audit(&caller, "customer.find", "", &format!("{} found", items.len())).await?;
    Ok(Json(List { items }))
}

/// A customer with handles, profile and tags; a former id leads to the present customer.
#[utoipa::path(get, path = "/api/v1/customers/{id}", tag = "customers", params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/CustomerView"))))]
pub(super) async fn show(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<Json<CustomerView>, Problem> {
    app.may_see(&caller, id).await?;
    let customer = app.records().customer(id).await?.ok_or_else(|| Problem::missing("customer"))?;
    app.audit(&caller, "customer.view", &customer.customer.to_string(), "").await?;
    Ok(Json(customer))
}

/// Which part of a timeline.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Part {
    /// Only what started before this instant (RFC 3339): the `at` of the last entry, for the next page.
    #[param(value_type = Option<String>)]
    before: Option<Timestamp>,
    /// At most so many, 1 to 100; 20 if absent.
    limit: Option<u32>,
}

/// A customer's calls and chats with their messages, the newest first.
#[utoipa::path(get, path = "/api/v1/customers/{id}/timeline", tag = "customers", params(("id" = Uuid, Path), Part),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Timeline"))))]
pub(super) async fn timeline(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Parameters(part): Parameters<Part>,
) -> Result<Json<List<TimelineEntry>>, Problem> {
    app.may_see(&caller, id).await?;
    let items = app.records().timeline(id, part.before, part.limit.unwrap_or(20).clamp(1, 100)).await?;
    app.audit(&caller, "customer.timeline", &id.to_string(), "").await?;
    Ok(Json(List { items }))
}

/// Whose handle.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Whose {
    /// A phone number in any spelling: short for `scheme=phone&value=…`.
    ani: Option<String>,
    /// `phone`, `email`, `web_visitor`, `account_no`, `crm_id`, …
    scheme: Option<String>,
    /// What the value is unique within, where the scheme has a scope.
    scope: Option<String>,
    /// The value, in any spelling.
    value: Option<String>,
}

/// Who a number or other handle belongs to: none, one or many. An agent is told only of customers he may see.
#[utoipa::path(get, path = "/api/v1/who", tag = "customers", params(Whose),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Who"))))]
pub(super) async fn who(
    caller: Caller,
    State(app): State<App>,
    Parameters(whose): Parameters<Whose>,
) -> Result<Json<Who>, Problem> {
    caller.require(&[Scope::Agent, Scope::Desk, Scope::Integrator])?;
    let handle = raw_handle(&whose)?;
    let mut who = app.records().who(&handle).await?;
    let mut seen = Vec::with_capacity(who.candidates.len());
    for brief in who.candidates {
        match app.may_see(&caller, brief.customer).await {
            Ok(()) => seen.push(brief),
            Err(problem) if problem.status == 404 => {}
            Err(problem) => return Err(problem),
        }
    }
    who.candidates = seen;
    if who.candidates.is_empty() {
        app.audit(&caller, "customer.who", "", "nobody").await?;
        // The bare number of customers would tell an agent whether a stranger's number is known.
        who.certainty = Certainty::None;
    }
    for brief in &who.candidates {
        app.audit(&caller, "customer.who", &brief.customer.to_string(), "").await?;
    }
    Ok(Json(who))
}

fn raw_handle(whose: &Whose) -> Result<RawHandle, Problem> {
    let (scheme, value) = match (&whose.ani, &whose.scheme, &whose.value) {
        (Some(ani), None, None) => ("phone", ani.as_str()),
        (None, Some(scheme), Some(value)) => (plain(scheme, "scheme")?, value.as_str()),
        _ => return Err(Problem::senseless("give either ani, or scheme and value")),
    };
    let scope =
        whose.scope.as_deref().filter(|scope| !scope.is_empty()).map_or(Ok(""), |scope| plain(scope, "scope"))?;
    let value = plain(value, "value")?;
    Ok(RawHandle { scheme: scheme.into(), scope: scope.into(), value: value.into(), verified: false })
}

/// A short text without control characters, trimmed.
pub(super) fn plain<'a>(text: &'a str, name: &str) -> Result<&'a str, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err(Problem::senseless(format!("{name} is 1 to 256 bytes of text without control characters")));
    }
    Ok(text)
}
