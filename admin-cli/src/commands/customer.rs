//! `trunkctl customer`: who is who, why, and the way back.

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, found, items, path_id, print_details, print_json, print_list, print_rows, say};
use crate::args::CustomerCommand;
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &CustomerCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        CustomerCommand::Find { text } => find(client, text, json).await,
        CustomerCommand::Show { customer } => show(client, path_id(customer)?, json).await,
        CustomerCommand::Explain { customer } => explain(client, path_id(customer)?, json).await,
        CustomerCommand::Merge { customer, other, reason } => {
            let body = json!({"other": other, "reason": reason});
            decide(client, &format!("/customers/{}/merge", path_id(customer)?), body, "customer of that id", json).await
        }
        CustomerCommand::Split { customer, handles, reason } => {
            let body = json!({"handles": handles, "reason": reason});
            decide(client, &format!("/customers/{}/split", path_id(customer)?), body, "customer of that id", json).await
        }
        CustomerCommand::Undo { directive, reason } => {
            let body = json!({"reason": reason});
            let answer = client.post(&format!("/directives/{}/undo", path_id(directive)?), body).await?;
            found(answer, &format!("directive {directive}"), |change| {
                if json {
                    print_json(change)
                } else {
                    say(&format!("undone; customers now: {}", cell(change.get("customers"))))
                }
            })
        }
    }
}

async fn find(client: &Client, text: &str, json: bool) -> Result<Outcome> {
    let answer = client.list("/customers", &[("find", text.to_owned())]).await?;
    let columns = [
        ("CUSTOMER", "/customer"),
        ("NAME", "/name"),
        ("TAGS", "/tags"),
        ("LAST CONTACT", "/last_contact/at"),
        ("BY", "/last_contact/channel"),
    ];
    print_list(&answer, &columns, "nobody found", json)?;
    Ok(Outcome::from_answer(!items(&answer).is_empty()))
}

async fn show(client: &Client, customer: &str, json: bool) -> Result<Outcome> {
    let Some(mut view) = client.get(&format!("/customers/{customer}"), &[]).await? else {
        return found(None, &format!("customer {customer}"), |_| Ok(()));
    };
    let timeline = client.get(&format!("/customers/{customer}/timeline"), &[]).await?.unwrap_or_default();
    if json {
        view["timeline"] = items(&timeline).into();
        print_json(&view)?;
    } else {
        print_customer(&view, &timeline)?;
    }
    Ok(Outcome::Done)
}

fn print_customer(view: &Value, timeline: &Value) -> Result<()> {
    print_details(view, &[("customer", "/customer"), ("name", "/name")])?;
    say("")?;
    let handles: Vec<Value> = items(&view["handles"])
        .iter()
        .map(|handle| {
            let [scheme, scope, value] =
                ["scheme", "scope", "value"].map(|part| handle[part].as_str().unwrap_or_default());
            let mut row = handle.clone();
            row["handle"] = format!("{scheme}:{scope}:{value}").into();
            let word = if handle["generic"] == true { "of many: joins nobody" } else { "shared" };
            row["note"] = if handle["generic"] == true || handle["shared"] == true { word.into() } else { "".into() };
            row
        })
        .collect();
    let columns =
        [("HANDLE", "/handle"), ("FIRST SEEN", "/first_seen"), ("LAST SEEN", "/last_seen"), ("NOTE", "/note")];
    print_rows(&handles.into(), &columns, "no handles")?;
    say("")?;
    let fields = [("FIELD", "/name"), ("VALUE", "/value"), ("SOURCE", "/source"), ("AT", "/at")];
    print_rows(&view["fields"], &fields, "no profile")?;
    say("")?;
    print_rows(&view["tags"], &[("TAG", "/tag"), ("SOURCE", "/source"), ("AT", "/at")], "no tags")?;
    say("")?;
    let journey = [
        ("AT", "/at"),
        ("CHANNEL", "/cdr/channel"),
        ("OUTCOME", "/cdr/outcome"),
        ("RECORD", "/cdr/id"),
        ("MESSAGES", "/cdr/messages"),
        ("REMARK", "/cdr/remarks/0/text"),
    ];
    print_rows(timeline, &journey, "no contacts")
}

async fn explain(client: &Client, customer: &str, json: bool) -> Result<Outcome> {
    let mut answer = client.get(&format!("/customers/{customer}/explain"), &[]).await?;
    if answer.as_ref().is_some_and(|links| items(links).is_empty()) {
        // No links: a single handle, or nobody at all.
        answer = client.get(&format!("/customers/{customer}"), &[]).await?.and(answer);
    }
    found(answer, &format!("customer {customer}"), |links| {
        print_list(links, &LINK_COLUMNS, "a single handle: nothing was joined", json)
    })
}

/// How evidence is shown.
pub(super) const LINK_COLUMNS: [(&str, &str); 11] = [
    ("HANDLE", "/a"),
    ("HANDLE", "/b"),
    ("STRENGTH", "/strength"),
    ("ORIGIN", "/origin"),
    ("VERDICT", "/verdict"),
    ("SINCE", "/at"),
    ("SOURCE", "/source"),
    ("BY", "/actor"),
    ("REASON", "/reason"),
    ("EVENT", "/event"),
    ("RULES", "/rule_version"),
];

/// Sends a decision and says what came of it, and how it is taken back.
pub(super) async fn decide(client: &Client, path: &str, body: Value, what: &str, json: bool) -> Result<Outcome> {
    let answer = client.post(path, body).await?;
    found(answer, what, |decision| {
        if json {
            return print_json(decision);
        }
        say(&format!("done; customers now: {}", cell(decision.get("customers"))))?;
        // Any directive of a decision stands for all of it.
        match items(&decision["directives"]).first() {
            Some(id) => say(&format!("to take it back: trunkctl customer undo {} --reason ...", cell(Some(id)))),
            None => Ok(()),
        }
    })
}
