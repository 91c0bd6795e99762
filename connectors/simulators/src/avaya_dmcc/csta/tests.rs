//! The tables of avaya.md 1.6 to 1.8 as data, and every event the switch can cause held against them.

use std::collections::BTreeSet;

use super::frame::{Splitter, encode};
use super::{CSTA_ED3, Element, Names, agent_event, call_event, parse};
use crate::avaya_dmcc::switch::{AgentDefinition, Arrive, Occurrence, Switch, SwitchDefinition, Verb};

/// Root, children before the common tail, name of the tail's connection information. A `?` marks what may be absent.
const HEADS: [(&str, &str, &str); 16] = [
    ("ServiceInitiatedEvent", "initiatedConnection initiatingDevice", "-"),
    ("OriginatedEvent", "originatedConnection callingDevice calledDevice originatingDevice?", "-"),
    (
        "DeliveredEvent",
        "connection alertingDevice callingDevice calledDevice lastRedirectionDevice originatingNIDConnection?",
        "connectionInfo",
    ),
    (
        "EstablishedEvent",
        "establishedConnection answeringDevice callingDevice calledDevice lastRedirectionDevice \
         originatinNIDConnection?",
        "establishedConnectionInfo",
    ),
    (
        "QueuedEvent",
        "queuedConnection queue callingDevice calledDevice lastRedirectionDevice numberQueued? callsInFront?",
        "queuedConnectionInfo",
    ),
    (
        "DivertedEvent",
        "connection divertingDevice newDestination callingDevice? calledDevice? lastRedirectionDevice?",
        "connectionInfo",
    ),
    (
        "FailedEvent",
        "failedConnection failingDevice callingDevice calledDevice lastRedirectionDevice originatingNIDConnection?",
        "failedConnectionInfo",
    ),
    ("HeldEvent", "heldConnection holdingDevice", "heldConnectionInfo"),
    ("RetrievedEvent", "retrievedConnection retrievingDevice", "retrievedConnectionInfo"),
    ("ConnectionClearedEvent", "droppedConnection releasingDevice", "droppedConnectionInfo"),
    ("CallClearedEvent", "clearedCall", "-"),
    (
        "TransferedEvent",
        "primaryOldCall secondaryOldCall? transferringDevice transferredToDevice transferredConnections",
        "-",
    ),
    ("ConferencedEvent", "primaryOldCall secondaryOldCall? conferencingDevice addedParty conferenceConnections", "-"),
    (
        "NetworkReachedEvent",
        "outboundConnection networkInterfaceUsed callingDevice calledDevice lastRedirectionDevice",
        "outboundConnectionInfo",
    ),
    ("CallInformationEvent", "connection device callingDevice? accountInfo? authCode?", "-"),
    ("EnteredDigitsEvent", "connection digits", "-"),
];

/// Avaya's private data by event (1.8); all of it may be absent.
const PRIVATE: [(&str, &str); 4] = [
    (
        "DeliveredEventPrivateData",
        "trunkGroup trunkMember acdGroup lookAheadInfo userEnteredCode distributingDevice distributingVDN \
         originalCallInfo channelType",
    ),
    (
        "EstablishedEventPrivateData",
        "trunkGroup trunkMember acdGroup lookAheadInfo userEnteredCode reason distributingDevice distributingVDN \
         originalCallInfo channelType",
    ),
    ("TransferredEventPrivateData", "distributingDevice distributingVDN trunkList originalCallInfo"),
    ("ConferencedEventPrivateData", "distributingDevice distributingVDN trunkList originalCallInfo"),
];

/// Structures inside events (1.6, 1.8).
const INSIDE: [(&str, &str); 7] = [
    (
        "originalCallInfo",
        "reason networkCallingDevice networkCalledDevice trunkGroup trunkMember lookAheadInfo userEnteredCode \
         userData callLinkageData deviceHistory",
    ),
    ("userEnteredCode", "userEnteredCodeType userEnteredCodeIndicator data collectVDN"),
    ("trunkInterfaceInfoItem", "connection_asn trunkGroup trunkMember"),
    ("connectionListItem", "newConnection oldConnection endpoint associatedNID resultingConnectionInfo"),
    ("callLinkageDataList", "newCallLinkageData oldCallLinkageData"),
    ("callLinkageData", "globalCallData threadData"),
    ("globalCallData", "globalCallSwitchingSubDomainName globalCallLinkageID callLinkageIDTimestamp"),
];

