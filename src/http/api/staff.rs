//! Our agents: who is who in which system.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trunkline_mapping::profile::{AgentProfile, Login, is_id, system_of};
use trunkline_mapping::view::{AgentView, LoginView};
use utoipa::IntoParams;

use super::List;
use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::{Body, Parameters, Segment};
use crate::http::problem::Problem;

/// Agents that one request may bring.
const MOST: usize = 500;

/// All agents with their logins, groups and skills.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Agents"))))]
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<List<AgentView>>, Problem> {
    caller.require(&[Scope::Desk, Scope::Integrator])?;
    Ok(Json(List { items: app.records().agents().await? }))
}

/// One agent.
#[utoipa::path(get, path = "/api/v1/agents/{id}", tag = "agents", params(("id" = String, Path)),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/AgentView"))))]
pub(super) async fn show(
    caller: Caller,
    State(app): State<App>,
    Segment(id): Segment<String>,
) -> Result<Json<AgentView>, Problem> {
    caller.require(&[Scope::Desk, Scope::Integrator])?;
    Ok(Json(app.records().agent(&id).await?.ok_or_else(|| Problem::missing("agent"))?))
}

/// Logins that events told of and that are nobody's.
#[utoipa::path(get, path = "/api/v1/logins/unlinked", tag = "agents",
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Logins"))))]
pub(super) async fn unlinked(caller: Caller, State(app): State<App>) -> Result<Json<List<LoginView>>, Problem> {
    caller.require(&[Scope::Desk, Scope::Integrator])?;
    Ok(Json(List { items: app.records().unlinked_logins().await? }))
}

/// A login at a system.
#[derive(Debug, Deserialize, JsonSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LoginRequest {
    /// The system: `/connectors/avaya-bj`, or `avaya-bj` for short.
    system: String,
    /// What it calls him.
    login: String,
}

impl LoginRequest {
    fn login(&self) -> Result<Login, Problem> {
        let system = system_of(plain(&self.system, "system")?);
        Ok(Login { system, login: plain(&self.login, "login")?.to_owned() })
    }
}

/// Whose login it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Whose {
    /// The agent's id here; absent if it is nobody's.
    agent: Option<String>,
}

/// Who a system means by a login.
#[utoipa::path(get, path = "/api/v1/logins/who", tag = "agents", params(LoginRequest),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Whose"))))]
pub(super) async fn whose(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<LoginRequest>,
) -> Result<Json<Whose>, Problem> {
    caller.require(&[Scope::Desk, Scope::Integrator])?;
    Ok(Json(Whose { agent: app.records().agent_of(&asked.login()?).await? }))
}

/// One agent of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AgentRequest {
    /// His id here.
    agent: String,
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Team or department.
    #[serde(default)]
    group: Option<String>,
    /// What he can do.
    #[serde(default)]
    skills: Vec<String>,
    /// His own extension.
    #[serde(default)]
    extension: Option<String>,
    /// His own numbers: they are no customer's from now on.
    #[serde(default)]
    phones: Vec<String>,
    /// His own mail addresses: they are no customer's from now on.
    #[serde(default)]
    emails: Vec<String>,
    /// What each system calls him.
    #[serde(default)]
    logins: Vec<LoginRequest>,
}

/// `{"agents": [..]}`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AgentsRequest {
    /// Up to 500; what stands here of an agent replaces what lists said of him before.
    agents: Vec<AgentRequest>,
}

impl AgentRequest {
    fn profile(self) -> Result<AgentProfile, Problem> {
        let logins = self.logins.iter().map(LoginRequest::login).collect::<Result<_, _>>()?;
        let Self { agent, name, group, skills, extension, phones, emails, .. } = self;
        let texts = [&name, &group, &extension].into_iter().flatten().chain(&skills).chain(&phones).chain(&emails);
        for text in texts {
            plain(text, "a value of an agent")?;
        }
        Ok(AgentProfile { agent: id(agent)?, name, group, skills, extension, phones, emails, logins })
    }
}

fn id(agent: String) -> Result<String, Problem> {
    if is_id(&agent) {
        return Ok(agent);
    }
    Err(Problem::senseless("an agent's id is 1 to 64 letters, digits, '.', '_' and '-'"))
}

/// Takes in agents; those that are not named stay as they are.
#[utoipa::path(post, path = "/api/v1/agents", tag = "agents",
    request_body(content_type = "application/json", content = ref("#/components/schemas/AgentsRequest")),
    responses((status = 204, description = "They are stored.")))]
pub(super) async fn import(
    caller: Caller,
    State(app): State<App>,
    Body(asked): Body<AgentsRequest>,
) -> Result<axum::http::StatusCode, Problem> {
    caller.require(&[Scope::Admin])?;
    if asked.agents.is_empty() || asked.agents.len() > MOST {
        return Err(Problem::senseless(format!("name 1 to {MOST} agents")));
    }
    let list = asked.agents.into_iter().map(AgentRequest::profile).collect::<Result<Vec<_>, _>>()?;
    let (mut ids, mut logins) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    let twice =
        list.iter().any(|agent| !ids.insert(&agent.agent) || agent.logins.iter().any(|one| !logins.insert(one)));
    if twice {
        return Err(Problem::senseless("an agent or a login stands twice"));
    }
    app.audit(&caller, "agent.import", "", &format!("{} agents", list.len())).await?;
    app.records().keep_agents(&list).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// What a link changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Linked {
    /// The agent.
    agent: String,
    /// Whose login it was before.
    before: Option<String>,
}

/// Gives a login to an agent; he is made if there is none of this id.
#[utoipa::path(post, path = "/api/v1/agents/{id}/logins", tag = "agents", params(("id" = String, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/LoginRequest")),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Linked"))))]
pub(super) async fn link(
    caller: Caller,
    State(app): State<App>,
    Segment(agent): Segment<String>,
    Body(asked): Body<LoginRequest>,
) -> Result<Json<Linked>, Problem> {
    caller.require(&[Scope::Admin])?;
    let (agent, login) = (id(agent)?, asked.login()?);
    app.audit(&caller, "agent.link", &agent, &format!("{}/{}", login.system, login.login)).await?;
    let before = app.records().link_agent(&agent, &login).await?;
    Ok(Json(Linked { agent, before }))
}

/// Takes a login from an agent.
#[utoipa::path(delete, path = "/api/v1/agents/{id}/logins", tag = "agents", params(("id" = String, Path)),
    request_body(content_type = "application/json", content = ref("#/components/schemas/LoginRequest")),
    responses((status = 204, description = "It is nobody's now.")))]
pub(super) async fn unlink(
    caller: Caller,
    State(app): State<App>,
    Segment(agent): Segment<String>,
    Body(asked): Body<LoginRequest>,
) -> Result<axum::http::StatusCode, Problem> {
    caller.require(&[Scope::Admin])?;
    let login = asked.login()?;
    app.audit(&caller, "agent.unlink", &agent, &format!("{}/{}", login.system, login.login)).await?;
    if app.records().unlink_agent(&agent, &login).await? {
        return Ok(axum::http::StatusCode::NO_CONTENT);
    }
    Err(Problem::missing("such login of an agent"))
}
