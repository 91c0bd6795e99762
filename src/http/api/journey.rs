//! A customer's whole journey, over all touch points.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trunkline_events::Timestamp;
use trunkline_mapping::view::{TimelineFilter, TimelinePage, TouchKind};
use utoipa::IntoParams;
use uuid::Uuid;

use super::customers::plain;
use crate::http::access::Caller;
use crate::http::app::App;
use crate::http::extract::{Parameters, Segment};
use crate::http::problem::Problem;

/// What `medium` may be.
const MEDIA: [&str; 6] = ["voice", "chat", "mail", "ticket", "app", "tag"];

/// Which part of a journey; what is absent does not filter.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Part {
    /// Kinds with commas between: call, chat, message, mail, ticket, online, page, offline, breakpoint, tag, remark.
    kind: Option<String>,
    /// voice, chat, mail, ticket, app or tag.
    medium: Option<String>,
    /// An agent's id here, which stands for all his logins, or a login.
    agent: Option<String>,
    /// At or after this instant (RFC 3339).
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this instant (RFC 3339).
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// The `next` of the page before, as it was given.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 if absent.
    limit: Option<u32>,
}

impl Part {
    fn filter(&self) -> Result<TimelineFilter, Problem> {
        let kind = |word: &str| {
            TouchKind::from_word(word.trim()).ok_or_else(|| {
                Problem::senseless(format!("kind holds something that is none of {}", TouchKind::WORDS.join(", ")))
            })
        };
        let kinds = self.kind.iter().flat_map(|text| text.split(',')).map(kind).collect::<Result<BTreeSet<_>, _>>()?;
        let medium = self.medium.clone();
        if medium.as_deref().is_some_and(|medium| !MEDIA.contains(&medium)) {
            return Err(Problem::senseless(format!("medium is one of {}", MEDIA.join(", "))));
        }
        let agent = self.agent.as_deref().map(|agent| plain(agent, "agent").map(str::to_owned)).transpose()?;
        let after = self.cursor.as_deref().map(str::parse).transpose();
        let after =
            after.map_err(|error: trunkline_mapping::view::NoCursor| Problem::senseless(format!("cursor {error}")))?;
        let limit = self.limit.unwrap_or(50).clamp(1, 200);
        Ok(TimelineFilter { kinds, medium, agent, since: self.since, until: self.until, after, limit })
    }
}

/// Everything that happened with a customer, the newest first: calls, chats, messages, mails, tickets, pages, tags, remarks.
#[utoipa::path(get, path = "/api/v1/customers/{id}/touchpoints", tag = "customers", params(("id" = Uuid, Path), Part),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/TimelinePage"))))]
pub(super) async fn touch_points(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
    Parameters(part): Parameters<Part>,
) -> Result<Json<TimelinePage>, Problem> {
    app.may_see(&caller, id).await?;
    let filter = part.filter()?;
    let page = app.records().journey(id, &filter).await?.ok_or_else(|| Problem::missing("customer"))?;
    app.audit(&caller, "customer.timeline", &id.to_string(), "").await?;
    Ok(Json(page))
}
