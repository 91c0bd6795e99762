//! Monitors and agents: rules 14–16, 26.

use trunkline_events::Body;

use super::calls::wang_rings;
use super::compose::{agent, agent_with_reason};
use super::line::{Line, SITE, START, answer, error};
use crate::avaya::wire::frame::frame;

#[test]
fn rule_14_each_device_is_monitored_once_and_again_when_the_switch_ends_it() {
    let mut line = Line::ready();
    assert_eq!(line.requests("MonitorStart").len(), 5);
    let cross_ref = line.aes.monitors["device 4750"].clone();
    let ended = line.now;
    line.frame(
        &frame(55, &answer("MonitorStop", &format!("<monitorCrossRefID>{cross_ref}</monitorCrossRefID>")))
            .expect("fits"),
    );
    assert_eq!(line.requests("MonitorStopResponse")[0].invoke, 55);
    line.pass(3000);
    assert_eq!(line.requests("MonitorStart").len(), 6);
    assert_eq!(line.story(), ["gap", "resynced vanished 0"], "what the device did meanwhile is missing");
    let Body::LinkGap(gap) = &line.told("trunkline.link.gap.v1")[0].body else { panic!("a gap") };
    assert_eq!((gap.from.unix_millis(), gap.reason.as_str()), (ended, "4750 was not monitored"));
    line.hear("device 4750", wang_rings("4750"));
    assert_eq!(line.story().len(), 2, "the new monitor is heard");
}

#[test]
fn rule_14_more_than_two_hundred_monitors_end_with_their_session() {
    let mut line = Line::new("stations = [\"4000-4200\"]\nmonitor_rate_per_second = 100");
    line.open();
    assert_eq!(line.aes.monitors.len(), 201);
    line.give(crate::contract::Input::Stopping);
    assert_eq!((line.requests("MonitorStop").len(), line.requests("StopApplicationSession").len()), (0, 1));
}

#[test]
fn rule_15_monitors_are_set_at_a_limited_rate() {
    let mut line = Line::new("stations = [\"4700-4799\"]\nmonitor_rate_per_second = 5\n");
    line.open();
    let starts = line.requests("MonitorStart");
    let snapshots = line.requests("SnapshotDevice");
    assert_eq!((starts.len(), snapshots.len()), (100, 100));
    let mut times: Vec<i64> = starts.iter().chain(&snapshots).map(|sent| sent.at).collect();
    times.sort_unstable();
    assert!(times.windows(6).all(|six| six[5] - six[0] >= 1000), "never more than five in a second");
    assert!(times.windows(2).all(|two| two[1] - two[0] >= 200), "evenly");
}

#[test]
fn rule_15_a_busy_aes_is_asked_again_and_a_wrong_device_parked() {
    let mut line = Line::new("stations = [\"4750-4752\"]\nmonitor_rate_per_second = 50");
    let busy = error("systemResourceAvailibility", "resourceBusy");
    let wrong = error("security", "privilegeViolationSpecifiedDevice");
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![busy.clone(), wrong]);
    line.open();
    assert_eq!(line.requests("MonitorStart").len(), 3);
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![busy]);
    line.pass(2500);
    assert_eq!(line.requests("MonitorStart").len(), 4, "after two seconds");
    line.pass(4500);
    let starts = line.requests("MonitorStart");
    let tried = |extension: &str| starts.iter().filter(|sent| sent.body.contains(&format!(">{extension}:CM1"))).count();
    assert_eq!((tried("4750"), tried("4751"), tried("4752")), (3, 1, 1), "with a longer wait each time; 4751 never");
    assert!(line.aes.monitors.contains_key("device 4750"));
}

#[test]
fn rule_15_each_word_for_too_much_at_once_is_a_reason_to_ask_again() {
    for (category, code) in [
        ("subscribedResourceAvailability", "outstandingReqLimitExceeded"),
        ("subscribedResourceAvailability", "outstandingRequestLimitExceeded"),
        ("performanceManagement", "performanceLimitExceeded"),
        ("systemResourceAvailibility", "resourceOutOfService"),
        ("operation", "requestTimeoutRejection"),
        ("unspecified", ""),
    ] {
        let mut line = Line::new("stations = [\"4750\"]");
        line.aes.scripted.insert("MonitorStart".to_owned(), vec![error(category, code)]);
        line.open();
        line.pass(2500);
        assert_eq!(line.requests("MonitorStart").len(), 2, "{code}");
        assert!(line.aes.monitors.contains_key("device 4750"), "{code}");
    }
}

#[test]
fn rule_15_the_gap_stays_open_until_a_busy_aes_has_taken_every_monitor() {
    let busy = error("systemResourceAvailibility", "resourceBusy");
    let mut line = Line::ready();
    line.close();
    line.aes.sessions.clear();
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![busy.clone(), busy.clone(), busy]);
    line.open();
    assert_eq!(line.story(), [] as [&str; 0], "three of five devices are not heard yet");
    line.pass(2_500);
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
    let Body::LinkGap(gap) = &line.told("trunkline.link.gap.v1")[0].body else { panic!("a gap") };
    let last = line.requests("MonitorStart").last().map(|sent| sent.at);
    assert!(Some(gap.to.unix_millis()) >= last, "it reaches to the last monitor");
}

