//! `trunkctl config`: what is wrong, before the daemon is started.

use anyhow::Result;
use serde_json::json;
use trunkline_config::{Connector, Problem, Problems, Settings, Sources};

use super::{print_json, say};
use crate::args::ConfigCommand;
use crate::outcome::Outcome;

pub(super) fn run(command: &ConfigCommand, json: bool) -> Result<Outcome> {
    match command {
        ConfigCommand::Default if json => print_json(&json!({"toml": trunkline_config::DEFAULT}))?,
        ConfigCommand::Default => say(trunkline_config::DEFAULT.trim_end())?,
        ConfigCommand::Check { config } => {
            return check(&Sources { file: config.clone(), ..Sources::default() }, json);
        }
    }
    Ok(Outcome::Done)
}

fn check(sources: &Sources, json: bool) -> Result<Outcome> {
    let problems = problems(sources);
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

/// Problems of the schema, of every connector's parameters, and of the files that mapping reads.
fn problems(sources: &Sources) -> Vec<Problem> {
    trunkline_config::load_with(sources, of_connector, of_files).err().map(|Problems(found)| found).unwrap_or_default()
}

fn of_files(settings: &Settings) -> Vec<Problem> {
    trunkline_mapping::declared::problems(settings)
}

fn of_connector(name: &str, connector: &Connector) -> Vec<Problem> {
    let Err(wrong) = trunkline_connectors::check(name, &connector.kind, &connector.params) else { return Vec::new() };
    let told = |wrong: trunkline_connectors::contract::ParamProblem| Problem {
        key: format!("connectors.{name}.{}", wrong.key),
        sentence: wrong.problem,
        origin: None,
    };
    wrong.problems.into_iter().map(told).collect()
}
