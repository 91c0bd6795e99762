//! Recovery: rule 12, and ids that neither collide nor repeat over restarts.

use std::collections::HashSet;

use serde_json::json;
use trunkline_events::{Event, EventId};

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_rings};
use super::compose::{OTHER_UCID, UCID, told};
use super::line::{Line, SITE};
use super::story::line as told_as;
use crate::contract::{Ability, Command, Input};

fn known_to_switch(line: &mut Line, call: &str, state: &'static str) {
    let leg = vec![("4750", state)];
    line.aes.calls.insert(call.to_owned(), ("13800138000".to_owned(), "65067".to_owned(), UCID.to_owned(), leg));
}

#[test]
fn rule_12_no_second_ringing_after_recovery_and_vanished_calls_end() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4751", wang_rings("4751").call("180").ucid(OTHER_UCID));
    line.close();
    line.events.clear();
    line.pass(5000);
    line.aes.at.insert("4750".to_owned(), vec![("179", "alerting")]);
    line.open();
    assert_eq!(line.story(), ["leg_ended 4751 reconstructed", "ended reconstructed", "resynced vanished 1"]);
    line.hear("device 4750", wang_answered("4750"));
    assert_eq!(line.story(), ["answered 4750"]);
}

#[test]
fn rule_12_what_was_missed_is_told_as_the_state_says() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.close();
    line.events.clear();
    line.aes.at.insert("4750".to_owned(), vec![("179", "connected")]);
    line.aes.at.insert("4751".to_owned(), vec![("180", "alerting")]);
    line.aes.calls.insert(
        "180".to_owned(),
        ("13900139000".to_owned(), "65067".to_owned(), OTHER_UCID.to_owned(), vec![("4751", "alerting")]),
    );
    line.open();
    assert_eq!(
        line.story(),
        ["answered 4750", "offered in 13900139000>65067", "ringing 4751 in 13900139000>65067", "resynced vanished 0"]
    );
}

#[test]
fn rule_12_a_waiting_call_that_vanished_is_found_by_asking_for_it() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("call 65067", wang_at_vdn().call("180").ucid(OTHER_UCID));
    line.close();
    line.events.clear();
    line.pass(1000);
    known_to_switch(&mut line, "179", "queued");
    line.aes.calls.get_mut("179").expect("there").3.clear();
    line.open();
    assert_eq!(line.story(), ["ended reconstructed", "resynced vanished 1"]);
}

#[test]
fn rule_12_a_leg_that_begins_while_its_station_is_read_is_not_closed() {
    let mut line = Line::ready();
    line.close();
    line.aes.silent.insert("SnapshotDevice".to_owned());
    line.open();
    let asked =
        line.requests("SnapshotDevice").into_iter().rfind(|sent| sent.body.contains("4750")).expect("asked").clone();
    line.pass(1);
    line.hear("device 4750", wang_rings("4750"));
    line.events.clear();
    let empty = super::line::answer(
        "SnapshotDeviceResponse",
        "<crossRefIDorSnapshotData><snapshotData/></crossRefIDorSnapshotData>",
    );
    line.frame(&crate::avaya::wire::frame::frame(asked.invoke, &empty).expect("fits"));
    assert_eq!(line.story(), [] as [&str; 0]);
}

#[test]
fn a_call_that_only_the_records_know_is_asked_about_and_ended_when_the_switch_does_not_know_it() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.events.clear();
    let lost = json!({ "id": OTHER_UCID, "switch_call_id": "177", "ucid": OTHER_UCID });
    let known = json!({ "id": UCID, "switch_call_id": "179", "ucid": UCID });
    let body = json!({ "calls": [lost, known] });
    line.give(Input::Command(&Command { key: "look".to_owned(), ability: Ability::CheckCalls, body }));
    line.settle();
    assert_eq!(line.story(), ["ended reconstructed"]);
    let asked: Vec<bool> = line.requests("SnapshotCall").iter().map(|sent| sent.body.contains("177")).collect();
    assert_eq!(asked, [true], "the call that we know was asked about too");
}

#[test]
fn a_call_that_only_the_records_know_is_over_when_its_number_names_another() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.events.clear();
    let body = json!({ "calls": [{ "id": OTHER_UCID, "switch_call_id": "179", "ucid": OTHER_UCID }] });
    line.give(Input::Command(&Command { key: "look".to_owned(), ability: Ability::CheckCalls, body }));
    assert_eq!(line.story(), ["ended reconstructed"]);
}

#[test]
fn stations_with_calls_are_read_first() {
    let mut line = Line::ready_with("stations = [\"4700-4760\"]\nmonitor_rate_per_second = 100");
    line.hear("device 4755", wang_rings("4755"));
    line.close();
    let before = line.sent.len();
    line.open();
    let first = line.sent[before..].iter().find(|sent| sent.root == "SnapshotDevice").expect("asked");
    assert!(first.body.contains("4755"));
}

