//! Calls as single stories: rules 5, 17–19, 21–28.

use std::collections::HashSet;

use trunkline_events::Body;
use trunkline_events::call::{Absent, Direction};

use super::compose::{OTHER_UCID, Told, UCID, agent, told};
use super::line::{Line, SITE, START};

/// Ms Wang comes in at the VDN, waits, rings at 4750.
pub(crate) fn wang_at_vdn() -> Told {
    told("DeliveredEvent").at("65067").from("13800138000", "65067").cause("newCall").ucid(UCID).trunk("12")
}
pub(crate) fn wang_queued() -> Told {
    told("QueuedEvent").at("601").from("13800138000", "65067").cause("enteringDistribution").ucid(UCID).in_front(2)
}
pub(crate) fn wang_rings(station: &str) -> Told {
    told("DeliveredEvent")
        .at(station)
        .from("13800138000", "65067")
        .state("alerting")
        .cause("newCall")
        .ucid(UCID)
        .uui("4F523432")
        .trunk("12")
        .skill("601")
        .digits("4711")
        .vdn("65067")
}
pub(crate) fn wang_answered(station: &str) -> Told {
    told("EstablishedEvent").at(station).from("13800138000", "65067").state("connected").cause("newCall").ucid(UCID)
}
pub(crate) fn dropped(number: &str) -> Told {
    told("ConnectionClearedEvent").at(number).cause("normalClearing")
}
pub(crate) fn cleared() -> Told {
    told("CallClearedEvent").cause("normalClearing")
}

#[test]
fn rule_25_a_call_seen_by_vdn_skill_and_station_monitors_is_told_once() {
    let mut line = Line::ready();
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear("call 65067", wang_at_vdn());
    for point in ["call 65067", "device 601"] {
        line.hear(point, wang_queued());
    }
    for point in ["call 65067", "device 4750"] {
        line.hear(point, wang_rings("4750"));
    }
    for point in ["device 4750", "call 65067"] {
        line.hear(point, wang_answered("4750"));
        line.hear(point, told("HeldEvent").at("4750"));
        line.hear(point, told("RetrievedEvent").at("4750"));
    }
    for point in ["call 65067", "device 4750"] {
        line.hear(point, dropped("13800138000"));
        line.hear(point, dropped("4750"));
    }
    line.hear("call 65067", cleared());
    let rang = line.events.iter().find_map(|event| match &event.body {
        Body::CallRinging(ringing) => Some(ringing.clone()),
        _ => None,
    });
    let rang = rang.expect("it rang");
    assert_eq!(rang.device.agent.as_deref(), Some("1001"));
    assert_eq!((rang.data.uui_text.as_deref(), rang.data.digits.as_deref()), (Some("OR42"), Some("4711")));
    let route = rang.route;
    assert_eq!(
        (route.vdn.as_deref(), route.queue.as_deref(), route.trunk.as_deref()),
        (Some("65067"), Some("601"), Some("12"))
    );
    assert_eq!(
        line.story(),
        [
            "login 1001 true",
            "offered in 13800138000>65067",
            "queued 601",
            "ringing 4750 in 13800138000>65067",
            "answered 4750",
            "held 4750",
            "resumed 4750",
            "leg_ended 4750",
            "ended",
        ]
    );
}

#[test]
fn a_simple_call_with_a_station_monitor_only_ends_with_its_leg() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.hear("device 4750", dropped("13800138000"));
    line.hear("device 4750", dropped("4750"));
    let story = line.story();
    assert_eq!(
        story,
        [
            "offered in 13800138000>65067",
            "ringing 4750 in 13800138000>65067",
            "answered 4750",
            "leg_ended 4750",
            "ended"
        ]
    );
}

#[test]
fn rule_5_an_event_of_an_unknown_monitor_is_kept_and_invents_no_call() {
    let mut line = Line::ready();
    line.frame(&wang_rings("4750").by("nobody's").frame());
    assert_eq!(line.story(), ["opaque DeliveredEvent"]);
    assert_eq!((line.archived, line.errors.len()), (1, 0));
    line.hear("device 4750", wang_rings("4750"));
    assert_eq!(line.story().len(), 2, "the link goes on");
}

#[test]
fn rule_5_an_event_is_one_by_its_name_too_and_strangers_are_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let counted = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let mut line = Line::ready();
        let monitor = line.aes.monitors[&"device 4750".to_owned()].clone();
        let under_17 = |told: Told| crate::avaya::wire::frame::frame(17, &told.xml()).expect("fits").to_vec();
        line.frame(&under_17(wang_rings("4750").by(&monitor)));
        assert_eq!(line.story().len(), 2, "whatever its invoke id");
        line.frame(&under_17(wang_answered("4750").by("nobody's")));
        line.frame(&wang_answered("4750").by("nobody's").frame());
        assert_eq!(line.story(), ["opaque EstablishedEvent", "opaque EstablishedEvent"]);
    });
    let rendered = counted.render();
    let count = rendered.lines().find(|line| line.starts_with("trunkline_events_unknown_monitor_total{"));
    assert!(count.is_some_and(|line| line.ends_with(" 2")), "{rendered}");
}