const AGENT_EVENTS: [(&str, &str); 6] = [
    ("AgentLoggedOnEvent", "agentDevice agentID? acdGroup? agentPassword? cause? extensions?"),
    ("AgentLoggedOffEvent", "agentDevice agentID? acdGroup? agentPassword? cause? extensions?"),
    ("AgentReadyEvent", "agentDevice agentID? acdGroup? cause? extensions?"),
    ("AgentNotReadyEvent", "agentDevice agentID? acdGroup? cause? extensions?"),
    ("AgentBusyEvent", "agentDevice agentID? acdGroup? cause? extensions?"),
    ("AgentWorkingAfterCallEvent", "agentDevice agentID? acdGroup? pendingAgentState? cause? extensions?"),
];

fn tail(root: &str, information: &str) -> String {
    if root == "CallInformationEvent" {
        return "correlatorData? userData? callLinkageDataList? extensions?".to_owned();
    }
    let user_data = if matches!(root, "ServiceInitiatedEvent" | "OriginatedEvent") { "" } else { "userData?" };
    let linkage =
        if matches!(root, "TransferedEvent" | "ConferencedEvent") { "callLinkageDataList" } else { "callLinkageData" };
    format!(
        "localConnectionInfo? correlatorData? {user_data} cause servicesPermitted? networkCallingDevice? \
         networkCalledDevice? associatedCallingDevice? associatedCalledDevice? mediaCallCharacteristics? \
         callCharacteristics? {information}? {linkage}? subjectOfCall? messageInfo? languagePreferences? \
         deviceHistory? extensions?"
    )
}

/// Children must come in the table's order, and all that may not be absent must be there.
fn follows(element: &Element, table: &str) -> Result<(), String> {
    let mut children = element.children.iter().map(|child| child.name.as_str()).peekable();
    for entry in table.split_whitespace() {
        let name = entry.trim_end_matches('?');
        if children.peek() == Some(&name) {
            children.next();
        } else if !entry.ends_with('?') {
            return Err(format!("{} lacks {name} at its place", element.name));
        }
    }
    children.next().map_or(Ok(()), |name| Err(format!("{}: {name} is out of place", element.name)))
}

fn each(element: &Element, look: &mut impl FnMut(&Element)) {
    look(element);
    element.children.iter().for_each(|child| each(child, look));
}

fn installed(keeps_consultation: bool) -> Switch {
    let definition = SwitchDefinition {
        stations: vec!["4750-4753".to_owned()],
        recorders: vec!["4790".to_owned()],
        skills: vec!["601".to_owned()],
        vdns: vec!["65067".to_owned()],
        merge_keeps_consultation: keeps_consultation,
        tells_diverted_from_queue: keeps_consultation,
        ucid_in_originated: keeps_consultation,
        ..SwitchDefinition::default()
    };
    Switch::new(definition).expect("a switch")
}

