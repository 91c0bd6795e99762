//! Transfers and conferences: one conversation, and the customer's number stays (rule 20).

use trunkline_events::Body;
use trunkline_events::call::Direction;

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_rings};
use super::compose::{OTHER_UCID, UCID, told};
use super::line::Line;

/// Ms Wang talks to 4750, who calls 4751 for help.
fn consulting() -> Line {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.hear("device 4750", told("HeldEvent").at("4750").state("hold"));
    let second = |root: &str| told(root).call("180");
    line.hear("device 4750", second("ServiceInitiatedEvent").at("4750"));
    line.hear("device 4750", second("OriginatedEvent").at("4750").from("4750", "4751"));
    let original = |root: &str| {
        second(root).at("4751").from("4750", "4751").ucid(OTHER_UCID).original(1, "13800138000", "65067", UCID)
    };
    line.hear("device 4751", original("DeliveredEvent").state("alerting").cause("consultation"));
    line.hear("device 4751", original("EstablishedEvent").state("connected"));
    line
}

#[test]
fn rule_20_a_consulted_agent_sees_the_customer_not_his_colleague() {
    let mut line = consulting();
    let rang = line.events.iter().find_map(|event| match &event.body {
        Body::CallRinging(ringing) if ringing.device.extension == "4751" => Some(ringing.route.clone()),
        _ => None,
    });
    let route = rang.expect("it rang at 4751");
    assert_eq!((route.calling.number.as_deref(), route.direction), (Some("13800138000"), Direction::Inbound));
    let story = line.story();
    assert!(story.contains(&"offered internal 4750>4751".to_owned()) && story.contains(&"held 4750".to_owned()));
}

#[test]
fn rule_20_a_consult_transfer_is_one_conversation_told_once_by_all_monitors() {
    let mut line = consulting();
    line.events.clear();
    let transfer = told("TransferedEvent")
        .at("4750")
        .secondary("180", "4750")
        .to("4751")
        .result("179", &["13800138000", "4751"])
        .cause("transfer")
        .ucids(UCID, OTHER_UCID)
        .original(3, "13800138000", "65067", UCID);
    for point in ["device 4750", "device 4751", "call 65067"] {
        line.hear(point, transfer.clone());
    }
    line.hear("device 4750", dropped("4750"));
    line.hear("device 4750", dropped("4750").call("180"));
    let Body::CallTransferred(transferred) = &line.events[0].body else { panic!("transferred first") };
    assert_eq!(transferred.call.ucid.as_deref(), Some(UCID));
    assert_eq!(transferred.from.len(), 1);
    assert_eq!(transferred.from[0].switch_call_id.as_deref(), Some("180"));
    line.hear("device 4751", told("HeldEvent").call("180").at("4751"));
    line.hear("device 4751", told("RetrievedEvent").at("4751"));
    line.hear("device 4751", dropped("4751"));
    line.hear("call 65067", cleared());
    let expected = [
        "transferred 4750>4751 in 13800138000>65067 +1",
        "leg_ended 4750",
        "held 4751",
        "resumed 4751",
        "leg_ended 4751",
        "ended",
    ];
    assert_eq!(line.story(), expected);
}

#[test]
fn rule_20_the_customer_stays_also_when_the_second_call_goes_on_and_nothing_tells_the_original() {
    let mut line = Line::ready_with("stations = [\"4750-4751\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.hear("device 4750", told("HeldEvent").at("4750"));
    line.hear("device 4750", told("OriginatedEvent").call("180").at("4750").from("4750", "4751"));
    line.hear("device 4751", told("DeliveredEvent").call("180").at("4751").from("4750", "4751").state("alerting"));
    line.events.clear();
    let transfer = told("TransferedEvent").at("4750").secondary("180", "4750").to("4751").result("180", &["4751"]);
    line.hear("device 4750", transfer.cause("transfer"));
    line.hear("device 4751", told("EstablishedEvent").call("180").at("4751").from("4750", "4751").state("connected"));
    let Body::CallAnswered(answered) = &line.events.last().expect("answered").body else { panic!("answered last") };
    assert_eq!(answered.route.calling.number.as_deref(), Some("13800138000"));
    assert_eq!(answered.call.switch_call_id.as_deref(), Some("180"));
    line.hear("device 4751", dropped("4751").call("180"));
    assert_eq!(
        line.story(),
        ["transferred 4750>4751 in 13800138000>65067 +1", "leg_ended 4750", "answered 4751", "leg_ended 4751", "ended"]
    );
}

#[test]
fn a_blind_transfer_keeps_the_call_and_rings_with_the_customers_number() {
    let mut line = Line::ready_with("stations = [\"4750-4751\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.events.clear();
    let transfer = told("TransferedEvent").at("4750").to("4751").result("179", &["13800138000", "4751"]);
    line.hear("device 4750", transfer.cause("singleStepTransfer"));
    let rings = told("DeliveredEvent").at("4751").from("4750", "4751").state("alerting").ucid(UCID);
    line.hear("device 4751", rings.original(3, "13800138000", "65067", UCID));
    line.hear("device 4751", wang_answered("4751"));
    line.hear("device 4751", dropped("4751"));
    assert_eq!(
        line.story(),
        [
            "transferred 4750>4751 in 13800138000>65067 +0",
            "leg_ended 4750",
            "ringing 4751 in 13800138000>65067",
            "answered 4751",
            "leg_ended 4751",
            "ended",
        ]
    );
}

#[test]
fn a_transfer_out_of_our_sight_ends_the_call_for_us() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.events.clear();
    let transfer =
        told("TransferedEvent").at("4750").to("913900139000").result("179", &["13800138000", "913900139000"]);
    line.hear("device 4750", transfer);
    assert_eq!(line.story(), ["transferred 4750>913900139000 in 13800138000>65067 +0", "leg_ended 4750", "ended"]);
}

#[test]
fn a_conference_adds_a_party_and_takes_the_held_leg_back() {
    let mut line = consulting();
    line.events.clear();
    let conference = told("ConferencedEvent")
        .at("4750")
        .secondary("180", "4750")
        .to("4751")
        .result("179", &["13800138000", "4750", "4751"])
        .cause("conference")
        .ucids(UCID, OTHER_UCID);
    for point in ["device 4750", "device 4751", "call 65067"] {
        line.hear(point, conference.clone());
    }
    line.hear("device 4750", dropped("4750"));
    line.hear("device 4751", dropped("4751"));
    line.hear("call 65067", cleared());
    assert_eq!(
        line.story(),
        ["conferenced 4750+4751 in 13800138000>65067 +1", "resumed 4750", "leg_ended 4750", "leg_ended 4751", "ended"]
    );
}

#[test]
fn a_third_call_id_may_come_out_of_a_transfer() {
    let mut line = consulting();
    line.events.clear();
    let transfer =
        told("TransferedEvent").at("4750").secondary("180", "4750").to("4751").result("200", &["13800138000", "4751"]);
    line.hear("device 4750", transfer.ucids("00001002001767225700", UCID));
    let Body::CallTransferred(transferred) = &line.events[0].body else { panic!("transferred first") };
    assert_eq!(transferred.call.switch_call_id.as_deref(), Some("200"));
    assert_eq!(transferred.from.len(), 2);
    line.hear("device 4751", dropped("4751").call("200"));
    line.hear("call 65067", cleared().call("200"));
    assert_eq!(line.story()[1..], ["leg_ended 4750", "leg_ended 4751", "ended"]);
}
