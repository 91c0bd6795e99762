//! Agents: who of ours is who in which system. A list is CSV, as a personnel system or a spreadsheet writes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::overlay::{Flaw, no_such};

/// The columns of a list; `agent` must be there.
const COLUMNS: [&str; 8] = ["agent", "name", "group", "skills", "extension", "phones", "emails", "logins"];

/// An agent at one system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Login {
    /// The system's source: `/connectors/avaya-bj`.
    pub system: String,
    /// What it calls him.
    pub login: String,
}

impl Login {
    /// Reads `avaya-bj/2001` or `/connectors/avaya-bj/2001`: what stands behind the last slash is the login.
    pub fn new(text: &str) -> Option<Self> {
        let (system, login) = text.trim().rsplit_once('/')?;
        (!system.is_empty() && !login.is_empty()).then(|| Self { system: system_of(system), login: login.to_owned() })
    }
}

/// A system's source: `avaya-bj` is short for `/connectors/avaya-bj`.
pub fn system_of(text: &str) -> String {
    if text.starts_with('/') { text.to_owned() } else { format!("/connectors/{text}") }
}

/// An agent as a list tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentProfile {
    /// His id here: a name that stays, whatever he is called in which system.
    pub agent: String,
    /// Name.
    pub name: Option<String>,
    /// Team or department.
    pub group: Option<String>,
    /// What he can do.
    pub skills: Vec<String>,
    /// His own extension, where he has one.
    pub extension: Option<String>,
    /// His own telephone numbers, in any spelling.
    pub phones: Vec<String>,
    /// His own mail addresses.
    pub emails: Vec<String>,
    /// What each system calls him.
    pub logins: Vec<Login>,
}

/// Why a list does not load: all that is wrong, never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct AgentsError(pub Vec<Flaw>);

impl AgentProfile {
    /// Reads a list: a line of column names (`agent` and any of `name`, `group`, `skills`, `extension`, `phones`, `emails`,
    /// `logins`), then an agent a line; several values of one column with semicolons between.
    pub fn list(csv: &str) -> Result<Vec<Self>, AgentsError> {
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
        let headings = reader.headers().map_err(|error| AgentsError(vec![unreadable(&error)]))?.clone();
        let mut flaws: Vec<Flaw> = headings.iter().filter(|name| !COLUMNS.contains(name)).map(unknown_column).collect();
        if !headings.iter().any(|name| name == "agent") {
            flaws.push(flaw(Some(1), "agent", "is the column that must be there: the agent's id here"));
            return Err(AgentsError(flaws));
        }
        let (mut agents, mut taken) = (Vec::new(), Taken::default());
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().and_then(|at| usize::try_from(at.line()).ok());
                    let agent = Self::of(&headings, &record, line, &mut flaws);
                    taken.check(&agent, line, &mut flaws);
                    agents.push(agent);
                }
                Err(error) => flaws.push(unreadable(&error)),
            }
        }
        if flaws.is_empty() { Ok(agents) } else { Err(AgentsError(flaws)) }
    }

    fn of(
        headings: &csv::StringRecord,
        record: &csv::StringRecord,
        line: Option<usize>,
        flaws: &mut Vec<Flaw>,
    ) -> Self {
        let cells: BTreeMap<&str, &str> = headings.iter().zip(record.iter()).collect();
        let one = |name: &str| cells.get(name).copied().filter(|text| !text.is_empty());
        let many = |name: &str| -> Vec<String> {
            one(name)
                .into_iter()
                .flat_map(|text| text.split(';'))
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut logins = Vec::new();
        for text in many("logins") {
            match Login::new(&text) {
                Some(login) => logins.push(login),
                None => {
                    flaws.push(flaw(line, "logins", format!("holds {text:?}; write system/login, like avaya-bj/2001")));
                }
            }
        }
        let agent = one("agent").unwrap_or_default();
        if !is_id(agent) {
            flaws.push(flaw(
                line,
                "agent",
                format!("is {agent:?}; an id is 1 to 64 letters, digits, '.', '_' and '-'"),
            ));
        }
        Self {
            agent: agent.to_owned(),
            name: one("name").map(str::to_owned),
            group: one("group").map(str::to_owned),
            skills: many("skills"),
            extension: one("extension").map(str::to_owned),
            phones: many("phones"),
            emails: many("emails"),
            logins,
        }
    }
}

/// What stands in a list before.
#[derive(Default)]
struct Taken {
    ids: BTreeSet<String>,
    logins: BTreeMap<Login, String>,
}

impl Taken {
    fn check(&mut self, agent: &AgentProfile, line: Option<usize>, flaws: &mut Vec<Flaw>) {
        if !self.ids.insert(agent.agent.clone()) {
            flaws.push(flaw(line, "agent", format!("{} stands twice", agent.agent)));
        }
        for login in &agent.logins {
            if let Some(other) =
                self.logins.insert(login.clone(), agent.agent.clone()).filter(|other| *other != agent.agent)
            {
                let sentence =
                    format!("gives {}/{} to {}, and to {other} before", login.system, login.login, agent.agent);
                flaws.push(flaw(line, "logins", sentence));
            }
        }
    }
}

/// Whether a text may be an agent's id: it stands in paths and commands.
pub fn is_id(text: &str) -> bool {
    let fits = |found: char| found.is_alphanumeric() || ".-_".contains(found);
    (1..=64).contains(&text.chars().count()) && text.chars().all(fits) && text != "." && text != ".."
}

fn flaw(line: Option<usize>, key: &str, sentence: impl Into<String>) -> Flaw {
    Flaw { line, key: key.to_owned(), sentence: sentence.into() }
}

fn unknown_column(name: &str) -> Flaw {
    flaw(Some(1), name, no_such("column", name, &COLUMNS))
}

fn unreadable(error: &csv::Error) -> Flaw {
    let line = error.position().and_then(|at| usize::try_from(at.line()).ok());
    let sentence = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns where the first line has {expected_len}; put values with commas in quotes")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; save the list as UTF-8".to_owned(),
        _ => "is no CSV".to_owned(),
    };
    flaw(line, "", sentence)
}
