//! Bytes that are no event of ours: each a clear error.

use serde_json::{Value, json};
use trunkline_events::{Event, EventError};

fn ringing() -> Value {
    json!({
        "specversion": "1.0",
        "id": "5f3c1a52-9f0e-5c8b-8f6d-0a7a3a3f9b11",
        "source": "/connectors/avaya-bj",
        "type": "trunkline.call.ringing.v1",
        "time": "2026-11-20T06:20:09Z",
        "receivedtime": "2026-11-20T06:20:09Z",
        "partitionkey": "/connectors/avaya-bj|179",
        "data": {
            "call": { "id": "179" },
            "device": { "extension": "4750" },
            "route": { "direction": "inbound", "calling": { "number": "13800138001" }, "called": { "number": "65067" } },
        },
    })
}

fn error(change: impl FnOnce(&mut Value)) -> EventError {
    let mut event = ringing();
    change(&mut event);
    Event::from_json(event.to_string().as_bytes()).expect_err("refused")
}

#[test]
fn the_smallest_event_is_read() {
    let event = Event::from_json(ringing().to_string().as_bytes()).expect("an event");
    assert_eq!((event.routing_key(), event.is_derived(), event.sequence), ("call.ringing.v1", false, None));
}

#[test]
fn a_missing_attribute_is_named() {
    for attribute in ["specversion", "id", "source", "type", "time", "receivedtime", "partitionkey", "data"] {
        let error = error(|event| drop(event.as_object_mut().expect("an object").remove(attribute)));
        assert!(matches!(error, EventError::Envelope(_)), "{error:?}");
        assert!(error.to_string().contains(&format!("missing field `{attribute}`")), "{error}");
    }
}

#[test]
fn another_version_of_cloudevents_is_refused_by_name() {
    let error = error(|event| event["specversion"] = json!("0.3"));
    assert!(matches!(&error, EventError::Version(version) if version == "0.3"), "{error:?}");
}

#[test]
fn a_type_of_another_release_is_refused_by_name() {
    let error = error(|event| event["type"] = json!("trunkline.call.ringing.v2"));
    assert_eq!(error.to_string(), "unknown event type \"trunkline.call.ringing.v2\"");
}

#[test]
fn data_that_does_not_fit_says_what_and_of_which_event() {
    let error = error(|event| event["data"]["device"] = json!({ "agent": "1001" }));
    let told = error.to_string();
    for part in ["trunkline.call.ringing.v1", "5f3c1a52-9f0e-5c8b-8f6d-0a7a3a3f9b11", "missing field `extension`"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_nul_is_refused_wherever_it_stands_and_a_backslash_is_not_taken_for_one() {
    assert!(matches!(error(|event| event["subject"] = json!("a\u{0}b")), EventError::Nul));
    assert!(matches!(error(|event| event["data"]["call"]["id"] = json!("\u{0}")), EventError::Nul));
    assert!(matches!(error(|event| event["data"]["call"]["id"] = json!("\\\u{0}")), EventError::Nul));
    for harmless in ["\\u0000", "\\\\u0000", "u0000", "\\"] {
        let mut event = ringing();
        event["data"]["call"]["id"] = json!(harmless);
        Event::from_json(event.to_string().as_bytes()).unwrap_or_else(|error| panic!("{harmless:?}: {error}"));
    }
    let raw = ringing().to_string().replace("4750", "47\u{0}50");
    assert!(matches!(Event::from_json(raw.as_bytes()), Err(EventError::Data { .. } | EventError::Envelope(_))));
}

#[test]
fn a_sequence_that_is_no_number_is_not_passed_over() {
    let error = error(|event| {
        event["epoch"] = json!("run");
        event["sequence"] = json!("12a");
    });
    assert!(matches!(error, EventError::Sequence(_)), "{error:?}");
}

#[test]
fn cut_deep_and_foreign_bytes_are_errors() {
    let whole = ringing().to_string();
    for end in 0..whole.len() {
        assert!(Event::from_json(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
    }
    let deep = whole.replace("\"4750\"", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    for bytes in [deep.as_bytes(), b"\xff\xfe", b"<xml/>", b"[]", b"\xef\xbb\xbf{}"] {
        assert!(Event::from_json(bytes).is_err());
    }
}
