//! `trunkctl agent`: who is who in which system.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use trunkline_mapping::profile::{AgentProfile, Login};

use super::{found, items, path_id, print_details, print_json, print_list, print_rows, say};
use crate::args::AgentCommand;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

/// Agents in one request.
const AT_ONCE: usize = 50;

pub(super) async fn run(command: &AgentCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        AgentCommand::List { unlinked: false } => list(client, json).await,
        AgentCommand::List { unlinked: true } => unlinked(client, json).await,
        AgentCommand::Show { agent } => {
            let answer = client.get(&path(agent)?, &[]).await?;
            found(answer, &format!("agent {agent}"), |view| if json { print_json(view) } else { show(view) })
        }
        AgentCommand::Who { login } => who(client, login, json).await,
        AgentCommand::Link { agent, login } => {
            let answer = client.post(&format!("{}/logins", path(agent)?), body(login)?).await?;
            found(answer, &format!("agent {agent}"), |linked| {
                if json {
                    return print_json(linked);
                }
                let before =
                    linked["before"].as_str().map_or(String::new(), |before| format!(", and no longer {before}'s"));
                say(&format!("{login} is {agent}'s now{before}"))
            })
        }
        AgentCommand::Unlink { agent, login } => {
            let answer = client.delete(&format!("{}/logins", path(agent)?), Some(body(login)?)).await?;
            found(answer, &format!("login {login} of agent {agent}"), |_| {
                if json {
                    print_json(&json!({"agent": agent, "login": login}))
                } else {
                    say(&format!("{login} is nobody's now"))
                }
            })
        }
        AgentCommand::Import { file, .. } => match read(file)? {
            Some(list) => import(client, &list, json).await,
            None => Ok(Outcome::No),
        },
    }
}

/// `trunkctl agent import --check`: needs no daemon.
pub(super) fn check(file: &Path) -> Result<Outcome> {
    let Some(list) = read(file)? else { return Ok(Outcome::No) };
    say(&format!("the list is good: {} agents", list.len()))?;
    Ok(Outcome::Done)
}

/// The list, or nothing where everything that is wrong with it was told.
fn read(file: &Path) -> Result<Option<Vec<AgentProfile>>> {
    let bytes = super::read(file)?;
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| anyhow!("{} is not UTF-8; save the list as UTF-8", file.display()))?;
    match AgentProfile::list(text) {
        Ok(list) => Ok(Some(list)),
        Err(flaws) => {
            for flaw in &flaws.0 {
                eprintln!("trunkctl: {}: {}", file.display(), harmless(&flaw.to_string()));
            }
            Ok(None)
        }
    }
}

async fn import(client: &Client, list: &[AgentProfile], json: bool) -> Result<Outcome> {
    for some in list.chunks(AT_ONCE) {
        let agents: Vec<Value> = some.iter().map(agent).collect();
        client.there(client.post("/agents", json!({"agents": agents})).await?)?;
    }
    if json {
        print_json(&json!({"agents": list.len()}))?;
    } else {
        say(&format!("{} agents taken in", list.len()))?;
    }
    Ok(Outcome::Done)
}

fn agent(agent: &AgentProfile) -> Value {
    let login = |login: &Login| json!({"system": login.system, "login": login.login});
    json!({
        "agent": agent.agent,
        "name": agent.name,
        "group": agent.group,
        "skills": agent.skills,
        "extension": agent.extension,
        "phones": agent.phones,
        "emails": agent.emails,
        "logins": agent.logins.iter().map(login).collect::<Vec<_>>(),
    })
}

async fn list(client: &Client, json: bool) -> Result<Outcome> {
    let mut answer = client.list("/agents", &[]).await?;
    if !json {
        for agent in answer["items"].as_array_mut().into_iter().flatten() {
            agent["written"] = items(&agent["logins"]).iter().map(written).collect::<Vec<_>>().into();
        }
    }
    let columns = [
        ("AGENT", "/agent"),
        ("NAME", "/name"),
        ("GROUP", "/group"),
        ("EXTENSION", "/extension"),
        ("SKILLS", "/skills"),
        ("LOGINS", "/written"),
    ];
    print_list(&answer, &columns, "no agents", json)?;
    Ok(Outcome::from_answer(!items(&answer).is_empty()))
}

/// `avaya-bj/2001`
fn written(login: &Value) -> Value {
    let text = |part: &str| login[part].as_str().unwrap_or_default();
    let system = text("system");
    format!("{}/{}", system.strip_prefix("/connectors/").unwrap_or(system), text("login")).into()
}

async fn unlinked(client: &Client, json: bool) -> Result<Outcome> {
    let mut answer = client.list("/logins/unlinked", &[]).await?;
    if !json {
        for login in answer["items"].as_array_mut().into_iter().flatten() {
            login["written"] = written(login);
        }
    }
    let columns = [
        ("LOGIN", "/written"),
        ("NAME", "/name"),
        ("EXTENSION", "/extension"),
        ("SKILLS", "/skills"),
        ("LAST SEEN", "/last_seen"),
    ];
    print_list(&answer, &columns, "every login that was seen is somebody's", json)?;
    Ok(Outcome::Done)
}

fn show(view: &Value) -> Result<()> {
    let details = [
        ("agent", "/agent"),
        ("name", "/name"),
        ("group", "/group"),
        ("extension", "/extension"),
        ("skills", "/skills"),
        ("phones", "/phones"),
        ("emails", "/emails"),
        ("changed", "/changed"),
    ];
    print_details(view, &details)?;
    say("")?;
    let columns = [
        ("SYSTEM", "/system"),
        ("LOGIN", "/login"),
        ("NAME THERE", "/name"),
        ("EXTENSION", "/extension"),
        ("SKILLS", "/skills"),
        ("LOGGED ON", "/logged_on"),
        ("LAST SEEN", "/last_seen"),
        ("GIVEN BY", "/origin"),
    ];
    print_rows(&view["logins"], &columns, "no logins")
}

async fn who(client: &Client, text: &str, json: bool) -> Result<Outcome> {
    let Login { system, login } = login(text)?;
    let answer = client.there(client.get("/logins/who", &[("system", system), ("login", login)]).await?)?;
    match answer["agent"].as_str() {
        _ if json => print_json(&answer)?,
        Some(agent) => say(&harmless(agent))?,
        None => eprintln!("trunkctl: {text} is nobody's; give it to somebody by 'trunkctl agent link AGENT {text}'"),
    }
    Ok(Outcome::from_answer(!answer["agent"].is_null()))
}

fn path(agent: &str) -> Result<String> {
    Ok(format!("/agents/{}", path_id(agent)?))
}

fn body(text: &str) -> Result<Value> {
    let Login { system, login } = login(text)?;
    Ok(json!({"system": system, "login": login}))
}

fn login(text: &str) -> Result<Login> {
    Login::new(text).ok_or_else(|| anyhow!("{:?} is no login; write system/login, like avaya-bj/2001", harmless(text)))
}
