//! Recordings: the fixtures, composed here from the wire facts and committed, and what they say.
//!
//! `TRUNKLINE_WRITE_FIXTURES=1 cargo test -p trunkline-connectors fixtures` writes them anew.

use std::path::PathBuf;

use trunkline_events::{Event, Timestamp};

use super::fixtures::fixtures;
use super::line::START;
use super::story::lines;
use crate::avaya::AvayaDmcc;
use crate::contract::{Action, Actions, Input, Kind, ProtocolError, SourceId};

/// The events of a recording.
pub(crate) fn decode(stream: &[u8]) -> Vec<Event> {
    decode_in(std::iter::once(stream), &mut Vec::new())
}

/// The events of a recording that comes in pieces, and what was no good.
pub(crate) fn decode_in<'a>(pieces: impl Iterator<Item = &'a [u8]>, errors: &mut Vec<ProtocolError>) -> Vec<Event> {
    let mut listener = AvayaDmcc.listener(&SourceId::new("avaya-test").expect("name"));
    let mut events = Vec::new();
    for piece in pieces {
        let mut bytes = piece;
        loop {
            let mut actions = Actions::new(Timestamp::from_unix_millis(START).expect("time"));
            let outcome = listener.on(Input::Bytes(bytes), &mut actions);
            for action in actions.into_list() {
                if let Action::Emit(event) = action {
                    events.push(*event);
                }
            }
            let Err(error) = outcome else { break };
            errors.push(error);
            bytes = &[];
        }
    }
    events
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/avaya/fixtures/{name}.bin"))
}

#[test]
fn fixtures_are_what_the_tables_compose() {
    let write = std::env::var_os("TRUNKLINE_WRITE_FIXTURES").is_some();
    for fixture in fixtures() {
        let path = path(fixture.name);
        if write {
            std::fs::write(&path, &fixture.bytes).expect("written");
        }
        let committed = std::fs::read(&path).expect("committed");
        assert!(committed == fixture.bytes, "{} differs from what is composed", fixture.name);
    }
}

#[test]
fn recordings_tell_their_stories_with_an_id_for_each_event() {
    for fixture in fixtures() {
        let name = fixture.name;
        let stream = std::fs::read(path(name)).expect("committed");
        let events = decode(&stream);
        assert_eq!(lines(&events), fixture.story, "{name}");
        let ids: std::collections::HashSet<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), events.len(), "{name}");
        assert_eq!(decode(&stream), events, "{name}: the same again");
    }
}

#[test]
fn any_flipped_byte_and_any_prefix_of_a_recording_is_taken_without_a_panic() {
    let stream = std::fs::read(path("inbound")).expect("committed");
    for at in 0..stream.len() {
        let mut flipped = stream.clone();
        flipped[at] ^= 1 << (at % 8);
        decode(&flipped);
    }
    for length in (0..stream.len()).step_by(7) {
        decode(&stream[..length]);
    }
}

#[test]
fn a_recording_of_something_else_is_one_clear_error() {
    let mut errors = Vec::new();
    assert_eq!(decode_in(std::iter::once(b"GET / HTTP/1.1\r\n".as_slice()), &mut errors), []);
    assert!(errors[0].reason.contains("not framed as CSTA XML"));
}
