//! The fixtures: composed, not captured, and the story each of them tells.

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_queued, wang_rings};
use super::compose::{OTHER_UCID, Told, UCID, agent, agent_with_reason, event_frame, told};
use super::line::answer;
use crate::avaya::wire::frame::frame;

const RINGS: &str = "ringing 4750 in 13800138000>65067";
const RINGS_NEXT: &str = "ringing 4751 in 13800138000>65067";
const OFFERED: &str = "offered in 13800138000>65067";
const DIALLED: &str = "offered out 4750>913800138000";
const ENDED: [&str; 2] = ["leg_ended 4750", "ended"];

/// A recording and its story.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) story: Vec<&'static str>,
}

fn fixture(name: &'static str, events: &[Told], story: &[&'static str]) -> Fixture {
    Fixture { name, bytes: events.iter().flat_map(Told::frame).collect(), story: story.to_vec() }
}

/// All of them.
pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        inbound(),
        outbound(),
        abandoned_in_queue(),
        unanswered(),
        hold(),
        busy(),
        chinese_name(),
        consult_transfer(),
        conference(),
        blind_transfer(),
        editions(),
        agents(),
        link(),
    ]
}

fn vdn(told: Told) -> Told {
    told.by("v")
}

fn inbound() -> Fixture {
    let events = [
        vdn(wang_at_vdn()),
        vdn(wang_queued()),
        vdn(wang_rings("4750")),
        wang_rings("4750").by("s"),
        wang_answered("4750").by("s"),
        vdn(wang_answered("4750")),
        dropped("4750").by("s"),
        vdn(cleared()),
    ];
    fixture("inbound", &events, &[OFFERED, "queued 601", RINGS, "answered 4750", "leg_ended 4750", "ended"])
}

fn outbound() -> Fixture {
    let far = |root: &str| told(root).at("913800138000").from("4750", "913800138000").state("connected").ucid(UCID);
    let events = [
        told("ServiceInitiatedEvent").at("4750"),
        told("OriginatedEvent").at("4750").from("4750", "913800138000"),
        told("NetworkReachedEvent").at("T7").from("4750", "913800138000").trunk("7"),
        far("DeliveredEvent"),
        far("EstablishedEvent"),
        dropped("4750"),
    ];
    let data = "data Some(\"00001001791767225600\") None";
    fixture("outbound", &events, &[DIALLED, data, "answered 4750", "leg_ended 4750", "ended"])
}

fn abandoned_in_queue() -> Fixture {
    let events = [vdn(wang_at_vdn()), vdn(wang_queued()), vdn(dropped("13800138000")), vdn(cleared())];
    fixture("abandoned-in-queue", &events, &[OFFERED, "queued 601", "ended"])
}

fn unanswered() -> Fixture {
    let away = told("DivertedEvent").at("4750").to("65067").cause("callNotAnswered");
    let events = [
        vdn(wang_at_vdn()),
        vdn(wang_rings("4750")),
        vdn(away),
        vdn(wang_rings("4751").redirected("4750")),
        vdn(wang_answered("4751")),
        vdn(cleared()),
    ];
    let away = "diverted 4750 (callNotAnswered)";
    fixture("unanswered", &events, &[OFFERED, RINGS, away, RINGS_NEXT, "answered 4751", "leg_ended 4751", "ended"])
}

fn hold() -> Fixture {
    let events = [
        wang_rings("4750"),
        wang_answered("4750"),
        told("HeldEvent").at("4750").state("hold"),
        told("RetrievedEvent").at("4750"),
        dropped("4750"),
    ];
    let story = [OFFERED, RINGS, "answered 4750", "held 4750", "resumed 4750", ENDED[0], ENDED[1]];
    fixture("hold", &events, &story)
}

fn busy() -> Fixture {
    let events = [
        told("OriginatedEvent").at("4750").from("4750", "913800138000"),
        told("FailedEvent").at("913800138000").cause("busy"),
    ];
    fixture("busy", &events, &[DIALLED, "leg_ended 4750", "ended failed busy"])
}

fn chinese_name() -> Fixture {
    let named = wang_rings("4750").from("N<13800138000>王女士", "65067").uui("E98080E6ACBE");
    fixture("chinese-name", &[named, dropped("4750")], &[OFFERED, RINGS, ENDED[0], ENDED[1]])
}

/// Ms Wang talks to 4750, who talks to 4751.
fn consulting() -> Vec<Told> {
    let second = |root: &str| told(root).call("180").at("4751").from("4750", "4751").ucid(OTHER_UCID);
    vec![
        wang_rings("4750"),
        wang_answered("4750"),
        told("HeldEvent").at("4750"),
        told("OriginatedEvent").call("180").at("4750").from("4750", "4751"),
        second("DeliveredEvent").state("alerting").original(1, "13800138000", "65067", UCID),
        second("EstablishedEvent").state("connected"),
    ]
}

