//! Recordings: the fixtures, composed here from the wire facts and committed, and what they say.
//!
//! `TRUNKLINE_WRITE_FIXTURES=1 cargo test -p trunkline-connectors fixtures` writes them anew.

use std::path::PathBuf;

use trunkline_events::{Event, Timestamp};

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_queued, wang_rings};
use super::compose::{OTHER_UCID, Told, UCID, agent, agent_with_reason, event_frame, told};
use super::line::{START, answer};
use super::story::lines;
use crate::avaya::AvayaDmcc;
use crate::avaya::wire::frame::frame;
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

type Fixture = (&'static str, Vec<u8>, &'static [&'static str]);

fn of(events: &[Told]) -> Vec<u8> {
    events.iter().flat_map(Told::frame).collect()
}

const RINGS: &str = "ringing 4750 in 13800138000>65067";
const OFFERED: &str = "offered in 13800138000>65067";

/// Name, bytes, story.
fn fixtures() -> Vec<Fixture> {
    let mut all = plain_calls();
    all.extend(joined_calls());
    all.extend(other_streams());
    all
}

fn plain_calls() -> Vec<Fixture> {
    let vdn = |told: Told| told.by("v");
    let inbound = of(&[
        vdn(wang_at_vdn()),
        vdn(wang_queued()),
        vdn(wang_rings("4750")),
        wang_rings("4750").by("s"),
        wang_answered("4750").by("s"),
        vdn(wang_answered("4750")),
        dropped("4750").by("s"),
        vdn(cleared()),
    ]);
    let outbound = of(&[
        told("ServiceInitiatedEvent").at("4750"),
        told("OriginatedEvent").at("4750").from("4750", "913800138000"),
        told("NetworkReachedEvent").at("T7").from("4750", "913800138000").trunk("7"),
        told("DeliveredEvent").at("913800138000").from("4750", "913800138000").state("connected").ucid(UCID),
        told("EstablishedEvent").at("913800138000").from("4750", "913800138000").state("connected").ucid(UCID),
        dropped("4750"),
    ]);
    let away = told("DivertedEvent").at("4750").to("65067").cause("callNotAnswered");
    let unanswered = of(&[
        vdn(wang_at_vdn()),
        vdn(wang_rings("4750")),
        vdn(away),
        vdn(wang_rings("4751").redirected("4750")),
        vdn(wang_answered("4751")),
        vdn(cleared()),
    ]);
    let hold = of(&[
        wang_rings("4750"),
        wang_answered("4750"),
        told("HeldEvent").at("4750").state("hold"),
        told("RetrievedEvent").at("4750"),
        dropped("4750"),
    ]);
    let named = wang_rings("4750").from("N<13800138000>王女士", "65067").uui("E98080E6ACBE");
    vec![
        ("inbound", inbound, &[OFFERED, "queued 601", RINGS, "answered 4750", "leg_ended 4750", "ended"]),
        (
            "outbound",
            outbound,
            &[
                "offered out 4750>913800138000",
                "data Some(\"00001001791767225600\") None",
                "answered 4750",
                "leg_ended 4750",
                "ended",
            ],
        ),
        (
            "abandoned-in-queue",
            of(&[vdn(wang_at_vdn()), vdn(wang_queued()), vdn(dropped("13800138000")), vdn(cleared())]),
            &[OFFERED, "queued 601", "ended"],
        ),
        (
            "unanswered",
            unanswered,
            &[
                OFFERED,
                RINGS,
                "diverted 4750 (callNotAnswered)",
                "ringing 4751 in 13800138000>65067",
                "answered 4751",
                "leg_ended 4751",
                "ended",
            ],
        ),
        ("hold", hold, &[OFFERED, RINGS, "answered 4750", "held 4750", "resumed 4750", "leg_ended 4750", "ended"]),
        (
            "busy",
            of(&[
                told("OriginatedEvent").at("4750").from("4750", "913800138000"),
                told("FailedEvent").at("913800138000").cause("busy"),
            ]),
            &["offered out 4750>913800138000", "leg_ended 4750", "ended failed busy"],
        ),
        ("chinese-name", of(&[named, dropped("4750")]), &[OFFERED, RINGS, "leg_ended 4750", "ended"]),
    ]
}

fn joined_calls() -> Vec<Fixture> {
    let consult = || {
        vec![
            wang_rings("4750"),
            wang_answered("4750"),
            told("HeldEvent").at("4750"),
            told("OriginatedEvent").call("180").at("4750").from("4750", "4751"),
            told("DeliveredEvent")
                .call("180")
                .at("4751")
                .from("4750", "4751")
                .state("alerting")
                .ucid(OTHER_UCID)
                .original(1, "13800138000", "65067", UCID),
            told("EstablishedEvent").call("180").at("4751").from("4750", "4751").state("connected").ucid(OTHER_UCID),
        ]
    };
    let mut transfer = consult();
    transfer.push(
        told("TransferedEvent")
            .at("4750")
            .secondary("180", "4750")
            .to("4751")
            .result("179", &["13800138000", "4751"])
            .cause("transfer")
            .ucids(UCID, OTHER_UCID)
            .original(3, "13800138000", "65067", UCID),
    );
    transfer.extend([dropped("4750"), dropped("4751")]);
    let mut conference = consult();
    conference.push(
        told("ConferencedEvent")
            .at("4750")
            .secondary("180", "4750")
            .to("4751")
            .result("179", &["13800138000", "4750", "4751"])
            .ucids(UCID, OTHER_UCID),
    );
    conference.extend([dropped("4750"), dropped("4751")]);
    let blind = of(&[
        wang_rings("4750"),
        wang_answered("4750"),
        told("TransferedEvent")
            .at("4750")
            .to("4751")
            .result("179", &["13800138000", "4751"])
            .cause("singleStepTransfer"),
        told("DeliveredEvent").at("4751").from("4750", "4751").state("alerting").original(
            3,
            "13800138000",
            "65067",
            UCID,
        ),
        wang_answered("4751"),
        dropped("4751"),
    ]);
    vec![
        (
            "consult-transfer",
            of(&transfer),
            &[
                OFFERED,
                RINGS,
                "answered 4750",
                "held 4750",
                "offered internal 4750>4751",
                "data Some(\"00001001801767225660\") None",
                "ringing 4751 in 13800138000>65067",
                "answered 4751",
                "transferred 4750>4751 in 13800138000>65067 +1",
                "leg_ended 4750",
                "leg_ended 4751",
                "ended",
            ],
        ),
        (
            "conference",
            of(&conference),
            &[
                OFFERED,
                RINGS,
                "answered 4750",
                "held 4750",
                "offered internal 4750>4751",
                "data Some(\"00001001801767225660\") None",
                "ringing 4751 in 13800138000>65067",
                "answered 4751",
                "conferenced 4750+4751 in 13800138000>65067 +1",
                "resumed 4750",
                "leg_ended 4750",
                "leg_ended 4751",
                "ended",
            ],
        ),
        (
            "blind-transfer",
            blind,
            &[
                OFFERED,
                RINGS,
                "answered 4750",
                "transferred 4750>4751 in 13800138000>65067 +0",
                "leg_ended 4750",
                "ringing 4751 in 13800138000>65067",
                "answered 4751",
                "leg_ended 4751",
                "ended",
            ],
        ),
    ]
}

fn other_streams() -> Vec<Fixture> {
    let editions = of(&[
        wang_rings("4750").edition("http://www.ecma-international.org/standards/ecma-323/csta/ed2", ""),
        wang_answered("4750").edition("http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6", "ns1"),
        dropped("4750").edition("http://www.avaya.com/csta", "avaya").reversed(),
    ]);
    let agents = [
        agent("AgentLoggedOnEvent", "4750", "1001", Some("601")),
        agent("AgentLoggedOnEvent", "4750", "1001", Some("602")),
        agent("AgentReadyEvent", "4750", "1001", None),
        agent_with_reason("AgentNotReadyEvent", "4750", "1001", "3"),
        agent("AgentReadyEvent", "4750", "1001", None),
        agent("AgentWorkingAfterCallEvent", "4750", "1001", None),
        agent("AgentLoggedOffEvent", "4750", "1001", Some("601")),
        agent("AgentLoggedOffEvent", "4750", "1001", Some("602")),
    ];
    let agents: Vec<u8> = agents.iter().flat_map(|xml| event_frame(xml)).collect();
    let status = frame(12, &answer("SystemStatus", "<systemStatus>disabled</systemStatus>")).expect("fits").to_vec();
    let started = answer(
        "StartApplicationSessionPosResponse",
        "<sessionID>469421A9364D46D6444524AE41BEAD72-1</sessionID><actualProtocolVersion>3.0</actualProtocolVersion><actualSessionDuration>180</actualSessionDuration>",
    );
    let started = frame(0, &started).expect("fits").to_vec();
    let both_directions = [
        frame(0, &answer("StartApplicationSession", "<applicationInfo/>")).expect("fits").to_vec(),
        started,
        event_frame(&answer("LinkDownEvent", "<monitorCrossRefID>l</monitorCrossRefID><linkName>CM1</linkName>")),
        status,
        event_frame(&answer("EndpointUnregisteredEvent", "<monitorCrossRefID>m1</monitorCrossRefID>")),
    ]
    .concat();
    vec![
        ("editions", editions, &[OFFERED, RINGS, "answered 4750", "leg_ended 4750", "ended"]),
        (
            "agents",
            agents,
            &[
                "login 1001 true",
                "state 1001 Ready",
                "state 1001 NotReady (3)",
                "state 1001 Ready",
                "state 1001 AfterCall",
                "state 1001 LoggedOff",
                "login 1001 false",
            ],
        ),
        ("link", both_directions, &["opaque EndpointUnregisteredEvent"]),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/avaya/fixtures/{name}.bin"))
}

#[test]
fn fixtures_are_what_the_tables_compose() {
    let write = std::env::var_os("TRUNKLINE_WRITE_FIXTURES").is_some();
    for (name, bytes, _) in fixtures() {
        if write {
            std::fs::write(path(name), &bytes).expect("written");
        }
        assert!(std::fs::read(path(name)).expect("committed") == bytes, "{name} differs from what is composed");
    }
}

#[test]
fn recordings_tell_their_stories_with_an_id_for_each_event() {
    for (name, _, expected) in fixtures() {
        let stream = std::fs::read(path(name)).expect("committed");
        let events = decode(&stream);
        assert_eq!(lines(&events), expected, "{name}");
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
