//! `trunkctl cdr`: conversation records.

use anyhow::Result;

use super::{found, items, path_id, print_json, print_rows};
use crate::args::{CdrCommand, CdrFilter, MediumArg};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &CdrCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        CdrCommand::List(filter) => {
            let answer = client.get("/cdrs", &query(filter)).await?.unwrap_or_default();
            if json {
                print_json(&answer)?;
            } else {
                let columns = [
                    ("STARTED", "/started"),
                    ("CHANNEL", "/channel"),
                    ("DIRECTION", "/direction"),
                    ("OUTCOME", "/outcome"),
                    ("FROM", "/customer_handle"),
                    ("DIALLED", "/dialled"),
                    ("AGENTS", "/legs/0/agent"),
                    ("TALK MS", "/talk_ms"),
                    ("RECORD", "/id"),
                    ("REV", "/revision"),
                ];
                print_rows(&answer, &columns, "no records")?;
            }
            Ok(Outcome::from_answer(!items(&answer).is_empty()))
        }
        CdrCommand::Show { id } => {
            let answer = client.get(&format!("/cdrs/{}", path_id(id)?), &[]).await?;
            found(answer, &format!("record {id}"), print_json)
        }
    }
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