#[test]
fn rule_5_an_event_that_overtakes_the_answer_to_its_monitor_start_is_taken() {
    let mut line = Line::new("stations = [\"4750\"]");
    line.aes.silent.insert("MonitorStart".to_owned());
    line.open();
    line.frame(&wang_rings("4750").by("early").frame());
    assert_eq!(line.story(), ["offered in 13800138000>65067", "ringing 4750 in 13800138000>65067"]);
}

#[test]
fn rule_17_events_stay_in_order_and_of_one_call_on_one_key() {
    let mut line = Line::ready();
    let mut bytes = Vec::new();
    let monitor = line.aes.monitors["device 4750"].clone();
    for event in [wang_rings("4750"), wang_answered("4750"), told("HeldEvent").at("4750"), dropped("4750")] {
        bytes.extend(event.by(&monitor).frame());
    }
    line.frame(&bytes);
    let keys: HashSet<&str> = line.events.iter().map(|event| event.partition_key.as_str()).collect();
    assert_eq!(keys, HashSet::from(["/connectors/avaya-test:179"]));
    assert_eq!(line.story().len(), 6);
}

#[test]
fn rule_18_every_event_of_the_tables_is_handled_and_unknown_roots_are_kept() {
    let mut line = Line::ready();
    let at = "device 4750";
    line.hear(at, told("ServiceInitiatedEvent").at("4750"));
    line.hear(at, told("OriginatedEvent").at("4750").from("4750", "913800138000"));
    line.hear(at, told("NetworkReachedEvent").at("T7").from("4750", "913800138000").trunk("7"));
    line.hear(at, told("CallInformationEvent").at("4750").uui("4142"));
    line.hear(at, told("EnteredDigitsEvent").at("4750"));
    line.hear(at, told("FailedEvent").at("913800138000").cause("busy"));
    for root in ["AgentReadyEvent", "AgentNotReadyEvent", "AgentWorkingAfterCallEvent", "AgentBusyEvent"] {
        line.hear_xml("device 601", &agent(root, "4751", "1002", None));
    }
    line.hear_xml(at, "<DoNotDisturbEvent><monitorCrossRefID>m1</monitorCrossRefID></DoNotDisturbEvent>");
    assert_eq!(
        line.story(),
        [
            "offered out 4750>913800138000",
            "data None Some(\"AB\")",
            "leg_ended 4750",
            "ended failed busy",
            "login 1002 true",
            "state 1002 Ready",
            "state 1002 NotReady",
            "state 1002 AfterCall",
            "state 1002 Busy",
            "opaque DoNotDisturbEvent",
        ]
    );
    assert_eq!(line.errors.len(), 0);
}

