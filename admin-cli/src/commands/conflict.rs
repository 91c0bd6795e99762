//! `trunkctl conflict`: what the rules could not decide.

use anyhow::Result;
use serde_json::{Value, json};

use super::customer::{LINK_COLUMNS, decide};
use super::{found, items, path_id, print_details, print_json, print_list, print_rows, say};
use crate::args::ConflictCommand;
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &ConflictCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        ConflictCommand::List { candidates, limit } => list(client, *candidates, *limit, json).await,
        ConflictCommand::Show { id } => show(client, path_id(id)?, json).await,
        ConflictCommand::Join { id, reason } => settle(client, id, "join", reason, json).await,
        ConflictCommand::Part { id, reason } => settle(client, id, "part", reason, json).await,
    }
}

async fn list(client: &Client, candidates: bool, limit: u32, json: bool) -> Result<Outcome> {
    let kind = if candidates { "candidate" } else { "conflict" };
    let answer = client.list("/conflicts", &[("kind", kind.to_owned()), ("limit", limit.to_string())]).await?;
    let columns = [
        ("CONFLICT", "/id"),
        ("HANDLE", "/a/handle"),
        ("HIS NAME", "/a/name"),
        ("HANDLE", "/b/handle"),
        ("HIS NAME", "/b/name"),
        ("WHY NOT ONE", "/verdict"),
        ("SINCE", "/at"),
        ("SOURCE", "/source"),
    ];
    print_list(&answer, &columns, &format!("no {kind}s"), json)?;
    Ok(Outcome::from_answer(!items(&answer).is_empty()))
}

async fn show(client: &Client, id: &str, json: bool) -> Result<Outcome> {
    let answer = client.get(&format!("/conflicts/{id}"), &[]).await?;
    found(answer, &format!("conflict {id}"), |detail| {
        if json {
            return print_json(detail);
        }
        let what = [("conflict", "/id"), ("kind", "/kind"), ("why not one", "/verdict"), ("strength", "/strength")];
        print_details(&detail["conflict"], &what)?;
        for (side, links) in [("a", "links_of_a"), ("b", "links_of_b")] {
            say("")?;
            print_side(&detail["conflict"][side], &detail[links])?;
        }
        say("")?;
        say(&format!(
            "to decide: trunkctl conflict join {id} --reason ...   or   trunkctl conflict part {id} --reason ..."
        ))
    })
}

fn print_side(side: &Value, links: &Value) -> Result<()> {
    print_details(side, &[("handle", "/handle"), ("customer", "/customer"), ("name", "/name")])?;
    print_rows(links, &LINK_COLUMNS, "nothing else is known of this side")
}

async fn settle(client: &Client, id: &str, decision: &str, reason: &str, json: bool) -> Result<Outcome> {
    let path = format!("/conflicts/{}/decide", path_id(id)?);
    decide(client, &path, json!({"decision": decision, "reason": reason}), "conflict of that id", json).await
}
