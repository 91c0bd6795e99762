//! `trunkctl customer`: who is who, why, and the way back.

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, found, items, path_id, print_json, print_rows, say};
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
            decide(client, &format!("/customers/{}/merge", path_id(customer)?), body, json).await
        }
        CustomerCommand::Split { customer, handles, reason } => {
            let body = json!({"handles": handles, "reason": reason});
            decide(client, &format!("/customers/{}/split", path_id(customer)?), body, json).await
        }
        CustomerCommand::Undo { directive, reason } => {
            decide(client, &format!("/directives/{}/undo", path_id(directive)?), json!({"reason": reason}), json).await
        }
    }
}

async fn find(client: &Client, text: &str, json: bool) -> Result<Outcome> {
    let answer = client.get("/customers", &[("find", text.to_owned())]).await?.unwrap_or_default();
    if json {
        print_json(&answer)?;
    } else {
        let columns = [
            ("CUSTOMER", "/customer"),
            ("NAME", "/name"),
            ("TAGS", "/tags"),
            ("LAST CONTACT", "/last_contact/at"),
            ("BY", "/last_contact/channel"),
        ];
        print_rows(&answer, &columns, "nobody found")?;
    }
    Ok(Outcome::from_answer(!items(&answer).is_empty()))
}

async fn show(client: &Client, customer: &str, json: bool) -> Result<Outcome> {
    let Some(view) = client.get(&format!("/customers/{customer}"), &[]).await? else {
        return found(None, &format!("customer {customer}"), |_| Ok(()));
    };
    let timeline = client.get(&format!("/customers/{customer}/timeline"), &[]).await?.unwrap_or_default();
    if json {
        print_json(&json!({"customer": view, "timeline": timeline}))?;
        return Ok(Outcome::Done);
    }
    say(&format!(
        "customer  {}\nname      {}\n",
        cell(view.get("customer")),
        crate::table::harmless(&cell(view.get("name")))
    ))?;
    let handles = [
        ("SCHEME", "/scheme"),
        ("SCOPE", "/scope"),
        ("VALUE", "/value"),
        ("FIRST SEEN", "/first_seen"),
        ("LAST SEEN", "/last_seen"),
        ("GENERIC", "/generic"),
    ];
    print_rows(&view["handles"], &handles, "no handles")?;
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
    print_rows(&timeline, &journey, "no contacts")?;
    Ok(Outcome::Done)
}

async fn explain(client: &Client, customer: &str, json: bool) -> Result<Outcome> {
    let answer = client.get(&format!("/customers/{customer}/explain"), &[]).await?;
    found(answer, &format!("customer {customer}"), |links| {
        if json {
            return print_json(links);
        }
        let columns = [
            ("HANDLE", "/a"),
            ("HANDLE", "/b"),
            ("STRENGTH", "/strength"),
            ("ORIGIN", "/origin"),
            ("VERDICT", "/verdict"),
            ("SINCE", "/at"),
            ("SOURCE", "/source"),
            ("EVENT", "/event"),
            ("RULES", "/rule_version"),
        ];
        print_rows(links, &columns, "a single handle: nothing was joined")
    })
}

async fn decide(client: &Client, path: &str, body: Value, json: bool) -> Result<Outcome> {
    let answer = client.post(path, body).await?;
    found(answer, "customer or directive of that id", |decision| {
        if json {
            return print_json(decision);
        }
        let directives = items(decision.get("directives").unwrap_or(decision));
        let ids: Vec<String> = directives.iter().map(|id| cell(Some(id))).collect();
        say(&format!("done; customers now: {}", cell(decision.get("customers"))))?;
        say(&format!("to take it back: trunkctl customer undo {} --reason ...", ids.join(" ")))
    })
}