/// Everything told in `events` by id.
fn ids(events: &[Event]) -> HashSet<EventId> {
    events.iter().map(|event| event.id).collect()
}

/// A call that was held once and taken back, in a process that is then killed.
fn before_the_kill() -> Line {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.pass(1500);
    line.hear("device 4750", told("HeldEvent").at("4750"));
    line.hear("device 4750", told("RetrievedEvent").at("4750"));
    line
}

/// The next process, which finds the call talking.
fn after_the_kill(former: Line, checkpoint: Option<&[u8]>) -> Line {
    let mut line = Line::restored(SITE, checkpoint, former.now + 20_000);
    line.aes = former.aes;
    line.aes.at.insert("4750".to_owned(), vec![("179", "connected")]);
    known_to_switch(&mut line, "179", "connected");
    line.open();
    line
}

#[test]
fn a_restart_with_a_checkpoint_keeps_session_and_calls_and_tells_nothing_twice() {
    let former = before_the_kill();
    let (told_before, stale) = (former.events.clone(), former.checkpoint.clone().expect("saved"));
    let mut line = after_the_kill(former, Some(&stale));
    assert_eq!(line.requests("StartApplicationSession").len(), 1, "recovered");
    assert_eq!(line.requests("MonitorStart").len(), 0);
    assert_eq!(line.story(), ["resynced vanished 0"]);
    line.hear("device 4750", told("HeldEvent").at("4750"));
    line.hear("device 4750", told("RetrievedEvent").at("4750"));
    let news = ids(&line.events);
    assert_eq!(line.story(), ["held 4750", "resumed 4750"]);
    assert!(
        news.is_disjoint(&ids(&told_before)),
        "the second hold is not the first, though the checkpoint knew of none"
    );
    line.hear("device 4750", dropped("4750"));
    line.hear("call 65067", cleared());
    assert_eq!(line.story(), ["leg_ended 4750", "ended"]);
}

#[test]
fn a_restart_without_a_checkpoint_tells_what_lives_by_the_ids_it_had() {
    let former = before_the_kill();
    let told_before = former.events.clone();
    let mut line = after_the_kill(former, None);
    assert!(line.requests("StartApplicationSession")[0].body.contains("<a:sessionID></a:sessionID>"));
    let asserted: Vec<_> = line.events.iter().filter(|event| event.subject.is_some()).cloned().collect();
    assert_eq!(asserted.iter().map(told_as).collect::<Vec<_>>(), ["offered in 13800138000>65067", "answered 4750"]);
    assert!(ids(&asserted).is_subset(&ids(&told_before)), "known already, so dropped by whoever keeps the ids");
    line.events.clear();
    line.hear("device 4750", told("HeldEvent").at("4750"));
    assert!(ids(&line.events).is_disjoint(&ids(&told_before)), "but the second hold is new");
    line.hear("call 65067", cleared());
    let end = line.events.last().expect("ended").id;
    let mut undisturbed = before_the_kill();
    undisturbed.hear("call 65067", cleared());
    assert_eq!(undisturbed.events.last().map(|event| event.id), Some(end), "a call ends once, whoever tells it");
}

#[test]
fn two_processes_that_hold_one_connector_give_the_same_ids() {
    let mut first = Line::ready();
    let mut second = Line::ready();
    second.pass(700);
    for line in [&mut first, &mut second] {
        line.hear("call 65067", wang_at_vdn());
    }
    // One hears the station's monitor first, the other the VDN's.
    for (line, order) in [(&mut first, ["device 4750", "call 65067"]), (&mut second, ["call 65067", "device 4750"])] {
        for event in [
            wang_rings("4750"),
            wang_answered("4750"),
            told("HeldEvent").at("4750"),
            told("RetrievedEvent").at("4750"),
            told("HeldEvent").at("4750"),
            dropped("4750"),
        ] {
            for point in order {
                line.hear(point, event.clone());
            }
        }
        line.hear("call 65067", cleared());
    }
    assert_eq!(first.events.len(), 8);
    assert_eq!(ids(&first.events), ids(&second.events));
}

#[test]
fn after_a_lost_session_the_new_monitors_events_are_news() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.hear("device 4750", told("HeldEvent").at("4750"));
    line.hear("device 4750", told("RetrievedEvent").at("4750"));
    line.close();
    line.aes.sessions.clear();
    line.aes.at.insert("4750".to_owned(), vec![("179", "connected")]);
    line.open();
    line.events.clear();
    line.hear("device 4750", told("HeldEvent").at("4750"));
    assert_eq!(line.story(), ["held 4750"], "within the echo window, by a monitor that counts from one");
}

