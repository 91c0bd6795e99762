//! `trunkctl cdr rebuild`: one request a page, so that it can be stopped at any time and gone on with.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::args::RebuildArgs;
use crate::client::Client;
use crate::commands::{items, print_json, print_rows, say};
use crate::outcome::Outcome;

/// What a page counts.
const COUNTS: [&str; 5] = ["looked", "same", "restored", "revised", "sealed"];
/// Changed records that are listed.
const LISTED: usize = 100;

pub(super) async fn run(args: &RebuildArgs, client: &Client, json: bool) -> Result<Outcome> {
    let mut sum = json!({"records": []});
    let mut after = args.after.clone();
    loop {
        let asked = json!({
            "since": args.since, "connector": args.source, "after": after, "limit": args.page, "dry_run": args.dry_run,
        });
        let page = client.post("/cdrs/rebuild", asked).await.with_context(|| stopped(after.as_deref()));
        let page = client.there(page?)?;
        for name in COUNTS {
            sum[name] = (number(&sum[name]) + number(&page[name])).into();
        }
        if let Some(records) = sum["records"].as_array_mut() {
            let room = LISTED.saturating_sub(records.len());
            records.extend(page["records"].as_array().into_iter().flatten().take(room).cloned());
        }
        after = page["next"].as_str().map(str::to_owned);
        match &after {
            Some(next) => eprintln!("{} (--after {next})", sentence(&sum, args.dry_run)),
            None => break,
        }
    }
    if json {
        print_json(&sum)?;
    } else {
        say(&sentence(&sum, args.dry_run))?;
        table(&sum["records"])?;
    }
    Ok(Outcome::Done)
}

fn stopped(after: Option<&str>) -> String {
    match after {
        Some(after) => format!("stopped; what is done stays done, go on with --after {after}"),
        None => "nothing was done".to_owned(),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn sentence(sum: &Value, dry_run: bool) -> String {
    let [looked, same, restored, revised, sealed] = COUNTS.map(|name| number(&sum[name]));
    let what = if dry_run { "would be made anew" } else { "made anew" };
    let left = match sealed {
        0 => String::new(),
        sealed => format!("; {sealed} more stay as they are, since their events are no longer kept"),
    };
    format!("{looked} records {what}: {same} the same, {restored} restored, {revised} revised{left}")
}

fn table(records: &Value) -> Result<()> {
    if items(records).is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = items(records)
        .iter()
        .map(|record| {
            let fields: Vec<&Value> = items(&record["changes"]).iter().map(|change| &change["field"]).collect();
            json!({"id": record["id"], "what": record["what"], "fields": fields})
        })
        .collect();
    print_rows(&rows.into(), &[("RECORD", "/id"), ("WHAT", "/what"), ("FIELDS", "/fields")], "")
}
