//! `trunkctl audit`: do the books add up?

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, items, print_json, print_rows, say};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

/// What the books count; the first is the sum of the others.
const COUNTS: [&str; 5] = ["taken", "stored", "duplicate", "rejected", "waiting"];
/// The part of what waits that lies nowhere any more.
const LOST: &str = "lost";

pub(super) async fn run(day: Option<&str>, client: &Client, json: bool) -> Result<Outcome> {
    let query: Vec<(&str, String)> = day.map(|day| ("day", day.to_owned())).into_iter().collect();
    let answer = client.list("/audit", &query).await?;
    let good = items(&answer).iter().all(|books| adds_up(books) && count(books, LOST) == 0);
    if json {
        print_json(&summary(&answer, good))?;
    } else {
        table(&answer)?;
    }
    notes(&answer, good);
    Ok(Outcome::from_answer(good))
}

/// What the numbers alone do not say.
fn notes(answer: &Value, good: bool) {
    let waiting: u64 = items(answer).iter().map(|books| count(books, "waiting")).sum();
    if !good {
        eprintln!("trunkctl: the books do not add up; the daemons' logs of that day tell more");
    }
    match &answer["backlog"] {
        Value::Null if waiting > 0 => {
            eprintln!("trunkctl: the bus is away: what waits there cannot be told from what is lost");
        }
        backlog if waiting > 0 => {
            let [spooled, queued] = ["spooled", "queued"].map(|place| count(backlog, place));
            eprintln!("trunkctl: on the way to the store now: {spooled} on the spool, {queued} on the bus");
        }
        _ => {}
    }
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
    let mut summary = json!({"adds_up": good, "sources": items(answer), "backlog": answer["backlog"]});
    for name in COUNTS.into_iter().chain([LOST]) {
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
        ("LOST", "/lost"),
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
        let (lost, day) = (count(source, LOST), cell(source.get("day")));
        if lost > 0 {
            say(&harmless(&format!("{name}: {lost} of {day} lie neither in the store nor on the bus or the spool")))?;
        }
    }
    Ok(())
}
