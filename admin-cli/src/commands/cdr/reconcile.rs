//! `trunkctl cdr reconcile`: our records against the switches' own.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use time::Duration;
use trunkline_events::Timestamp;

use crate::args::ReconcileArgs;
use crate::client::Client;
use crate::commands::{cell, items, print_json, print_rows, say};
use crate::outcome::Outcome;

const COUNTS: [&str; 4] = ["matched", "differing", "only_in_events", "only_at_switch"];
const LISTS: [&str; 3] = ["differences", "events", "switch"];

pub(super) async fn run(args: &ReconcileArgs, client: &Client, json: bool) -> Result<Outcome> {
    let report = match (&args.day, &args.report, &args.since, &args.until) {
        (Some(day), ..) => ask(client, json!({"day": day, "dry_run": args.dry_run})).await?,
        (_, Some(day), ..) => {
            let kept = client.get(&format!("/reconciliations/{}", crate::commands::path_id(day)?), &[]).await?;
            let Some(kept) = kept else {
                eprintln!("trunkctl: no report was made of {day}; 'trunkctl cdr reconcile --day {day}' makes one");
                return Ok(Outcome::No);
            };
            kept
        }
        (.., Some(since), Some(until)) => stretch(client, since, until, args.dry_run).await?,
        _ => unreachable_choice()?,
    };
    if json {
        print_json(&report)?;
    } else {
        show(&report)?;
    }
    Ok(Outcome::from_answer(COUNTS[1..].iter().all(|name| number(&report[*name]) == 0)))
}

/// clap lets no other choice through.
fn unreachable_choice() -> Result<Value> {
    anyhow::bail!("give --day, --report, or --since and --until")
}

async fn ask(client: &Client, asked: Value) -> Result<Value> {
    client.there(client.post("/reconciliations", asked).await?)
}

/// A day of it at a time, as the daemon holds a day in memory.
async fn stretch(client: &Client, since: &str, until: &str, dry_run: bool) -> Result<Value> {
    let instant = |text: &str| -> Result<Timestamp> {
        text.parse()
            .ok()
            .with_context(|| format!("{text:?} is no instant; write it like 2026-11-21T08:00:00Z (RFC 3339)"))
    };
    let (mut from, to) = (instant(since)?, instant(until)?);
    anyhow::ensure!(from < to, "--until is not after --since");
    let mut sum = json!({"from": from.to_string(), "to": to.to_string()});
    while from < to {
        let end = from.plus(Duration::DAY).min(to);
        let part =
            ask(client, json!({"since": from.to_string(), "until": end.to_string(), "dry_run": dry_run})).await?;
        for name in COUNTS {
            sum[name] = (number(&sum[name]) + number(&part[name])).into();
        }
        for name in LISTS {
            let mut all = sum[name].as_array().cloned().unwrap_or_default();
            all.extend(items(&part[name]).iter().cloned());
            sum[name] = all.into();
        }
        from = end;
    }
    Ok(sum)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn show(report: &Value) -> Result<()> {
    let [matched, differing, ours, theirs] = COUNTS.map(|name| number(&report[name]));
    let (from, to) = (cell(report.get("from")), cell(report.get("to")));
    say(&format!("{from} to {to}: {matched} calls on both sides, {differing} of them differ"))?;
    say(&format!("{ours} only in events, {theirs} only at the switch"))?;
    if differing > 0 {
        say("")?;
        let mut rows: Vec<Value> = Vec::new();
        for pair in items(&report["differences"]) {
            for difference in items(&pair["differences"]) {
                let mut row = pair.clone();
                row["difference"] = difference.clone();
                rows.push(row);
            }
        }
        let columns = [
            ("RECORD", "/cdr"),
            ("SURE", "/confidence"),
            ("FIELD", "/difference/field"),
            ("EVENTS", "/difference/events"),
            ("SWITCH", "/difference/switch"),
        ];
        print_rows(&rows.into(), &columns, "")?;
    }
    if ours > 0 {
        say("")?;
        let columns = [
            ("ONLY IN EVENTS", "/cdr"),
            ("STARTED", "/started"),
            ("ENDED", "/ended"),
            ("FROM", "/customer"),
            ("OUTCOME", "/outcome"),
            ("SOURCE", "/source"),
        ];
        print_rows(&report["events"], &columns, "")?;
    }
    if theirs > 0 {
        say("")?;
        let columns = [
            ("ONLY AT THE SWITCH", "/id"),
            ("ENDED", "/record/ended"),
            ("CALLING", "/record/calling"),
            ("CALLED", "/record/called"),
            ("UCID", "/record/ucid"),
            ("ITS CALL WAS SEEN", "/call_matched"),
        ];
        print_rows(&report["switch"], &columns, "")?;
    }
    Ok(())
}
