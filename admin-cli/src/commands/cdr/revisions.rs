//! `trunkctl cdr show ID --revisions`

use anyhow::Result;
use serde_json::Value;

use crate::client::Client;
use crate::commands::{cell, found, items, path_id, print_json, print_rows};
use crate::outcome::Outcome;

pub(super) async fn run(id: &str, client: &Client, json: bool) -> Result<Outcome> {
    let answer = client.get(&format!("/cdrs/{}/revisions", path_id(id)?), &[]).await?;
    found(
        answer,
        &format!("record {id}"),
        |revisions| {
            if json { print_json(&items(revisions).into()) } else { table(revisions) }
        },
    )
}

/// A line for each field that a revision changed.
fn table(revisions: &Value) -> Result<()> {
    let mut rows: Vec<Value> = Vec::new();
    for revision in items(revisions) {
        let changes = revision["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let told = |text: &Value| if text.is_null() { "-".to_owned() } else { cell(Some(text)) };
        let mut row = revision.clone();
        row["field"] = if revision["revision"] == 1 { "completed".into() } else { Value::Null };
        if changes.is_empty() {
            rows.push(row.clone());
        }
        for change in changes {
            row["field"] = change["field"].clone();
            row["change"] = format!("{} -> {}", told(&change["before"]), told(&change["after"])).into();
            rows.push(row.clone());
        }
    }
    let columns = [
        ("REVISION", "/revision"),
        ("AT", "/at"),
        ("WHY", "/why"),
        ("FIELD", "/field"),
        ("CHANGE", "/change"),
        ("EVENT", "/cause"),
    ];
    print_rows(&rows.into(), &columns, "nothing was told of it yet: the conversation is open")
}