/// A day on which everything happens that the switch knows, in both ways of merging calls.
fn a_day(keeps_consultation: bool) -> Vec<Occurrence> {
    let mut switch = installed(keeps_consultation);
    let agent = |id: &str, station: &str| AgentDefinition {
        id: id.to_owned(),
        station: station.to_owned(),
        skills: vec!["601".to_owned()],
        logged_on: false,
        manual_in: true,
    };
    switch.install(agent("1001", "4750")).expect("an agent");
    let text = |text: &str| text.to_owned();
    let arrive = |call: &str, ani: &str| {
        let (uui, digits) = (Some(text("退款 & <refund>")), Some(text("3")));
        Verb::Arrive(Arrive { call: text(call), ani: text(ani), to: text("65067"), uui, digits, ..Arrive::default() })
    };
    let inbound = |call: &str, ani: &str| {
        [arrive(call, ani), Verb::queue(call, "601"), Verb::ring(call, "4750"), Verb::answer(call)]
    };
    let consult = Verb::Consult { call: text("a"), station: None, to: text("4751"), r#as: None };
    let mut verbs = vec![Verb::LogOn { agent: text("1001") }, Verb::Ready { agent: text("1001") }];
    verbs.extend(inbound("a", "13800138000"));
    verbs.extend([
        Verb::Attach { call: text("a"), uui: text("level=gold") },
        Verb::EnterDigits { call: text("a"), digits: text("42#") },
        Verb::Busy { agent: text("1001") },
        Verb::Hold { call: text("a"), station: None },
        Verb::Retrieve { call: text("a"), station: None },
        consult.clone(),
        Verb::answer("a/consult"),
        Verb::Transfer { call: text("a"), station: None },
        Verb::Record { call: text("a"), recorder: text("4790") },
        Verb::drop("a", "13800138000"),
    ]);
    verbs.extend(inbound("a", "restricted"));
    verbs.extend([
        consult,
        Verb::answer("a/consult"),
        Verb::Conference { call: text("a"), station: None },
        Verb::Clear { call: text("a") },
    ]);
    verbs.extend(inbound("b", "unknown"));
    verbs.push(Verb::SingleStepTransfer { call: text("b"), station: None, to: text("4752") });
    verbs.push(Verb::Rona { call: text("b"), to: text("601") });
    verbs.push(Verb::Abandon { call: text("b") });
    verbs.extend(inbound("c", "+8613800138001"));
    verbs.push(Verb::BlindTransfer { call: text("c"), station: None, to: text("4752") });
    verbs.push(Verb::PickUp { call: text("c"), by: text("4753") });
    verbs.push(Verb::ClearAll);
    verbs.extend([Verb::dial("d", "4750", "13800138002"), Verb::Reached { call: text("d") }, Verb::answer("d")]);
    verbs.extend([Verb::dial("e", "4751", "13800138003"), Verb::Fail { call: text("e"), cause: None }]);
    verbs.push(Verb::NotReady { agent: text("1001"), reason: Some(7) });
    verbs.extend([Verb::ClearAll, Verb::LogOff { agent: text("1001"), reason: Some(2) }]);
    let did =
        |verb: &Verb| switch.apply(verb, 1_428_242_051).unwrap_or_else(|error| panic!("{verb:?}: {error}")).occurrences;
    verbs.iter().flat_map(did).collect()
}

fn documents() -> Vec<Element> {
    let names = Names::new(&SwitchDefinition::default(), CSTA_ED3);
    let mut documents = Vec::new();
    for occurrence in a_day(true).iter().chain(&a_day(false)) {
        match occurrence {
            Occurrence::Agent(agent) => documents.push(agent_event(&names, "1", agent)),
            Occurrence::Call(call) => {
                documents.push(call_event(&names, "1", None, call));
                let locals = call.audience.iter().map(|(_, local)| call_event(&names, "2", *local, call));
                documents.extend(locals);
            }
        }
    }
    documents.iter().map(|text| parse(text.as_bytes()).expect("each document is well formed")).collect()
}

#[test]
fn children_of_every_event_come_in_the_order_of_the_tables() {
    let mut seen = BTreeSet::new();
    for document in documents() {
        let root = document.name.as_str();
        let table = HEADS.iter().find(|(name, ..)| *name == root).map_or_else(
            || AGENT_EVENTS.iter().find(|(name, _)| *name == root).map(|(_, table)| (*table).to_owned()),
            |(_, head, information)| Some(format!("{head} {}", tail(root, information))),
        );
        let table = table.unwrap_or_else(|| panic!("{root} is in no table"));
        follows(&document, &format!("monitorCrossRefID {table}")).expect(root);
        seen.insert(root.to_owned());
    }
    let all: BTreeSet<String> = HEADS
        .iter()
        .map(|(root, ..)| *root)
        .chain(AGENT_EVENTS.iter().map(|(root, _)| *root))
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, all, "the day has every event of the tables");
}

#[test]
fn structures_inside_events_follow_the_tables() {
    let mut seen = BTreeSet::new();
    for document in documents() {
        each(&document, &mut |element| {
            for (name, table) in PRIVATE.iter().chain(&INSIDE).filter(|(name, _)| *name == element.name) {
                let optional: Vec<String> = table.split_whitespace().map(|child| format!("{child}?")).collect();
                follows(element, &optional.join(" ")).expect(name);
                seen.insert(*name);
            }
        });
    }
    assert_eq!(seen.len(), PRIVATE.len() + INSIDE.len(), "the day has every structure: {seen:?}");
}

