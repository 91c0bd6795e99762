//! Who calls whom and what travels with it: rules 18–23 where an event says less, or more, than usual.

use trunkline_events::Body;
use trunkline_events::call::{CallData, Direction, Route};

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_rings};
use super::compose::{OTHER_UCID, Told, UCID, told};
use super::line::{Line, SITE};

const AT: &str = "device 4750";
const FAR: &str = "913800138000";

fn route_of_offer(line: &Line) -> Route {
    let Body::CallOffered(offered) = &line.told("trunkline.call.offered.v1").last().expect("offered").body else {
        panic!("offered")
    };
    offered.route.clone()
}

fn data_of_ring(line: &Line) -> CallData {
    let Body::CallRinging(rings) = &line.told("trunkline.call.ringing.v1").last().expect("rings").body else {
        panic!("rings")
    };
    rings.data.clone()
}

/// An event of our own call at its far end.
fn far(root: &str) -> Told {
    told(root).at(FAR).from("4750", FAR).state("connected").ucid(UCID)
}

#[test]
fn rule_23_an_outgoing_call_whose_dialling_was_missed_is_answered_and_ends() {
    for first in ["NetworkReachedEvent", "DeliveredEvent", "EstablishedEvent"] {
        let mut line = Line::ready();
        line.hear(AT, far(first));
        if first != "EstablishedEvent" {
            line.hear(AT, far("EstablishedEvent"));
        }
        line.hear(AT, dropped(FAR));
        line.hear(AT, dropped("4750"));
        let dialled = format!("offered out 4750>{FAR}");
        assert_eq!(line.story(), [&dialled, "answered 4750", "leg_ended 4750", "ended"], "{first}");
    }
    let mut line = Line::ready();
    line.hear(AT, far("FailedEvent").cause("busy"));
    assert_eq!(line.story(), [&format!("offered out 4750>{FAR}"), "leg_ended 4750", "ended failed busy"]);
}

#[test]
fn rule_23_a_call_to_a_colleague_whose_dialling_was_missed_has_both_legs() {
    let mut line = Line::ready();
    let rings = told("DeliveredEvent").at("4751").from("4750", "4751").ucid(UCID);
    line.hear(AT, rings.clone().state("connected"));
    line.hear("device 4751", rings.state("alerting"));
    line.hear("device 4751", told("EstablishedEvent").at("4751").from("4750", "4751").state("connected"));
    line.hear("device 4751", dropped("4751"));
    line.hear(AT, dropped("4750"));
    let rings = "ringing 4751 internal 4750>4751";
    assert_eq!(
        line.story(),
        ["offered internal 4750>4751", rings, "answered 4751", "leg_ended 4751", "leg_ended 4750", "ended"]
    );
}

#[test]
fn rule_23_far_ringing_that_a_monitor_calls_alerting_is_no_ringing_of_ours() {
    let mut line = Line::ready();
    line.hear(AT, told("OriginatedEvent").at("4750").from("4750", FAR));
    line.hear(AT, told("DeliveredEvent").at(FAR).from("4750", FAR).state("alerting"));
    assert_eq!(line.story(), [format!("offered out 4750>{FAR}")]);
}

#[test]
fn rule_23_who_transferred_is_not_taken_for_the_one_who_dialled() {
    let mut line = Line::ready_with("stations = [\"4750-4751\"]");
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    let transfer = told("TransferedEvent").at("4750").to("4751").result("179", &["13800138000", "4751"]);
    line.hear(AT, transfer.cause("singleStepTransfer"));
    line.events.clear();
    let named = |root: &str| told(root).at("4751").from("4750", "4751").ucid(UCID);
    line.hear("device 4751", named("DeliveredEvent").state("alerting"));
    line.hear("device 4751", named("EstablishedEvent").state("connected"));
    line.hear("device 4751", dropped("4751"));
    let rings = "ringing 4751 in 13800138000>65067";
    assert_eq!(line.story(), [rings, "answered 4751", "leg_ended 4751", "ended"], "4750 has no leg any more");
}

#[test]
fn rule_22_the_networks_number_counts_where_the_switch_knows_none() {
    for hidden in ["?", "restricted"] {
        let mut line = Line::ready();
        let rings = told("DeliveredEvent").at("4750").from(hidden, hidden).state("alerting").ucid(UCID);
        line.hear(AT, rings.network("13800138000", "65067"));
        let route = route_of_offer(&line);
        let numbers = (route.calling.number.as_deref(), route.called.number.as_deref());
        assert_eq!(numbers, (Some("13800138000"), Some("65067")), "{hidden}");
        assert_eq!(route.calling.absent, None);
    }
    let mut line = Line::ready();
    let rings = told("DeliveredEvent").at("4750").from("restricted", "4750").state("alerting");
    line.hear(AT, rings.network("?", "?"));
    assert_eq!(
        route_of_offer(&line).calling.absent,
        Some(trunkline_events::call::Absent::Restricted),
        "the first word"
    );
}

