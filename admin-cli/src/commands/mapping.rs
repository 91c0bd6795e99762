//! `trunkctl mapping`: rules checked, tested and compared without a daemon; rehearsed, applied and brought back with one.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use trunkline_config::Sources;
use trunkline_mapping::declared::rule_files;
use trunkline_mapping::rules::{File, Problem, RuleSet, TestFailure};

use super::difference::{Changed, compare};
use super::{cell, found, items, print_details, print_json, print_list, print_rows, say};
use crate::args::{Global, MappingCommand};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) fn run(command: &MappingCommand, global: &Global) -> Result<Outcome> {
    let client = || Client::new(global);
    let json = global.json;
    match command {
        MappingCommand::Check { folder, config } => check(folder, config.as_deref(), json),
        MappingCommand::Test { folder } => test(folder, json),
        MappingCommand::Diff { folder } => super::block_on(diff(folder, &client()?, json)),
        MappingCommand::Plan { folder, since, last, show } => {
            let asked = json!({"since": since, "last": last, "show": show});
            super::block_on(plan(folder, asked, &client()?, json))
        }
        MappingCommand::Apply { folder, note } => super::block_on(apply(folder, note, &client()?, json)),
        MappingCommand::History { limit } => super::block_on(history(*limit, &client()?, json)),
        MappingCommand::Show { number } => super::block_on(show(number, &client()?, json)),
        MappingCommand::Rollback { number, note } => super::block_on(rollback(*number, note, &client()?, json)),
        MappingCommand::Event { event } => super::block_on(of_event(event, &client()?, json)),
    }
}

/// The files of a folder; an empty one is a slip.
fn read(folder: &Path) -> Result<Vec<File>> {
    let files = rule_files(folder).map_err(|sentence| anyhow!("{sentence}"))?;
    if files.is_empty() {
        bail!("{} holds no *.toml; name the folder with the rule files", folder.display());
    }
    Ok(files)
}

/// The connectors that a configuration names; none are known without one.
fn connectors(config: Option<&Path>) -> Result<Option<Vec<String>>> {
    let Some(config) = config else { return Ok(None) };
    let sources = Sources { file: Some(config.to_owned()), ..Sources::default() };
    let settings = trunkline_config::load(&sources).context("the configuration is no good; see config check")?;
    Ok(Some(settings.connectors.keys().cloned().collect()))
}

fn check(folder: &Path, config: Option<&Path>, json: bool) -> Result<Outcome> {
    let connectors = connectors(config)?;
    let rules = RuleSet::parse(read(folder)?, connectors.as_deref());
    let problems = rules.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    if json {
        print_json(&json!({"ok": problems.is_empty(), "problems": problems}))?;
    } else if let Ok(rules) = &rules {
        say(&format!("{} rules with {} tests are good.", rules.rules(), rules.tests()))?;
    } else {
        tell(problems);
    }
    Ok(Outcome::from_answer(problems.is_empty()))
}

fn tell(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{}", harmless(&problem.to_string()));
    }
    let count = problems.len();
    eprintln!("trunkctl: {count} problem{} in the rules", if count == 1 { "" } else { "s" });
}

/// Compiled rules; their problems are told if they have any.
fn compiled(files: Vec<File>, json: bool) -> Result<Option<RuleSet>> {
    match RuleSet::parse(files, None) {
        Ok(rules) => Ok(Some(rules)),
        Err(problems) if json => {
            print_json(&json!({"ok": false, "problems": problems}))?;
            Ok(None)
        }
        Err(problems) => {
            tell(&problems);
            Ok(None)
        }
    }
}

/// Rules whose tests pass; what is wrong is told if anything is.
fn tested(files: Vec<File>, json: bool) -> Result<Option<RuleSet>> {
    let Some(rules) = compiled(files, json)? else { return Ok(None) };
    let failures = rules.run_tests();
    if failures.is_empty() {
        return Ok(Some(rules));
    }
    if json {
        print_json(&json!({"ok": false, "tests": rules.tests(), "failures": failures}))?;
    } else {
        tell_failures(&failures, rules.tests());
    }
    Ok(None)
}

fn tell_failures(failures: &[TestFailure], tests: usize) {
    for failure in failures {
        for line in failure.to_string().lines() {
            eprintln!("{}", harmless(line));
        }
    }
    eprintln!("trunkctl: {} of {tests} tests fail", failures.len());
}

fn test(folder: &Path, json: bool) -> Result<Outcome> {
    let Some(rules) = tested(read(folder)?, json)? else { return Ok(Outcome::No) };
    let tests = rules.tests();
    if json {
        print_json(&json!({"ok": true, "tests": tests, "failures": []}))?;
    } else {
        say(&format!("{tests} tests of {} rules pass.", rules.rules()))?;
    }
    Ok(Outcome::Done)
}

/// The version that counts, with its number; no files and 0 where there is none.
async fn active(client: &Client) -> Result<(Vec<File>, i64)> {
    let Some(version) = client.get("/mapping/versions/active", &[]).await? else { return Ok((Vec::new(), 0)) };
    let files = serde_json::from_value(version["files"].clone()).context("the daemon's answer holds no rule files")?;
    Ok((files, version["version"].as_i64().unwrap_or_default()))
}