#[test]
fn a_call_that_a_lost_sessions_monitor_followed_ends_with_its_last_leg() {
    let mut line = Line::ready();
    line.hear("call 65067", wang_at_vdn());
    line.hear("device 4750", wang_rings("4750"));
    line.close();
    line.aes.sessions.clear();
    line.aes.at.insert("4750".to_owned(), vec![("179", "alerting")]);
    line.open();
    line.events.clear();
    line.hear("device 4750", dropped("4750"));
    assert_eq!(line.story(), ["leg_ended 4750", "ended"], "the new monitor of the VDN knows nothing of it");
}

#[test]
fn a_missed_hang_up_is_found_when_the_agent_answers_another_call() {
    let mut line = Line::ready();
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", wang_answered("4750"));
    line.pass(60_000);
    line.events.clear();
    line.aes.at.insert("4750".to_owned(), vec![("180", "connected")]);
    line.hear("device 4750", wang_rings("4750").call("180").ucid(OTHER_UCID));
    line.hear("device 4750", wang_answered("4750").call("180").ucid(OTHER_UCID));
    line.settle();
    assert_eq!(line.story()[2..], ["answered 4750", "leg_ended 4750 reconstructed", "ended reconstructed"]);
}

#[test]
fn a_call_that_left_our_sight_is_asked_about_until_it_is_over() {
    let mut line = Line::ready_with("stations = [\"4750\"]");
    line.hear("device 4750", wang_rings("4750"));
    line.hear("device 4750", told("DivertedEvent").at("4750").to("4999").cause("callNotAnswered"));
    line.events.clear();
    line.aes.sessions.insert("469421A9364D46D6444524AE41BEAD72-1".to_owned());
    known_to_switch(&mut line, "179", "queued");
    line.aes.calls.get_mut("179").expect("there").3.clear();
    line.pass(200_000);
    assert_eq!((line.requests("SnapshotCall").len(), line.story().len()), (1, 0), "it still waits somewhere");
    line.aes.calls.clear();
    line.pass(200_000);
    assert_eq!(line.story(), ["ended reconstructed"]);
}

#[test]
fn a_thousand_stations_recover_with_one_request_each_and_agents_are_asked_for_at_leisure() {
    let mut line = Line::ready_with("stations = [\"4000-4999\"]\nmonitor_rate_per_second = 20");
    assert_eq!(line.requests("MonitorStart").len(), 1000);
    line.close();
    let (before, began) = (line.sent.len(), line.now);
    line.open();
    let read = line.sent[before..].iter().filter(|sent| sent.root == "SnapshotDevice").count();
    let at_leisure = line.sent[before..].iter().filter(|sent| sent.root == "GetAgentState").count();
    assert_eq!((read, at_leisure, line.sent.len() - before), (1000, 1000, 2002));
    let resynced = line.events.last().expect("resynced").time.unix_millis() - began;
    assert!((49_000..52_000).contains(&resynced), "20 a second, who sits where comes after");
    assert_eq!(line.story(), ["resynced vanished 0"]);
}

/// F10: the secondary AES knows neither session nor monitors.
#[test]
fn eight_thousand_devices_are_monitored_anew_at_a_secondary_aes_without_a_flood_and_the_gap_covers_all_of_it() {
    // Mostly VDNs, which ask one question each: the same flood in a third of the time.
    let site = "stations = [\"17000-17099\"]\nvdns = [\"60000-67899\"]\nmonitor_rate_per_second = 20";
    let mut line = Line::ready_with(site);
    line.pass(60_000);
    line.hear("device 17000", wang_rings("17000"));
    line.story();
    line.close();
    let (before, lost) = (line.sent.len(), line.now);
    line.aes = super::line::Aes::default();
    line.open();
    let sent = &line.sent[before..];
    let monitors = sent.iter().filter(|sent| sent.root == "MonitorStart").count();
    let read = sent.iter().filter(|sent| sent.root == "SnapshotDevice").count();
    assert_eq!((monitors, read), (8_000, 100), "each once");
    let times: Vec<i64> = sent.iter().skip(3).map(|sent| sent.at).collect();
    assert!(times.windows(21).all(|some| some[20] - some[0] >= 1_000), "never more than twenty in a second");
    assert_eq!(line.story(), ["leg_ended 17000 reconstructed", "ended reconstructed", "gap", "resynced vanished 1"]);
    let trunkline_events::Body::LinkGap(gap) = &line.told("trunkline.link.gap.v1")[0].body else { panic!("a gap") };
    assert!(gap.from.unix_millis() <= lost);
    let newest = line.sent[before..].iter().filter(|sent| sent.root == "MonitorStart").map(|sent| sent.at).max();
    assert!(Some(gap.to.unix_millis()) >= newest, "until the last monitor stands");
}
