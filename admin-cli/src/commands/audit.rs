//! `trunkctl audit`: do the books add up?

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, items, print_json, print_rows, say};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

/// What the books count; the first is the sum of the others.
const COUNTS: [&str; 5] = ["taken", "stored", "duplicate", "rejected", "waiting"];

pub(super) async fn run(day: Option<&str>, client: &Client, json: bool) -> Result<Outcome> {
    let query: Vec<(&str, String)> = day.map(|day| ("day", day.to_owned())).into_iter().collect();
    let answer = client.get("/audit", &query).await?.unwrap_or_default();
    let good = items(&answer).iter().all(adds_up);
    if json {
        print_json(&summary(&answer, good))?;
    } else {
        table(&answer)?;
        if !good {
            eprintln!("trunkctl: the books do not add up; the daemons' logs of that day tell more");
        }
    }
    Ok(Outcome::from_answer(good))
}

fn count(books: &Value, name: &str) -> u64 {
    books[name].as_u64().unwrap_or_default()
}

fn adds_up(books: &Value) -> bool {
    let [taken, parts @ ..] = COUNTS;
    count(books, taken) == parts.iter().map(|part| count(books, part)).sum::<u64>()
}

/// The sums over all sources, and the sources.
fn summary(answer: &Value, good: bool) -> Value {
    let mut summary = json!({"adds_up": good, "sources": items(answer)});
    for name in COUNTS {
        summary[name] = items(answer).iter().map(|books| count(books, name)).sum::<u64>().into();
    }
    summary
}

fn table(answer: &Value) -> Result<()> {
    let columns = [
        ("SOURCE", "/source"),
        ("DAY", "/day"),
        ("TAKEN", "/taken"),
        ("STORED", "/stored"),
        ("DUPLICATE", "/duplicate"),
        ("REJECTED", "/rejected"),
        ("WAITING", "/waiting"),
        ("REDELIVERED", "/redelivered"),
    ];
    print_rows(answer, &columns, "nothing was taken that day")?;
    for source in items(answer) {
        let name = cell(source.get("source"));
        for gap in source["gaps"].as_array().into_iter().flatten() {
            let [from, to, reason] = ["from", "to", "reason"].map(|part| cell(gap.get(part)));
            say(&harmless(&format!("gap of {name}: {from} to {to}: {reason}")))?;
        }
        if !adds_up(source) {
            say(&harmless(&format!("{name}: taken is not stored + duplicate + rejected + waiting")))?;
        }
    }
    Ok(())
}