#[test]
fn rule_15_the_gap_stays_open_while_monitors_are_not_answered_and_state_is_not_told() {
    let mut line = Line::ready();
    line.close();
    line.aes.sessions.clear();
    line.aes.silent.insert("MonitorStart".to_owned());
    line.open();
    line.pass(16_000);
    assert_eq!(line.story(), [] as [&str; 0]);
    line.aes.silent.clear();
    let busy = error("systemResourceAvailibility", "resourceBusy");
    line.aes.scripted.insert("SnapshotDevice".to_owned(), vec![busy]);
    line.pass(3_000);
    assert_eq!(line.story(), [] as [&str; 0], "one station is not read");
    line.pass(3_000);
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
}

#[test]
fn rule_15_a_device_that_waits_for_a_licence_has_a_gap_of_its_own() {
    let mut line = Line::ready();
    line.pass(1_000);
    line.close();
    line.aes.sessions.clear();
    let limit = error("subscribedResourceAvailability", "objectMonitorLimitExceeded");
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![limit]);
    line.open();
    assert_eq!(line.story(), ["gap", "resynced vanished 0"], "nobody waits for a licence");
    line.aes.sessions.insert("469421A9364D46D6444524AE41BEAD72-2".to_owned());
    line.pass(301_000);
    assert_eq!(line.story(), ["gap", "resynced vanished 0"]);
    let gaps = line.told("trunkline.link.gap.v1");
    let Body::LinkGap(gap) = &gaps[1].body else { panic!("a gap") };
    assert_eq!(gap.reason, "65067 was not monitored");
    let Body::LinkGap(first) = &gaps[0].body else { panic!("a gap") };
    assert_eq!(gap.from, first.from, "from the loss of the session on");
}

#[test]
fn rule_15_a_licence_limit_is_tried_again_in_minutes() {
    let mut line = Line::new("stations = [\"4750\"]");
    let limit = error("subscribedResourceAvailability", "objectMonitorLimitExceeded");
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![limit]);
    line.open();
    line.pass(60_000);
    assert_eq!(line.requests("MonitorStart").len(), 1);
    line.pass(260_000);
    assert_eq!(line.requests("MonitorStart").len(), 2);
}

#[test]
fn a_device_id_that_the_aes_refuses_is_asked_for_once() {
    let mut line = Line::new("stations = [\"4750\"]");
    let invalid = error("operation", "invalidDeviceID");
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![invalid.clone()]);
    line.open();
    assert_eq!(line.requests("GetThirdPartyDeviceId").len(), 1);
    assert!(line.requests("MonitorStart")[1].body.contains(">4750:CM1:192.0.2.10:0<"));
    line.give(crate::contract::Input::Stopping);
    assert_eq!(line.requests("ReleaseDeviceId").len(), 1);
    let mut busy = Line::new("stations = [\"4750\"]");
    busy.aes.scripted.insert("MonitorStart".to_owned(), vec![invalid.clone()]);
    let later = error("systemResourceAvailibility", "resourceBusy");
    busy.aes.scripted.insert("GetThirdPartyDeviceId".to_owned(), vec![later]);
    busy.open();
    busy.pass(2_500);
    assert_eq!(busy.requests("GetThirdPartyDeviceId").len(), 2, "busy is no reason to give a device up");
    assert!(busy.aes.monitors.contains_key("device 4750"));
    let mut unanswered = Line::new("stations = [\"4750\"]");
    unanswered.aes.scripted.insert("MonitorStart".to_owned(), vec![invalid.clone()]);
    unanswered.aes.silent.insert("GetThirdPartyDeviceId".to_owned());
    unanswered.open();
    unanswered.aes.silent.clear();
    unanswered.pass(18_000);
    assert!(unanswered.aes.monitors.contains_key("device 4750"), "nor is an answer that does not come");
    let mut never = Line::new("stations = [\"4750\"]");
    never.aes.scripted.insert("MonitorStart".to_owned(), vec![invalid.clone(), invalid]);
    never.open();
    never.pass(600_000);
    assert_eq!(never.requests("MonitorStart").len(), 2, "then it is parked");
}

#[test]
fn rule_16_vdns_are_followed_by_call_stations_and_skills_by_device_all_with_an_inverted_filter() {
    let line = Line::ready();
    let monitors: Vec<&str> = line.aes.monitors.keys().map(String::as_str).collect();
    assert_eq!(monitors, ["call 65067", "device 4750", "device 4751", "device 4752", "device 601"]);
    for request in line.requests("MonitorStart") {
        assert!(request.body.contains("<a:invertFilter>true</a:invertFilter>"));
        assert!(request.body.contains("<transferred>true</transferred>"));
        assert!(request.body.contains("<agentLoggedOn>true</agentLoggedOn>"));
    }
    assert!(line.requests("MonitorStart")[0].body.contains(">65067:CM1::0<"), "VDNs first");
}

