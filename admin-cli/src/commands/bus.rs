//! `trunkctl bus dead`: nothing leaves the dead letters unseen.

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, found, path_id, print_json, print_rows, say};
use crate::args::{BusCommand, DeadCommand, DeadSelection};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &BusCommand, client: &Client, json: bool) -> Result<Outcome> {
    let BusCommand::Dead(command) = command;
    match command {
        DeadCommand::List { limit } => {
            let answer = client.get("/bus/dead", &[("limit", limit.to_string())]).await?.unwrap_or_default();
            if json {
                print_json(&answer)?;
            } else {
                let columns = [
                    ("ID", "/id"),
                    ("QUEUE", "/queue"),
                    ("SOURCE", "/source"),
                    ("ATTEMPTS", "/attempts"),
                    ("SIZE", "/size"),
                    ("SINCE", "/first"),
                    ("REASON", "/reason"),
                ];
                print_rows(&answer, &columns, "no dead letters")?;
            }
            Ok(Outcome::Done)
        }
        DeadCommand::Show { id } => {
            let answer = client.get(&format!("/bus/dead/{}", path_id(id)?), &[]).await?;
            found(answer, &format!("dead letter {id}"), print_json)
        }
        DeadCommand::Replay(selection) => act(client, "replay", selection, json).await,
        DeadCommand::Purge(selection) => act(client, "purge", selection, json).await,
    }
}

async fn act(client: &Client, verb: &str, selection: &DeadSelection, json: bool) -> Result<Outcome> {
    let ids = selection.ids.iter().map(|id| path_id(id)).collect::<Result<Vec<_>>>()?;
    let body: Value = if selection.all { json!({"all": true}) } else { json!({"ids": ids}) };
    let answer = client.post(&format!("/bus/dead/{verb}"), body).await?;
    found(answer, "dead letter of that id", |done| {
        if json { print_json(done) } else { say(&format!("{verb}: {}", cell(done.get("count")))) }
    })
}
