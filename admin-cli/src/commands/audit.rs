//! `trunkctl audit`: do the books add up?

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, items, print_json, print_rows, say};
use crate::args::{AuditArgs, BooksBy};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

/// What the books count; the first is the sum of the others.
const COUNTS: [&str; 5] = ["taken", "stored", "duplicate", "rejected", "waiting"];
/// The part of what waits that lies nowhere any more.
const LOST: &str = "lost";
/// Conversations of a queue that have no record there.
const MISSING: &str = "missing";

pub(super) async fn run(args: &AuditArgs, client: &Client, json: bool) -> Result<Outcome> {
    let query = [("day", args.day.clone()), ("since", args.since.clone()), ("until", args.until.clone())];
    let query: Vec<(&str, String)> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if let Some(BooksBy::Queue) = args.by {
        return queues(client, &query, json).await;
    }
    let mut answer = client.list("/audit", &query).await?;
    if let Some(BooksBy::Connector) = args.by {
        answer["items"] = by_connector(items(&answer));
    }
    let good = items(&answer).iter().all(|books| adds_up(books) && count(books, LOST) == 0);
    if json {
        print_json(&summary(&answer, good))?;
    } else {
        table(&answer)?;
    }
    notes(&answer, good);
    Ok(Outcome::from_answer(good))
}

/// The days of each connector as one: sums, and all gaps once.
fn by_connector(days: &[Value]) -> Value {
    let mut sources: BTreeMap<String, Value> = BTreeMap::new();
    for books in days {
        let (source, day) = (cell(books.get("source")), cell(books.get("day")));
        let new = || json!({"source": &source, "first_day": &day, "gaps": []});
        let sum = sources.entry(source.clone()).or_insert_with(new);
        let first = cell(sum.get("first_day"));
        sum["day"] = if first == day { day.into() } else { format!("{first} to {day}").into() };
        for name in COUNTS.into_iter().chain([LOST, "redelivered"]) {
            sum[name] = (count(sum, name) + count(books, name)).into();
        }
        if let (Some(all), Some(gaps)) = (sum["gaps"].as_array_mut(), books["gaps"].as_array()) {
            all.extend(gaps.iter().cloned());
        }
    }
    sources.into_values().collect()
}

/// What became of the conversations that were put into each queue of a call centre or chat desk, and what waits in the
/// queues of the bus.
async fn queues(client: &Client, query: &[(&str, String)], json: bool) -> Result<Outcome> {
    let answer = client.list("/audit/queues", query).await?;
    let good = items(&answer).iter().all(|queue| count(queue, MISSING) == 0);
    if json {
        let mut told = answer.clone();
        told["adds_up"] = good.into();
        print_json(&told)?;
        return Ok(Outcome::from_answer(good));
    }
    let columns = [
        ("QUEUE", "/queue"),
        ("SOURCE", "/source"),
        ("TOLD", "/told"),
        ("ANSWERED", "/answered"),
        ("ABANDONED", "/abandoned"),
        ("UNANSWERED", "/unanswered"),
        ("OPEN", "/open"),
        ("MISSING", "/missing"),
    ];
    print_rows(&answer["items"], &columns, "no conversation was put into a queue in that time")?;
    if answer["bus"].is_array() {
        say("")?;
        let columns = [("QUEUE OF THE BUS", "/queue"), ("WAITING NOW", "/ready")];
        print_rows(&answer["bus"], &columns, "nothing waits on the bus")?;
    } else {
        eprintln!("trunkctl: the bus is away: what waits there is not known");
    }
    if !good {
        eprintln!(
            "trunkctl: conversations are missing in the records of their queue; 'trunkctl cdr list' of that time tells more"
        );
    }
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
