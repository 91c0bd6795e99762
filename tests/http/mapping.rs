//! Mapping rules over HTTP: for administrators alone.

use reqwest::Method;
use serde_json::json;

use crate::house::{House, id, read};

fn rules(size: usize) -> serde_json::Value {
    json!([{"name": "crm.toml", "text": "#".repeat(size)}])
}

#[tokio::test]
async fn rules_are_applied_listed_shown_and_brought_back() {
    let house = House::open().await;
    house.token("admin", &["admin"], None, None);
    let asked = json!({"files": rules(10), "base": 0, "note": " levels in words "});
    let (status, applied) = read(house.post("/api/v1/mapping/apply", "admin", &asked).await).await;
    assert_eq!(
        (status, applied["version"].as_i64(), applied["note"].as_str()),
        (200, Some(1), Some("levels in words"))
    );
    let (status, late) = read(house.post("/api/v1/mapping/apply", "admin", &asked).await).await;
    assert_eq!((status, late["detail"].as_str()), (409, Some("version 1 counts now")));
    let back = json!({"version": 1, "note": "as before"});
    assert_eq!(read(house.post("/api/v1/mapping/rollback", "admin", &back).await).await.1["version"], 2);
    let none = json!({"version": 9, "note": "as before"});
    assert_eq!(read(house.post("/api/v1/mapping/rollback", "admin", &none).await).await.0, 404);

    let (_, list) = read(house.get("/api/v1/mapping/versions", "admin").await).await;
    assert_eq!((list["items"][0]["version"].as_i64(), list["items"][1]["version"].as_i64()), (Some(2), Some(1)));
    assert!(list["items"][0]["files"].is_null());
    for (name, version) in [("1", 1), ("active", 2)] {
        let (status, shown) = read(house.get(&format!("/api/v1/mapping/versions/{name}"), "admin").await).await;
        assert_eq!(
            (status, shown["version"].as_i64(), shown["files"][0]["name"].as_str()),
            (200, Some(version), Some("crm.toml"))
        );
    }
    for name in ["9", "newest"] {
        assert_eq!(read(house.get(&format!("/api/v1/mapping/versions/{name}"), "admin").await).await.0, 404);
    }
    let (_, event) = read(house.get(&format!("/api/v1/mapping/events/{}", id(7)), "admin").await).await;
    assert_eq!(event["mapping"], 1);
    assert_eq!(read(house.get(&format!("/api/v1/mapping/events/{}", id(8)), "admin").await).await.0, 404);
}

#[tokio::test]
async fn values_in_a_plan_stand_in_the_audit_log() {
    let house = House::open().await;
    house.token("admin", &["admin"], None, None);
    let plan = |show: bool| json!({"files": rules(1), "last": 7, "show": show});
    let (status, told) = read(house.post("/api/v1/mapping/plan", "admin", &plan(false)).await).await;
    assert_eq!((status, told["events"].as_u64(), house.records.actions().len()), (200, Some(7), 0));
    assert_eq!(read(house.post("/api/v1/mapping/plan", "admin", &plan(true)).await).await.0, 200);
    assert_eq!(house.records.actions(), ["admin mapping.plan"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let house = House::open().await;
    house.token("admin", &["admin"], None, None);
    house.token("reader", &["integrator", "desk"], None, None);
    let house = &house;
    let apply =
        |body: serde_json::Value| async move { read(house.post("/api/v1/mapping/apply", "admin", &body).await).await };
    let (status, wrong) = apply(json!({"files": [], "note": "none"})).await;
    assert_eq!((status, wrong["detail"].as_str()), (422, Some("crm.toml:1: nothing there")));
    assert_eq!(apply(json!({"files": rules(1), "note": " "})).await.0, 422);
    assert_eq!(apply(json!({"files": rules(1), "notes": "x"})).await.0, 422);
    assert_eq!(apply(json!({"files": rules(200_000), "note": "large"})).await.0, 200);
    assert_eq!(apply(json!({"files": rules(600_000), "note": "too large"})).await.0, 413);
    for path in ["versions", "versions/active", &format!("events/{}", id(7))] {
        assert_eq!(read(house.get(&format!("/api/v1/mapping/{path}"), "reader").await).await.0, 403, "{path}");
    }
    for path in ["plan", "apply", "rollback"] {
        let body = json!({"files": rules(1), "version": 1, "note": "x"});
        let request = house.request(Method::POST, &format!("/api/v1/mapping/{path}"), "reader").json(&body);
        let status = request.send().await.expect("an answer").status().as_u16();
        assert!([403, 422].contains(&status), "{path} {status}");
    }
    assert_eq!(house.records.stored().rules.len(), 1);
}
