//! A real link is recorded with other people in the place of its own, and played into a test system.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use trunkline_events::recording::Line;
use trunkline_events::{Body, Event};

use crate::house::{House, li, wang};

/// Records two chats of a house; the file, and what the command said.
async fn recorded(house: &House, folder: &TempDir, options: &[&str]) -> (String, crate::house::Ended) {
    let file = folder.path().join("chats.jsonl").to_str().expect("UTF-8").to_owned();
    let told = async {
        // The recorder has begun when the file has its first line.
        while !fs::read(&file).is_ok_and(|text| Line::begins(&text)) {
            tokio::task::yield_now().await;
        }
        house.chat_of(&wang(), "my number is 13800138000").await;
        house.chat_of(&li(), "谢谢").await;
    };
    let arguments = ["record", "--connector", "web-chat", "--output", &file];
    let arguments = [&arguments[..], options].concat();
    let (ended, ()) = tokio::join!(house.trunkctl(&arguments), told);
    (file, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_tells_is_recorded_masked_decoded_and_played_into_a_test_system() {
    let (house, folder) = (House::open().await, tempfile::tempdir().expect("a folder"));
    let (file, ended) = recorded(&house, &folder, &["--for", "15s", "--json"]).await;
    assert_eq!((ended.code, &ended.json()["reason"]), (0, &"the time was up".into()), "{ended:?}");
    let text = fs::read_to_string(&file).expect("a recording");
    for personal in ["13800138000", "王梅", "wang", "li.na", "Li Na", "谢谢", "my number"] {
        assert!(!text.contains(personal), "{personal} is in the recording");
    }

    let decoded = house.trunkctl(&["decode", &file]).await;
    let events: Vec<Event> =
        decoded.stdout.lines().map(|line| Event::from_json(line.as_bytes()).expect("an event")).collect();
    assert_eq!((decoded.code, events.len() as u64), (0, ended.json()["events"].as_u64().expect("a number")));
    assert!(events.iter().filter(|event| matches!(event.body, Body::ChatMessage(_))).count() == 4);

    let production = house.trunkctl(&["replay", &file, "--speed", "max", "--to", &house.address()]).await;
    assert!(production.code == 2 && production.stderr.contains("is no test system"), "{production:?}");

    let copy = House::declared("test_system = true", "", async |_| {}).await;
    let play = ["replay", &file, "--speed", "max", "--to", &copy.address(), "--json"];
    let first = copy.trunkctl(&play).await;
    assert_eq!(first.code, 0, "{first:?}");
    let played = first.json()["events"].as_u64().expect("a number");
    assert!(played >= 12, "{first:?}");
    // What the two customers of the house are, two customers of the test system are: by name, number and mail.
    let customers = "SELECT count(DISTINCT customer), count(*) FROM handle";
    let before = house.stored(customers);
    copy.until(&["audit", "--since", "2026-01-01", "--by", "connector", "--json"], |books| {
        books["stored"].as_u64() >= Some(played)
    })
    .await;
    assert_eq!(copy.stored(customers), before, "as many customers with as many handles");
    assert!(before.starts_with("[(2,"), "{before}");
    // Played again it is the same again.
    assert_eq!(copy.trunkctl(&play).await.code, 0);
    let doubled = |books: &Value| books["duplicate"].as_u64() == Some(played);
    let books = copy.until(&["audit", "--since", "2026-01-01", "--by", "connector", "--json"], doubled).await;
    assert_eq!((&books["adds_up"], &books["waiting"]), (&true.into(), &0.into()), "{books}");
    assert_eq!(copy.stored(customers), before);
    for house in [house, copy] {
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_stays_within_its_bound_and_writes_over_nothing() {
    let (house, folder) = (House::open().await, tempfile::tempdir().expect("a folder"));
    let full = house.trunkctl(&["record", "--connector", "web-chat", "--for", "1s", "--output", "/dev/full"]).await;
    assert!(full.code == 2 && full.stderr.contains("there already"), "{full:?}");
    let file = folder.path().join("one.jsonl");
    let file = file.to_str().expect("UTF-8");
    let quiet = house.trunkctl(&["record", "--connector", "web-chat", "--for", "1s", "--output", file]).await;
    assert!(
        quiet.code == 0 && quiet.stdout.contains("0 events") && quiet.stdout.contains("the time was up"),
        "{quiet:?}"
    );
    let again = house.trunkctl(&["record", "--connector", "web-chat", "--for", "1s", "--output", file]).await;
    assert!(again.code == 2 && again.stderr.contains("never written over"), "{again:?}");
    let nobody = folder.path().join("two.jsonl");
    let nobody = nobody.to_str().expect("UTF-8");
    let stranger = house.trunkctl(&["record", "--connector", "nobody", "--for", "1s", "--output", nobody]).await;
    assert!(stranger.code == 1 && stranger.stderr.contains("there is no connector nobody"), "{stranger:?}");
    let empty = house.trunkctl(&["replay", file, "--to", &house.address()]).await;
    assert!(empty.code == 2 && empty.stderr.contains("holds no event"), "{empty:?}");
    house.close().await;
}
