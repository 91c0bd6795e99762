//! `trunkctl token`: who may ask what.

use anyhow::Result;
use clap::ValueEnum;
use serde_json::json;

use super::{cell, found, path_id, print_json, print_rows, say};
use crate::args::TokenCommand;
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &TokenCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        TokenCommand::Create { name, scopes, extension, agent, days } => {
            let scopes: Vec<String> = scopes
                .iter()
                .filter_map(|scope| scope.to_possible_value().map(|value| value.get_name().to_owned()))
                .collect();
            let body = json!({"name": name, "scopes": scopes, "extension": extension, "agent": agent, "days": days});
            let answer = client.post("/tokens", body).await?;
            found(answer, "token store", |token| {
                if json {
                    return print_json(token);
                }
                eprintln!("token {} for {name}; its secret is shown this once:", cell(token.get("id")));
                say(&cell(token.get("secret")))
            })
        }
        TokenCommand::List => {
            let answer = client.get("/tokens", &[]).await?.unwrap_or_default();
            if json {
                print_json(&answer)?;
            } else {
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
                print_rows(&answer, &columns, "no tokens")?;
            }
            Ok(Outcome::Done)
        }
        TokenCommand::Revoke { id } => {
            let answer = client.delete(&format!("/tokens/{}", path_id(id)?)).await?;
            found(answer, &format!("token {id}"), |_| say(&format!("token {id} is revoked.")))
        }
    }
}
