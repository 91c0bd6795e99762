//! Who calls, for an IVR or a routing strategy: an answer inside its deadline, or an empty one. Never an error that
//! would hold up a call.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use trunkline_events::customer::RawHandle;
use trunkline_events::pop::{Brief, Certainty, LastContact};
use utoipa::IntoParams;
use uuid::Uuid;

use super::customers::plain;
use crate::http::access::{Caller, Scope};
use crate::http::app::App;
use crate::http::extract::Parameters;
use crate::http::problem::Problem;

/// Deadline where none is asked for, in milliseconds.
const DEADLINE: u64 = 300;
/// Longest deadline, in milliseconds.
const LONGEST: u64 = 10_000;

/// Whose number, and how long the caller can wait.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Asked {
    /// The calling number, in any spelling.
    number: String,
    /// Answer after so many milliseconds at the latest, 1 to 10,000; 300 if absent.
    deadline_ms: Option<u64>,
}

/// What a router needs. Everything is empty where `in_time` is false.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Looked {
    /// False: the deadline passed, or the store is away; nothing is known.
    in_time: bool,
    /// none, one or many.
    certainty: Certainty,
    /// The customer, where there is exactly one.
    customer: Option<Uuid>,
    /// His name.
    name: Option<String>,
    /// Profile field `level`.
    level: Option<String>,
    /// The agent who looks after him, by the declared rules: his id here, or his login where that is linked to nobody.
    owner: Option<String>,
    /// His tags.
    tags: Vec<String>,
    /// His last contact.
    last_contact: Option<LastContact>,
}

impl Looked {
    fn empty(in_time: bool, certainty: Certainty) -> Self {
        let (customer, name, level, owner, last_contact) = (None, None, None, None, None);
        Self { in_time, certainty, customer, name, level, owner, tags: Vec::new(), last_contact }
    }
}

/// Who has this number: level, tags, owner, last contact; empty rather than late.
#[utoipa::path(get, path = "/api/v1/lookup", tag = "lookup", params(Asked),
    responses((status = 200, content_type = "application/json", body = ref("#/components/schemas/Lookup"))))]
pub(super) async fn lookup(
    caller: Caller,
    State(app): State<App>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Looked>, Problem> {
    caller.require(&[Scope::Integrator])?;
    let number = plain(&asked.number, "number")?;
    let deadline = Duration::from_millis(asked.deadline_ms.unwrap_or(DEADLINE).clamp(1, LONGEST));
    let looked = timeout(deadline, look(&app, &caller, number)).await;
    let (word, looked) = match looked {
        Ok(Ok(looked)) => ("in_time", looked),
        Ok(Err(_)) => ("failed", Looked::empty(false, Certainty::None)),
        Err(_) => ("late", Looked::empty(false, Certainty::None)),
    };
    metrics::counter!("trunkline_lookups_total", "result" => word).increment(1);
    Ok(Json(looked))
}

async fn look(app: &App, caller: &Caller, number: &str) -> Result<Looked, Problem> {
    let scheme = "phone".to_owned();
    let handle = RawHandle { scheme, scope: String::new(), value: number.to_owned(), verified: false };
    let who = app.records().who(&handle).await?;
    let [Brief { customer, name, tags, last_contact }] = &who.candidates[..] else {
        app.audit(caller, "customer.lookup", "", &format!("{} candidates", who.candidates.len())).await?;
        return Ok(Looked::empty(true, who.certainty));
    };
    if who.certainty != Certainty::One {
        app.audit(caller, "customer.lookup", "", "1 candidate, not certain").await?;
        return Ok(Looked::empty(true, who.certainty));
    }
    let profile = app.records().customer(*customer).await?;
    app.audit(caller, "customer.lookup", &customer.to_string(), "").await?;
    let owner = profile.as_ref().and_then(|profile| profile.owner.clone());
    let owner = owner.map(|owner| owner.agent.unwrap_or(owner.login));
    let field = |name: &str| {
        let fields = profile.iter().flat_map(|profile| &profile.fields);
        fields.filter(|field| field.name == name).map(|field| field.value.clone()).next()
    };
    Ok(Looked {
        in_time: true,
        certainty: who.certainty,
        customer: Some(*customer),
        name: name.clone(),
        level: field("level"),
        owner: owner.or_else(|| field("owner")),
        tags: tags.clone(),
        last_contact: last_contact.clone(),
    })
}
