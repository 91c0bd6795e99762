//! Agents: as an administrator knows them, whom each system calls how, and what events told of a login.

use trunkline_events::Timestamp;

use super::bundle::{Ask, Bundle};
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};

/// An agent as he is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentRow {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) team: Option<String>,
    pub(crate) extension: Option<String>,
    /// JSON array.
    pub(crate) skills: String,
    /// JSON object of arrays.
    pub(crate) contacts: String,
    pub(crate) changed: Timestamp,
}

/// A login of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginRow {
    pub(crate) system: String,
    pub(crate) login: String,
    pub(crate) agent: String,
    /// `file` or `admin`.
    pub(crate) origin: String,
    pub(crate) at: Timestamp,
}

/// One thing that events told of a login.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeenRow {
    pub(crate) system: String,
    pub(crate) login: String,
    /// `extension`, `skill`, `name`, or `login` (the value is empty): that it was there at all.
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) present: bool,
    pub(crate) at: Timestamp,
}

/// Writes agents over what stood there.
pub(crate) async fn upsert(session: &Session<'_>, agents: &[AgentRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Text),
        ("name", Kind::OptionalText),
        ("team", Kind::OptionalText),
        ("extension", Kind::OptionalText),
        ("skills", Kind::Text),
        ("contacts", Kind::Text),
        ("changed", Kind::Big),
    ]);
    for agent in agents {
        rows.push([
            agent.id.as_str().into(),
            agent.name.as_deref().into(),
            agent.team.as_deref().into(),
            agent.extension.as_deref().into(),
            agent.skills.as_str().into(),
            agent.contacts.as_str().into(),
            agent.changed.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO agent (id, name, team, extension, skills, contacts, changed) \
         SELECT id, name, team, extension, skills, contacts, changed FROM {rows} WHERE true \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, team = excluded.team, extension = excluded.extension, \
         skills = excluded.skills, contacts = excluded.contacts, changed = excluded.changed",
    );
    session.run("write agents", query.rows(rows)).await.map(drop)
}

/// Removes the logins that files gave these agents.
pub(crate) async fn forget_logins_of_files(session: &Session<'_>, agents: &[AgentRow]) -> Result<(), StoreError> {
    let query = Query::new("DELETE FROM agent_login WHERE origin = 'file' AND agent IN (SELECT r.value FROM {rows})");
    let ids = Rows::texts(agents.iter().map(|agent| agent.id.as_str()));
    session.run("remove logins", query.rows(ids)).await.map(drop)
}

/// Writes logins; one that was another agent's is this one's now.
pub(crate) async fn upsert_logins(session: &Session<'_>, logins: &[LoginRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("system", Kind::Text),
        ("login", Kind::Text),
        ("agent", Kind::Text),
        ("origin", Kind::Text),
        ("at", Kind::Big),
    ]);
    for login in logins {
        rows.push([
            login.system.as_str().into(),
            login.login.as_str().into(),
            login.agent.as_str().into(),
            login.origin.as_str().into(),
            login.at.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO agent_login (system, login, agent, origin, at) SELECT system, login, agent, origin, at FROM {rows} \
         WHERE true ON CONFLICT (system, login) DO UPDATE SET agent = excluded.agent, origin = excluded.origin, \
         at = excluded.at",
    );
    session.run("write logins", query.rows(rows)).await.map(drop)
}

/// Removes a login from an agent; false if it was not his.
pub(crate) async fn remove_login(
    session: &Session<'_>,
    agent: &str,
    system: &str,
    login: &str,
) -> Result<bool, StoreError> {
    let query = Query::new("DELETE FROM agent_login WHERE agent = {1} AND system = {2} AND login = {3}");
    let query = query.bind(agent).bind(system).bind(login);
    Ok(session.run("remove a login", query).await? > 0)
}

/// What events told, where it is newer than what stands there; of two words at one instant the present one stays. `seen` is
/// sorted and names each (system, login, kind, value) once.
pub(crate) fn see(writes: &mut Bundle, seen: &[SeenRow]) {
    let mut rows = Rows::new(&[
        ("system", Kind::Text),
        ("login", Kind::Text),
        ("kind", Kind::Text),
        ("value", Kind::Text),
        ("present", Kind::Bool),
        ("at", Kind::Big),
    ]);
    for row in seen {
        rows.push([
            row.system.as_str().into(),
            row.login.as_str().into(),
            row.kind.as_str().into(),
            row.value.as_str().into(),
            row.present.into(),
            row.at.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO agent_seen (system, login, kind, value, present, at) \
         SELECT system, login, kind, value, CAST(present AS boolean), at FROM {rows} WHERE true \
         ON CONFLICT (system, login, kind, value) DO UPDATE SET present = excluded.present, at = excluded.at \
         WHERE agent_seen.at < excluded.at OR (agent_seen.at = excluded.at AND excluded.present)",
    );
    writes.write("write what agents were seen with", query.rows(rows));
}

/// All agents, or one, by id.
pub(crate) fn agents(id: Option<&str>) -> Ask<AgentRow> {
    let query = Query::new(
        "SELECT a.id, a.name, a.team, a.extension, a.skills, a.contacts, a.changed FROM agent a \
         WHERE {1} = '' OR a.id = {1} ORDER BY a.id",
    );
    Ask::new("read agents", query.bind(id.unwrap_or_default()), 7, |row| {
        Ok(AgentRow {
            id: row.text(0)?,
            name: row.maybe_text(1)?,
            team: row.maybe_text(2)?,
            extension: row.maybe_text(3)?,
            skills: row.text(4)?,
            contacts: row.text(5)?,
            changed: row.instant(6)?,
        })
    })
}

fn login(row: &Row) -> Result<LoginRow, StoreError> {
    Ok(LoginRow {
        system: row.text(0)?,
        login: row.text(1)?,
        agent: row.text(2)?,
        origin: row.text(3)?,
        at: row.instant(4)?,
    })
}

/// All logins, or those of one agent.
pub(crate) fn logins(agent: Option<&str>) -> Ask<LoginRow> {
    let query = Query::new(
        "SELECT l.system, l.login, l.agent, l.origin, l.at FROM agent_login l WHERE {1} = '' OR l.agent = {1} \
         ORDER BY l.system, l.login",
    );
    Ask::new("read logins", query.bind(agent.unwrap_or_default()), 5, login)
}

/// Whose login it is: one look by key.
pub(crate) fn by_login(system: &str, login_id: &str) -> Ask<LoginRow> {
    let query = Query::new(
        "SELECT l.system, l.login, l.agent, l.origin, l.at FROM agent_login l WHERE l.system = {1} AND l.login = {2}",
    );
    Ask::new("find a login", query.bind(system).bind(login_id), 5, login)
}

/// What events told of all logins, or of the logins of one agent.
pub(crate) fn seen(agent: Option<&str>) -> Ask<SeenRow> {
    let query = Query::new(
        "SELECT s.system, s.login, s.kind, s.value, s.present, s.at FROM agent_seen s WHERE {1} = '' OR EXISTS \
         (SELECT 1 FROM agent_login l WHERE l.system = s.system AND l.login = s.login AND l.agent = {1}) \
         ORDER BY s.system, s.login, s.kind, s.value",
    );
    Ask::new("read what agents were seen with", query.bind(agent.unwrap_or_default()), 6, |row| {
        Ok(SeenRow {
            system: row.text(0)?,
            login: row.text(1)?,
            kind: row.text(2)?,
            value: row.text(3)?,
            present: row.flag(4)?,
            at: row.instant(5)?,
        })
    })
}
