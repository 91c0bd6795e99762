//! `trunkctl identity`: evidence in, customers out; and what other rules would do to the customers that are stored.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use trunkline_mapping::identity::{Rules, resolve_lines};
use trunkline_mapping::numbers::DialPlan;

use super::progress::Progress;
use super::{items, print_details, print_json, print_rows, say};
use crate::args::{Global, IdentityCommand};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) fn run(command: &IdentityCommand, global: &Global) -> Result<Outcome> {
    match command {
        IdentityCommand::Resolve { file, rules, dial_plan } => resolve(file, rules.as_deref(), dial_plan.as_deref()),
        IdentityCommand::Plan { rules, samples } => {
            super::block_on(plan(rules, *samples, &Client::new(global)?, global.json))
        }
    }
}

fn resolve(file: &Path, rules: Option<&Path>, dial_plan: Option<&Path>) -> Result<Outcome> {
    let rules = declared(rules, Rules::from_toml)?;
    let plan = declared(dial_plan, DialPlan::from_toml)?;
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

/// Counts that parts of a plan add up to.
const COUNTS: [(&str, &str); 8] = [
    ("customers looked at", "/customers"),
    ("handles looked at", "/handles"),
    ("customers who would be one with another", "/would_join"),
    ("customers who would come apart", "/would_part"),
    ("customers with another id only", "/would_be_renamed"),
    ("customers more than now", "/customers_more"),
    ("handles that would turn generic", "/turn_generic"),
    ("handles no longer generic", "/no_longer_generic"),
];

/// Asks for one part after another, so that neither side holds more than one, and adds them up.
async fn plan(file: &Path, samples: usize, client: &Client, as_json: bool) -> Result<Outcome> {
    let rules = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    // What is wrong with the file is told before the daemon is asked.
    Rules::from_toml(&rules).with_context(|| format!("{} is no good", file.display()))?;
    let mut whole = json!({"samples": []});
    let mut after = Value::Null;
    let progress = Progress::new();
    loop {
        let part = client.post("/identity/rehearse", json!({"rules": rules, "after": after})).await?;
        let part = client.there(part.filter(|part| part["rule_version"].is_string()))?;
        add(&mut whole, &part, samples);
        after = part["next"].clone();
        let Some(next) = after.as_str() else { break };
        progress.tell(next, whole["customers"].as_u64().unwrap_or_default());
    }
    progress.end();
    if as_json {
        print_json(&whole)?;
    } else {
        print_plan(&whole)?;
    }
    Ok(Outcome::Done)
}

fn add(whole: &mut Value, part: &Value, samples: usize) {
    whole["rule_version"] = part["rule_version"].clone();
    for (_, pointer) in COUNTS {
        let count = |value: &Value| value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        whole[&pointer[1..]] = (count(whole) + count(part)).into();
    }
    let Some(shown) = whole["samples"].as_array_mut() else { return };
    let room = samples.saturating_sub(shown.len());
    shown.extend(items(&part["samples"]).iter().take(room).cloned());
}

fn print_plan(whole: &Value) -> Result<()> {
    print_details(whole, &COUNTS)?;
    let mut rows = Vec::new();
    for (number, sample) in items(&whole["samples"]).iter().enumerate() {
        for (when, customers) in [("now", &sample["before"]), ("then", &sample["after"])] {
            for customer in items(customers) {
                let handles = customer["handles"].clone();
                rows.push(
                    json!({"change": number + 1, "when": when, "customer": customer["customer"], "handles": handles}),
                );
            }
        }
    }
    if !rows.is_empty() {
        say("")?;
    }
    let columns = [("CHANGE", "/change"), ("WHEN", "/when"), ("CUSTOMER", "/customer"), ("HANDLES", "/handles")];
    print_rows(&rows.into(), &columns, "nobody would be another customer than now")
}
