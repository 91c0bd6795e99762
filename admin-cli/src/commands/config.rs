//! `trunkctl config`: what is wrong, before the daemon is started.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use trunkline_config::{Connector, Mapping, Problem, Problems, Sources};
use trunkline_mapping::identity::Rules;
use trunkline_mapping::numbers::DialPlan;

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
    match trunkline_config::load_with(sources, of_connector) {
        Ok(settings) => of_mapping(&settings.mapping),
        Err(Problems(problems)) => problems,
    }
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

fn of_mapping(mapping: &Mapping) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tell = |key: &str, sentence: String| problems.push(Problem { key: key.into(), sentence, origin: None });
    if !mapping.identity_rules.as_os_str().is_empty() {
        let read = declared(&mapping.identity_rules, Rules::from_toml);
        read.unwrap_or_else(|sentence| tell("mapping.identity_rules", sentence));
    }
    if !mapping.dial_plans.as_os_str().is_empty() {
        match std::fs::read_dir(&mapping.dial_plans) {
            Err(error) => {
                tell("mapping.dial_plans", format!("cannot read {}: {error}", mapping.dial_plans.display()));
            }
            Ok(entries) => entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
                .filter_map(|path| declared(&path, DialPlan::from_toml).err())
                .for_each(|sentence| tell("mapping.dial_plans", sentence)),
        }
    }
    problems
}

/// Nothing, or in a sentence why a file is no good.
fn declared<T, E: std::error::Error>(file: &Path, read: impl FnOnce(&str) -> Result<T, E>) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let told = |error: E| format!("{} is no good: {}", file.display(), error.to_string().replace('\n', " "));
    read(&text).map(drop).map_err(told)
}