#[test]
fn rule_16_a_snapshot_in_the_answer_spares_a_request() {
    let mut line = Line::new("stations = [\"4750\"]");
    let private = "<monitorCrossRefID>x1</monitorCrossRefID><extensions><privateData><private><a:MonitorStartResponsePrivateData xmlns:a=\"http://www.avaya.com/csta\"><a:snapshotData><a:snapshotCallResponseInfo><callIdentifier><callID>179</callID></callIdentifier><localConnectionInfo>alerting</localConnectionInfo></a:snapshotCallResponseInfo></a:snapshotData></a:MonitorStartResponsePrivateData></private></privateData></extensions>";
    line.aes.scripted.insert("MonitorStart".to_owned(), vec![answer("MonitorStartResponse", private)]);
    line.aes.calls.insert(
        "179".to_owned(),
        ("13800138000".to_owned(), "65067".to_owned(), super::compose::UCID.to_owned(), vec![("4750", "alerting")]),
    );
    line.open();
    assert_eq!(line.requests("SnapshotDevice").len(), 0);
    assert_eq!(
        line.story(),
        ["offered in 13800138000>65067", "ringing 4750 in 13800138000>65067", "resynced vanished 0"]
    );
}

#[test]
fn rule_26_an_agent_is_on_until_the_last_skill_is_gone() {
    let mut line = Line::ready();
    let skill = "device 601";
    line.hear_xml(skill, &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear_xml(skill, &agent("AgentLoggedOnEvent", "4750", "1001", Some("602")));
    line.hear_xml("device 4750", &agent_with_reason("AgentNotReadyEvent", "4750", "1001", "3"));
    line.hear_xml(skill, &agent_with_reason("AgentNotReadyEvent", "4750", "1001", "3"));
    line.hear_xml(skill, &agent("AgentLoggedOffEvent", "4750", "1001", Some("601")));
    assert_eq!(line.story(), ["login 1001 true", "state 1001 NotReady (3)"]);
    line.hear_xml(skill, &agent("AgentLoggedOffEvent", "4750", "1001", Some("602")));
    assert_eq!(line.story(), ["state 1001 LoggedOff", "login 1001 false"]);
    line.hear_xml(skill, &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear_xml(skill, &agent("AgentLoggedOnEvent", "4750", "1002", Some("601")));
    assert_eq!(line.story(), ["login 1001 true", "state 1001 LoggedOff", "login 1001 false", "login 1002 true"]);
}

#[test]
fn rule_26_an_agent_who_logs_on_elsewhere_sits_in_one_place() {
    let mut line = Line::ready();
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4751", "1001", Some("601")));
    assert_eq!(line.story(), ["login 1001 true", "state 1001 LoggedOff", "login 1001 false", "login 1001 true"]);
    line.hear("device 4750", wang_rings("4750"));
    let Body::CallRinging(rings) = &line.told("trunkline.call.ringing.v1")[0].body else { panic!("rings") };
    assert_eq!(rings.device.agent, None, "he is at 4751 now");
}

#[test]
fn rule_26_who_logged_on_before_we_listened_is_asked_for_once() {
    let mut line = Line::new(SITE);
    line.aes.agents.insert("4750".to_owned(), ("1001", "agentReady"));
    line.open();
    assert_eq!(line.story(), ["resynced vanished 0", "login 1001 true", "state 1001 Ready"]);
    line.hear("device 4750", wang_rings("4750"));
    let agents: Vec<_> = line
        .events
        .iter()
        .filter_map(|event| match &event.body {
            Body::CallRinging(ringing) => ringing.device.agent.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(agents, ["1001"]);
    line.pass(600_000);
    assert_eq!(line.requests("GetAgentState").len(), 3);
}

#[test]
fn rule_26_agents_are_polled_at_leisure_if_asked_for() {
    let mut line = Line::ready_with(&format!("{SITE}agent_poll_seconds = 10\n"));
    line.aes.agents.insert("4751".to_owned(), ("1002", "agentNotReady"));
    let asked = line.requests("GetAgentState").len();
    line.pass(11_000);
    assert_eq!(line.requests("GetAgentState").len() - asked, 3);
    assert_eq!(line.story(), ["login 1002 true", "state 1002 NotReady"]);
    line.aes.agents.insert("4751".to_owned(), ("1002", "agentReady"));
    line.pass(10_000);
    assert_eq!(line.story(), ["state 1002 Ready"]);
    line.aes.agents.clear();
    line.pass(10_000);
    assert_eq!(line.story(), ["state 1002 LoggedOff", "login 1002 false"]);
    assert!(line.now > START);
}