#[test]
fn rule_22_devices_are_the_same_in_any_case() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear_xml(AT, &super::compose::agent("AgentLoggedOnEvent", "Sip47", "1001", None));
    line.hear(AT, told("DeliveredEvent").at("SIP47").from("13800138000", "65067").state("alerting").ucid(UCID));
    line.hear(AT, told("EstablishedEvent").at("sip47").from("13800138000", "65067"));
    line.hear(AT, dropped("Sip47"));
    let told = line.told("trunkline.call.answered.v1");
    let Body::CallAnswered(answered) = &told[0].body else { panic!("answered") };
    assert_eq!(answered.device.agent.as_deref(), Some("1001"));
    assert!(
        line.story().ends_with(&["leg_ended Sip47".to_owned(), "ended".to_owned()]),
        "one leg, whatever its spelling"
    );
}

#[test]
fn rule_24_only_the_dropped_connections_leg_ends_whoever_released_it() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    line.story();
    line.hear(AT, dropped("13800138000").subject("4750"));
    assert_eq!(line.story(), [] as [&str; 0], "the supervisor at 4750 dropped somebody else");
    line.hear(AT, dropped("4750").subject("13800138000"));
    line.hear("call 65067", cleared());
    assert_eq!(line.story(), ["leg_ended 4750", "ended"]);
}

#[test]
fn rule_19_a_ucid_in_the_user_data_is_that_of_another_call() {
    let mut line = Line::ready();
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    let node_1_sequence_179 = "FA080001 00B3 69570B00".replace(' ', "");
    let consults = told("DeliveredEvent").call("180").at("4751").from("4750", "4751").state("alerting");
    line.hear("device 4751", consults.uui(&format!("04{node_1_sequence_179}")));
    line.settle();
    let (first, second) = (line.told("trunkline.call.ringing.v1")[0], line.told("trunkline.call.ringing.v1")[1]);
    assert_ne!(first.subject, second.subject, "two calls");
    let Body::CallRinging(rings) = &second.body else { panic!("rings") };
    assert_eq!(rings.call.ucid, None);
    assert_eq!(rings.data.pairs.get("uui_ucid").map(String::len), Some(20), "it is kept as data");
    assert_eq!(line.requests("GetCallLinkageData").len(), 1, "and its own is asked for");
}

#[test]
fn rule_20_what_the_original_call_carries_counts_without_its_parties() {
    let mut line = Line::ready();
    let info = |reason: u8, parties: &str| {
        format!(
            "<reason>{reason}</reason>{parties}<userEnteredCode><data>77</data></userEnteredCode><userData><string>4142</string></userData>"
        )
    };
    let rings = told("DeliveredEvent").at("4750").from("4751", "4750").state("alerting").ucid(UCID);
    line.hear(AT, rings.extra("originalCallInfo", &info(3, "")));
    let data = data_of_ring(&line);
    assert_eq!((data.digits.as_deref(), data.uui_text.as_deref()), (Some("77"), Some("AB")));
    let parties =
        "<networkCallingDevice><deviceIdentifier>13900139000:CM1::0</deviceIdentifier></networkCallingDevice>";
    let other = told("DeliveredEvent").call("180").at("4751").from("13800138000", "65067").state("alerting");
    line.hear("device 4751", other.ucid(OTHER_UCID).extra("originalCallInfo", &info(4, parties)));
    assert_eq!(data_of_ring(&line).digits.as_deref(), Some("77"));
    assert_eq!(route_of_offer(&line).calling.number.as_deref(), Some("13800138000"), "a new call has no former caller");
}

#[test]
fn rule_20_the_ucid_after_a_transfer_is_the_calls_from_then_on() {
    let mut line = Line::ready_with("stations = [\"4750-4751\"]");
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    let transfer = told("TransferedEvent").at("4750").to("4751").result("179", &["13800138000", "4751"]);
    line.hear(AT, transfer.ucids(OTHER_UCID, UCID));
    let Body::CallTransferred(transferred) = &line.told("trunkline.call.transferred.v1")[0].body else {
        panic!("joined")
    };
    assert_eq!((transferred.call.id.as_str(), transferred.call.ucid.as_deref()), (UCID, Some(OTHER_UCID)));
    line.hear("device 4751", wang_rings("4751").ucid(OTHER_UCID));
    line.hear("device 4751", wang_answered("4751"));
    assert_eq!(line.told("trunkline.call.offered.v1").len(), 1, "both UCIDs name the one call");
}

