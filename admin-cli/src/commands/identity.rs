//! `trunkctl identity resolve`: evidence in, customers out.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use trunkline_mapping::identity::{Rules, resolve_lines};
use trunkline_mapping::numbers::DialPlan;

use crate::args::IdentityCommand;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) fn run(command: &IdentityCommand) -> Result<Outcome> {
    let IdentityCommand::Resolve { file, rules, dial_plan } = command;
    let rules = declared(rules.as_deref(), Rules::from_toml)?;
    let plan = declared(dial_plan.as_deref(), DialPlan::from_toml)?;
    let evidence = super::read(file)?;
    let evidence =
        std::str::from_utf8(&evidence).map_err(|error| anyhow!("{} is not UTF-8: {error}", file.display()))?;
    match resolve_lines(evidence, &rules, &plan) {
        Ok(resolved) => {
            if !resolved.lines.is_empty() {
                super::say(&resolved.lines.join("\n"))?;
            }
            for note in &resolved.notes {
                eprintln!("trunkctl: {}", harmless(&note.to_string()));
            }
            Ok(Outcome::Done)
        }
        Err(errors) => {
            for error in &errors {
                eprintln!("trunkctl: {}: {}", file.display(), harmless(&error.to_string()));
            }
            Ok(Outcome::No)
        }
    }
}

/// The built-in declaration, or one read from a file.
fn declared<T: Default, E>(file: Option<&Path>, read: impl FnOnce(&str) -> Result<T, E>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let Some(file) = file else { return Ok(T::default()) };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    read(&text).with_context(|| format!("{} is no good", file.display()))
}
