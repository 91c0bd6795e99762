//! The simulated web chat against the real connector, over HTTP: whoever wrote the one has not seen the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_events::{Body, Event};
use trunkline_simulators::web_chat::{Entry, Ledger, Misbehaviour, Patience, Sender, run, story};

use crate::inlet::{Inlet, SECRET};
use crate::store::{Store, texts};

const SCENARIO: &str = r#"
[visitors.wang]
id = "v-77"
name = "王女士"
phone = "138 0013 8000"
phone_verified = true

[[step]]
open = { chat = "c-1", visitor = "wang", queue = "refunds" }
[[step]]
write = { chat = "c-1", text = "我的退款怎么样了?" }
misbehave = "duplicate"
[[step]]
assign = { chat = "c-1", agent = "li.na", name = "Li Na" }
[[step]]
answer = { chat = "c-1", agent = "li.na", text = "It left us yesterday." }
misbehave = "renamed"
[[step]]
write = { chat = "c-1", text = "first" }
misbehave = "reordered"
[[step]]
write = { chat = "c-1", text = "second" }
[[step]]
write = { chat = "c-1", text = "forged" }
misbehave = "wrong_signature"
[[step]]
write = { chat = "c-1", text = "changed" }
misbehave = "tampered"
[[step]]
write = { chat = "c-1", text = "late" }
misbehave = "old_timestamp"
[[step]]
tag = { visitor = "wang", set = ["refund"] }
[[step]]
close = { chat = "c-1", reason = "agent" }
"#;

fn kinds(events: &[Event]) -> Vec<&'static str> {
    let told = events.iter().filter(|event| !event.event_type().starts_with("trunkline.link."));
    told.map(|event| event.event_type().trim_start_matches("trunkline.").trim_end_matches(".v1")).collect()
}

#[tokio::test]
async fn the_story_comes_in_once_and_in_order_however_it_is_told() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let inlet = Inlet::start(&store, data.path()).await;
    let ledger = run(SCENARIO, &inlet.url(), SECRET, Ledger::new()).await.expect("a good scenario");
    let refused: Vec<_> =
        ledger.entries().iter().filter(|entry| !entry.accepted).map(|entry| entry.statuses.clone()).collect();
    assert_eq!(refused, [[401], [401], [401]], "forged, changed, late");
    let expected = [
        "chat.opened",
        "chat.message",
        "chat.assigned",
        "chat.message",
        "chat.message",
        "chat.message",
        "customer.tag",
        "chat.closed",
    ];
    assert_eq!(kinds(&store.events()), expected);
    assert_eq!(texts(&store.events()), ["c-1-m1", "c-1-m2", "c-1-m4", "c-1-m3"], "m3 was held back");
}

/// The accounting rule: every accepted message stands once, whatever was away in between.
#[tokio::test]
async fn what_was_accepted_is_stored_once_although_the_daemon_is_killed_again_and_again() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let inlet = Inlet::start(&store, data.path()).await;
    let scenario = "[load]\nchats = 30\nmessages = 10\nat_once = 10\n";
    let url = inlet.url();
    let telling = tokio::spawn(async move { run(scenario, &url, SECRET, Ledger::new()).await });
    for kill in 1..=5 {
        store.until(|events| texts(events).len() >= kill * 40).await;
        inlet.kill().await;
        inlet.start_again(&store, data.path()).await;
    }
    let ledger = telling.await.expect("no panic").expect("a good scenario");
    assert_eq!(ledger.entries().len(), 30 * 12);
    assert!(ledger.entries().iter().all(|entry| entry.accepted), "everything was taken in the end");

    // A repeat of what was durable but never answered comes again with the same id: one message.
    let mut stored: BTreeMap<String, Vec<trunkline_events::EventId>> = BTreeMap::new();
    for event in store.events() {
        if let Body::ChatMessage(message) = &event.body {
            stored.entry(message.message_id.clone()).or_default().push(event.id);
        }
    }
    let told: Vec<&str> = ledger.entries().iter().filter_map(|entry| entry.message.as_deref()).collect();
    assert_eq!(stored.len(), told.len());
    for message in told {
        let ids = stored.get(message).unwrap_or_else(|| panic!("{message} was accepted and is lost"));
        assert!(ids.iter().all(|id| id == &ids[0]), "{message} has two ids");
    }
}

#[tokio::test]
async fn a_huge_body_and_a_slow_one_disturb_nobody() {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let inlet = Inlet::start(&store, data.path()).await;
    let sender = Arc::new(Sender::new(&inlet.url(), SECRET, Patience::quick()).expect("a sender"));
    let message = |id: &str| story::text("c-1", id, "visitor", None, "hello");
    let (huge, slow, usual) = tokio::join!(
        async { sender.misbehave(&message("huge"), Misbehaviour::HugeBody).await },
        async { sender.misbehave(&message("slow"), Misbehaviour::SlowBody).await },
        async { sender.send(&message("usual")).await },
    );
    let status = |entry: &Entry| entry.statuses.clone();
    assert!(matches!(status(&huge)[..], [413 | 0]), "{huge:?}");
    assert_eq!((status(&slow), status(&usual)), (vec![204], vec![204]));
    assert_eq!(texts(&store.events()), ["usual", "slow"]);
}
