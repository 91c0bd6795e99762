//! `trunkctl hotspot list` and `trunkctl series response`.

use anyhow::Result;
use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::{items, print_json, print_rows};
use crate::args::{HotspotCommand, SeriesCommand};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn hotspots(command: &HotspotCommand, client: &Client, json: bool) -> Result<Outcome> {
    let HotspotCommand::List { day, by } = command;
    let by = by.and_then(|by| by.to_possible_value()).map(|value| value.get_name().to_owned());
    let query = [("day", day.clone()), ("by", by)];
    let query: Vec<(&str, String)> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = client.list("/hotspots", &query).await?;
    if json {
        print_json(&items(&answer).into())?;
        return Ok(Outcome::Done);
    }
    let mark = |item: &Value| {
        let mut row = item.clone();
        row["spike"] = if item["spike"] == true { "spike".into() } else { "".into() };
        row
    };
    let rows: Vec<Value> = items(&answer).iter().map(mark).collect();
    let columns = [
        ("DAY", "/day"),
        ("BY", "/by"),
        ("WORD", "/word"),
        ("COUNT", "/count"),
        ("DAY BEFORE", "/before"),
        ("", "/spike"),
    ];
    print_rows(&rows.into(), &columns, "nothing was counted that day")?;
    Ok(Outcome::Done)
}

pub(super) async fn series(command: &SeriesCommand, client: &Client, json: bool) -> Result<Outcome> {
    let SeriesCommand::Response { since, until, queue } = command;
    let query = [("since", Some(since.clone())), ("until", until.clone()), ("queue", queue.clone())];
    let query: Vec<(&str, String)> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = client.list("/series/response", &query).await?;
    if json {
        print_json(&items(&answer).into())?;
        return Ok(Outcome::Done);
    }
    let in_seconds = |item: &Value| {
        let mut row = item.clone();
        for name in ["mean", "median", "p90", "longest"] {
            let millis = item[format!("{name}_ms").as_str()].as_u64().unwrap_or_default();
            row[name] = if item["answered"] == 0 { Value::Null } else { json!(format!("{} s", (millis + 500) / 1000)) };
        }
        row
    };
    let rows: Vec<Value> = items(&answer).iter().map(in_seconds).collect();
    let columns = [
        ("HOUR", "/hour"),
        ("MEDIUM", "/medium"),
        ("CONVERSATIONS", "/conversations"),
        ("ANSWERED", "/answered"),
        ("MEAN", "/mean"),
        ("MEDIAN", "/median"),
        ("9 IN 10", "/p90"),
        ("LONGEST", "/longest"),
    ];
    print_rows(&rows.into(), &columns, "no conversation began in that time")?;
    Ok(Outcome::Done)
}