#[test]
fn caller_of_a_transferred_call_stands_in_the_original_call() {
    let transferred: Vec<Element> = documents().into_iter().filter(|root| root.name == "TransferedEvent").collect();
    let first = &transferred[0];
    let original = first.find("originalCallInfo").expect("private data has it");
    let ani = original.text_at(&["networkCallingDevice", "deviceIdentifier"]);
    assert_eq!(ani, Some("13800138000:CM1::0"));
    assert_eq!(original.text_at(&["reason"]), Some("3"), "a number (1.8)");
    let id = |side| first.at(&["callLinkageDataList", side]).and_then(|data| data.find("globallyUniqueCallLinkageID"));
    let (new, old) = (id("newCallLinkageData").expect("new"), id("oldCallLinkageData").expect("old"));
    assert_ne!(new.text, old.text);
    assert_eq!(original.find("globallyUniqueCallLinkageID").map(|ucid| &ucid.text), Some(&old.text));
}

#[test]
fn the_connection_of_a_call_that_is_over_names_no_device() {
    let cleared: Vec<Element> = documents().into_iter().filter(|root| root.name == "CallClearedEvent").collect();
    assert!(!cleared.is_empty());
    for document in cleared {
        assert!(document.at(&["clearedCall", "callID"]).is_some() && document.find("deviceID").is_none());
    }
}

#[test]
fn user_data_is_hex_and_devices_are_written_in_full() {
    let document = documents().into_iter().find(|root| root.name == "DeliveredEvent").expect("there is one");
    let hex = document.text_at(&["userData", "string"]).expect("user data");
    assert_eq!(hex, "E98080E6ACBE2026203C726566756E643E");
    assert_eq!(document.text_at(&["alertingDevice", "deviceIdentifier"]), Some("65067:CM1::0"));
}

#[test]
fn frames_are_found_however_the_bytes_are_cut() {
    let stream = [encode(0, b"<a/>"), encode(9_998, "<b>王</b>".as_bytes()), encode(9_999, b"")]
        .map(|frame| frame.expect("short enough"))
        .concat();
    for piece in 1..stream.len() {
        let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
        for bytes in stream.chunks(piece) {
            splitter.push(bytes);
            while let Some(frame) = splitter.next_frame().expect("in step") {
                frames.push((frame.invoke_id, frame.body.len()));
            }
        }
        assert_eq!(frames, [(0, 4), (9_998, 10), (9_999, 0)], "pieces of {piece}");
    }
}

#[test]
fn stream_out_of_step_is_refused() {
    let refused = |bytes: &[u8]| {
        let mut splitter = Splitter::default();
        splitter.push(bytes);
        splitter.next_frame().is_err()
    };
    assert!(refused(b"\x00\x01\x00\x080001"), "indicator");
    assert!(refused(b"\x00\x00\x00\x070001"), "length");
    assert!(refused(b"\x00\x00\x00\x0800x1"), "invoke id");
    assert!(!refused(b"\x00\x00\xff\xff0001"), "the longest frame is not there yet");
    assert!(encode(1, &vec![b'x'; 65_528]).is_err(), "a body too long for a frame");
}

#[test]
fn requests_are_read_by_local_name_in_any_order() {
    let one =
        "<q:MonitorStart xmlns:q='urn:x'><!-- c --><q:a>1</q:a><q:callId> 17&#57; </q:callId><q:e/></q:MonitorStart>";
    let request = parse(one.as_bytes()).expect("well formed");
    assert_eq!((request.name.as_str(), request.text_at(&["callID"])), ("MonitorStart", Some("179")));
    assert_eq!(request.text_at(&["e"]), None, "empty is none");
}

#[test]
fn documents_that_are_none_are_refused() {
    let deep = format!("{}{}", "<d>".repeat(200), "</d>".repeat(200));
    let bad: [&[u8]; 8] = [
        b"",
        b"<a>",
        b"<a/><b/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>&b;</a>",
        b"<a>\x00</a>",
        b"<a>\xcd\xf5</a>",
        deep.as_bytes(),
    ];
    for body in bad {
        assert!(parse(body).is_err(), "{:?}", String::from_utf8_lossy(body));
    }
}
