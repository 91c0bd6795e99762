//! Connectors, dead letters and books.

use trunkline_test_support::rabbit::Rabbit;

use crate::house::{House, POISON, wang};

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_paused_and_resumed_by_name() {
    let house = House::open().await;
    let state = |wanted: &'static str| move |list: &serde_json::Value| list[0]["state"] == wanted;
    house.until(&["connector", "list", "--json"], state("up")).await;
    let paused = house.trunkctl(&["connector", "pause", "web-chat"]).await;
    assert_eq!((paused.code, paused.stdout.as_str()), (0, "web-chat is paused.\n"));
    house.until(&["connector", "list", "--json"], state("paused")).await;
    let again = house.trunkctl(&["connector", "pause", "web-chat", "--json"]).await.json();
    assert_eq!(again, serde_json::json!({"name": "web-chat", "paused": true}), "twice is as good as once");
    let resumed = house.trunkctl(&["connector", "resume", "web-chat", "--json"]).await.json();
    assert_eq!((resumed["name"].as_str(), resumed["paused"].as_bool()), (Some("web-chat"), Some(false)));
    house.until(&["connector", "list", "--json"], state("up")).await;
    let table = house.trunkctl(&["connector", "list"]).await.stdout;
    assert!(table.starts_with("NAME") && table.contains("chat-webhook"), "{table}");
    let stranger = house.trunkctl(&["connector", "pause", "nobody"]).await;
    assert_eq!(stranger.code, 1);
    assert!(stranger.stderr.contains("there is no connector nobody"), "{stranger:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_lies_nowhere_is_lost_and_audit_says_no() {
    let house = House::with_a_hole_in_the_books().await;
    let day = &["audit", "--day", "2026-11-20", "--json"];
    let books = house.until(day, |books| books["stored"] == 2).await;
    assert_eq!(
        (books["taken"].as_u64(), books["waiting"].as_u64(), books["lost"].as_u64()),
        (Some(3), Some(1), Some(1))
    );
    assert_eq!((books["adds_up"].as_bool(), books["backlog"]["queued"].as_u64()), (Some(false), Some(0)));
    let ended = house.trunkctl(&day[..3]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("/connectors/hole: 1 of 2026-11-20 lie neither in the store"), "{ended:?}");
    assert!(ended.stderr.contains("do not add up"), "{ended:?}");
    let other = house.trunkctl(&["audit", "--day", "2026-11-19", "--json"]).await;
    assert_eq!((other.code, other.json()["lost"].as_u64()), (0, Some(0)));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_shown_replayed_and_purged() {
    letters_are_worked_on(House::with_a_dead_letter().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_on_rabbitmq_is_listed_shown_replayed_and_purged() {
    letters_are_worked_on(House::with_a_dead_letter_on(Rabbit::shared().await).await).await;
}

async fn letters_are_worked_on(house: House) {
    let id = POISON.to_string();
    let list = house.trunkctl(&["bus", "dead", "list"]).await;
    assert!(list.stdout.contains(&id) && list.stdout.contains("/connectors/stranger"), "{list:?}");
    let shown = house.trunkctl(&["bus", "dead", "show", &id]).await;
    assert!(shown.code == 0 && shown.stdout.contains("reason") && shown.stdout.contains("{\"no\":"), "{shown:?}");
    assert!(!shown.stdout.contains('\u{1b}'), "a letter cannot steer the terminal");
    assert!(house.trunkctl(&["bus", "dead", "show", &id, "--json"]).await.json()["body"].is_string());

    // It is no better the second time, so it comes back.
    let replayed = house.trunkctl(&["bus", "dead", "replay", &id]).await;
    assert_eq!((replayed.code, replayed.stdout.as_str()), (0, "replayed: 1\n"), "{replayed:?}");
    house.until(&["bus", "dead", "list", "--json"], |list| list.as_array().is_some_and(|list| list.len() == 1)).await;
    let replayed = house.trunkctl(&["bus", "dead", "replay", "--all", "--json"]).await;
    assert_eq!((replayed.code, replayed.json()), (0, serde_json::json!({"done": 1, "kept": 0})));
    house.until(&["bus", "dead", "list", "--json"], |list| list.as_array().is_some_and(|list| list.len() == 1)).await;

    let purged = house.trunkctl(&["bus", "dead", "purge", "--all", "--json"]).await;
    assert_eq!((purged.code, purged.json()["done"].as_u64()), (0, Some(1)));
    let empty = house.trunkctl(&["bus", "dead", "list"]).await;
    assert_eq!((empty.code, empty.stdout.as_str(), empty.stderr.as_str()), (0, "", "no dead letters\n"));
    let gone = house.trunkctl(&["bus", "dead", "replay", &id]).await;
    assert!(gone.code == 1 && gone.stderr.contains("1 of the ids are no dead letters"), "{gone:?}");
    assert_eq!(house.trunkctl(&["bus", "dead", "show", &id]).await.code, 1);
    assert_eq!(house.trunkctl(&["bus", "dead", "purge"]).await.code, 2, "all or ids have to be said");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_add_up_after_a_chat() {
    let house = House::open().await;
    house.chat_of(&wang(), "hello").await;
    let settled = |audit: &serde_json::Value| audit["waiting"] == 0 && audit["taken"].as_u64() > Some(5);
    let audit = house.until(&["audit", "--json"], settled).await;
    assert_eq!(audit["adds_up"], true, "{audit}");
    assert_eq!(audit["sources"][0]["source"], "/connectors/web-chat");
    let table = house.trunkctl(&["audit"]).await;
    assert!(table.code == 0 && table.stdout.starts_with("SOURCE"), "{table:?}");
    let day = audit["sources"][0]["day"].as_str().expect("a day").to_owned();
    assert!(house.trunkctl(&["audit", "--day", &day]).await.stdout.contains("/connectors/web-chat"));
    let quiet = house.trunkctl(&["audit", "--day", "2020-01-01"]).await;
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, "nothing was taken that day\n"));
    let wrong = house.trunkctl(&["audit", "--day", "today"]).await;
    assert!(wrong.code == 2 && wrong.stderr.contains("like 2026-11-21"), "{wrong:?}");
    house.close().await;
}
