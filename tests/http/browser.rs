//! The pages in a headless Chromium, played by `tests/browser/run.mjs`.
//!
//! Runs when `TRUNKLINE_BROWSER` names the directory that holds `node_modules` with playwright-core; `./test` sets it.
//! `TRUNKLINE_SHOTS=DIR` takes pictures instead, for a person to look at.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::process::Command;
use trunkline::http::Settings;
use trunkline::http::parts::LivePop;
use trunkline_events::chat::Author;
use trunkline_events::pop::Pop;
use trunkline_mapping::view::{CustomerView, FieldView};

use crate::house::{House, id};
use crate::people::{answer, chat, hang_up, li, move_in, pop, ring, short, wang};

#[tokio::test]
async fn the_pages_show_who_calls_and_follow_the_phone() {
    let Some(modules) = std::env::var_os("TRUNKLINE_BROWSER") else { return };
    let control = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let control_at = control.local_addr().expect("bound");
    let frame_ancestors = vec![format!("http://{control_at}")];
    let house = Arc::new(House::with(Settings { frame_ancestors, ..Settings::default() }).await);
    move_in(&house.records);
    house.records.stored().customers.push(hostile());
    let agent = house.token("panel-secret", &["agent"], Some("2001"), Some("7001"));
    house.token("desk-secret", &["desk"], None, Some("li.na"));
    let phone = Phone { house: house.clone(), agent: agent.id };
    let controls = Router::new()
        .route("/ring", post(rings))
        .route("/answer", post(answered))
        .route("/hangup", post(hung_up))
        .route("/away", post(away))
        .route("/frame", get(desktop))
        .with_state(phone);
    let serving = tokio::spawn(async move { axum::serve(control, controls).await });
    let shots = std::env::var_os("TRUNKLINE_SHOTS");
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run.mjs"))
        .env("TRUNKLINE_BROWSER", modules)
        .args(["--base", &format!("http://{}", house.address), "--control", &format!("http://{control_at}")])
        .args(["--token", "panel-secret", "--desk-token", "desk-secret"])
        .args(["--scenario", if shots.is_some() { "shots" } else { "story" }])
        .kill_on_drop(true);
    if let Some(shots) = shots {
        node.arg("--shots").arg(shots);
    }
    let output = node.output().await.expect("node runs");
    serving.abort();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored = house.records.stored();
    let remarks: Vec<_> = stored.timelines.iter().flat_map(|(_, entry)| &entry.cdr.remarks).collect();
    if std::env::var_os("TRUNKLINE_SHOTS").is_none() {
        assert!(remarks.iter().any(|remark| remark.text == "Refund arrives on Tuesday." && remark.author == "7001"));
        assert!(remarks.iter().any(|remark| remark.text == "Told her by chat: Tuesday." && remark.author == "li.na"));
    }
}

/// Someone who tries to make his name and words run.
fn hostile() -> CustomerView {
    let attack = "<img src=x onerror=\"stolen=1\"><script>stolen=1</script>";
    let field = |name: &str| FieldView { value: attack.into(), name: name.into(), ..li().fields.remove(0) };
    let mut customer = CustomerView { customer: id(0x300), name: Some(attack.into()), ..li() };
    customer.fields = vec![field("name"), field("javascript:stolen=1"), field(attack)];
    customer.tags.iter_mut().for_each(|tag| tag.tag = attack.into());
    customer.handles.truncate(0);
    customer
}

#[derive(Clone)]
struct Phone {
    house: Arc<House>,
    agent: uuid::Uuid,
}

#[derive(Deserialize)]
struct Caller {
    who: String,
}

impl Phone {
    fn call(&self, who: &str) -> Pop {
        let brief = |customer: &CustomerView| short(customer, &self.house.records);
        match who {
            "wang" => pop(0x40, "2001", "7001", vec![brief(&wang())]),
            "many" => Pop {
                route: trunkline_events::call::Route {
                    calling: trunkline_events::call::Party { number: Some("01065550101".into()), ..Default::default() },
                    ..pop(0x50, "2001", "7001", Vec::new()).route
                },
                ..pop(0x50, "2001", "7001", vec![brief(&wang()), brief(&li())])
            },
            "hostile" => pop(0x60, "2001", "7001", vec![brief(&hostile())]),
            _ => pop(0x70, "2001", "7001", Vec::new()),
        }
    }
}

async fn rings(State(phone): State<Phone>, Query(caller): Query<Caller>) {
    ring(&phone.house, &phone.call(&caller.who));
}

async fn answered(State(phone): State<Phone>, Query(caller): Query<Caller>) {
    if caller.who == "hostile" {
        let mut entry = chat(0x61, 5, "<script>stolen=1</script>");
        entry.messages.iter_mut().filter(|message| message.author == Author::Visitor).for_each(|message| {
            message.text = "<img src=x onerror=stolen=1>".into();
        });
        phone.house.records.stored().timelines.push((id(0x300), entry));
    }
    answer(&phone.house, &phone.call(&caller.who));
}

async fn hung_up(State(phone): State<Phone>, Query(caller): Query<Caller>) {
    hang_up(&phone.house, &phone.call(&caller.who));
}

/// While the panel is cut off, all its calls end and another one rings.
async fn away(State(phone): State<Phone>, Query(caller): Query<Caller>) {
    phone.house.hub.disconnect(phone.agent);
    let mut stored = phone.house.records.stored();
    stored.live = vec![LivePop { pop: phone.call(&caller.who), answered: false }];
}

#[derive(Deserialize)]
struct Framed {
    src: String,
}

/// An old desktop's page with ours in a frame.
async fn desktop(Query(framed): Query<Framed>) -> Html<String> {
    Html(format!("<!doctype html><iframe width=360 height=700 src=\"{}\"></iframe>", framed.src))
}
