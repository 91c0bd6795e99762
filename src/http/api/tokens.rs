//! Tokens: made with their secret shown once, listed without it, revoked at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope, Seat};
use crate::http::app::App;
use crate::http::extract::{Body, Segment};
use crate::http::parts::{NewToken, Token};
use crate::http::problem::Problem;

/// All tokens, revoked ones too, without their secrets.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Tokens"))))]
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<List<Token>>, Problem> {
    caller.require(&[Scope::Admin])?;
    Ok(Json(List { items: app.records().tokens().await? }))
}

/// A token that was just made.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct TokenCreated {
    /// As it is listed from now on.
    token: Token,
    /// What its bearer sends; shown here and never again.
    secret: String,
}

/// Makes a token. The scope `agent` needs an agent or an extension to be bound to.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens",
    request_body(content_type = "application/json", content = ref("#/components/schemas/NewToken")),
    responses((status = 201, content_type = "application/json", body = ref("#/components/schemas/TokenCreated"))))]
pub(super) async fn create(
    caller: Caller,
    State(app): State<App>,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<TokenCreated>), Problem> {
    caller.require(&[Scope::Admin])?;
    check(&new)?;
    let id = Uuid::now_v7();
    app.audit(&caller, "token.create", &id.to_string(), &new.scopes.join(" ")).await?;
    let (token, secret) = app.records().create_token(id, &new).await?;
    Ok((StatusCode::CREATED, Json(TokenCreated { token, secret })))
}

fn check(new: &NewToken) -> Result<(), Problem> {
    plain(&new.name, "name")?;
    if new.scopes.is_empty() {
        return Err(Problem::senseless("a token has at least one scope: agent, desk, integrator or admin"));
    }
    for word in &new.scopes {
        let scope: Scope = word.parse().map_err(|error: crate::http::access::ScopeError| {
            Problem::senseless(
                error.to_string().chars().filter(|character| !character.is_control()).collect::<String>(),
            )
        })?;
        let bound = Seat::new(new.extension.as_deref(), new.agent.as_deref()).is_some();
        if scope == Scope::Agent && !bound {
            return Err(Problem::senseless("a token with the scope agent is bound to an agent or an extension"));
        }
    }
    for (name, text) in [("agent", &new.agent), ("extension", &new.extension)] {
        text.as_deref().map(|text| plain(text, name)).transpose()?;
    }
    if new.expires.is_some_and(|end| end <= App::now()) {
        return Err(Problem::senseless("expires lies in the past"));
    }
    Ok(())
}

/// Makes a token worthless and ends its event streams.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It no longer works.")))]
pub(super) async fn revoke(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<Uuid>,
) -> Result<StatusCode, Problem> {
    caller.require(&[Scope::Admin])?;
    app.audit(&caller, "token.revoke", &id.to_string(), "").await?;
    if !app.records().revoke_token(id).await? {
        return Err(Problem::missing("working token"));
    }
    app.hub().disconnect(id);
    Ok(StatusCode::NO_CONTENT)
}
