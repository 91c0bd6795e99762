//! Books of any period, hot spots, series, and the alarm of a silent link.

use serde_json::Value;
use time::{Duration, OffsetDateTime};
use trunkline_mapping::store::LinkHour;
use trunkline_simulators::web_chat::story;

use crate::house::{House, wang};

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_a_period_are_told_by_connector_and_by_queue() {
    let house = House::open().await;
    house.chat_of(&wang(), "hello").await;
    let settled = |audit: &Value| audit["waiting"] == 0 && audit["taken"].as_u64() > Some(5);
    let period = ["audit", "--since", "2026-01-01", "--by", "connector"];
    let audit = house.until(&[&period[..], &["--json"]].concat(), settled).await;
    assert_eq!((&audit["adds_up"], audit["sources"].as_array().expect("sources").len()), (&true.into(), 1));
    let table = house.trunkctl(&period).await;
    assert!(table.code == 0 && table.stdout.contains("/connectors/web-chat"), "{table:?}");
    let hour_ago = (OffsetDateTime::now_utc() - Duration::HOUR).unix_timestamp();
    let hour_ago = trunkline_events::Timestamp::from_unix_seconds(hour_ago).expect("an instant").to_string();
    let before = house.trunkctl(&["audit", "--since", "2026-01-01", "--until", &hour_ago, "--json"]).await;
    assert_eq!((before.code, before.json()["taken"].as_u64()), (0, Some(0)), "nothing was taken by then");

    let by_queue = ["audit", "--since", &hour_ago, "--by", "queue", "--json"];
    let queues = house.until(&by_queue, |books| books["items"][0]["answered"] == 1).await;
    assert_eq!((&queues["items"][0]["queue"], &queues["items"][0]["missing"]), (&"service".into(), &0.into()));
    assert_eq!(queues["adds_up"], true);
    assert!(queues["bus"].is_array(), "what waits there is nothing, or on its way: {queues}");
    let table = house.trunkctl(&["audit", "--since", &hour_ago, "--by", "queue"]).await;
    assert!(table.code == 0 && table.stdout.contains("MISSING") && table.stdout.contains("service"), "{table:?}");
    let backwards = house.trunkctl(&["audit", "--since", "2026-01-02", "--until", "2026-01-01"]).await;
    assert!(backwards.code == 2 && backwards.stderr.contains("until is not after since"), "{backwards:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_of_a_period_in_which_something_is_lost_says_no() {
    let house = House::with_a_hole_in_the_books().await;
    let period = ["audit", "--since", "2026-11-19T12:00:00Z", "--until", "2026-11-20", "--by", "connector", "--json"];
    let books = house.until(&period, |books| books["stored"] == 2 && books["lost"] == 1).await;
    assert_eq!((&books["adds_up"], &books["sources"][0]["day"]), (&false.into(), &"2026-11-20".into()));
    assert_eq!(house.trunkctl(&period).await.code, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_spots_and_times_to_an_answer_are_listed() {
    let keywords = "[hotspots]\nminimum = 2\n[hotspots.keywords]\nrefund = ['退款', '/refunds?/']";
    let house = House::declared("", keywords, async |_| {}).await;
    house.chat_of(&wang(), "My Refund? 退款").await;
    let visitor = wang();
    for event in [
        story::text("chat-v-wang", "m-9", "visitor", Some(&visitor.id), "REFUNDS!"),
        story::tags(&visitor, &["angry".to_owned()], &[]),
    ] {
        assert!(house.chat.send(&event).await.accepted);
    }
    let all_there = |list: &Value| list.as_array().is_some_and(|list| list.len() == 3 && list[0]["count"] == 2);
    let list = house.until(&["hotspot", "list", "--json"], all_there).await;
    assert_eq!(
        (&list[0]["word"], &list[0]["by"], &list[0]["spike"]),
        (&"refund".into(), &"keyword".into(), &true.into())
    );
    let words: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|one| one["word"].as_str()).collect();
    assert_eq!(words, ["refund", "angry", "service"]);
    let table = house.trunkctl(&["hotspot", "list", "--by", "tag"]).await;
    assert!(table.code == 0 && table.stdout.contains("angry") && !table.stdout.contains("refund"), "{table:?}");
    let quiet = house.trunkctl(&["hotspot", "list", "--day", "2020-01-01"]).await;
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, "nothing was counted that day\n"));

    let series = house.trunkctl(&["series", "response", "--since", "2026-01-01", "--queue", "service", "--json"]).await;
    let hours = series.json();
    assert_eq!(
        (&hours[0]["medium"], &hours[0]["conversations"], &hours[0]["answered"]),
        (&"chat".into(), &1.into(), &1.into())
    );
    let table = house.trunkctl(&["series", "response", "--since", "2026-01-01"]).await;
    assert!(table.code == 0 && table.stdout.contains("9 IN 10"), "{table:?}");
    house.close().await;
}

/// For four weeks it told an event a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_always_talks_is_told_when_it_falls_silent_and_when_it_talks_again() {
    let rule = "[silence]\nthreshold = 2\nleast_minutes = 0\nevery_seconds = 1";
    let house = House::declared("", rule, async |store| {
        let now = OffsetDateTime::now_utc().unix_timestamp() / 3600;
        let hour = |ago: i64| LinkHour {
            source: "/connectors/web-chat".into(),
            epoch: "the weeks before".into(),
            hour: now - ago,
            told: 3600 * (4 * 168 + 2 - ago).unsigned_abs(),
        };
        store.keep_link_hours(&(1..4 * 168 + 2).map(hour).collect::<Vec<_>>()).await.expect("writes");
    })
    .await;
    let list = ["connector", "list", "--json"];
    let silent = house.until(&list, |list| list[0]["silent"].is_object()).await;
    assert!(silent[0]["silent"]["expected"].as_u64() >= Some(2), "{silent}");
    let since = silent[0]["silent"]["since"].as_str().expect("an instant").to_owned();
    assert!(house.trunkctl(&["connector", "list"]).await.stdout.contains(&since));
    assert!(house.chat.send(&story::opened("chat-1", &wang(), None, None)).await.accepted);
    house.until(&list, |list| list[0]["silent"].is_null()).await;
    let told = async |event_type: &str| {
        let sql = format!("SELECT source FROM event WHERE type = '{event_type}'");
        house.until(&list, |_| house.stored(&sql).contains("/connectors/web-chat")).await
    };
    told("trunkline.link.silent.v1").await;
    told("trunkline.link.talking.v1").await;
    house.close().await;
}
