//! `trunkctl cdr export`: page by page from the daemon, row by row into the file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;

use crate::args::ExportArgs;
use crate::client::Client;
use crate::commands::{items, print_json};
use crate::export::Export;
use crate::outcome::Outcome;

/// Records in one request.
const PAGE: usize = 1000;

pub(super) async fn run(args: &ExportArgs, client: &Client, json: bool) -> Result<Outcome> {
    let Some(file) = &args.output else {
        let count = write(args, client, BufWriter::new(io::stdout())).await?;
        eprintln!("trunkctl: {count} records");
        return Ok(Outcome::Done);
    };
    // Whoever watches for the file must never find half of one.
    let part = beside(file);
    let out = File::create(&part).with_context(|| format!("cannot make {}; check the path", part.display()))?;
    let written = write(args, client, BufWriter::new(out)).await;
    if written.is_err() {
        // What went wrong first is what counts.
        let _ = std::fs::remove_file(&part);
    }
    let count = written?;
    std::fs::rename(&part, file).with_context(|| format!("cannot rename {} to {}", part.display(), file.display()))?;
    if json {
        print_json(&json!({"records": count, "file": file.display().to_string()}))?;
    } else {
        crate::commands::say(&format!("{count} records in {}", file.display()))?;
    }
    Ok(Outcome::Done)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

async fn write<W: Write + Send>(args: &ExportArgs, client: &Client, out: W) -> Result<u64> {
    let mut export = Export::begin(args.format, out)?;
    let (mut count, mut after) = (0, None);
    loop {
        let page = client.list("/cdrs", &query(args, after.as_deref())).await?;
        let records = items(&page);
        for record in records {
            export.row(&read(record)?)?;
        }
        count += records.len() as u64;
        after = records.last().map(place);
        if records.len() < PAGE {
            export.finish()?;
            return Ok(count);
        }
    }
}

fn read(record: &Value) -> Result<Cdr> {
    serde_json::from_value(record.clone())
        .context("the daemon sent a record that this trunkctl does not know; use the trunkctl of the daemon's release")
}

fn query(args: &ExportArgs, after: Option<&str>) -> Vec<(&'static str, String)> {
    let wanted = [
        ("since", args.since.clone()),
        ("until", args.until.clone()),
        ("after", after.map(str::to_owned)),
        ("limit", Some(PAGE.to_string())),
    ];
    wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Where the next page begins.
fn place(record: &Value) -> String {
    let started = record["started"].as_str().map_or_else(|| Timestamp::EPOCH.to_string(), str::to_owned);
    format!("{started}|{}", record["id"].as_str().unwrap_or_default())
}
