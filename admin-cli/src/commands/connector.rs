//! `trunkctl connector`: what is built in, and how the daemon's connectors are.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use trunkline_connectors::KINDS;

use super::{block_on, found, path_id, print_json, print_rows, say};
use crate::args::{ConnectorCommand, Global};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) fn run(command: &ConnectorCommand, global: &Global) -> Result<Outcome> {
    match command {
        ConnectorCommand::Kinds => kinds(global.json),
        ConnectorCommand::Example { kind } => match trunkline_connectors::kind(kind) {
            Some(kind) => say(kind.example().trim_end()).map(|()| Outcome::Done),
            None => bail!("{kind:?} is no kind; see 'trunkctl connector kinds'"),
        },
        ConnectorCommand::List => block_on(list(&Client::new(global)?, global.json)),
        ConnectorCommand::Pause { name } => block_on(turn(&Client::new(global)?, name, "pause", "paused")),
        ConnectorCommand::Resume { name } => block_on(turn(&Client::new(global)?, name, "resume", "resumed")),
    }
}

fn kinds(json: bool) -> Result<Outcome> {
    let list: Vec<Value> = KINDS
        .iter()
        .map(|kind| json!({"name": kind.name(), "direction": kind.flow(), "abilities": kind.abilities()}))
        .collect();
    let list = Value::Array(list);
    if json {
        print_json(&list)?;
    } else {
        let columns = [("KIND", "/name"), ("DIRECTION", "/direction"), ("ABILITIES", "/abilities")];
        print_rows(&list, &columns, "no kind is built in")?;
    }
    Ok(Outcome::Done)
}

async fn list(client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.get("/connectors", &[]).await?;
    found(answer, "list of connectors", |list| {
        if json {
            return print_json(list);
        }
        let columns = [
            ("NAME", "/name"),
            ("KIND", "/kind"),
            ("STATE", "/state"),
            ("SINCE", "/since"),
            ("PEER", "/peer"),
            ("TAKEN", "/taken"),
            ("REASON", "/reason"),
        ];
        print_rows(list, &columns, "no connector is configured")
    })
}

async fn turn(client: &Client, name: &str, verb: &str, done: &str) -> Result<Outcome> {
    let answer = client.post(&format!("/connectors/{}/{verb}", path_id(name)?), json!({})).await?;
    found(answer, &format!("connector {name}"), |_| say(&format!("{name} is {done}.")))
}
