//! `trunkctl config`: what is wrong, before the daemon is started.

use anyhow::Result;
use serde_json::json;
use trunkline_config::{Problem, Problems, Sources, Value};
use trunkline_connectors::contract::SourceId;

use super::{print_json, say};
use crate::args::ConfigCommand;
use crate::outcome::Outcome;

pub(super) fn run(command: &ConfigCommand, json: bool) -> Result<Outcome> {
    match command {
        ConfigCommand::Default => say(trunkline_config::DEFAULT.trim_end()).map(|()| Outcome::Done),
        ConfigCommand::Check { config } => {
            let sources = Sources { file: config.clone(), ..Sources::default() };
            let problems = problems(&sources);
            if json {
                let list: Vec<_> = problems
                    .iter()
                    .map(|problem| json!({"key": problem.key, "problem": problem.sentence, "origin": problem.origin}))
                    .collect();
                print_json(&json!({"ok": list.is_empty(), "problems": list}))?;
            } else if problems.is_empty() {
                say("The configuration is good.")?;
            } else {
                eprintln!("{}", Problems(problems.clone()));
            }
            Ok(Outcome::from_answer(problems.is_empty()))
        }
    }
}

/// Problems of the schema and of every connector's parameters.
fn problems(sources: &Sources) -> Vec<Problem> {
    let settings = match trunkline_config::load(sources) {
        Ok(settings) => settings,
        Err(Problems(problems)) => return problems,
    };
    settings
        .connectors
        .iter()
        .flat_map(|(name, connector)| connector_problems(name, &connector.kind, &connector.params))
        .collect()
}

fn connector_problems(name: &str, kind_name: &str, params: &Value) -> Vec<Problem> {
    let problem = |key: String, sentence: String| Problem { key, sentence, origin: None };
    let id = match SourceId::new(name) {
        Ok(id) => id,
        Err(error) => return vec![problem(format!("connectors.{name}"), error.to_string())],
    };
    let Some(kind) = trunkline_connectors::kind(kind_name) else {
        let known: Vec<&str> = trunkline_connectors::KINDS.iter().map(|kind| kind.name()).collect();
        let sentence = format!("{kind_name:?} is no kind; kinds are {}", known.join(", "));
        return vec![problem(format!("connectors.{name}.kind"), sentence)];
    };
    match kind.build(&id, params) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let at = |key: &str| format!("connectors.{name}.params.{key}");
            error.problems.into_iter().map(|wrong| problem(at(&wrong.key), wrong.problem)).collect()
        }
    }
}
