//! `trunkctl cdr`: conversation records.
//!
//! `revisions.rs` what was told of one · `rebuild.rs` made anew · `import.rs`, `reconcile.rs` the switches' own records ·
//! `retention.rs` what is old · `export.rs` to files

mod export;
mod import;
mod rebuild;
mod reconcile;
mod retention;
mod revisions;

use anyhow::Result;
use serde_json::{Value, json};

use super::{found, items, path_id, print_details, print_json, print_rows, say};
use crate::args::{CdrCommand, CdrFilter, MediumArg};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &CdrCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        CdrCommand::List(filter) => {
            let answer = client.list("/cdrs", &query(filter)).await?;
            if json {
                print_json(&items(&answer).into())?;
            } else {
                list(&answer)?;
            }
            Ok(Outcome::from_answer(!items(&answer).is_empty()))
        }
        CdrCommand::Show { id, revisions: true } => revisions::run(id, client, json).await,
        CdrCommand::Rebuild(args) => rebuild::run(args, client, json).await,
        CdrCommand::Import { file, format, mapping } => import::run(file, *format, mapping, client, json).await,
        CdrCommand::Reconcile(args) => reconcile::run(args, client, json).await,
        CdrCommand::Retention { dry_run } => retention::run(*dry_run, client, json).await,
        CdrCommand::Export(args) => export::run(args, client, json).await,
        CdrCommand::Show { id, revisions: false } => {
            let answer = client.get(&format!("/cdrs/{}", path_id(id)?), &[]).await?;
            found(answer, &format!("record {id}"), |cdr| if json { print_json(cdr) } else { show(cdr) })
        }
    }
}

fn list(answer: &Value) -> Result<()> {
    let columns = [
        ("STARTED", "/started"),
        ("CHANNEL", "/channel"),
        ("WAY", "/direction"),
        ("OUTCOME", "/outcome"),
        ("FROM", "/customer_handle"),
        ("DIALLED", "/dialled"),
        ("AGENTS", "/agents"),
        ("TALK", "/talk"),
        ("RECORD", "/id"),
        ("CUSTOMER", "/customer"),
    ];
    let rows: Vec<Value> = items(answer)
        .iter()
        .map(|cdr| {
            let mut row = cdr.clone();
            row["agents"] = agents(cdr);
            row["talk"] = seconds(&cdr["talk_ms"]);
            row
        })
        .collect();
    print_rows(&rows.into(), &columns, "no records")
}

fn show(cdr: &Value) -> Result<()> {
    let mut view = cdr.clone();
    for phase in ["queue", "ring", "talk", "hold", "wrap_up"] {
        view[phase] = seconds(&cdr[format!("{phase}_ms").as_str()]);
    }
    view["switch_duration"] = seconds(&cdr["switch"]["record"]["duration_ms"]);
    let details = [
        ("record", "/id"),
        ("revision", "/revision"),
        ("source", "/source"),
        ("channel", "/channel"),
        ("direction", "/direction"),
        ("outcome", "/outcome"),
        ("customer", "/customer"),
        ("from", "/customer_handle"),
        ("dialled", "/dialled"),
        ("queues", "/queues"),
        ("started", "/started"),
        ("answered", "/answered"),
        ("ended", "/ended"),
        ("queue wait", "/queue"),
        ("ring", "/ring"),
        ("talk", "/talk"),
        ("hold", "/hold"),
        ("wrap-up", "/wrap_up"),
        ("transfers", "/transfers"),
        ("conferences", "/conferences"),
        ("messages", "/messages"),
        ("calls", "/calls"),
        ("UCIDs", "/ucids"),
        ("switch: ended", "/switch/record/ended"),
        ("switch: duration", "/switch_duration"),
        ("switch: confidence", "/switch/confidence"),
        ("switch: reason", "/switch/reason"),
    ];
    print_details(&view, &details)?;
    say("")?;
    let legs = [
        ("DEVICE", "/extension"),
        ("AGENT", "/agent"),
        ("RANG", "/ringing"),
        ("ANSWERED", "/answered"),
        ("ENDED", "/ended"),
        ("HOW", "/end"),
    ];
    print_rows(&cdr["legs"], &legs, "no legs")?;
    say("")?;
    print_rows(&cdr["remarks"], &[("AT", "/at"), ("AUTHOR", "/author"), ("REMARK", "/text")], "no remarks")
}

/// Everybody of ours who was in it, once.
fn agents(cdr: &Value) -> Value {
    let mut agents: Vec<&Value> = Vec::new();
    for leg in cdr["legs"].as_array().into_iter().flatten() {
        let agent = if leg["agent"].is_null() { &leg["extension"] } else { &leg["agent"] };
        if !agent.is_null() && !agents.contains(&agent) {
            agents.push(agent);
        }
    }
    json!(agents)
}

/// Milliseconds as a person reads them: `75 s`.
fn seconds(millis: &Value) -> Value {
    millis.as_u64().map_or(Value::Null, |millis| format!("{} s", (millis + 500) / 1000).into())
}

fn query(filter: &CdrFilter) -> Vec<(&'static str, String)> {
    let medium = filter.medium.map(|medium| match medium {
        MediumArg::Voice => "voice".to_owned(),
        MediumArg::Chat => "chat".to_owned(),
    });
    let wanted = [
        ("customer", filter.customer.clone()),
        ("number", filter.number.clone()),
        ("agent", filter.agent.clone()),
        ("since", filter.since.clone()),
        ("until", filter.until.clone()),
        ("medium", medium),
        ("limit", Some(filter.limit.to_string())),
    ];
    wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
