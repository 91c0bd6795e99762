//! Recordings: what a connector tells, masked, line by line; and back into a test system. Both stand in the audit log.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use trunkline_events::Event;
use utoipa::IntoParams;
use uuid::Uuid;

use super::operations::connector;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::figures::{Play, Played};
use crate::http::problem::Problem;

/// Longest recording, in seconds: a day.
const LONGEST: u64 = 86_400;
/// Events of one part.
const MOST: usize = 1000;

/// How long.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Long {
    /// Seconds, 1 to 86,400.
    seconds: u64,
}

/// Records what a connector tells from now on, with personal data masked: JSON lines, as they come.
#[utoipa::path(post, path = "/api/v1/connectors/{name}/record", tag = "operations", params(("name" = String, Path), Long),
    responses((status = 200, content_type = "application/x-ndjson", body = String,
        description = "A line that begins the recording, one an event, one that ends it; an empty line is a sign of life")))]
pub(super) async fn record(
    caller: Caller,
    State(app): State<App>,
    Segment(name): Segment<String>,
    Parameters(long): Parameters<Long>,
) -> Result<Response, Problem> {
    caller.require(&[Scope::Admin])?;
    if !(1..=LONGEST).contains(&long.seconds) {
        return Err(Problem::senseless("a recording takes 1 to 86,400 seconds"));
    }
    app.audit(&caller, "connector.record", connector(&name)?, &format!("{} seconds", long.seconds)).await?;
    let lines = app.operations().record(&name, Duration::from_secs(long.seconds)).await?;
    let lines = lines.take_until(app.stop().clone().cancelled_owned()).map(Ok::<_, Infallible>);
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let unbuffered = ("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(([kind], [unbuffered], Answer::from_stream(lines)).into_response())
}

/// `{"run","first","events"}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ReplayRequest {
    /// Names the run; its numbers in the books are of it.
    run: Uuid,
    /// The number of the first event, from 1.
    first: u64,
    /// Events as a recording holds them, up to 1,000.
    events: Vec<Value>,
    /// Play although this is no test system.
    #[serde(default)]
    into_production: bool,
}

/// Plays events of a recording as if their connector had told them now. For test systems (`daemon.test_system`).
#[utoipa::path(post, path = "/api/v1/replay", tag = "operations",
    request_body(content_type = "application/json", content = ref("#/components/schemas/ReplayRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Played"))))]
pub(super) async fn replay(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<ReplayRequest>,
) -> Result<Json<Played>, Problem> {
    caller.require(&[Scope::Admin])?;
    let ReplayRequest { run, first, events, into_production } = asked;
    if first == 0 || events.is_empty() || events.len() > MOST {
        return Err(Problem::senseless("a part has 1 to 1,000 events, and its first number is 1 or more"));
    }
    let events = (1..).zip(&events).map(|(place, event)| {
        let read = Event::from_json(event.to_string().as_bytes());
        read.map_err(|error| Problem::senseless(format!("event {place} of this part: {error}")))
    });
    let events = events.collect::<Result<Vec<_>, _>>()?;
    if let Some(event) = events.iter().find(|event| event.is_derived() || !event.source.starts_with("/connectors/")) {
        let sentence =
            format!("{} of {} is told by no connector, so it is not played", event.event_type(), event.source);
        return Err(Problem::senseless(sentence));
    }
    // The first part tells of the whole run.
    if first == 1 {
        let insisted = if into_production { "into production" } else { "" };
        app.audit(&caller, "replay.begin", &run.to_string(), insisted).await?;
    }
    Ok(Json(app.operations().play(Play { run, first, events, into_production }).await?))
}
