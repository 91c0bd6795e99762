//! Mapping rules against a running daemon: compared, rehearsed, applied without a restart, brought back.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::house::{Ended, House, li, wang};

/// Rules that call the queue of chats so.
fn rules(queue: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[source]\nconnector = 'web-chat'\n[[rule]]\nattribute = 'queue'\ntranslate = {{ 'service' = '{queue}' }}\n\
         [[test]]\nname = 'the queue has a name'\nevent = 'chat.opened'\nattributes = {{ queue = 'service' }}\n\
         expect = {{ attributes = {{ queue = '{queue}' }} }}\n"
    );
    fs::write(folder.path().join("chat.toml"), text).expect("written");
    folder
}

async fn mapping(house: &House, command: &str, folder: &TempDir, more: &[&str]) -> Ended {
    let folder = folder.path().to_str().expect("UTF-8");
    house.trunkctl(&[&["mapping", command, folder], more].concat()).await
}

/// The queues of a customer's last conversation.
async fn queues(house: &House, customer: &str) -> Value {
    house.trunkctl(&["cdr", "list", "--customer", customer, "--json"]).await.json()[0]["queues"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_rehearsed_applied_and_brought_back_while_chats_go_on() {
    let house = House::open().await;
    let none = house.trunkctl(&["mapping", "history"]).await;
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (0, "", "no rules were ever applied\n"));
    let desk = rules("desk");
    let differs = mapping(&house, "diff", &desk, &[]).await;
    assert!(differs.code == 1 && differs.stdout.starts_with("chat.toml: added\n"), "{differs:?}");
    let applied = mapping(&house, "apply", &desk, &["--note", "queues by name"]).await;
    assert_eq!(applied.stdout, "Version 1 counts; every daemon maps by it within a second.\n", "{applied:?}");
    assert_eq!(mapping(&house, "diff", &desk, &[]).await.code, 0);
    let again = mapping(&house, "apply", &desk, &["--note", "again", "--json"]).await;
    assert_eq!((again.code, again.json()["changed"].as_bool()), (0, Some(false)));

    let wang_id = house.chat_of(&wang(), "hello").await;
    assert_eq!(queues(&house, &wang_id).await, serde_json::json!(["desk"]));
    let links = house.trunkctl(&["customer", "explain", &wang_id, "--json"]).await.json();
    let event = links[0]["event"].as_str().expect("an event").to_owned();
    let by = house.trunkctl(&["mapping", "event", &event, "--json"]).await.json();
    assert_eq!(by["mapping"], 1, "{by}");

    let helpdesk = rules("help desk");
    let planned = mapping(&house, "plan", &helpdesk, &[]).await;
    assert!(planned.stdout.contains("queue") && planned.stdout.contains("1 of "), "{planned:?}");
    assert!(!planned.stdout.contains("help desk"), "values are shown only when asked for: {planned:?}");
    let shown = mapping(&house, "plan", &helpdesk, &["--show"]).await;
    assert!(shown.stdout.contains("queue: desk -> help desk (event "), "{shown:?}");
    let applied = mapping(&house, "apply", &helpdesk, &["--note", "it has two words", "--json"]).await;
    assert_eq!((applied.code, applied.json()["version"].as_i64()), (0, Some(2)));
    let back = house.trunkctl(&["mapping", "rollback", "1", "--note", "too long"]).await;
    assert!(back.code == 0 && back.stdout.starts_with("Version 3 counts"), "{back:?}");
    let li_id = house.chat_of(&li(), "hello too").await;
    assert_eq!(queues(&house, &li_id).await, serde_json::json!(["desk"]));

    let history = house.trunkctl(&["mapping", "history", "--json"]).await.json();
    let told: Vec<(i64, Option<i64>, bool)> = history
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["version"].as_i64().expect("a number"), one["restored"].as_i64(), one["active"] == true))
        .collect();
    assert_eq!(told, [(3, Some(1), true), (2, None, false), (1, None, false)]);
    let table = house.trunkctl(&["mapping", "history"]).await.stdout;
    assert!(table.starts_with("VERSION") && table.contains("it has two words"), "{table}");
    let files = house.trunkctl(&["mapping", "show", "2"]).await.stdout;
    assert!(files.starts_with("# chat.toml\n[source]\n") && files.contains("help desk"), "{files}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_no_good_are_not_applied() {
    let house = House::open().await;
    let folder = rules("desk");
    let file = folder.path().join("chat.toml");
    let good = fs::read_to_string(&file).expect("reads");
    fs::write(&file, good.replace("expect = { attributes = { queue = 'desk' } }", "expect = {}")).expect("written");
    let failing = mapping(&house, "apply", &folder, &["--note", "a try"]).await;
    assert!(failing.code == 1 && failing.stderr.contains("1 of 1 tests fail"), "{failing:?}");
    // Only the daemon knows which connectors there are.
    fs::write(&file, good.replace("'web-chat'", "'web-chap'")).expect("written");
    let stranger = mapping(&house, "apply", &folder, &["--note", "a try"]).await;
    assert_eq!(stranger.code, 2, "{stranger:?}");
    assert!(stranger.stderr.contains("there is no connector \"web-chap\"; did you mean \"web-chat\"?"), "{stranger:?}");
    assert_eq!(house.trunkctl(&["mapping", "history", "--json"]).await.json(), serde_json::json!([]));
    let missing = house.trunkctl(&["mapping", "rollback", "7", "--note", "none"]).await;
    assert!(missing.code == 1 && missing.stderr.contains("there is no version 7"), "{missing:?}");
    assert_eq!(house.trunkctl(&["mapping", "show"]).await.code, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rules_may_come_from_the_configuration() {
    let desk = rules("desk");
    let house = House::with_rules(desk.path()).await;
    let history = house.trunkctl(&["mapping", "history", "--json"]).await.json();
    assert_eq!((history[0]["version"].as_i64(), history[0]["actor"].as_str()), (Some(1), Some("configuration")));
    let wang_id = house.chat_of(&wang(), "hello").await;
    assert_eq!(queues(&house, &wang_id).await, serde_json::json!(["desk"]));
    house.close().await;
}
