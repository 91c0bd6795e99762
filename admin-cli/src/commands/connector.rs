//! `trunkctl connector`: what is built in, and how the daemon's connectors are.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use trunkline_connectors::KINDS;

use super::{block_on, found, path_id, print_json, print_list, say};
use crate::args::{ConnectorCommand, Global};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) fn run(command: &ConnectorCommand, global: &Global) -> Result<Outcome> {
    match command {
        ConnectorCommand::Kinds => kinds(global.json),
        ConnectorCommand::Example { kind } => example(kind, global.json),
        ConnectorCommand::List => block_on(list(&Client::new(global)?, global.json)),
        ConnectorCommand::Pause { name } => block_on(turn(&Client::new(global)?, name, true, global.json)),
        ConnectorCommand::Resume { name } => block_on(turn(&Client::new(global)?, name, false, global.json)),
    }
}

fn kinds(json: bool) -> Result<Outcome> {
    let list: Vec<Value> = KINDS
        .iter()
        .map(|kind| json!({"name": kind.name(), "direction": kind.flow(), "abilities": kind.abilities()}))
        .collect();
    let columns = [("KIND", "/name"), ("DIRECTION", "/direction"), ("ABILITIES", "/abilities")];
    print_list(&list.into(), &columns, "no kind is built in", json)?;
    Ok(Outcome::Done)
}

fn example(kind: &str, json: bool) -> Result<Outcome> {
    let Some(found) = trunkline_connectors::kind(kind) else {
        bail!("{kind:?} is no kind; see 'trunkctl connector kinds'");
    };
    if json {
        print_json(&json!({"kind": found.name(), "toml": found.example()}))?;
    } else {
        say(found.example().trim_end())?;
    }
    Ok(Outcome::Done)
}

async fn list(client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.list("/connectors", &[]).await?;
    let columns = [
        ("NAME", "/name"),
        ("KIND", "/kind"),
        ("STATE", "/state"),
        ("SINCE", "/since"),
        ("PEER", "/peer"),
        ("TAKEN", "/taken"),
        ("SILENT SINCE", "/silent/since"),
        ("REASON", "/reason"),
    ];
    print_list(&answer, &columns, "this daemon has no connector", json)?;
    Ok(Outcome::Done)
}

async fn turn(client: &Client, name: &str, pause: bool, json: bool) -> Result<Outcome> {
    let verb = if pause { "pause" } else { "resume" };
    let answer = client.post(&format!("/connectors/{}/{verb}", path_id(name)?), json!({})).await?;
    found(answer, &format!("connector {name}; see 'trunkctl connector list'"), |_| {
        if json {
            return print_json(&json!({"name": name, "paused": pause}));
        }
        say(&format!("{name} is {verb}d."))
    })
}
