//! `trunkctl bus dead`: nothing leaves the dead letters unseen.

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, found, path_id, print_details, print_json, print_list, say};
use crate::args::{BusCommand, DeadCommand, DeadSelection};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) async fn run(command: &BusCommand, client: &Client, json: bool) -> Result<Outcome> {
    let BusCommand::Dead(command) = command;
    match command {
        DeadCommand::List { limit } => {
            let answer = client.list("/bus/dead", &[("limit", limit.to_string())]).await?;
            let columns = [
                ("ID", "/id"),
                ("QUEUE", "/queue"),
                ("SOURCE", "/source"),
                ("TRIES", "/attempts"),
                ("BYTES", "/size"),
                ("GIVEN UP", "/last"),
                ("REASON", "/reason"),
            ];
            print_list(&answer, &columns, "no dead letters", json)?;
            Ok(Outcome::Done)
        }
        DeadCommand::Show { id } => {
            let answer = client.get(&format!("/bus/dead/{}", path_id(id)?), &[]).await?;
            found(answer, &format!("dead letter {id}"), |letter| if json { print_json(letter) } else { show(letter) })
        }
        DeadCommand::Replay(selection) => {
            let answer = client.post("/bus/dead/replay", body(selection)?).await?;
            done(&client.there(answer)?, "replayed", selection, json)
        }
        DeadCommand::Purge(selection) => {
            let answer = client.delete("/bus/dead", Some(body(selection)?)).await?;
            done(&client.there(answer)?, "purged", selection, json)
        }
    }
}

fn show(letter: &Value) -> Result<()> {
    let details = [
        ("id", "/id"),
        ("source", "/source"),
        ("queue", "/queue"),
        ("reason", "/reason"),
        ("tries", "/attempts"),
        ("published", "/first"),
        ("given up", "/last"),
        ("bytes", "/size"),
    ];
    print_details(letter, &details)?;
    say("")?;
    say(&harmless(&cell(letter.get("body"))))
}

fn body(selection: &DeadSelection) -> Result<Value> {
    if selection.all {
        return Ok(json!({"all": true}));
    }
    let ids = selection.ids.iter().map(|id| path_id(id)).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "ids": ids }))
}

/// Says how many; fewer than were named, or some that stay, is a no.
fn done(answer: &Value, verb: &str, selection: &DeadSelection, json: bool) -> Result<Outcome> {
    let [count, kept] = ["done", "kept"].map(|name| answer[name].as_u64().unwrap_or_default());
    if json {
        print_json(answer)?;
    } else {
        say(&format!("{verb}: {count}"))?;
    }
    if kept > 0 {
        eprintln!("trunkctl: {kept} stay: no queue takes them");
    }
    let named = u64::try_from(selection.ids.len()).unwrap_or(u64::MAX);
    if !selection.all && count + kept < named {
        eprintln!("trunkctl: {} of the ids are no dead letters; see 'trunkctl bus dead list'", named - count - kept);
    }
    Ok(Outcome::from_answer(kept == 0 && (selection.all || count >= named)))
}
