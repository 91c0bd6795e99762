//! From TOML to a [`Scenario`]. Every problem is collected, with the step it is in.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::{Table, Value};

use super::Load;
use crate::avaya_dmcc::SimulatorError;
use crate::avaya_dmcc::server::{AesSettings, Misbehaviour, User};
use crate::avaya_dmcc::switch::{AgentDefinition, Switch, SwitchDefinition, Verb};

/// Longest wait a step may ask for, so that a unit slipped in by mistake is found.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// Most times the steps may be played again.
const MOST_REPEATS: u32 = 1_000_000;

/// What a step waits for besides time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// Every station, skill and VDN has a monitor.
    AllMonitored,
    /// So many monitors stand.
    Monitors(usize),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Something on the switch.
    Verb(Verb),
    /// Something wrong on the wire.
    Misbehave(Misbehaviour),
    /// Nothing: it only waits.
    Wait,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// After the beginning of the steps.
    pub at: Option<Duration>,
    /// After the step before.
    pub after: Option<Duration>,
    /// And when this is so.
    pub until: Option<Until>,
    /// What it does.
    pub act: Act,
}

/// A whole scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scenario {
    /// What is installed.
    pub switch: SwitchDefinition,
    /// Who works there.
    pub agents: Vec<AgentDefinition>,
    /// How the server is administered.
    pub aes: AesSettings,
    /// Who may log in.
    pub users: Vec<User>,
    /// What goes wrong from the beginning.
    pub always: Vec<Misbehaviour>,
    /// Steps and loads begin when this is so.
    pub until: Option<Until>,
    /// What happens.
    pub steps: Vec<Step>,
    /// How often the steps are played.
    pub repeat: u32,
    /// Calls in bulk, after the steps.
    pub loads: Vec<Load>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// A sentence for readers of the file; not used.
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default)]
    switch: SwitchDefinition,
    #[serde(default)]
    aes: AesSettings,
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    agents: Vec<AgentDefinition>,
    #[serde(default)]
    wait_for: Option<Value>,
    #[serde(default = "once")]
    repeat: u32,
    #[serde(default)]
    misbehave: Vec<Table>,
    #[serde(default)]
    steps: Vec<Table>,
    #[serde(default)]
    load: Vec<Load>,
}

fn once() -> u32 {
    1
}

impl Scenario {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError::File { what: "read", path: path.to_owned(), source };
        Self::parse(&std::fs::read_to_string(path).map_err(failed)?)
    }

    /// Reads a text. The error lists every problem that was found.
    pub fn parse(text: &str) -> Result<Self, SimulatorError> {
        let document: Document =
            toml::from_str(text).map_err(|error| SimulatorError::Scenario(vec![error.to_string()]))?;
        let mut problems = Vec::new();
        let mut keep = |place: String, problem: String| problems.push(format!("{place}: {problem}"));
        let mut steps = Vec::new();
        for (number, table) in document.steps.into_iter().enumerate() {
            match step(table) {
                Ok(step) => steps.push(step),
                Err(problem) => keep(format!("step {}", number + 1), problem),
            }
        }
        let mut always = Vec::new();
        for (number, table) in document.misbehave.into_iter().enumerate() {
            match Value::Table(table).try_into() {
                Ok(misbehaviour) => always.push(misbehaviour),
                Err(error) => keep(format!("misbehave {}", number + 1), error.message().to_owned()),
            }
        }
        let until = document.wait_for.map(|value| self::until(&value)).transpose().unwrap_or_else(|problem| {
            keep("wait_for".to_owned(), problem);
            None
        });
        if document.repeat == 0 || document.repeat > MOST_REPEATS {
            keep("repeat".to_owned(), format!("must be 1 to {MOST_REPEATS}"));
        }
        let scenario = Self {
            switch: document.switch,
            agents: document.agents,
            aes: document.aes,
            users: document.users,
            always,
            until,
            steps,
            repeat: document.repeat,
            loads: document.load,
        };
        problems.extend(scenario.problems());
        if problems.is_empty() { Ok(scenario) } else { Err(SimulatorError::Scenario(problems)) }
    }

    /// What cannot work, whatever the clients do.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match Switch::new(self.switch.clone()) {
            Ok(mut switch) => {
                for agent in &self.agents {
                    if let Err(error) = switch.install(agent.clone()) {
                        problems.push(format!("agent {}: {error}", agent.id));
                    }
                }
                for (number, load) in self.loads.iter().enumerate() {
                    problems.extend(load.problems(&switch).map(|problem| format!("load {}: {problem}", number + 1)));
                }
            }
            Err(error) => problems.push(format!("switch: {error}")),
        }
        if self.users.is_empty() {
            problems.push("users: nobody could log in; add [[users]] with name and password".to_owned());
        }
        problems
    }
}

fn step(mut table: Table) -> Result<Step, String> {
    let at = table.remove("at").map(|value| duration(&value)).transpose()?;
    let after = table.remove("after").map(|value| duration(&value)).transpose()?;
    let until = table.remove("wait_for").map(|value| until(&value)).transpose()?;
    if at.is_some() && after.is_some() {
        return Err("give at (from the beginning) or after (from the step before), not both".to_owned());
    }
    let act = match table.get("do").and_then(Value::as_str) {
        None if table.is_empty() && (until.is_some() || at.is_some() || after.is_some()) => Act::Wait,
        None => return Err("has no do = \"…\"".to_owned()),
        Some("misbehave") => {
            table.remove("do");
            Act::Misbehave(read(table)?)
        }
        Some(_) => Act::Verb(read(table)?),
    };
    Ok(Step { at, after, until, act })
}

fn read<T: for<'a> Deserialize<'a>>(table: Table) -> Result<T, String> {
    Value::Table(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn until(value: &Value) -> Result<Until, String> {
    match value {
        Value::String(word) if word == "monitors" => Ok(Until::AllMonitored),
        Value::Integer(count) => usize::try_from(*count)
            .map(Until::Monitors)
            .map_err(|_| "a number of monitors cannot be negative".to_owned()),
        _ => Err("must be \"monitors\" (every device is watched) or a number of monitors".to_owned()),
    }
}

/// `"2s"`, `"500ms"`, `"1m"`.
pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    let wrong = || format!("{value} is no duration; write for example \"500ms\", \"2s\" or \"1m\"");
    parse_duration(value.as_str().ok_or_else(wrong)?).ok_or_else(wrong)
}

/// As [`duration`], from a text. `None`: not a duration, or longer than a day.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].trim().parse().ok()?;
    let seconds = match &text[unit..] {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= LONGEST_WAIT)
}
