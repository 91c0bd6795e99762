//! What integrators and administrators do, and what they get when something is wrong.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use trunkline::http::parts::DeadLetterView;

use crate::house::{House, id, read};
use crate::people::{LI, WANG, move_in};

async fn house() -> House {
    let house = House::open().await;
    move_in(&house.records);
    house.token("admin", &["admin"], None, None);
    house.token("router", &["integrator"], None, None);
    house
}

#[tokio::test]
async fn a_lookup_says_who_calls() {
    let house = house().await;
    let (status, looked) = read(house.get("/api/v1/lookup?number=13800138001", "router").await).await;
    assert_eq!(status, 200);
    assert_eq!((&looked["in_time"], &looked["certainty"]), (&json!(true), &json!("one")));
    assert_eq!((&looked["level"], &looked["owner"]), (&json!("Gold"), &json!("li.na")));
    assert_eq!(looked["last_contact"]["channel"], "wechat");
    let (_, shared) = read(house.get("/api/v1/lookup?number=01065550101", "router").await).await;
    assert_eq!((&shared["certainty"], &shared["customer"]), (&json!("many"), &json!(null)), "shown, not guessed");
}

#[tokio::test]
async fn a_lookup_is_empty_rather_than_late_or_an_error() {
    let house = house().await;
    house.records.stored().slow = Duration::from_hours(1);
    let (status, late) = read(house.get("/api/v1/lookup?number=13800138001&deadline_ms=20", "router").await).await;
    assert_eq!((status, &late["in_time"], &late["customer"]), (200, &json!(false), &json!(null)));
    house.records.stored().slow = Duration::ZERO;
    house.records.stored().away = true;
    let (status, away) = read(house.get("/api/v1/lookup?number=13800138001", "router").await).await;
    assert_eq!((status, &away["in_time"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_without_its_secrets() {
    let house = house().await;
    house.records.stored().away = true;
    let answer = house.get(&format!("/api/v1/customers/{}", id(WANG)), "admin").await;
    assert!(answer.headers().contains_key("retry-after"));
    let (status, problem) = read(answer).await;
    assert_eq!(status, 503);
    assert!(!problem.to_string().contains("postgres"), "{problem}");
}

#[tokio::test]
async fn a_panic_is_a_500_without_details_and_the_server_lives_on() {
    let house = house().await;
    house.records.stored().away = true;
    let (status, problem) = read(house.get("/api/v1/connectors", "admin").await).await;
    assert_eq!(status, 500);
    assert!(!problem.to_string().contains("these tests"), "{problem}");
    house.records.stored().away = false;
    assert_eq!(read(house.get("/api/v1/connectors", "admin").await).await.0, 200);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let house = house().await;
    let remark = format!("/api/v1/cdrs/{}/remark", id(0x11));
    let post = |body: &'static str, media: &'static str| {
        house.request(Method::POST, &remark, "admin").header("content-type", media).body(body).send()
    };
    assert_eq!(read(house.get("/nothing/here", "").await).await.0, 404);
    assert_eq!(read(house.get("/api/v1/nothing", "admin").await).await.0, 404);
    assert_eq!(read(house.get("/assets/../Cargo.toml", "").await).await.0, 404);
    assert_eq!(read(house.get("/api/v1/customers/not-a-uuid", "admin").await).await.0, 404);
    assert_eq!(read(house.get(&remark, "admin").await).await.0, 405);
    assert_eq!(read(house.get("/api/v1/customers", "admin").await).await.0, 422);
    assert_eq!(read(house.get("/api/v1/cdrs?since=yesterday", "admin").await).await.0, 422);
    assert_eq!(read(house.get("/api/v1/audit?day=2026-13-01", "admin").await).await.0, 422);
    assert_eq!(read(post("{", "application/json").await.expect("an answer")).await.0, 400);
    assert_eq!(read(post("x", "text/plain").await.expect("an answer")).await.0, 415);
    assert_eq!(read(post("{\"text\":5}", "application/json").await.expect("an answer")).await.0, 422);
}

#[tokio::test]
async fn odd_characters_are_data_or_refused_and_never_more() {
    let house = house().await;
    for text in ["' OR 1=1 --", "%25_%", "../../etc/passwd", "{{7*7}}", "<script>"] {
        let find = house.request(Method::GET, "/api/v1/customers", "admin").query(&[("find", text)]).send().await;
        let (status, found) = read(find.expect("an answer")).await;
        assert_eq!((status, found["items"].as_array().map(Vec::len)), (200, Some(0)), "{text}");
    }
    for text in ["a\r\nSet-Cookie: x", "a\u{0}b", "\u{1b}[31m", ""] {
        let find = house.request(Method::GET, "/api/v1/customers", "admin").query(&[("find", text)]).send().await;
        assert_eq!(read(find.expect("an answer")).await.0, 422, "{text:?}");
    }
    let split = house.get("/pop?m=1%0d%0aSet-Cookie:%20x=1", "").await;
    assert!(!split.headers().contains_key("set-cookie"));
    for name in ["avaya-bj%2f..%2fx", "AVAYA", "%0a"] {
        let path = format!("/api/v1/connectors/{name}/pause");
        assert_eq!(read(house.post(&path, "admin", &json!({})).await).await.0, 404, "{name}");
    }
    assert!(house.records.stored().paused.is_empty());
}

#[tokio::test]
async fn decisions_on_identity_carry_who_and_why() {
    let house = house().await;
    let customer = format!("/api/v1/customers/{}", id(WANG));
    let merge = json!({ "other": id(LI), "reason": "showed both cards" });
    assert_eq!(read(house.post(&format!("{customer}/merge"), "admin", &merge).await).await.0, 200);
    assert_eq!(house.records.stored().decided, [("admin".to_owned(), "showed both cards".to_owned())]);
    let itself = json!({ "other": id(WANG), "reason": "x" });
    assert_eq!(read(house.post(&format!("{customer}/merge"), "admin", &itself).await).await.0, 422);
    let no_reason = json!({ "other": id(LI), "reason": " " });
    assert_eq!(read(house.post(&format!("{customer}/merge"), "admin", &no_reason).await).await.0, 422);
    let none = json!({ "handles": [], "reason": "x" });
    assert_eq!(read(house.post(&format!("{customer}/split"), "admin", &none).await).await.0, 422);
    let undo = format!("/api/v1/directives/{}/undo", id(1));
    assert_eq!(read(house.post(&undo, "admin", &json!({ "reason": "wrong" })).await).await.0, 404);
}

#[tokio::test]
async fn dead_letters_are_listed_shown_and_purged_by_id() {
    let house = house().await;
    let letter = |number| DeadLetterView {
        id: id(number),
        source: "/connectors/chat".into(),
        reason: "event holds a NUL character".into(),
        queue: "mapping.0".into(),
        attempts: 5,
        first: None,
        last: None,
        size: 3,
        body: Some("a?b".into()),
    };
    house.records.stored().dead = vec![letter(1), letter(2)];
    let (_, list) = read(house.get("/api/v1/bus/dead", "admin").await).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(list["items"][0]["body"], json!(null));
    let (_, shown) = read(house.get(&format!("/api/v1/bus/dead/{}", id(2)), "admin").await).await;
    assert_eq!(shown["body"], "a?b");
    let purge = |body| house.request(Method::DELETE, "/api/v1/bus/dead", "admin").json(&body).send();
    assert_eq!(read(purge(json!({})).await.expect("an answer")).await.0, 422, "nothing named is not all");
    let (_, done) = read(purge(json!({ "ids": [id(1)] })).await.expect("an answer")).await;
    assert_eq!(done["done"], 1);
    let (_, done) = read(house.post("/api/v1/bus/dead/replay", "admin", &json!({ "all": true })).await).await;
    assert_eq!(done["done"], 1);
}

#[tokio::test]
async fn a_token_is_made_with_its_secret_shown_once() {
    let house = house().await;
    let new = json!({ "name": "panel-2001", "scopes": ["agent"], "extension": "avaya-bj/2001" });
    let (status, made) = read(house.post("/api/v1/tokens", "admin", &new).await).await;
    assert_eq!(status, 201);
    let secret = made["secret"].as_str().expect("a secret");
    assert_eq!(read(house.get("/api/v1/agent/pops", secret).await).await.0, 200);
    let (_, list) = read(house.get("/api/v1/tokens", "admin").await).await;
    assert!(!list.to_string().contains("secret"));
    for bad in [
        json!({ "name": "x", "scopes": ["agent"] }),
        json!({ "name": "x", "scopes": ["root"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["admin"], "expires": "2020-01-01T00:00:00Z" }),
        json!({ "name": "x", "scopes": ["admin"], "unknown": 1 }),
    ] {
        assert_eq!(read(house.post("/api/v1/tokens", "admin", &bad).await).await.0, 422, "{bad}");
    }
}

#[tokio::test]
async fn probes_say_why_the_daemon_is_not_ready() {
    let house = house().await;
    assert_eq!(house.get("/health/live", "").await.status(), 200);
    assert_eq!(house.get("/health/ready", "").await.status(), 200);
    house.records.stored().unready = vec!["the broker at 127.0.0.1:5672 does not answer".into()];
    let ready = house.get("/health/ready", "").await;
    assert_eq!(ready.status(), 503);
    let body: serde_json::Value = ready.json().await.expect("JSON");
    assert_eq!(body["reasons"][0], "the broker at 127.0.0.1:5672 does not answer");
    assert!(house.get("/metrics", "").await.text().await.expect("text").contains("trunkline_events_total 1"));
}

#[tokio::test]
async fn books_are_asked_for_by_day_or_by_period() {
    let house = house().await;
    for (asked, day) in [
        ("day=2026-11-20", "2026-11-20"),
        ("since=2026-11-19&until=2026-11-20", "2026-11-19"),
        ("since=2026-11-18T09:30:00Z", "2026-11-18"),
    ] {
        let (status, books) = read(house.get(&format!("/api/v1/audit?{asked}"), "admin").await).await;
        assert_eq!((status, &books["items"][0]["day"]), (200, &json!(day)), "{asked}");
    }
    for (asked, told) in [
        ("until=2026-11-20", "since is missing"),
        ("since=yesterday", "like 2026-11-21"),
        ("since=2026-11-20T10:00:00Z&until=2026-11-20T10:00:00Z", "until is not after since"),
        ("day=2026-11-20&since=2026-11-19", "either day and to, or since and until"),
        ("day=2026-11-20&to=2026-11-19", "to is before day"),
    ] {
        let (status, problem) = read(house.get(&format!("/api/v1/audit?{asked}"), "admin").await).await;
        assert!(status == 422 && problem["detail"].as_str().is_some_and(|text| text.contains(told)), "{problem}");
    }
    let (_, queues) = read(house.get("/api/v1/audit/queues?since=2026-11-20", "admin").await).await;
    assert_eq!((&queues["items"][0]["queue"], &queues["bus"]), (&json!("cards"), &json!(null)));
    assert_eq!(house.get("/api/v1/audit/queues", "router").await.status(), 403);
}

#[tokio::test]
async fn integrators_read_hot_spots_and_series() {
    let house = house().await;
    let (_, spots) = read(house.get("/api/v1/hotspots?day=2026-11-21&by=keyword", "router").await).await;
    assert_eq!((&spots["items"][0]["by"], &spots["items"][0]["spike"]), (&json!("keyword"), &json!(true)));
    assert_eq!(house.get("/api/v1/hotspots?by=mood", "router").await.status(), 422);
    let (_, series) = read(house.get("/api/v1/series/response?since=2026-11-20T09:30:00Z", "router").await).await;
    assert_eq!(series["items"][0]["hour"], "2026-11-20T09:00:00Z");
    assert_eq!(house.get("/api/v1/series/response?since=2026-11-20&queue=loans", "router").await.status(), 200);
}

#[tokio::test]
async fn a_recording_is_made_and_played_by_administrators_only_and_stands_in_the_log() {
    let house = house().await;
    let record = "/api/v1/connectors/avaya-bj/record?seconds=60";
    assert_eq!(house.post(record, "router", &json!({})).await.status(), 403);
    let answer = house.post(record, "admin", &json!({})).await;
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(answer.text().await.expect("lines"), "avaya-bj for 60 s\n");
    let endless = house.post("/api/v1/connectors/avaya-bj/record?seconds=86401", "admin", &json!({})).await;
    assert_eq!(endless.status(), 422);

    let sample = |name: &str| -> serde_json::Value {
        let file = format!("bus/events/samples/trunkline.{name}.v1.json");
        serde_json::from_slice(&std::fs::read(file).expect("a sample")).expect("JSON")
    };
    let part = |events: serde_json::Value, into_production: bool| json!({"run": "00000000-0000-0000-0000-000000000007", "first": 1, "events": events, "into_production": into_production});
    let play = async |body: serde_json::Value| read(house.post("/api/v1/replay", "admin", &body).await).await;
    let (status, problem) = play(part(json!([sample("chat.message")]), false)).await;
    assert!(status == 409 && problem["detail"].as_str().is_some_and(|text| text.contains("no test system")));
    let (status, played) = play(part(json!([sample("chat.message"), sample("call.ringing")]), true)).await;
    assert_eq!((status, &played["taken"]), (200, &json!(2)));
    let (status, problem) = play(part(json!([sample("customer.merged")]), true)).await;
    assert!(status == 422 && problem["detail"].as_str().is_some_and(|text| text.contains("told by no connector")));
    let (status, problem) = play(part(json!([{"no": "event"}]), true)).await;
    assert!(status == 422 && problem["detail"].as_str().is_some_and(|text| text.starts_with("event 1 of this part")));
    let log: Vec<String> = house.records.stored().audit.iter().map(|entry| entry.action.clone()).collect();
    assert!(log.contains(&"connector.record".to_owned()) && log.contains(&"replay.begin".to_owned()), "{log:?}");
}
