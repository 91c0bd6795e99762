//! `trunkctl segment`: customers by what is known of them. The daemon goes through them some at a time, and so does this:
//! memory does not grow with their number.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};

use super::progress::Progress;
use super::{cell, items, print_json, print_list, print_rows, say};
use crate::args::{ExportForm, Members, SegmentCommand};
use crate::client::Client;
use crate::export::table::{as_text, is_formula};
use crate::outcome::Outcome;

/// Columns of the CSV that are always there.
const COLUMNS: [&str; 6] = ["customer", "name", "phones", "emails", "tags", "last_contact"];

pub(super) async fn run(command: &SegmentCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        SegmentCommand::List => {
            let answer = client.list("/segments", &[]).await?;
            let columns = [("SEGMENT", "/name"), ("TITLE", "/title"), ("WHEN", "/when")];
            print_list(&answer, &columns, "no segments; declare them in mapping.profile_rules", json)?;
            Ok(Outcome::from_answer(!items(&answer).is_empty()))
        }
        SegmentCommand::Count(members) => {
            let mut count = 0_u64;
            let scan = Scan::new(client, members);
            let Some(done) = scan
                .run(|_| {
                    count += 1;
                    Ok(true)
                })
                .await?
            else {
                return Ok(missing(members));
            };
            if json {
                print_json(&json!({"count": count, "scanned": done.scanned, "unjudged": done.unjudged}))?;
            } else {
                say(&count.to_string())?;
            }
            Ok(Outcome::Done)
        }
        SegmentCommand::Show { members, limit } => show(client, members, *limit, json).await,
        SegmentCommand::Export { members, format, fields, out } => {
            export(client, members, *format, fields, out.as_deref()).await
        }
    }
}

async fn show(client: &Client, members: &Members, limit: usize, json: bool) -> Result<Outcome> {
    let mut shown: Vec<Value> = Vec::new();
    let scan = Scan::new(client, members);
    let keep = |row: &Value| {
        shown.push(row.clone());
        Ok(shown.len() < limit.max(1))
    };
    if scan.run(keep).await?.is_none() {
        return Ok(missing(members));
    }
    let some = !shown.is_empty();
    let rows: Value = shown.into();
    if json {
        print_json(&rows)?;
    } else {
        let columns = [
            ("CUSTOMER", "/customer"),
            ("NAME", "/name"),
            ("PHONES", "/phones"),
            ("TAGS", "/tags"),
            ("LAST CONTACT", "/last_contact"),
        ];
        print_rows(&rows, &columns, "nobody belongs to it")?;
    }
    Ok(Outcome::from_answer(some))
}

async fn export(
    client: &Client,
    members: &Members,
    format: ExportForm,
    fields: &[String],
    out: Option<&Path>,
) -> Result<Outcome> {
    // Whether there is such a segment is known before a file is made.
    let scan = Scan::new(client, members);
    if scan.page(None).await?.is_none() {
        return Ok(missing(members));
    }
    let mut to: Box<dyn Write> = match out {
        None => Box::new(io::stdout().lock()),
        Some(file) => {
            let made = OpenOptions::new().write(true).create_new(true).open(file);
            Box::new(io::BufWriter::new(made.with_context(|| format!("cannot make {}", file.display()))?))
        }
    };
    if format == ExportForm::Csv {
        let columns = COLUMNS.into_iter().chain(fields.iter().map(String::as_str));
        writeln!(to, "{}", line(columns.map(str::to_owned)))?;
    }
    let mut count = 0_u64;
    let write = |row: &Value| {
        count += 1;
        match format {
            ExportForm::Csv => writeln!(to, "{}", line(cells(row, fields)))?,
            ExportForm::Jsonl => writeln!(to, "{row}")?,
        }
        Ok(true)
    };
    let done = scan.run(write).await?;
    to.flush().context("cannot write all of it")?;
    let unjudged = done.map_or(0, |done| done.unjudged);
    eprintln!(
        "{count} customers{}",
        if unjudged > 0 { format!("; {unjudged} could not be judged") } else { String::new() }
    );
    Ok(Outcome::Done)
}