#[test]
fn rule_20_a_second_call_that_only_the_old_connections_name_is_joined_too() {
    let mut line = Line::ready();
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    line.hear(AT, told("OriginatedEvent").call("180").at("4750").from("4750", "4751"));
    line.hear("device 4751", wang_rings("4751").call("180").from("4750", "4751").ucid(OTHER_UCID));
    let transfer = told("TransferedEvent").at("4750").to("4751");
    line.hear(AT, transfer.result_of("179", &[("179", "13800138000"), ("180", "4751")]).cause("transfer"));
    let Body::CallTransferred(transferred) = &line.told("trunkline.call.transferred.v1")[0].body else {
        panic!("joined")
    };
    assert_eq!(transferred.from.iter().filter_map(|call| call.switch_call_id.as_deref()).collect::<Vec<_>>(), ["180"]);
}

#[test]
fn rule_18_pressed_digits_are_told_and_what_else_travels_with_a_call_is_kept() {
    let mut line = Line::ready();
    line.hear(AT, wang_rings("4750").correlator("4F52").extra("lookAheadInfo", "<type>allInterflow</type><priority>top</priority><sourceVDN><deviceIdentifier>65099:CM2::0</deviceIdentifier></sourceVDN>"));
    let pairs = data_of_ring(&line).pairs;
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(
        pairs,
        [
            ("correlator", "OR"),
            ("look_ahead_priority", "top"),
            ("look_ahead_source_vdn", "65099"),
            ("look_ahead_type", "allInterflow")
        ]
    );
    line.hear(AT, told("EnteredDigitsEvent").at("13800138000").pressed("42#"));
    let Body::CallDataAttached(attached) = &line.told("trunkline.call.data_attached.v1")[0].body else {
        panic!("data")
    };
    assert_eq!(attached.data.digits.as_deref(), Some("42#"));
}

#[test]
fn rule_18_private_data_is_found_beside_other_elements() {
    let mut line = Line::ready();
    let xml = wang_rings("4750").xml();
    let (before, rest) = xml.split_once("<privateData><private>").expect("private data");
    let stranger =
        "<privateData><private><other xmlns=\"urn:x\"><trunkGroup>99</trunkGroup></other></private></privateData>";
    line.hear_xml(AT, &format!("{before}{stranger}<privateData><private/><private><first/>{rest}"));
    let route = route_of_offer(&line);
    assert_eq!((route.trunk.as_deref(), route.vdn.as_deref()), (Some("12"), Some("65067")));
}

#[test]
fn rule_18_the_event_with_two_rs_is_the_same_event() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear(AT, wang_rings("4750"));
    line.hear(AT, wang_answered("4750"));
    line.events.clear();
    let transfer =
        told("TransferedEvent").at("4750").to("913900139000").result("179", &["13800138000", "913900139000"]);
    line.hear_xml(AT, &transfer.xml().replace("TransferedEvent", "TransferredEvent"));
    assert_eq!(line.story(), ["transferred 4750>913900139000 in 13800138000>65067 +0", "leg_ended 4750", "ended"]);
}

#[test]
fn a_skill_that_distributed_a_call_is_not_its_vdn() {
    let mut line = Line::ready();
    let rings = |by: &str| {
        let rings = told("DeliveredEvent").at("4750").from("13800138000", "4750").state("alerting");
        rings.ucid(UCID).distributed_by(by)
    };
    line.hear(AT, rings("601"));
    assert_eq!(route_of_offer(&line).vdn, None);
    let mut line = Line::ready();
    line.hear(AT, rings("65067"));
    assert_eq!(route_of_offer(&line).vdn.as_deref(), Some("65067"));
    assert_eq!(route_of_offer(&line).direction, Direction::Inbound);
}

#[test]
fn a_mailbox_answers_as_a_mailbox_and_a_station_as_a_person() {
    let mut line = Line::ready_with(&format!("{SITE}voicemail_numbers = [\"4900\"]\n"));
    line.hear("call 65067", wang_at_vdn());
    let answers = |at: &str| told("EstablishedEvent").at(at).from("13800138000", "65067").state("connected").ucid(UCID);
    line.hear("call 65067", answers("4900"));
    line.hear("call 65067", answers("4750"));
    let answered: Vec<(String, bool)> = line
        .told("trunkline.call.answered.v1")
        .iter()
        .map(|event| match &event.body {
            Body::CallAnswered(answered) => (answered.device.extension.clone(), answered.voicemail),
            other => panic!("{}", other.event_type()),
        })
        .collect();
    assert_eq!(answered, [("4900".to_owned(), true), ("4750".to_owned(), false)]);
}
