//! `trunkctl token`: who may ask what.

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{cell, found, path_id, print_json, print_list, say};
use crate::args::TokenCommand;
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) async fn run(command: &TokenCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        TokenCommand::Create { name, scopes, extension, agent, days } => {
            let scopes: Vec<String> = scopes
                .iter()
                .filter_map(|scope| scope.to_possible_value().map(|value| value.get_name().to_owned()))
                .collect();
            let expires = days.map(|days| (OffsetDateTime::now_utc() + Duration::days(days.into())).format(&Rfc3339));
            let expires = expires.transpose().context("--days leads beyond the calendar")?;
            let body =
                json!({"name": name, "scopes": scopes, "extension": extension, "agent": agent, "expires": expires});
            let made = client.there(client.post("/tokens", body).await?)?;
            if json {
                print_json(&made)?;
            } else {
                let id = cell(made.pointer("/token/id"));
                eprintln!("token {id} for {}; its secret is shown this once:", harmless(name));
                say(&harmless(&cell(made.get("secret"))))?;
            }
            Ok(Outcome::Done)
        }
        TokenCommand::List => {
            let answer = client.list("/tokens", &[]).await?;
            let columns = [
                ("ID", "/id"),
                ("NAME", "/name"),
                ("SCOPES", "/scopes"),
                ("EXTENSION", "/extension"),
                ("AGENT", "/agent"),
                ("CREATED", "/created"),
                ("EXPIRES", "/expires"),
                ("REVOKED", "/revoked"),
            ];
            print_list(&answer, &columns, "no tokens", json)?;
            Ok(Outcome::Done)
        }
        TokenCommand::Revoke { id } => {
            let answer = client.delete(&format!("/tokens/{}", path_id(id)?), None).await?;
            found(answer, &format!("working token {id}; see 'trunkctl token list'"), |_| {
                if json {
                    print_json(&json!({"id": id, "revoked": true}))
                } else {
                    say(&format!("token {id} is revoked."))
                }
            })
        }
    }
}