fn missing(members: &Members) -> Outcome {
    let name = crate::table::harmless(members.segment.as_deref().unwrap_or_default());
    eprintln!("trunkctl: there is no segment {name}; 'trunkctl segment list' shows those that are declared");
    Outcome::No
}

/// One way through all customers.
struct Scan<'c> {
    client: &'c Client,
    asked: Value,
}

/// What it came to.
struct Done {
    scanned: u64,
    unjudged: u64,
}

impl<'c> Scan<'c> {
    fn new(client: &'c Client, members: &Members) -> Self {
        let asked = match (&members.segment, &members.when) {
            (Some(segment), _) => json!({"segment": segment}),
            (None, when) => json!({"when": when}),
        };
        Self { client, asked }
    }

    async fn page(&self, after: Option<&str>) -> Result<Option<Value>> {
        let mut asked = self.asked.clone();
        if let Some(after) = after {
            asked["after"] = after.into();
        }
        self.client.post("/segments/scan", asked).await
    }

    /// Gives every customer of the segment to `each`, until it says that it has enough; `None` if there is no such segment.
    async fn run(&self, mut each: impl FnMut(&Value) -> Result<bool>) -> Result<Option<Done>> {
        let (mut after, mut done) = (None, Done { scanned: 0, unjudged: 0 });
        let progress = Progress::new();
        loop {
            let Some(page) = self.page(after.as_deref()).await? else { return Ok(None) };
            done.scanned +=
                page["scanned"].as_u64().ok_or_else(|| anyhow!("the daemon's answer is no page of a segment"))?;
            done.unjudged += page["unjudged"].as_u64().unwrap_or_default();
            for row in items(&page) {
                if !each(row)? {
                    progress.end();
                    return Ok(Some(done));
                }
            }
            after = page["next"].as_str().map(str::to_owned);
            let Some(next) = &after else { break };
            progress.tell(next, done.scanned);
        }
        progress.end();
        Ok(Some(done))
    }
}

fn cells(row: &Value, fields: &[String]) -> Vec<String> {
    let text = |value: &Value| if value.is_null() { String::new() } else { cell(Some(value)) };
    let many = |value: &Value| items(value).iter().map(text).collect::<Vec<_>>().join("; ");
    let fixed = COLUMNS.iter().map(|name| if row[name].is_array() { many(&row[name]) } else { text(&row[name]) });
    fixed.chain(fields.iter().map(|field| text(&row["fields"][field]))).collect()
}

/// A line of CSV (RFC 4180).
fn line(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().map(|cell| quoted(&tame(&cell))).collect::<Vec<_>>().join(",")
}

/// No cell is a formula; numbers in E.164, which a campaign tool dials, stay as they are.
fn tame(cell: &str) -> String {
    let are_numbers = cell.bytes().all(|byte| byte.is_ascii_digit() || b"+; ".contains(&byte));
    let dangerous = is_formula(cell) && !are_numbers;
    let cell: String = cell.chars().filter(|found| *found != '\0').collect();
    if dangerous { as_text(&cell) } else { cell }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_customer_wrote_is_no_formula_in_a_spreadsheet() {
        let row = ["=cmd|' /C calc'!A0", "+8613800138001", "-1+1", "@SUM(A1)", "a, \"b\"", "\tx", "＝1"];
        assert_eq!(
            line(row.map(str::to_owned)),
            "'=cmd|' /C calc'!A0,+8613800138001,'-1+1,'@SUM(A1),\"a, \"\"b\"\"\",'\tx,'＝1"
        );
        assert_eq!(line(["+86138; +86139".to_owned(), "+1+1=2".to_owned()]), "+86138; +86139,'+1+1=2");
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let row = json!({"customer": "c", "name": null, "phones": ["+861", "+862"], "tags": [], "fields": {"city": "Bei\njing"}});
        let cells = cells(&row, &["city".to_owned(), "level".to_owned()]);
        assert_eq!(cells, ["c", "", "+861; +862", "", "", "", "Bei\njing", ""]);
        assert_eq!(line(cells), "c,,+861; +862,,,,\"Bei\njing\",");
    }
}
