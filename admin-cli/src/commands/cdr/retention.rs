//! `trunkctl cdr retention`

use anyhow::Result;
use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::{print_json, print_table};
use crate::outcome::Outcome;

/// What goes: its name, its count, and the key of the policy that says when.
const KINDS: [(&str, &str, &str); 6] = [
    ("conversations whose events go", "conversations", "events_days"),
    ("raw events", "events", "events_days"),
    ("refused messages", "rejections", "events_days"),
    ("messages of chats", "messages", "messages_days"),
    ("records", "records", "records_days"),
    ("records of switches", "switch_records", "switch_records_days"),
];

pub(super) async fn run(dry_run: bool, client: &Client, json: bool) -> Result<Outcome> {
    let mut policy = client.there(client.get("/retention", &[]).await?)?;
    if !dry_run {
        policy["removed"] = remove(client).await?;
    }
    if json {
        print_json(&policy)?;
        return Ok(Outcome::Done);
    }
    let counts = if dry_run { &policy["old"] } else { &policy["removed"] };
    let rows: Vec<Vec<String>> = KINDS
        .iter()
        .map(|(what, count, key)| {
            let days = policy[*key].as_u64().unwrap_or_default();
            let kept = if days == 0 { "for ever".to_owned() } else { format!("{days} days") };
            vec![(*what).to_owned(), kept, counts[*count].as_u64().unwrap_or_default().to_string()]
        })
        .collect();
    print_table(&["WHAT", "KEPT", if dry_run { "WOULD GO" } else { "WENT" }], &rows)?;
    Ok(Outcome::Done)
}

/// Batch after batch, until nothing is old.
async fn remove(client: &Client) -> Result<Value> {
    let mut sum = json!({});
    loop {
        let batch = client.there(client.post("/retention", json!({})).await?)?;
        let mut any = false;
        for (_, count, _) in KINDS {
            let number = batch[count].as_u64().unwrap_or_default();
            any |= number > 0;
            sum[count] = (sum[count].as_u64().unwrap_or_default() + number).into();
        }
        if !any {
            return Ok(sum);
        }
    }
}
