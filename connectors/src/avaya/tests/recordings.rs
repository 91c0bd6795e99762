//! Recordings: the fixtures, composed here from the wire facts and committed, and what they say.
//!
//! `TRUNKLINE_WRITE_FIXTURES=1 cargo test -p trunkline-connectors fixtures` writes them anew.

use std::path::PathBuf;

use trunkline_events::{Event, Timestamp};

use super::calls::{cleared, dropped, wang_answered, wang_rings};
use super::compose::{UCID, told};
use super::fixtures::fixtures;
use super::line::{START, answer};
use super::story::lines;
use crate::avaya::AvayaDmcc;
use crate::avaya::wire::frame::frame;
use crate::contract::{Action, Actions, Input, Kind, ProtocolError, SourceId};
use crate::drive::replay::{self, Replay};

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

/// What `trunkctl decode` makes of a recording.
fn replayed(stream: &[u8]) -> Replay {
    let start = Timestamp::from_unix_millis(START).expect("time");
    replay::decode(&AvayaDmcc, &SourceId::new("avaya-test").expect("name"), stream, start)
}

fn problems(replay: &Replay) -> Vec<String> {
    replay.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_recording_that_ends_within_a_message_says_how_much_is_left_over() {
    let whole = [wang_rings("4750").frame(), dropped("4750").frame()].concat();
    assert_eq!(problems(&replayed(&whole)), [] as [&str; 0]);
    let cut = replayed(&whole[..whole.len() - 10]);
    assert_eq!(lines(&cut.events).len(), 2, "what is whole is told");
    let left_over = dropped("4750").frame().len() - 10;
    let sentence =
        format!("byte {}: it ends within a message: the last {left_over} bytes are not read", whole.len() - 10);
    assert_eq!(problems(&cut), [sentence]);
}

#[test]
fn a_recording_is_not_read_beyond_a_broken_frame_wherever_the_reads_are_cut() {
    let event = wang_rings("4750").frame();
    for filler in [0_usize, 16_000] {
        let filler = super::compose::event_frame(&format!("<X><!--{}--></X>", "x".repeat(filler)));
        let broken = [filler, b"\x16\x03\x01".to_vec(), event.repeat(40)].concat();
        let replay = replayed(&broken);
        assert_eq!(lines(&replay.events), ["opaque X"], "nothing behind it, though frames begin at later reads");
        let told = problems(&replay);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].contains("not read beyond this"), "{told:?}");
    }
}

#[test]
fn a_station_that_looks_like_a_vdn_when_it_rings_is_known_from_what_happens_there_later() {
    let rings = told("DeliveredEvent").at("4750").from("13800138000", "4750").cause("newCall").ucid(UCID);
    let call = [rings, wang_answered("4750").from("13800138000", "4750"), dropped("4750")];
    let stream: Vec<u8> = call.iter().flat_map(super::compose::Told::frame).collect();
    let offered = "offered in 13800138000>4750";
    let rings = "ringing 4750 in 13800138000>4750";
    let whole = [offered, rings, "answered 4750", "leg_ended 4750", "ended"];
    assert_eq!(lines(&replayed(&stream).events), whole);
}

#[test]
fn a_vdn_that_was_dialled_by_another_number_does_not_ring() {
    let comes =
        told("DeliveredEvent").at("65067").from("13800138000", "4008001234").cause("newCall").ucid(UCID).by("v");
    let stream = [comes.frame(), wang_rings("4750").by("v").frame(), cleared().by("v").frame()].concat();
    let rings = "ringing 4750 in 13800138000>4008001234";
    assert_eq!(
        lines(&replayed(&stream).events),
        ["offered in 13800138000>4008001234", rings, "leg_ended 4750", "ended"],
        "a later event names it as the distributing VDN"
    );
}

#[test]
fn a_recording_of_both_sides_says_whose_each_cross_reference_is() {
    let start = "<MonitorStart><monitorObject><deviceObject>65067:CM1::0</deviceObject></monitorObject><monitorType>call</monitorType></MonitorStart>";
    let both = [
        frame(7, start).expect("fits").to_vec(),
        frame(7, &answer("MonitorStartResponse", "<monitorCrossRefID>v</monitorCrossRefID>")).expect("fits").to_vec(),
    ];
    let events = [wang_rings("4750").by("v"), wang_answered("4750").by("v"), dropped("4750").by("v")];
    let events: Vec<u8> = events.iter().flat_map(super::compose::Told::frame).collect();
    let told = lines(&replayed(&[both.concat(), events.clone()].concat()).events);
    assert_eq!(told.last().map(String::as_str), Some("leg_ended 4750"), "the call is followed: its end is to come");
    assert_eq!(lines(&replayed(&events).events).last().map(String::as_str), Some("ended"));
}

#[test]
fn links_sessions_and_monitors_that_end_are_told_from_a_recording_too() {
    let terminated = "<sessionID>x</sessionID><sessionTermReason><definedTermReason>resourceLimitation</definedTermReason></sessionTermReason>";
    let messages = [
        answer("LinkDownEvent", "<linkName>CM1</linkName>"),
        answer("SystemStatus", "<systemStatus>enabled</systemStatus>"),
        answer("SystemStatus", "<systemStatus>messagesLost</systemStatus>"),
        answer("ApplicationSessionTerminated", terminated),
        answer("StartApplicationSessionPosResponse", "<sessionID>y</sessionID>"),
        answer("MonitorStop", "<monitorCrossRefID>m1</monitorCrossRefID>"),
        answer("SystemStatus", "<systemStatus>overloadReached</systemStatus>"),
    ];
    let stream: Vec<u8> = messages.iter().flat_map(|message| super::compose::event_frame(message)).collect();
    assert_eq!(
        lines(&replayed(&stream).events),
        [
            "down switch",
            "up switch",
            "gap",
            "gap",
            "down session",
            "up session",
            "gap",
            "opaque MonitorStop",
            "opaque SystemStatus"
        ]
    );
}

#[test]
fn rule_27_a_call_id_in_use_again_in_a_recording_without_times_is_another_call_each_time() {
    let rings = || told("DeliveredEvent").at("4750").from("13800138000", "4750").state("alerting");
    let call = [rings(), told("EstablishedEvent").at("4750").from("13800138000", "4750"), dropped("4750")];
    let call: Vec<u8> = call.iter().flat_map(super::compose::Told::frame).collect();
    let replay = replayed(&call.repeat(3));
    let names: std::collections::BTreeSet<_> = replay.events.iter().filter_map(|event| event.subject.clone()).collect();
    let ids: std::collections::HashSet<_> = replay.events.iter().map(|event| event.id).collect();
    assert_eq!((names.len(), ids.len(), replay.events.len()), (3, 15, 15));
}
