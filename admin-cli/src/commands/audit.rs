//! `trunkctl audit`: do the books add up?

use anyhow::Result;

use super::{items, print_json, print_rows};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(day: Option<&str>, client: &Client, json: bool) -> Result<Outcome> {
    let query: Vec<(&str, String)> = day.map(|day| ("day", day.to_owned())).into_iter().collect();
    let answer = client.get("/audit", &query).await?.unwrap_or_default();
    if json {
        print_json(&answer)?;
    } else {
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
        print_rows(&answer, &columns, "nothing was taken that day")?;
        for source in items(&answer) {
            for gap in source["gaps"].as_array().into_iter().flatten() {
                eprintln!("gap of {}: {} to {} ({})", source["source"], gap["from"], gap["to"], gap["reason"]);
            }
        }
    }
    Ok(Outcome::from_answer(items(&answer).iter().all(adds_up)))
}

fn adds_up(books: &serde_json::Value) -> bool {
    let number = |name: &str| books[name].as_u64().unwrap_or_default();
    number("taken") == number("stored") + number("duplicate") + number("rejected") + number("waiting")
}
