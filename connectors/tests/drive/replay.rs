//! Recordings: raw, with times, and damaged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trunkline_connectors::contract::{Ability, Built, Flow, Kind, ParamsError, Protocol, Recording, SourceId};
use trunkline_connectors::drive::replay::{Place, decode};
use trunkline_connectors::kind;
use trunkline_events::Timestamp;

use crate::line::{Lines, id};
use crate::store::texts;

struct LineKind;

impl Kind for LineKind {
    fn name(&self) -> &'static str {
        "lines"
    }
    fn flow(&self) -> Flow {
        Flow::In
    }
    fn abilities(&self) -> &'static [Ability] {
        &[]
    }
    fn example(&self) -> &'static str {
        ""
    }
    fn build(&self, _: &SourceId, _: &config::Value) -> Result<Built, ParamsError> {
        Ok(crate::line::client(0, None))
    }
    fn listener(&self, _: &SourceId) -> Box<dyn Protocol> {
        Box::new(Lines::default())
    }
    fn recording(&self) -> Recording {
        Recording::Stream
    }
}

fn start() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().expect("an instant")
}

#[test]
fn raw_bytes_and_lines_with_times_say_the_same() {
    let raw = decode(&LineKind, &id(), b"say 1\nsay 2\n", start());
    assert_eq!(texts(&raw.events), ["1", "2"]);
    assert!(raw.events.iter().all(|event| event.time == start() && event.source == "/connectors/lines"));
    let lines = format!(
        "{{\"at\":\"2026-03-01T09:00:00Z\",\"bytes\":\"{}\"}}\n\n{{\"text\":\"1\\n\"}}\n{{\"at\":\"2026-03-01T09:00:05Z\",\"text\":\"say 2\\n\"}}\n",
        STANDARD.encode("say ")
    );
    let timed = decode(&LineKind, &id(), lines.as_bytes(), start());
    assert_eq!(timed.problems, []);
    let instants: Vec<_> = timed.events.iter().map(|event| event.time.to_string()).collect();
    assert_eq!(texts(&timed.events), ["1", "2"]);
    assert_eq!(instants, ["2026-03-01T09:00:00Z", "2026-03-01T09:00:05Z"]);
}

#[test]
fn what_is_no_good_is_told_by_its_place_and_stops_nothing() {
    let raw = decode(&LineKind, &id(), b"say 1\nbad\nworse\nsay 2\n", start());
    assert_eq!(texts(&raw.events), ["1", "2"]);
    assert_eq!(raw.problems.len(), 2);
    assert_eq!(raw.problems[0].place, Place::Offset(0));
    let lines =
        b"{\"text\":\"say 1\\n\"}\n{\"bytes\":\"?\"}\nnonsense\n{\"text\":\"fatal\\n\"}\n{\"text\":\"say 2\\n\"}\n";
    let timed = decode(&LineKind, &id(), lines, start());
    assert_eq!(texts(&timed.events), ["1", "2"]);
    let places: Vec<_> = timed.problems.iter().map(|problem| problem.place).collect();
    assert_eq!(places, [Place::Line(2), Place::Line(3), Place::Line(4)]);
    assert!(timed.problems[2].to_string().starts_with("line 4: fatal"));
}

#[test]
fn webhook_bodies_stand_one_a_line_with_or_without_their_headers() {
    let chat = kind("chat-webhook").expect("built in");
    let body = r#"{"type":"chat.message","data":{"chat_id":"c","message_id":"1","author":"visitor","content":{"type":"text","text":"x"}}}"#;
    let second = body.replace("\"1\"", "\"2\"");
    let recording = format!(
        "{body}\n{{\"at\":\"2026-03-01T09:00:00Z\",\"headers\":{{\"Webhook-Id\":\"a\"}},\"body\":{second}}}\n{}\n{{\"oops\":1}}\n",
        serde_json::json!({ "body": body.replace("\"1\"", "\"3\"") })
    );
    let replay = decode(chat, &SourceId::new("web-chat").expect("a name"), recording.as_bytes(), start());
    assert_eq!(texts(&replay.events), ["1", "2", "3"]);
    assert_eq!(replay.events[1].received.to_string(), "2026-03-01T09:00:00Z");
    assert_eq!(replay.problems.len(), 1);
    assert_eq!(replay.problems[0].place, Place::Line(4));
}
