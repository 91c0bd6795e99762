//! Who may see what.

use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;
use time::Duration;
use trunkline::http::Settings;

use crate::house::{House, id, read};
use crate::invented::now;
use crate::people::{LI, WANG, call, hang_up, li, move_in, pop, ring, short, wang};

/// Ms Wang rings at 2001; 2002 is another agent's, whose last call was with Mr Li.
async fn two_agents() -> House {
    let house = House::open().await;
    move_in(&house.records);
    house.token("a", &["agent"], Some("2001"), Some("7001"));
    house.token("b", &["agent"], Some("2002"), Some("7002"));
    let brief = short(&wang(), &house.records);
    ring(&house, &pop(0x40, "2001", "7001", vec![brief]));
    let entry = trunkline_mapping::view::TimelineEntry {
        at: now(),
        cdr: call(0x22, LI, 60, "2002", "7002", ""),
        messages: Vec::new(),
    };
    house.records.stored().timelines.push((id(LI), entry));
    house
}

#[tokio::test]
async fn an_agent_sees_his_own_pop_and_its_customer_and_no_other() {
    let house = two_agents().await;
    let (wang, li) = (format!("/api/v1/customers/{}", id(WANG)), format!("/api/v1/customers/{}", id(LI)));
    assert_eq!(read(house.get("/api/v1/agent/pops", "a").await).await.1["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(read(house.get("/api/v1/agent/pops", "b").await).await.1["items"].as_array().map(Vec::len), Some(0));
    for (path, secret, status) in [
        (&wang, "a", 200),
        (&format!("{wang}/timeline"), "a", 200),
        (&wang, "b", 404),
        (&format!("{wang}/timeline"), "b", 404),
        (&li, "a", 404),
        (&li, "b", 200),
    ] {
        assert_eq!(read(house.get(path, secret).await).await.0, status, "{secret} {path}");
    }
    let missing = read(house.get(&format!("/api/v1/customers/{}", id(0x999)), "b").await).await;
    assert_eq!(missing, read(house.get(&wang, "b").await).await, "not there and not yours look the same");
}

#[tokio::test]
async fn what_hung_on_a_pop_is_gone_with_it_unless_he_took_the_call() {
    let house = two_agents().await;
    let wang = format!("/api/v1/customers/{}", id(WANG));
    hang_up(&house, &pop(0x40, "2001", "7001", Vec::new()));
    assert_eq!(read(house.get(&wang, "a").await).await.0, 404);
    let old = call(0x23, LI, 60 * 24 * 30, "2001", "7001", "");
    house.records.stored().timelines.retain(|(owner, _)| *owner != id(LI));
    let entry = trunkline_mapping::view::TimelineEntry { at: now(), cdr: old, messages: Vec::new() };
    house.records.stored().timelines.push((id(LI), entry));
    let li = format!("/api/v1/customers/{}", id(LI));
    assert_eq!(read(house.get(&li, "a").await).await.0, 404, "a conversation of last month is not recent");
}

#[tokio::test]
async fn who_tells_an_agent_only_of_customers_he_may_see() {
    let house = two_agents().await;
    let shared = "/api/v1/who?ani=01065550101";
    let (_, seen) = read(house.get(shared, "a").await).await;
    assert_eq!(seen["candidates"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["candidates"][0]["name"], "王芳");
    house.token("stranger", &["agent"], Some("2003"), None);
    let (_, stranger) = read(house.get(shared, "stranger").await).await;
    let (_, nobody) = read(house.get("/api/v1/who?ani=13900139999", "stranger").await).await;
    assert_eq!(stranger, nobody, "whether a number is known is not told either");
    house.token("desk", &["desk"], None, Some("li.na"));
    let (_, desk) = read(house.get("/api/v1/who?scheme=web_visitor&value=v-83a1", "desk").await).await;
    assert_eq!(desk["certainty"], "one");
    assert_eq!(read(house.get("/api/v1/who?scheme=phone", "desk").await).await.0, 422);
}

#[tokio::test]
async fn a_remark_is_written_by_who_has_the_conversation_and_nobody_else() {
    let house = two_agents().await;
    let live = format!("/api/v1/cdrs/{}/remark", id(0x41));
    let his = format!("/api/v1/cdrs/{}/remark", id(0x22));
    let text = json!({ "text": " 退款周二到账 \n第二行 " });
    assert_eq!(house.post(&live, "a", &text).await.status(), 204, "the record of a live call may come later");
    assert_eq!(read(house.post(&live, "b", &text).await).await.0, 404);
    assert_eq!(read(house.post(&his, "a", &text).await).await.0, 404);
    assert_eq!(house.post(&his, "b", &text).await.status(), 204);
    let stored = read(house.get(&format!("/api/v1/cdrs/{}", id(0x22)), "b").await).await.1;
    assert_eq!(stored["remarks"][0]["text"], "退款周二到账 \n第二行");
    assert_eq!(stored["remarks"][0]["author"], "7002");
    for bad in [json!({ "text": "a\u{0}b" }), json!({ "text": "x".repeat(2001) }), json!({ "txt": "x" })] {
        assert_eq!(read(house.post(&his, "b", &bad).await).await.0, 422, "{bad}");
    }
}

#[tokio::test]
async fn each_scope_reaches_its_own_part() {
    let house = two_agents().await;
    house.token("desk", &["desk"], None, Some("li.na"));
    house.token("integrator", &["integrator"], None, None);
    house.token("admin", &["admin"], None, None);
    house.token("nothing", &["other"], None, None);
    let customer = format!("/api/v1/customers/{}", id(WANG));
    let explain = format!("{customer}/explain");
    let matrix: [(&str, [u16; 5]); 9] = [
        // agent a, desk, integrator, admin, a token without a known scope
        ("/api/v1/agent/pops", [200, 200, 403, 403, 403]),
        (&customer, [200, 200, 200, 200, 403]),
        (&explain, [403, 403, 200, 200, 403]),
        ("/api/v1/customers?find=王", [403, 403, 200, 200, 403]),
        ("/api/v1/cdrs", [403, 403, 200, 200, 403]),
        ("/api/v1/lookup?number=13800138001", [403, 403, 200, 200, 403]),
        ("/api/v1/connectors", [403, 403, 403, 200, 403]),
        ("/api/v1/tokens", [403, 403, 403, 200, 403]),
        ("/api/v1/audit-log", [403, 403, 403, 200, 403]),
    ];
    for (path, expected) in matrix {
        for (secret, status) in ["a", "desk", "integrator", "admin", "nothing"].into_iter().zip(expected) {
            assert_eq!(read(house.get(path, secret).await).await.0, status, "{secret} {path}");
        }
    }
}

#[tokio::test]
async fn each_scope_writes_its_own_part_and_nothing_else() {
    let house = two_agents().await;
    house.token("desk", &["desk"], None, Some("li.na"));
    house.token("integrator", &["integrator"], None, None);
    house.token("admin", &["admin"], None, None);
    house.token("nothing", &["other"], None, None);
    let customer = format!("/api/v1/customers/{}", id(WANG));
    let handle = json!({ "scheme": "phone", "scope": "", "value": "13800138001", "verified": false });
    let spare = house.token("spare", &["desk"], None, None).id;
    let new = json!({ "name": "new", "scopes": ["desk"] });
    let all = json!({ "all": true });
    let (because, none) = (json!({ "reason": "x" }), json!({}));
    let writes = [
        // method, path, body; agent a, desk, integrator, admin, a token without a known scope
        ("POST", format!("/api/v1/cdrs/{}/remark", id(0x41)), json!({ "text": "x" }), [204, 404, 403, 404, 403]),
        ("POST", format!("/api/v1/cdrs/{}/remark", id(0x11)), json!({ "text": "x" }), [204, 204, 403, 204, 403]),
        ("POST", format!("{customer}/merge"), json!({ "other": id(LI), "reason": "x" }), [403, 403, 403, 200, 403]),
        ("POST", format!("{customer}/split"), json!({ "handles": [handle], "reason": "x" }), [403, 403, 403, 200, 403]),
        ("POST", format!("/api/v1/directives/{}/undo", id(1)), because, [403, 403, 403, 404, 403]),
        ("POST", "/api/v1/connectors/avaya-bj/pause".into(), none.clone(), [403, 403, 403, 204, 403]),
        ("POST", "/api/v1/connectors/avaya-bj/resume".into(), none.clone(), [403, 403, 403, 204, 403]),
        ("POST", "/api/v1/bus/dead/replay".into(), all.clone(), [403, 403, 403, 200, 403]),
        ("DELETE", "/api/v1/bus/dead".into(), all, [403, 403, 403, 200, 403]),
        ("POST", "/api/v1/tokens".into(), new, [403, 403, 403, 201, 403]),
        ("DELETE", format!("/api/v1/tokens/{spare}"), none, [403, 403, 403, 204, 403]),
    ];
    for (method, path, body, expected) in writes {
        for (secret, status) in ["a", "desk", "integrator", "admin", "nothing"].into_iter().zip(expected) {
            let before = house.records.actions().len();
            let method = method.parse().expect("a method");
            let answer = house.request(method, &path, secret).json(&body).send().await.expect("an answer");
            let got = if answer.status().is_success() { answer.status().as_u16() } else { read(answer).await.0 };
            assert_eq!(got, status, "{secret} {path}");
            let written = house.records.actions().len() - before;
            assert_eq!(
                written,
                usize::from(status < 400 || path.ends_with("/undo") && status == 404),
                "{secret} {path}"
            );
        }
    }
}

#[tokio::test]
async fn an_expired_or_revoked_token_is_worth_nothing() {
    let house = House::open().await;
    let admin = house.token("admin", &["admin"], None, None);
    house.token("old", &["admin"], None, None);
    house.records.stored().tokens.get_mut("old").expect("made").expires = Some(now().plus(-Duration::seconds(1)));
    assert_eq!(read(house.get("/api/v1/me", "old").await).await.0, 401);
    assert_eq!(read(house.get("/api/v1/me", "admin").await).await.0, 200);
    let gone = house.request(Method::DELETE, &format!("/api/v1/tokens/{}", admin.id), "admin").send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    assert_eq!(read(house.get("/api/v1/me", "admin").await).await.0, 401);
}

#[tokio::test]
async fn who_tries_tokens_is_barred_and_who_has_one_works_on() {
    let house = House::with(Settings { max_failures: 3, ..Settings::default() }).await;
    house.token("good", &["admin"], None, None);
    house.token("late", &["admin"], None, None);
    assert_eq!(read(house.get("/api/v1/me", "good").await).await.0, 200);
    for _ in 0..3 {
        assert_eq!(read(house.get("/api/v1/me", "guess").await).await.0, 401);
    }
    let barred = house.get("/api/v1/me", "late").await;
    assert!(barred.headers().contains_key("retry-after"));
    assert_eq!(read(barred).await.0, 429, "a token not seen from here before must wait, though it is right");
    assert_eq!(read(house.get("/api/v1/me", "good").await).await.0, 200);
}

#[tokio::test]
async fn the_default_token_is_for_a_browser_on_this_machine_only() {
    let default_token = Some(SecretString::from("demo"));
    let house = House::with(Settings { default_token, ..Settings::default() }).await;
    house.token("demo", &["agent"], Some("2001"), None);
    assert_eq!(read(house.get("/api/v1/me", "").await).await.0, 200);
    for (name, value) in [("x-forwarded-for", "10.0.0.9"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
        let foreign = house.request(Method::GET, "/api/v1/me", "").header(name, value).send().await;
        assert_eq!(read(foreign.expect("an answer")).await.0, 401, "{name}");
    }
    let other = house.request(Method::GET, "/api/v1/me", "").header("authorization", "Basic eDp5").send().await;
    assert_eq!(read(other.expect("an answer")).await.0, 401);
}

#[tokio::test]
async fn every_view_of_a_customer_and_every_change_is_in_the_audit_log() {
    let house = two_agents().await;
    house.token("admin", &["admin"], None, None);
    let customer = format!("/api/v1/customers/{}", id(WANG));
    house.get(&customer, "a").await;
    house.get(&format!("{customer}/timeline"), "a").await;
    house.get("/api/v1/who?ani=13800138001", "a").await;
    house.get("/api/v1/lookup?number=13800138001", "admin").await;
    house.post(&format!("{customer}/merge"), "admin", &json!({ "other": id(LI), "reason": "one person" })).await;
    house.post("/api/v1/connectors/avaya-bj/pause", "admin", &json!({})).await;
    let expected = ["a customer.view", "a customer.timeline", "a customer.who", "admin customer.lookup"];
    let changes = ["admin customer.merge", "admin connector.pause"];
    assert_eq!(house.records.actions(), [&expected[..], &changes[..]].concat());
    assert!(house.records.stored().audit.iter().all(|entry| !entry.detail.contains(['王', '1'])), "no personal data");
}

#[tokio::test]
async fn a_search_that_names_nobody_or_several_is_in_the_audit_log_too() {
    let house = two_agents().await;
    house.token("admin", &["admin"], None, None);
    let (shared, nobody) = ("01065550101", "13900139999");
    house.get(&format!("/api/v1/who?ani={nobody}"), "a").await;
    house.get(&format!("/api/v1/who?ani={shared}"), "b").await;
    house.get(&format!("/api/v1/lookup?number={nobody}"), "admin").await;
    house.get(&format!("/api/v1/lookup?number={shared}"), "admin").await;
    house.get(&format!("/api/v1/customers?find={nobody}"), "admin").await;
    let who = ["a customer.who", "b customer.who"];
    let found = ["admin customer.lookup", "admin customer.lookup", "admin customer.find"];
    assert_eq!(house.records.actions(), [&who[..], &found[..]].concat());
    let details: Vec<_> = house.records.stored().audit.iter().map(|entry| entry.detail.clone()).collect();
    assert!(details.iter().all(|detail| !detail.contains(nobody) && !detail.contains(shared)), "{details:?}");
}

#[tokio::test]
async fn every_kind_of_change_has_its_row_and_none_happens_without_it() {
    let house = two_agents().await;
    house.token("admin", &["admin"], None, None);
    let spare = house.token("spare", &["desk"], None, None).id;
    let customer = format!("/api/v1/customers/{}", id(WANG));
    let handle = json!({ "scheme": "phone", "scope": "", "value": "13800138001", "verified": false });
    let split = json!({ "handles": [handle], "reason": "x" });
    house.post(&format!("/api/v1/cdrs/{}/remark", id(0x11)), "a", &json!({ "text": "x" })).await;
    house.post(&format!("{customer}/split"), "admin", &split).await;
    house.post(&format!("/api/v1/directives/{}/undo", id(1)), "admin", &json!({ "reason": "x" })).await;
    house.post("/api/v1/connectors/avaya-bj/pause", "admin", &json!({})).await;
    house.post("/api/v1/connectors/avaya-bj/resume", "admin", &json!({})).await;
    house.post("/api/v1/bus/dead/replay", "admin", &json!({ "all": true })).await;
    let purge = house.request(Method::DELETE, "/api/v1/bus/dead", "admin").json(&json!({ "ids": [id(1)] }));
    purge.send().await.expect("an answer");
    let new = json!({ "name": "new", "scopes": ["desk"] });
    let made = read(house.post("/api/v1/tokens", "admin", &new).await).await.1;
    let gone = house.request(Method::DELETE, &format!("/api/v1/tokens/{spare}"), "admin").send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    let rows: Vec<_> =
        house.records.stored().audit.iter().map(|row| (row.action.clone(), row.target.clone())).collect();
    let made = made["token"]["id"].as_str().expect("an id").to_owned();
    let wanted = [
        ("cdr.remark", id(0x11).to_string()),
        ("customer.split", id(WANG).to_string()),
        ("directive.undo", id(1).to_string()),
        ("connector.pause", "avaya-bj".into()),
        ("connector.resume", "avaya-bj".into()),
        ("dead_letter.replay", String::new()),
        ("dead_letter.purge", String::new()),
        ("token.create", made),
        ("token.revoke", spare.to_string()),
    ];
    assert_eq!(rows, wanted.map(|(action, target)| (action.to_owned(), target)));

    house.records.stored().log_away = true;
    assert_eq!(read(house.post("/api/v1/tokens", "admin", &new).await).await.0, 503);
    assert_eq!(read(house.post(&format!("{customer}/split"), "admin", &split).await).await.0, 503);
    assert_eq!(read(house.post("/api/v1/connectors/avaya-bj/pause", "admin", &json!({})).await).await.0, 503);
    let stored = house.records.stored();
    assert_eq!(stored.tokens.len(), 5, "no token was made that no row tells of");
    assert_eq!((stored.decided.len(), stored.paused.len()), (1, 0));
}

#[tokio::test]
async fn nobody_may_write_remarks_beside_the_pop_of_a_shared_extension() {
    let house = two_agents().await;
    house.token("neighbour", &["agent"], Some("2001"), Some("7009"));
    let brief = short(&li(), &house.records);
    ring(&house, &pop(0x50, "2001", "7001", vec![brief]));
    let (_, pops) = read(house.get("/api/v1/agent/pops", "neighbour").await).await;
    assert_eq!(pops["items"].as_array().map(Vec::len), Some(0));
    let live = format!("/api/v1/cdrs/{}/remark", id(0x51));
    assert_eq!(read(house.post(&live, "neighbour", &json!({ "text": "x" })).await).await.0, 404);
}
