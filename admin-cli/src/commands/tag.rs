//! `trunkctl tag`: the words that systems use for tags.

use anyhow::Result;

use super::{items, print_list};
use crate::args::TagCommand;
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &TagCommand, client: &Client, json: bool) -> Result<Outcome> {
    let TagCommand::List { unknown } = command;
    let answer = client.list("/tags", &[("unknown", unknown.to_string())]).await?;
    let columns = [("SOURCE", "/source"), ("WORD", "/word"), ("TAG", "/tag"), ("FIRST SEEN", "/first_seen")];
    let none = if *unknown { "every word is named by a rule" } else { "no system told of a tag yet" };
    print_list(&answer, &columns, none, json)?;
    Ok(Outcome::from_answer(*unknown || !items(&answer).is_empty()))
}
