//! Masked recordings of real wire formats: the same calls and chats, of other people.

use std::collections::BTreeMap;
use std::fs;

use trunkline_connectors::contract::SourceId;
use trunkline_connectors::drive::replay;
use trunkline_events::cdr::Cdr;
use trunkline_events::{Event, Timestamp};
use trunkline_mapping::cdr::{conversation_keys, fold};
use trunkline_mapping::identity::Rules;
use trunkline_mapping::masking::Masker;
use trunkline_mapping::numbers::DialPlans;

use crate::command::root;

/// What a connector makes of each of its committed recordings.
fn decoded(kind: &str, folder: &str) -> Vec<(String, Vec<Event>)> {
    let kind = trunkline_connectors::kind(kind).expect("a kind");
    let id = SourceId::new("recording").expect("a name");
    let entries = fs::read_dir(root().join("connectors/src").join(folder).join("fixtures")).expect("fixtures");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension != "md"));
    let read = |file: std::path::PathBuf| {
        let bytes = fs::read(&file).expect("readable");
        let mut events = replay::decode(kind, &id, &bytes, Timestamp::EPOCH).events;
        // Bytes alone have no times, and what happens at one instant is put in order by ids, which masks change.
        for (event, second) in events.iter_mut().zip(0..) {
            event.time = Timestamp::from_unix_seconds(second).expect("an instant");
            event.received = event.time;
        }
        (file.display().to_string(), events)
    };
    files.map(read).collect()
}

fn masked(events: &[Event]) -> Vec<Event> {
    let masker = Masker::new(&[42; 32], Rules::default(), DialPlans::default()).expect("a key");
    events.iter().map(|event| masker.event(event).expect("told by a connector")).collect()
}

/// The records of calls and chats in the order in which they began, without ids, numbers and messages' authors.
fn records(events: &[Event]) -> Vec<Cdr> {
    let mut conversations: BTreeMap<uuid::Uuid, Vec<&Event>> = BTreeMap::new();
    for event in events {
        if let Some(key) = conversation_keys(event).first() {
            conversations.entry(key.id()).or_default().push(event);
        }
    }
    let mut records: Vec<Cdr> = conversations
        .into_values()
        .filter_map(fold)
        .map(|folded| Cdr {
            id: uuid::Uuid::nil(),
            calls: Vec::new(),
            customer_handle: folded.cdr.customer_handle.as_ref().map(|_| "somebody".to_owned()),
            ..folded.cdr
        })
        .collect();
    records.sort_by_key(|cdr| (cdr.started, format!("{cdr:?}")));
    records
}

#[test]
fn every_committed_recording_gives_the_same_records_of_other_people() {
    let mut people = 0;
    for (kind, folder) in [("avaya-dmcc", "avaya"), ("chat-webhook", "chat_webhook")] {
        for (file, events) in decoded(kind, folder) {
            let masks = masked(&events);
            assert_eq!(records(&events), records(&masks), "{file}");
            for (event, mask) in events.iter().zip(&masks) {
                assert_eq!((event.event_type(), event.time), (mask.event_type(), mask.time), "{file}");
                let text = String::from_utf8(mask.to_json().expect("JSON")).expect("UTF-8");
                assert!(!text.contains("13800138") && !text.contains("138 0013"), "{file}: {text}");
                let before = String::from_utf8(event.to_json().expect("JSON")).expect("UTF-8");
                people += usize::from(before.contains("13800138") || before.contains("138 0013"));
            }
        }
    }
    assert!(people > 20, "the recordings name people: {people}");
}
