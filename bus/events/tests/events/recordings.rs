//! A recording is read as it was written, and says what it is not.

use trunkline_events::Event;
use trunkline_events::recording::{Beginning, End, Line, VERSION};

use super::samples::samples;

#[test]
fn every_event_goes_through_a_recording_unchanged() {
    for (name, json) in samples() {
        let event = Event::from_json(&json).expect("parses");
        let line = Line::Told(event.received, Box::new(event));
        let written = line.to_json().expect("writes");
        assert_eq!(written.iter().position(|byte| *byte == b'\n'), Some(written.len() - 1), "{name}: a line is a line");
        assert_eq!(Line::parse(&written).expect("reads"), line, "{name}");
    }
}

#[test]
fn a_recording_begins_and_ends_as_it_says() {
    let at = "2026-11-20T07:00:00Z".parse().expect("an instant");
    let begins = Line::Begins(Beginning {
        trunkline_recording: VERSION,
        connector: "avaya-bj".into(),
        kind: "avaya-dmcc".into(),
        began: at,
    });
    let ends = Line::Ends(End { ended: at, events: 7, reason: "the time was up".into() });
    for line in [&begins, &ends] {
        assert_eq!(Line::parse(&line.to_json().expect("writes")).expect("reads"), *line);
    }
    assert_eq!(Line::parse(b"\n").expect("reads"), Line::Empty);
    assert!(Line::begins(&begins.to_json().expect("writes")) && !Line::begins(b"{\"at\":1}\n"));
    let tomorrow = br#"{"trunkline_recording":2,"connector":"a","kind":"b","began":"2026-11-20T07:00:00Z"}"#;
    assert!(Line::parse(tomorrow).expect_err("unknown").to_string().contains("version 2"));
    assert!(Line::parse(b"{\"x\":1}").expect_err("none").to_string().starts_with("no line of a recording"));
}