const CONSULTING: [&str; 8] = [
    OFFERED,
    RINGS,
    "answered 4750",
    "held 4750",
    "offered internal 4750>4751",
    "data Some(\"00001001801767225660\") None",
    RINGS_NEXT,
    "answered 4751",
];

fn consult_transfer() -> Fixture {
    let mut events = consulting();
    let transfer = told("TransferedEvent").at("4750").secondary("180", "4750").to("4751").cause("transfer");
    let transfer = transfer.result("179", &["13800138000", "4751"]).ucids(UCID, OTHER_UCID);
    events.extend([transfer.original(3, "13800138000", "65067", UCID), dropped("4750"), dropped("4751")]);
    let transferred = ["transferred 4750>4751 in 13800138000>65067 +1", "leg_ended 4750", "leg_ended 4751", "ended"];
    fixture("consult-transfer", &events, &[CONSULTING.as_slice(), &transferred].concat())
}

fn conference() -> Fixture {
    let mut events = consulting();
    let conference = told("ConferencedEvent").at("4750").secondary("180", "4750").to("4751").cause("conference");
    let conference = conference.result("179", &["13800138000", "4750", "4751"]).ucids(UCID, OTHER_UCID);
    events.extend([conference, dropped("4750"), dropped("4751")]);
    let joined = ["conferenced 4750+4751 in 13800138000>65067 +1", "resumed 4750", ENDED[0], "leg_ended 4751", "ended"];
    fixture("conference", &events, &[CONSULTING.as_slice(), &joined].concat())
}

fn blind_transfer() -> Fixture {
    let transfer = told("TransferedEvent").at("4750").to("4751").result("179", &["13800138000", "4751"]);
    let rings = told("DeliveredEvent").at("4751").from("4750", "4751").state("alerting");
    let events = [
        wang_rings("4750"),
        wang_answered("4750"),
        transfer.cause("singleStepTransfer"),
        rings.original(3, "13800138000", "65067", UCID),
        wang_answered("4751"),
        dropped("4751"),
    ];
    let transferred = "transferred 4750>4751 in 13800138000>65067 +0";
    let after = ["leg_ended 4750", RINGS_NEXT, "answered 4751", "leg_ended 4751", "ended"];
    fixture("blind-transfer", &events, &[[OFFERED, RINGS, "answered 4750", transferred].as_slice(), &after].concat())
}

fn editions() -> Fixture {
    let ed2 = "http://www.ecma-international.org/standards/ecma-323/csta/ed2";
    let private = "http://www.ecma-international.org/standards/ecma-323/csta/ed3/priv6";
    let events = [
        wang_rings("4750").edition(ed2, ""),
        wang_answered("4750").edition(private, "ns1"),
        dropped("4750").edition("http://www.avaya.com/csta", "avaya").reversed(),
    ];
    fixture("editions", &events, &[OFFERED, RINGS, "answered 4750", ENDED[0], ENDED[1]])
}

fn agents() -> Fixture {
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
    let story = [
        "login 1001 true",
        "state 1001 Ready",
        "state 1001 NotReady (3)",
        "state 1001 Ready",
        "state 1001 AfterCall",
        "state 1001 LoggedOff",
        "login 1001 false",
    ];
    let bytes = agents.iter().flat_map(|xml| event_frame(xml)).collect();
    Fixture { name: "agents", bytes, story: story.to_vec() }
}

/// Both directions: a client's request, answers, link and system status, an event that we do not know.
fn link() -> Fixture {
    let version =
        "<actualProtocolVersion>3.0</actualProtocolVersion><actualSessionDuration>180</actualSessionDuration>";
    let session = format!("<sessionID>469421A9364D46D6444524AE41BEAD72-1</sessionID>{version}");
    let framed = |invoke: u16, root: &str, inner: &str| frame(invoke, &answer(root, inner)).expect("fits").to_vec();
    let bytes = [
        framed(0, "StartApplicationSession", "<applicationInfo/>"),
        framed(0, "StartApplicationSessionPosResponse", &session),
        framed(9999, "LinkDownEvent", "<linkName>CM1</linkName>"),
        framed(12, "SystemStatus", "<systemStatus>disabled</systemStatus>"),
        framed(9999, "EndpointUnregisteredEvent", "<monitorCrossRefID>m1</monitorCrossRefID>"),
    ]
    .concat();
    Fixture { name: "link", bytes, story: vec!["down switch", "opaque EndpointUnregisteredEvent"] }
}
