//! What is done to all records: who may, what is refused, what stands in the audit log.

use serde_json::json;
use trunkline::http::parts::Reconcile;

use crate::house::{House, id, read};

async fn house() -> House {
    let house = House::open().await;
    house.token("ada", &["admin"], None, None);
    house.token("bi", &["integrator"], None, None);
    house
}

#[tokio::test]
async fn only_an_administrator_rebuilds_imports_compares_and_retires() {
    let house = house().await;
    for (path, body) in [
        ("/api/v1/cdrs/rebuild", json!({})),
        ("/api/v1/switch-records", json!({"records": []})),
        ("/api/v1/reconciliations", json!({"day": "2026-11-20"})),
        ("/api/v1/retention", json!({})),
    ] {
        assert_eq!(read(house.post(path, "bi", &body).await).await.0, 403, "{path}");
        assert_eq!(read(house.post(path, "ada", &body).await).await.0, 200, "{path}");
    }
    for path in ["/api/v1/reconciliations/2026-11-20", "/api/v1/retention"] {
        assert_eq!(read(house.get(path, "bi").await).await.0, 403, "{path}");
        assert_eq!(read(house.get(path, "ada").await).await.0, 200, "{path}");
    }
    let actions = house.records.actions();
    for action in ["cdr.rebuild", "switch_record.import", "cdr.reconcile", "retention.run", "cdr.report"] {
        assert!(actions.contains(&format!("ada {action}")), "{action} in {actions:?}");
    }
}

#[tokio::test]
async fn a_rebuild_is_told_where_from_and_whose_and_a_dry_run_leaves_no_entry() {
    let house = house().await;
    let asked = json!({"since": "2026-11-20T00:00:00Z", "connector": "avaya-bj", "after": id(7), "dry_run": true});
    let (status, page) = read(house.post("/api/v1/cdrs/rebuild", "ada", &asked).await).await;
    assert_eq!((status, page["same"].as_u64(), page["next"].is_null()), (200, Some(1), true));
    let rebuilt = house.records.stored().rebuilt.clone();
    assert_eq!((rebuilt[0].source.as_deref(), rebuilt[0].after), (Some("/connectors/avaya-bj"), Some(id(7))));
    assert_eq!((rebuilt[0].limit, rebuilt[0].dry_run), (200, true));
    assert!(house.records.actions().is_empty());
    let (status, _) = read(house.post("/api/v1/cdrs/rebuild", "ada", &json!({"sinze": 1})).await).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn records_of_switches_are_checked_before_they_are_kept() {
    let house = house().await;
    let post = async |record: serde_json::Value| {
        let body = json!({"records": [record]});
        read(house.post("/api/v1/switch-records", "ada", &body).await).await
    };
    let good = json!({"source": "/connectors/avaya-bj", "ended": "2026-11-20T06:25:03Z", "duration_ms": 289_000});
    assert_eq!(post(good).await, (200, json!({"new": 1, "known": 0})));
    let (status, problem) = post(json!({"source": "/connectors/avaya-bj"})).await;
    assert!(status == 422 && problem["detail"].as_str().is_some_and(|text| text.contains("record 1 has no time")));
    let long = json!({"source": "/connectors/avaya-bj", "ended": "2026-11-20T06:25:03Z", "agent": "x".repeat(300)});
    assert_eq!(post(long).await.0, 422);
    assert_eq!(house.records.stored().switch_records.len(), 1);
}

#[tokio::test]
async fn a_comparison_is_of_a_day_or_of_a_stretch_that_is_no_longer() {
    let house = house().await;
    let post = async |asked: serde_json::Value| read(house.post("/api/v1/reconciliations", "ada", &asked).await).await;
    assert_eq!(post(json!({"day": "2026-11-20", "dry_run": true})).await.0, 200);
    let (since, until) = ("2026-11-20T00:00:00Z", "2026-11-21T01:00:00Z");
    assert_eq!(post(json!({"since": since, "until": until})).await.0, 200);
    let asked = house.records.stored().reconciled.clone();
    assert_eq!(asked[0], (Reconcile::Day("2026-11-20".into()), true));
    assert!(matches!(asked[1], (Reconcile::Stretch(..), false)));
    for senseless in [
        json!({}),
        json!({"day": "yesterday"}),
        json!({"day": "2026-11-20", "since": since, "until": until}),
        json!({"since": until, "until": since}),
        json!({"since": since, "until": "2026-11-21T01:00:01Z"}),
    ] {
        assert_eq!(post(senseless.clone()).await.0, 422, "{senseless}");
    }
    assert_eq!(read(house.get("/api/v1/reconciliations/2026-11-19", "ada").await).await.0, 404);
}