#[test]
fn rule_19_a_ucid_keeps_its_zeros_and_a_missing_one_is_asked_for_once() {
    let mut line = Line::ready();
    line.aes.linkage.insert("179".to_owned(), UCID.to_owned());
    line.hear("device 4750", told("OriginatedEvent").at("4750").from("4750", "913800138000"));
    line.settle();
    line.hear("device 4750", told("HeldEvent").at("4750"));
    assert_eq!(line.requests("GetCallLinkageData").len(), 1);
    let calls: Vec<_> = line
        .events
        .iter()
        .filter_map(|event| match &event.body {
            Body::CallOffered(body) => Some(body.call.clone()),
            Body::CallDataAttached(body) => Some(body.call.clone()),
            Body::CallHeld(body) => Some(body.call.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(calls[0].ucid, None, "it is published without");
    assert_eq!((calls[1].ucid.as_deref(), calls[2].ucid.as_deref()), (Some(UCID), Some(UCID)));
    assert!(calls.iter().all(|call| call.id == calls[0].id), "the call's name does not change");
    assert_eq!(line.story(), ["offered out 4750>913800138000", &format!("data Some(\"{UCID}\") None"), "held 4750"]);
}

#[test]
fn rule_19_an_unanswered_question_for_the_ucid_is_not_repeated() {
    let mut line = Line::ready();
    line.hear("device 4750", told("OriginatedEvent").at("4750").from("4750", "913800138000"));
    line.pass(60_000);
    line.hear("device 4750", told("HeldEvent").at("4750"));
    assert_eq!(line.requests("GetCallLinkageData").len(), 1);
}

#[test]
fn rule_22_device_ids_are_cut_withheld_numbers_have_a_reason() {
    let mut line = Line::ready();
    let rings = told("DeliveredEvent").at("4750").from("restricted", "+86*10#").state("alerting").ucid(UCID);
    line.hear("device 4750", rings);
    let Body::CallOffered(offered) = &line.events[0].body else { panic!("offered first") };
    assert_eq!(
        (offered.route.calling.number.as_deref(), offered.route.calling.absent),
        (None, Some(Absent::Restricted))
    );
    assert_eq!(offered.route.called.number.as_deref(), Some("+86*10#"));
    line.hear("device 4751", told("DeliveredEvent").call("180").at("4751").from("?", "4751").state("alerting"));
    let absent = line.events.iter().rev().find_map(|event| match &event.body {
        Body::CallRinging(ringing) => ringing.route.calling.absent,
        _ => None,
    });
    assert_eq!(absent, Some(Absent::NotKnown));
}

#[test]
fn rule_23_our_own_calls_are_outbound_and_their_far_ringing_is_not_told() {
    let mut line = Line::ready();
    let at = "device 4750";
    line.hear(at, told("ServiceInitiatedEvent").at("4750"));
    line.hear(at, told("OriginatedEvent").at("4750").from("4750", "913800138000"));
    line.hear(at, told("DeliveredEvent").at("913800138000").from("4750", "913800138000").state("connected").ucid(UCID));
    line.hear(
        at,
        told("EstablishedEvent").at("913800138000").from("4750", "913800138000").state("connected").ucid(UCID),
    );
    line.hear(at, dropped("913800138000"));
    line.hear(at, dropped("4750"));
    let story = line.story();
    let data = format!("data Some(\"{UCID}\") None");
    assert_eq!(story, ["offered out 4750>913800138000", &data, "answered 4750", "leg_ended 4750", "ended"]);
    line.hear(at, told("OriginatedEvent").call("181").at("4750").from("4750", "4751"));
    line.hear("device 4751", told("DeliveredEvent").call("181").at("4751").from("4750", "4751").state("alerting"));
    assert_eq!(line.story(), ["offered internal 4750>4751", "ringing 4751 internal 4750>4751"]);
}

#[test]
fn rule_23_a_short_number_over_a_trunk_is_a_caller_from_outside() {
    let mut line = Line::ready();
    line.hear("device 4750", told("DeliveredEvent").at("4750").from("5588", "4750").state("alerting").trunk("12"));
    let Body::CallOffered(offered) = &line.events[0].body else { panic!("offered first") };
    assert_eq!(offered.route.direction, Direction::Inbound);
}

#[test]
fn rule_24_another_partys_end_is_not_ours_and_a_recorder_is_nobody() {
    let mut line = Line::ready();
    let at = "device 4750";
    line.hear(at, wang_rings("4750"));
    line.hear(at, wang_answered("4750"));
    line.story();
    let joins = told("ConferencedEvent").at("4750").subject("4990").to("4990").cause("singleStepConference");
    line.hear(at, joins.result("179", &["4750", "4990"]));
    line.hear(at, told("EstablishedEvent").at("4990").from("13800138000", "65067"));
    line.hear(at, dropped("4990"));
    let silent = told("ConferencedEvent").at("4750").subject("4750").to("4799").cause("silentParticipation");
    line.hear(at, silent.result("179", &["4750", "4799"]));
    line.hear(at, dropped("13800138000"));
    assert_eq!(line.story(), [] as [&str; 0]);
    line.hear(at, dropped("4750"));
    assert_eq!(line.story(), ["leg_ended 4750", "ended"]);
}

#[test]
fn rule_27_a_call_id_in_use_again_is_another_call() {
    let mut line = Line::ready();
    let at = "device 4750";
    line.hear(at, wang_rings("4750"));
    line.hear(at, dropped("4750"));
    let first = line.events[0].subject.clone();
    line.pass(10_000);
    line.events.clear();
    line.hear(at, wang_rings("4750").ucid(OTHER_UCID));
    assert_ne!(line.events[0].subject, first);
    assert_eq!(line.story().len(), 2);
    // The hang-up of the second was missed; the third ends it.
    line.hear(at, wang_rings("4750").ucid("00001001811767225700"));
    assert_eq!(
        line.story(),
        [
            "leg_ended 4750 reconstructed",
            "ended reconstructed",
            "offered in 13800138000>65067",
            "ringing 4750 in 13800138000>65067"
        ]
    );
}

#[test]
fn rule_27_without_ucids_a_dialled_call_that_reuses_an_id_has_another_name() {
    let mut line = Line::ready_with("stations = [\"4750-4751\"]");
    let dials = |station: &str| told("OriginatedEvent").at(station).from(station, "913800138000");
    line.hear("device 4750", dials("4750"));
    line.hear("device 4750", dropped("4750"));
    line.hear("device 4751", dials("4751"));
    line.hear("device 4751", dropped("4751"));
    for station in ["4750", "4751"] {
        line.hear(&format!("device {station}"), dials(station));
        line.hear(&format!("device {station}"), dropped(station));
    }
    let names: HashSet<_> = line.events.iter().map(|event| event.subject.clone()).collect();
    assert_eq!(names.len(), 4, "all within one millisecond");
    let ids: HashSet<_> = line.events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), line.events.len());
}

#[test]
fn rule_28_events_carry_the_instant_we_heard_them() {
    let mut line = Line::ready();
    line.pass(1234);
    line.hear("device 4750", wang_rings("4750"));
    let heard = line.events[0].time;
    assert_eq!(heard, line.events[0].received);
    assert_eq!(heard.unix_millis(), line.now);
    assert!(heard.to_string().ends_with('Z') && line.now > START);
}

#[test]
fn late_answer_after_hangup_is_ignored() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", dropped("4750"));
    line.story();
    line.hear("device 4750", wang_answered("4750"));
    assert_eq!(line.story(), [] as [&str; 0], "the call is over");
    line.hear("call 65067", wang_at_vdn().ucid(OTHER_UCID).call("180"));
    line.hear("device 4750", wang_rings("4750").call("180").ucid(OTHER_UCID));
    line.hear("device 4750", dropped("4750").call("180"));
    line.story();
    line.hear("device 4750", wang_answered("4750").call("180").ucid(OTHER_UCID));
    assert_eq!(line.story(), [] as [&str; 0], "the leg is over, the call is not");
}