/// Exit code 1 where there is a difference, as `diff` has it.
async fn diff(folder: &Path, client: &Client, json: bool) -> Result<Outcome> {
    let (counts, version) = active(client).await?;
    let changes = compare(&counts, &read(folder)?);
    if json {
        let list: Vec<Value> = changes
            .iter()
            .map(|Changed { file, change, lines }| json!({"file": file, "change": change, "lines": lines}))
            .collect();
        print_json(&json!({"version": version, "same": changes.is_empty(), "changes": list}))?;
    } else if changes.is_empty() {
        say(&format!("{} is what version {version} counts.", folder.display()))?;
    } else {
        for Changed { file, change, lines } in &changes {
            say(&harmless(&format!("{file}: {change}")))?;
            for line in lines {
                say(&harmless(line))?;
            }
        }
        eprintln!("trunkctl: {} files differ from version {version}", changes.len());
    }
    Ok(Outcome::from_answer(changes.is_empty()))
}

async fn plan(folder: &Path, mut asked: Value, client: &Client, json: bool) -> Result<Outcome> {
    let Some(rules) = compiled(read(folder)?, json)? else { return Ok(Outcome::No) };
    asked["files"] = json!(rules.files());
    let answer = client.post("/mapping/plan", asked).await?;
    let plan = client.there(answer)?;
    if json {
        print_json(&plan)?;
        return Ok(Outcome::Done);
    }
    let columns = [
        ("SOURCE", "/source"),
        ("KIND", "/kind"),
        ("NAME", "/name"),
        ("ADDED", "/added"),
        ("CHANGED", "/changed"),
        ("REMOVED", "/removed"),
    ];
    print_rows(&plan["differences"], &columns, "nothing would come out otherwise")?;
    samples(&plan)?;
    for failure in plan["failures"].as_array().into_iter().flatten() {
        let [file, line, reason, events] = ["file", "line", "reason", "events"].map(|key| cell(failure.get(key)));
        say(&harmless(&format!("{file}:{line} fails on {events} events: {reason}")))?;
    }
    let [changed, events, from, to] = ["changed", "events", "from", "to"].map(|key| cell(plan.get(key)));
    say(&format!("{changed} of {events} events would come out otherwise (received {from} to {to})."))?;
    Ok(Outcome::Done)
}

/// The values of samples, where the daemon was asked to show them.
fn samples(plan: &Value) -> Result<()> {
    for difference in plan["differences"].as_array().into_iter().flatten() {
        let shown = |sample: &&Value| !sample["before"].is_null() || !sample["after"].is_null();
        for sample in difference["samples"].as_array().into_iter().flatten().filter(shown) {
            let [before, after, event] = ["before", "after", "event"].map(|key| cell(sample.get(key)));
            let name = cell(difference.get("name"));
            say(&harmless(&format!("{name}: {before} -> {after} (event {event})")))?;
        }
    }
    Ok(())
}

async fn apply(folder: &Path, note: &str, client: &Client, json: bool) -> Result<Outcome> {
    let Some(rules) = tested(read(folder)?, json)? else { return Ok(Outcome::No) };
    let (counts, base) = active(client).await?;
    if counts == rules.files() {
        if json {
            print_json(&json!({"changed": false, "version": base}))?;
        } else {
            say(&format!("Version {base} has the same files and counts already."))?;
        }
        return Ok(Outcome::Done);
    }
    let answer = client.post("/mapping/apply", json!({"files": rules.files(), "base": base, "note": note})).await?;
    applied(&client.there(answer)?, json)
}

fn applied(version: &Value, json: bool) -> Result<Outcome> {
    if json {
        let mut version = version.clone();
        version["changed"] = true.into();
        print_json(&version)?;
    } else {
        let number = cell(version.get("version"));
        say(&format!("Version {number} counts; every daemon maps by it within a second."))?;
    }
    Ok(Outcome::Done)
}

async fn history(limit: u32, client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.list("/mapping/versions", &[("limit", limit.to_string())]).await?;
    let columns = [
        ("VERSION", "/version"),
        ("COUNTS", "/active"),
        ("APPLIED", "/applied"),
        ("BY", "/actor"),
        ("BACK TO", "/restored"),
        ("HASH", "/hash"),
        ("NOTE", "/note"),
    ];
    print_list(&items(&answer).into(), &columns, "no rules were ever applied", json)?;
    Ok(Outcome::Done)
}

async fn show(version: &str, client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.get(&format!("/mapping/versions/{}", super::path_id(version)?), &[]).await?;
    found(answer, &format!("version {version} of the mapping rules"), |value| {
        if json {
            return print_json(value);
        }
        for file in value["files"].as_array().into_iter().flatten() {
            say(&harmless(&format!("# {}", cell(file.get("name")))))?;
            for line in cell(file.get("text")).lines() {
                say(&harmless(line))?;
            }
        }
        Ok(())
    })
}

async fn rollback(version: i64, note: &str, client: &Client, json: bool) -> Result<Outcome> {
    match client.post("/mapping/rollback", json!({"version": version, "note": note})).await? {
        Some(made) => applied(&made, json),
        None => found(None, &format!("version {version} of the mapping rules"), |_| Ok(())),
    }
}

async fn of_event(event: &str, client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.get(&format!("/mapping/events/{}", super::path_id(event)?), &[]).await?;
    found(answer, "event of this id that was stored with the version of its rules", |value| {
        if json {
            return print_json(value);
        }
        let details = [("mapping rules", "/mapping"), ("identity rules", "/identity"), ("dial plans", "/dial_plans")];
        print_details(value, &details)
    })
}
