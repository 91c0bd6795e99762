//! Agents: what events tell of them, what an administrator says, and who is who in which system.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

use super::inbox::Fresh;
use super::records::Records;
use super::{Engine, Knowledge};
use crate::identity::Handle;
use crate::profile::{AgentProfile, Login, Owner, OwnerRule};
use crate::store::agents::{self, AgentRow, LoginRow, SeenRow};
use crate::store::{Bundle, StoreError};
use crate::view::{AgentView, LoginView, OwnerView};

/// An agent's own numbers and addresses, as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Contacts {
    phones: Vec<String>,
    emails: Vec<String>,
}

/// Keeps what the batch tells of logins: that they are there, at which extension, with which skills, under which name.
pub(super) fn see(writes: &mut Bundle, fresh: &[Fresh<'_>]) {
    let mut seen: BTreeMap<(String, String, String, String), SeenRow> = BTreeMap::new();
    for row in fresh.iter().flat_map(|one| seen_in(one.event)) {
        let key = (row.system.clone(), row.login.clone(), row.kind.clone(), row.value.clone());
        let known = seen.entry(key).or_insert_with(|| row.clone());
        if (known.at, known.present) < (row.at, row.present) {
            *known = row;
        }
    }
    if !seen.is_empty() {
        agents::see(writes, &seen.into_values().collect::<Vec<_>>());
    }
}

fn seen_in(event: &Event) -> Vec<SeenRow> {
    let (login, present, told) = match &event.body {
        Body::AgentLogin(login) => {
            let told = [("extension", login.extension.as_deref()), ("skill", login.queue.as_deref())];
            (&login.agent, login.logged_on, told)
        }
        Body::ChatAssigned(chat) => (&chat.agent, true, [("name", chat.agent_name.as_deref()), ("skill", None)]),
        _ => return Vec::new(),
    };
    let told = told.into_iter().filter_map(|(kind, value)| Some((kind, value.filter(|value| !value.is_empty())?)));
    let row = |(kind, value): (&str, &str)| SeenRow {
        system: event.source.clone(),
        login: login.clone(),
        kind: kind.to_owned(),
        value: value.to_owned(),
        present,
        at: event.time,
    };
    std::iter::once(("login", "")).chain(told).map(row).collect()
}

impl Engine {
    /// Takes in a list of agents: each one's profile, and the logins that lists gave him, are what this list says; logins
    /// that a person gave him stay. Agents that it does not name stay as they are. Doing it again changes nothing.
    pub async fn keep_agents(&self, list: &[AgentProfile], at: Timestamp) -> Result<(), StoreError> {
        let rows = list.iter().map(|agent| row(agent, at)).collect::<Result<Vec<_>, _>>()?;
        let login = |agent: &AgentProfile, login: &Login| LoginRow {
            system: login.system.clone(),
            login: login.login.clone(),
            agent: agent.agent.clone(),
            origin: "file".to_owned(),
            at,
        };
        let logins: Vec<LoginRow> =
            list.iter().flat_map(|agent| agent.logins.iter().map(move |one| login(agent, one))).collect();
        let transaction = self.store.begin().await?;
        let session = transaction.session();
        if !rows.is_empty() {
            agents::upsert(&session, &rows).await?;
            agents::forget_logins_of_files(&session, &rows).await?;
        }
        if !logins.is_empty() {
            agents::upsert_logins(&session, &logins).await?;
        }
        transaction.commit().await?;
        self.learn_agents().await
    }

    /// Gives a login to an agent, who is made if there is none of this id; gives whose it was before.
    pub async fn link_agent(&self, agent: &str, login: &Login, at: Timestamp) -> Result<Option<String>, StoreError> {
        let transaction = self.store.begin().await?;
        let session = transaction.session();
        let before = session.ask(agents::by_login(&login.system, &login.login)).await?.pop();
        if session.ask(agents::agents(Some(agent))).await?.is_empty() {
            let new = AgentProfile { agent: agent.to_owned(), ..AgentProfile::default() };
            agents::upsert(&session, &[row(&new, at)?]).await?;
        }
        let Login { system, login } = login.clone();
        let new = LoginRow { system, login, agent: agent.to_owned(), origin: "admin".to_owned(), at };
        agents::upsert_logins(&session, &[new]).await?;
        transaction.commit().await?;
        Ok(before.map(|row| row.agent).filter(|before| before != agent))
    }

    /// Takes a login from an agent; false if it was not his.
    pub async fn unlink_agent(&self, agent: &str, login: &Login) -> Result<bool, StoreError> {
        agents::remove_login(&self.store.writing(), agent, &login.system, &login.login).await
    }

    /// Reads all agents' own numbers and addresses from the store, so that they identify no customer from now on. To be
    /// called at the start and now and then: another process may have taken in a list.
    pub async fn learn_agents(&self) -> Result<(), StoreError> {
        let rows = self.store.reading().ask(agents::agents(None)).await?;
        let current = self.declared.current();
        current.knowledge.rules.own_people().are(own_handles(&rows, &current.knowledge)?);
        Ok(())
    }
}

fn row(agent: &AgentProfile, at: Timestamp) -> Result<AgentRow, StoreError> {
    let contacts = Contacts { phones: agent.phones.clone(), emails: agent.emails.clone() };
    Ok(AgentRow {
        id: agent.agent.clone(),
        name: agent.name.clone(),
        team: agent.group.clone(),
        extension: agent.extension.clone(),
        skills: serde_json::to_string(&agent.skills)?,
        contacts: serde_json::to_string(&contacts)?,
        changed: at,
    })
}

/// The handles that agents' numbers and addresses would be, at any site. What makes no handle there blocks nothing.
fn own_handles(rows: &[AgentRow], knowledge: &Knowledge) -> Result<BTreeSet<Uuid>, StoreError> {
    let mut own = BTreeSet::new();
    for row in rows {
        let Contacts { phones, emails } = serde_json::from_str(&row.contacts)?;
        let contacts = phones.iter().map(|phone| ("phone", phone)).chain(emails.iter().map(|email| ("email", email)));
        for (scheme, value) in contacts {
            for plan in knowledge.plans.all() {
                own.extend(
                    Handle::unblocked(scheme, "", value, &knowledge.rules, plan, None).map(|handle| handle.id()),
                );
            }
        }
    }
    Ok(own)
}

impl Records {
    /// All agents, by id, with their logins.
    pub async fn agents(&self) -> Result<Vec<AgentView>, StoreError> {
        self.agent_views(None).await
    }

    /// One agent.
    pub async fn agent(&self, id: &str) -> Result<Option<AgentView>, StoreError> {
        Ok(self.agent_views(Some(id)).await?.pop())
    }

    /// Whose login it is: one look by key. `None` if it is nobody's.
    pub async fn agent_of(&self, login: &Login) -> Result<Option<String>, StoreError> {
        let found = self.store.reading().ask(agents::by_login(&login.system, &login.login)).await?;
        Ok(found.into_iter().next().map(|row| row.agent))
    }

    /// Logins that events told of and that are nobody's, by system and login.
    pub async fn unlinked_logins(&self) -> Result<Vec<LoginView>, StoreError> {
        let session = self.store.reading();
        let seen = session.ask(agents::seen(None)).await?;
        let linked = session.ask(agents::logins(None)).await?;
        let linked: BTreeSet<(&str, &str)> =
            linked.iter().map(|row| (row.system.as_str(), row.login.as_str())).collect();
        let names: BTreeSet<(&str, &str)> = seen.iter().map(|row| (row.system.as_str(), row.login.as_str())).collect();
        Ok(names.difference(&linked).map(|(system, login)| login_view(system, login, None, &seen)).collect())
    }

    async fn agent_views(&self, id: Option<&str>) -> Result<Vec<AgentView>, StoreError> {
        let session = self.store.reading();
        let mut bundle = Bundle::new("read agents");
        let asked = (bundle.ask(agents::agents(id)), bundle.ask(agents::logins(id)), bundle.ask(agents::seen(id)));
        let mut answers = session.together(bundle).await?;
        let (rows, logins, seen) = (answers.take(&asked.0)?, answers.take(&asked.1)?, answers.take(&asked.2)?);
        let mut his: BTreeMap<String, Vec<LoginView>> = BTreeMap::new();
        for LoginRow { system, login, agent, origin, .. } in logins {
            his.entry(agent).or_default().push(login_view(&system, &login, Some(origin), &seen));
        }
        rows.into_iter().map(|row| agent_view(row, &mut his)).collect()
    }

    /// The owner as people are shown him.
    pub(super) async fn owner_view(&self, owner: Owner) -> Result<OwnerView, StoreError> {
        let session = self.store.reading();
        let by_login = session.ask(agents::by_login(&owner.system, &owner.login)).await?.pop();
        // A field may hold the agent's id here, or his login at any system.
        let id = by_login.map_or_else(|| owner.login.clone(), |row| row.agent);
        let agent = session.ask(agents::agents(Some(&id))).await?.pop();
        let reason = match &owner.rule {
            OwnerRule::Field(name) => format!("field {name} of {}", owner.system),
            OwnerRule::LastCall => format!("answered the last call at {}", owner.system),
            OwnerRule::LastChat => format!("had the last chat at {}", owner.system),
        };
        let (agent, name) = agent.map_or((None, None), |row| (Some(row.id), row.name));
        let (rule, at) = (owner.rule.to_string(), owner.at);
        Ok(OwnerView { agent, name, login: owner.login, system: owner.system, rule, reason, at })
    }
}

/// An agent's view; takes his logins out of `his`.
fn agent_view(row: AgentRow, his: &mut BTreeMap<String, Vec<LoginView>>) -> Result<AgentView, StoreError> {
    let logins = his.remove(&row.id).unwrap_or_default();
    let declared: Vec<String> = serde_json::from_str(&row.skills)?;
    let seen = logins.iter().flat_map(|login| login.skills.iter().cloned());
    let skills: BTreeSet<String> = declared.into_iter().chain(seen).collect();
    let last = logins.iter().filter(|login| login.extension.is_some()).max_by_key(|login| login.last_seen);
    let extension = row.extension.or_else(|| last.and_then(|login| login.extension.clone()));
    let Contacts { phones, emails } = serde_json::from_str(&row.contacts)?;
    let name = row.name.or_else(|| logins.iter().find_map(|login| login.name.clone()));
    let (agent, group, changed) = (row.id, row.team, row.changed);
    let skills = skills.into_iter().collect();
    Ok(AgentView { agent, name, group, extension, skills, phones, emails, logins, changed })
}

fn login_view(system: &str, login: &str, origin: Option<String>, seen: &[SeenRow]) -> LoginView {
    let told: Vec<&SeenRow> = seen.iter().filter(|row| row.system == system && row.login == login).collect();
    let last = |kind: &str| {
        let of_kind = told.iter().filter(|row| row.kind == kind);
        of_kind.max_by_key(|row| (row.at, &row.value)).map(|row| row.value.clone())
    };
    let skills = told.iter().filter(|row| row.kind == "skill" && row.present).map(|row| row.value.clone());
    LoginView {
        system: system.to_owned(),
        login: login.to_owned(),
        origin,
        name: last("name"),
        extension: last("extension"),
        skills: skills.collect(),
        logged_on: told.iter().filter(|row| row.kind == "login").max_by_key(|row| row.at).map(|row| row.present),
        last_seen: told.iter().map(|row| row.at).max(),
    }
}
