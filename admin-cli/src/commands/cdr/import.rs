//! `trunkctl cdr import`: a switch's own file. Whatever is wrong in it is told before anything is stored.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use trunkline_events::cdr::SwitchRecord;
use trunkline_mapping::cdr::ImportMapping;

use crate::args::ImportFormat;
use crate::client::Client;
use crate::commands::{print_json, say};
use crate::outcome::Outcome;
use crate::table::harmless;

/// Records in one request.
const BATCH: usize = 500;
/// Lines that are told one by one.
const TOLD: usize = 20;

/// What becomes of each line of a file.
type Line = (u64, std::result::Result<SwitchRecord, String>);

pub(super) async fn run(
    file: &Path,
    format: ImportFormat,
    mapping: &Path,
    client: &Client,
    json: bool,
) -> Result<Outcome> {
    let text = std::fs::read_to_string(mapping)
        .with_context(|| format!("cannot read the mapping file {}", mapping.display()))?;
    let mapping = ImportMapping::parse(&text).with_context(|| format!("{} is no good", mapping.display()))?;
    let (mut bad, mut records) = (0, Vec::new());
    each(file, format, &mapping, |(line, read)| match read {
        Ok(record) => records.push(record),
        Err(problem) => {
            bad += 1;
            if bad <= TOLD {
                eprintln!("{}:{line}: {}", file.display(), harmless(&problem));
            }
        }
    })?;
    if bad > 0 {
        eprintln!("trunkctl: {bad} lines cannot be read, so nothing was imported; mend the file or the mapping");
        return Ok(Outcome::No);
    }
    let (mut new, mut known) = (0, 0);
    for batch in records.chunks(BATCH) {
        let kept = client.there(client.post("/switch-records", json!({"records": batch})).await?)?;
        new += kept["new"].as_u64().unwrap_or_default();
        known += kept["known"].as_u64().unwrap_or_default();
    }
    if json {
        print_json(&json!({"new": new, "known": known}))?;
    } else {
        say(&format!("{new} records imported, {known} were known already"))?;
    }
    Ok(Outcome::Done)
}

fn each(file: &Path, format: ImportFormat, mapping: &ImportMapping, take: impl FnMut(Line)) -> Result<()> {
    let open = File::open(file).with_context(|| format!("cannot read {}; check the path", file.display()))?;
    match format {
        ImportFormat::Csv => rows(BufReader::new(open), mapping, take),
        ImportFormat::Jsonl => lines(BufReader::new(open), mapping, take),
    }
}

fn rows(file: impl Read, mapping: &ImportMapping, mut take: impl FnMut(Line)) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let names = reader.headers().context("the first line, which names the columns, cannot be read")?.clone();
    // A byte order mark belongs to no name.
    let names: Vec<String> = names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                take((line, Err("it is no UTF-8 text, or its quotes are not closed".to_owned())));
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        if row.iter().all(str::is_empty) {
            continue;
        }
        let cell =
            |column: &str| names.iter().position(|name| name == column).map(|at| row.get(at).unwrap_or_default());
        take((line, mapping.record(cell).map_err(|problem| problem.to_string())));
    }
    Ok(())
}

fn lines(file: impl BufRead, mapping: &ImportMapping, mut take: impl FnMut(Line)) -> Result<()> {
    for (number, line) in (1..).zip(file.lines()) {
        let Ok(line) = line else { bail!("line {number} is no UTF-8 text; convert the file") };
        let text = line.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            continue;
        }
        take((number, object(text, mapping)));
    }
    Ok(())
}

fn object(text: &str, mapping: &ImportMapping) -> std::result::Result<SwitchRecord, String> {
    let value: Value = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
    let object = value.as_object().ok_or("it is no JSON object")?;
    let cells: std::collections::HashMap<&str, String> = object
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            (name.as_str(), text)
        })
        .collect();
    // A line that lacks a name lacks a value: JSON leaves out what is empty.
    mapping.record(|column| Some(cells.get(column).map_or("", String::as_str))).map_err(|problem| problem.to_string())
}
