//! One file a noun. A command prints its answer to stdout and nothing else; notes and errors go to stderr.

mod agent;
mod audit;
mod bus;
mod cdr;
mod config;
mod conflict;
mod connector;
mod customer;
mod decode;
mod difference;
mod figures;
mod identity;
mod man;
mod mapping;
mod progress;
mod record;
mod replay;
mod segment;
mod tag;
mod token;

use std::future::Future;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use serde_json::Value;

use crate::args::{AgentCommand, Cli, Command};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table;

/// Carries out one command line.
pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    let global = &cli.global;
    match cli.command {
        Command::Config(command) => config::run(&command, global.json),
        Command::Connector(command) => connector::run(&command, global),
        Command::Customer(command) => block_on(customer::run(&command, &Client::new(global)?, global.json)),
        Command::Conflict(command) => block_on(conflict::run(&command, &Client::new(global)?, global.json)),
        Command::Cdr(command) => block_on(cdr::run(&command, &Client::new(global)?, global.json)),
        Command::Agent(AgentCommand::Import { file, check: true }) => agent::check(&file),
        Command::Agent(command) => block_on(agent::run(&command, &Client::new(global)?, global.json)),
        Command::Tag(command) => block_on(tag::run(&command, &Client::new(global)?, global.json)),
        Command::Segment(command) => block_on(segment::run(&command, &Client::new(global)?, global.json)),
        Command::Bus(command) => block_on(bus::run(&command, &Client::new(global)?, global.json)),
        Command::Decode(args) => decode::run(&args),
        Command::Identity(command) => identity::run(&command, global),
        Command::Mapping(command) => mapping::run(&command, global),
        Command::Audit(args) => block_on(audit::run(&args, &Client::new(global)?, global.json)),
        Command::Hotspot(command) => block_on(figures::hotspots(&command, &Client::new(global)?, global.json)),
        Command::Series(command) => block_on(figures::series(&command, &Client::new(global)?, global.json)),
        Command::Record(args) => block_on(record::run(&args, &Client::new(global)?, global.json)),
        Command::Replay(args) => block_on(replay::run(&args, global)),
        Command::Token(command) => block_on(token::run(&command, &Client::new(global)?, global.json)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "trunkctl", &mut text);
            say(String::from_utf8_lossy(&text).trim_end()).map(|()| Outcome::Done)
        }
        Command::Man => say(man::page()?.trim_end()).map(|()| Outcome::Done),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?.block_on(work)
}

/// The file's bytes, or standard input's for `-`.
fn read(file: &Path) -> Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// One line to stdout. A reader that went away (`| head`) is no error.
fn say(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

fn print_json(value: &Value) -> Result<()> {
    say(&serde_json::to_string_pretty(value)?)
}

fn print_table(headings: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let mut text = Vec::new();
    table::print(&mut text, headings, rows)?;
    say(String::from_utf8_lossy(&text).trim_end())
}

/// A table from a JSON array: one column a (heading, JSON pointer).
fn print_rows(value: &Value, columns: &[(&str, &str)], none: &str) -> Result<()> {
    let rows: Vec<Vec<String>> = items(value)
        .iter()
        .map(|item| columns.iter().map(|(_, pointer)| cell(item.pointer(pointer))).collect())
        .collect();
    if rows.is_empty() {
        eprintln!("{none}");
        return Ok(());
    }
    let headings: Vec<&str> = columns.iter().map(|(heading, _)| *heading).collect();
    print_table(&headings, &rows)
}

/// A list: the array itself with `--json`, a table without.
fn print_list(value: &Value, columns: &[(&str, &str)], none: &str, json: bool) -> Result<()> {
    if json { print_json(&items(value).into()) } else { print_rows(value, columns, none) }
}

/// One thing: a line for each (name, JSON pointer) that is there.
fn print_details(value: &Value, details: &[(&str, &str)]) -> Result<()> {
    let width = details.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, pointer) in details {
        let text = cell(value.pointer(pointer));
        if text != "-" && !text.is_empty() {
            say(&format!("{name:width$}  {}", table::harmless(&text)))?;
        }
    }
    Ok(())
}

/// The array itself, or the one under `items`.
fn items(value: &Value) -> &[Value] {
    value.as_array().or_else(|| value["items"].as_array()).map_or(&[], Vec::as_slice)
}

/// One value as a person reads it.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".into(),
        Some(Value::Array(items)) if items.is_empty() => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    }
}

/// Prints what was found, or says on stderr that there is none.
fn found(answer: Option<Value>, what: &str, print: impl FnOnce(&Value) -> Result<()>) -> Result<Outcome> {
    match answer {
        None => {
            eprintln!("trunkctl: there is no {what}");
            Ok(Outcome::No)
        }
        Some(value) => print(&value).map(|()| Outcome::Done),
    }
}

/// An id that may stand in a path.
fn path_id(id: &str) -> Result<&str> {
    let fits =
        !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    anyhow::ensure!(fits && id != "." && id != "..", "{:?} is no id", table::harmless(id));
    Ok(id)
}
