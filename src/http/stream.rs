//! `GET /api/v1/agent/events`: an agent's pops as server-sent events.
//!
//! A stream begins with `pop.live` (the ids of the pops that are alive: the client forgets all others) and these pops;
//! what happens from then on follows. So `Last-Event-ID` needs no history: a client that comes back gets the calls that
//! still live, and no others.

use std::collections::HashSet;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use serde::Serialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::access::Caller;
use super::app::App;
use super::hub::{Subscription, frame};
use super::parts::LivePop;
use super::problem::Problem;

/// Every so many heartbeats the token is looked up again.
const BEATS_PER_CHECK: u32 = 4;

/// The first event of a stream.
#[derive(Serialize)]
struct Live {
    pops: Vec<Uuid>,
}

/// An agent's pops, live, as server-sent events.
#[utoipa::path(get, path = "/api/v1/agent/events", tag = "agent",
    params(("Last-Event-ID" = Option<String>, Header, description = "Accepted and not needed: a stream always begins with the pops that are alive.")),
    responses((status = 200, content_type = "text/event-stream", body = String,
        description = "`pop.live` {pops: [id]} first, then `pop.ringing` and `pop.answered` (Pop), `pop.ended` (PopEnded), `customer.changed` {customer, related}; a comment every 15 seconds")))]
pub(super) async fn events(caller: Caller, State(app): State<App>) -> Result<Response, Problem> {
    let seat = caller.seat()?;
    if !app.settings().streams {
        let detail = "this daemon has not the role agent and hears of no pops; ask one that has";
        return Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, 2));
    }
    // First subscribe, then read: what happens in between is told twice rather than never.
    let subscription = app.hub().subscribe(seat.clone(), caller.token.id);
    let mut live = app.records().live_pops(&seat).await?;
    live.retain(|live| seat.sees(&live.pop.link, &live.pop.device));
    subscription.shown(&live);
    let period = app.settings().heartbeat;
    let mut heartbeat = interval_at(Instant::now() + period, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open { app, caller, subscription, heartbeat, beats: 0, first: Some(beginning(&live)) };
    let frames = stream::unfold(open, |mut open| async move {
        let frame = open.next().await?;
        Some((Ok::<_, Infallible>(frame), open))
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// A stream that is open.
struct Open {
    app: App,
    caller: Caller,
    subscription: Subscription,
    heartbeat: Interval,
    beats: u32,
    first: Option<Bytes>,
}

impl Open {
    /// The next bytes; `None` ends the stream: the daemon stops, the client is too slow, or its token is worthless.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        tokio::select! {
            biased;
            () = self.app.stop().cancelled() => None,
            frame = self.subscription.next() => frame,
            _ = self.heartbeat.tick() => self.beat().await,
        }
    }

    async fn beat(&mut self) -> Option<Bytes> {
        self.beats = self.beats.wrapping_add(1);
        let good = if self.beats.is_multiple_of(BEATS_PER_CHECK) {
            self.app.still_good(&self.caller).await
        } else {
            self.caller.lasts(App::now())
        };
        good.then(|| Bytes::from_static(b":\n\n"))
    }
}

fn beginning(live: &[LivePop]) -> Bytes {
    let mut bytes = BytesMut::from(&b"retry: 2000\n\n"[..]);
    let pops: HashSet<_> = live.iter().map(|live| live.pop.pop).collect();
    bytes.extend_from_slice(&frame("pop.live", "live", &Live { pops: pops.into_iter().collect() }));
    for live in live {
        let name = if live.answered { "pop.answered" } else { "pop.ringing" };
        bytes.extend_from_slice(&frame(name, &live.pop.pop.to_string(), &live.pop));
    }
    bytes.freeze()
}
