//! `trunkctl customer`: who is who, why, and the way back.

use anyhow::Result;
use serde_json::{Value, json};

use super::{cell, found, items, path_id, print_details, print_json, print_list, print_rows, say};
use crate::args::{CustomerCommand, SetArgs, TimelineArgs};
use crate::client::Client;
use crate::outcome::Outcome;

pub(super) async fn run(command: &CustomerCommand, client: &Client, json: bool) -> Result<Outcome> {
    match command {
        CustomerCommand::Find { text } => find(client, text, json).await,
        CustomerCommand::Show { customer } => show(client, path_id(customer)?, json).await,
        CustomerCommand::Timeline(args) => timeline(client, args, json).await,
        CustomerCommand::Set(args) => set(client, args, json).await,
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
    let details = [
        ("customer", "/customer"),
        ("name", "/name"),
        ("owner", "/owner/login"),
        ("agent", "/owner/agent"),
        ("because", "/owner/reason"),
    ];
    print_details(view, &details)?;
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
    let aged: Vec<Value> = items(&view["fields"])
        .iter()
        .map(|field| {
            let mut row = field.clone();
            row["age"] = field["age_s"].as_u64().map_or(Value::Null, |seconds| age(seconds).into());
            row
        })
        .collect();
    let fields = [
        ("GROUP", "/group"),
        ("FIELD", "/name"),
        ("VALUE", "/value"),
        ("SOURCE", "/source"),
        ("AGE", "/age"),
        ("RULE", "/rule"),
    ];
    print_rows(&aged.into(), &fields, "no profile")?;
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

/// `5 min`, `3 h`, `12 d`.
fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

async fn set(client: &Client, args: &SetArgs, json: bool) -> Result<Outcome> {
    let fields: serde_json::Map<String, Value> =
        args.fields.iter().map(|(field, value)| (field.clone(), value.as_str().into())).collect();
    let tags = args.tags.iter().map(|tag| (tag, true)).chain(args.untags.iter().map(|tag| (tag, false)));
    let tags: serde_json::Map<String, Value> = tags.map(|(tag, set)| (tag.clone(), set.into())).collect();
    let body = json!({"fields": fields, "tags": tags});
    let answer = client.post(&format!("/customers/{}/profile", path_id(&args.customer)?), body.clone()).await?;
    found(answer, &format!("customer {}", args.customer), |_| if json { print_json(&body) } else { say("written") })
}

async fn timeline(client: &Client, args: &TimelineArgs, json: bool) -> Result<Outcome> {
    let kinds = (!args.kinds.is_empty()).then(|| args.kinds.join(","));
    let wanted = [
        ("kind", kinds),
        ("medium", args.medium.clone()),
        ("agent", args.agent.clone()),
        ("since", args.since.clone()),
        ("until", args.until.clone()),
        ("cursor", args.cursor.clone()),
        ("limit", Some(args.limit.to_string())),
    ];
    let query: Vec<(&str, String)> = wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let path = format!("/customers/{}/touchpoints", path_id(&args.customer)?);
    let answer = client.get(&path, &query).await?;
    found(answer, &format!("customer {}", args.customer), |page| {
        if json {
            return print_json(page);
        }
        let columns = [
            ("AT", "/at"),
            ("KIND", "/kind"),
            ("BY", "/source"),
            ("AGENT", "/agent"),
            ("WHAT", "/text"),
            ("OUTCOME", "/cdr/outcome"),
            ("ID", "/id"),
        ];
        print_rows(&page["items"], &columns, "nothing happened")?;
        if let Some(next) = page["next"].as_str() {
            eprintln!("there is more: --cursor {next}");
        }
        Ok(())
    })
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
