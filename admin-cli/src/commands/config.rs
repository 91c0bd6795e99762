//! `trunkctl config`: what is wrong, before the daemon is started.

use anyhow::Result;
use serde_json::json;
use trunkline_config::{Problem, Problems, Sources};

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
        .filter_map(|(name, connector)| {
            let wrong = trunkline_connectors::check(name, &connector.kind, &connector.params).err()?;
            Some(wrong.problems.into_iter().map(move |wrong| Problem {
                key: format!("connectors.{name}.{}", wrong.key),
                sentence: wrong.problem,
                origin: None,
            }))
        })
        .flatten()
        .collect()
}