#[test]
fn an_unanswered_call_goes_back_and_rings_at_the_next_agent_and_then_at_the_first_again() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    let ring_and_leave = |line: &mut Line, station: &str| {
        let point = format!("device {station}");
        line.hear("call 65067", wang_rings(station));
        line.hear(&point, wang_rings(station));
        line.pass(15_000);
        let away = told("DivertedEvent").at(station).to("65067").cause("callNotAnswered");
        line.hear(&point, away.clone());
        line.hear("call 65067", away);
        line.hear("call 65067", wang_queued());
    };
    ring_and_leave(&mut line, "4750");
    ring_and_leave(&mut line, "4751");
    ring_and_leave(&mut line, "4750");
    line.hear("call 65067", dropped("13800138000"));
    line.hear("call 65067", cleared());
    let rings = |station: &str| format!("ringing {station} in 13800138000>65067");
    let ids: HashSet<_> = line.events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), line.events.len(), "the second ringing of a device is another event");
    let expected = [
        "offered in 13800138000>65067".to_owned(),
        rings("4750"),
        "diverted 4750 (callNotAnswered)".to_owned(),
        "queued 601".to_owned(),
        rings("4751"),
        "diverted 4751 (callNotAnswered)".to_owned(),
        "queued 601".to_owned(),
        rings("4750"),
        "diverted 4750 (callNotAnswered)".to_owned(),
        "queued 601".to_owned(),
        "ended".to_owned(),
    ];
    assert_eq!(line.story(), expected);
}

#[test]
fn a_caller_who_gives_up_in_the_queue_or_while_it_rings_ends_the_call() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("call 65067", wang_queued());
    line.hear("call 65067", dropped("13800138000"));
    line.hear("call 65067", cleared());
    assert_eq!(line.story(), ["offered in 13800138000>65067", "queued 601", "ended"]);
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", dropped("13800138000"));
    assert_eq!(line.story()[2..], ["leg_ended 4750", "ended"]);
}

#[test]
fn busy_ends_an_outgoing_call_and_an_incoming_one_that_nobody_follows() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    let busy = told("FailedEvent").at("4750").from("13800138000", "4750").cause("busy").ucid(UCID);
    line.hear("device 4750", busy.clone());
    line.hear("device 4750", dropped("13800138000"));
    assert_eq!(line.story(), ["offered in 13800138000>4750", "ended failed busy"]);
    let mut followed = Line::ready();
    followed.hear("call 65067", wang_at_vdn());
    followed.hear("call 65067", busy);
    followed.hear("call 65067", wang_rings("4751"));
    followed.hear("call 65067", wang_answered("4751"));
    followed.hear("call 65067", cleared());
    assert!(followed.story().ends_with(&["answered 4751".to_owned(), "leg_ended 4751".to_owned(), "ended".to_owned()]));
}

#[test]
fn off_hook_without_dialling_is_silence() {
    let mut line = Line::ready_with(SITE);
    line.hear("device 4750", told("ServiceInitiatedEvent").at("4750"));
    line.hear("device 4750", dropped("4750"));
    assert_eq!(line.story(), [] as [&str; 0]);
}
