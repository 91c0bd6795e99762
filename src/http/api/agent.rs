//! What a voice agent's desktop asks: who it is, which pops live, which one a screen-pop URL means.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::List;
use crate::http::access::{Caller, Seat};
use crate::http::app::App;
use crate::http::extract::Parameters;
use crate::http::parts::{LivePop, Token};
use crate::http::problem::Problem;
use crate::http::screen_pop::{self, ScreenPop};

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Me {
    /// The token that this request came with.
    #[serde(flatten)]
    token: Token,
    /// The author that remarks written with it have.
    author: String,
}

/// The token that this request came with.
#[utoipa::path(get, path = "/api/v1/me", tag = "agent",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Me"))))]
pub(super) async fn me(caller: Caller) -> Json<Me> {
    let author = caller.author();
    Json(Me { token: caller.token, author })
}

/// The pops of the caller's seat whose calls are alive, the newest first: for desktops that poll.
#[utoipa::path(get, path = "/api/v1/agent/pops", tag = "agent",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/LivePops"))))]
pub(super) async fn pops(caller: Caller, State(app): State<App>) -> Result<Json<List<LivePop>>, Problem> {
    let seat = caller.seat()?;
    Ok(Json(List { items: live(&app, &seat).await? }))
}

/// What a screen-pop URL means.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Found {
    /// The live pop; absent if no call of this seat fits.
    found: Option<LivePop>,
}

/// The live pop of the caller's seat that a screen-pop URL means: by call, then by what travels with it, then by number.
#[utoipa::path(get, path = "/api/v1/agent/pops/find", tag = "agent", params(ScreenPop),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Found"))))]
pub(super) async fn find(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<ScreenPop>,
) -> Result<Json<Found>, Problem> {
    let seat = caller.seat()?;
    let live = live(&app, &seat).await?;
    Ok(Json(Found { found: screen_pop::find(&seat, &asked, &live).cloned() }))
}

async fn live(app: &App, seat: &Seat) -> Result<Vec<LivePop>, Problem> {
    let mut live = app.records().live_pops(seat).await?;
    live.retain(|live| seat.sees(&live.pop.link, &live.pop.device));
    live.sort_by_key(|live| std::cmp::Reverse(live.pop.rang));
    Ok(live)
}
