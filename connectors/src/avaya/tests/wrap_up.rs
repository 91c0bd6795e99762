//! Which call an agent's wrap-up belongs to.

use super::calls::{cleared, dropped, wang_answered, wang_at_vdn, wang_rings};
use super::compose::{OTHER_UCID, UCID, agent, agent_with_reason, told};
use super::line::{Line, SITE};
use super::recordings::decode;
use super::story::lines;

const STATION: &str = "device 4750";

/// Ms Wang talks to agent 1001 at 4750.
fn talking() -> Line {
    let mut line = Line::ready();
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear(STATION, wang_rings("4750"));
    line.hear(STATION, wang_answered("4750"));
    line.pass(30_000);
    line.events.clear();
    line
}

/// What the agent does, by one of the events that tell it.
fn does(line: &mut Line, root: &str) {
    line.hear_xml(STATION, &agent(root, "4750", "1001", None));
}

/// The states that were told since the last look.
fn states(line: &mut Line) -> Vec<String> {
    line.story().into_iter().filter(|line| line.starts_with("state ")).collect()
}

#[test]
fn the_wrap_up_and_the_state_that_ends_it_name_the_call() {
    let mut line = talking();
    line.hear(STATION, dropped("4750"));
    does(&mut line, "AgentWorkingAfterCallEvent");
    line.hear_xml("device 601", &agent("AgentWorkingAfterCallEvent", "4750", "1001", Some("601")));
    line.pass(300_000);
    does(&mut line, "AgentReadyEvent");
    does(&mut line, "AgentNotReadyEvent");
    assert_eq!(states(&mut line), ["state 1001 AfterCall of 179", "state 1001 Ready of 179", "state 1001 NotReady"]);
}

#[test]
fn a_wrap_up_told_ahead_of_the_hang_up_belongs_to_the_call_too() {
    let mut line = talking();
    does(&mut line, "AgentWorkingAfterCallEvent");
    line.hear(STATION, dropped("4750"));
    line.hear_xml(STATION, &agent_with_reason("AgentNotReadyEvent", "4750", "1001", "3"));
    assert_eq!(states(&mut line), ["state 1001 AfterCall of 179", "state 1001 NotReady (3) of 179"]);
}

#[test]
fn a_state_between_and_a_button_pressed_long_after_belong_to_no_call() {
    let mut line = talking();
    line.hear(STATION, dropped("4750"));
    does(&mut line, "AgentReadyEvent");
    does(&mut line, "AgentWorkingAfterCallEvent");
    assert_eq!(states(&mut line), ["state 1001 Ready", "state 1001 AfterCall"]);
    let mut line = talking();
    line.hear(STATION, dropped("4750"));
    line.pass(61_000);
    does(&mut line, "AgentWorkingAfterCallEvent");
    assert_eq!(states(&mut line), ["state 1001 AfterCall"]);
}

#[test]
fn a_call_that_only_rang_is_not_wrapped_up() {
    let mut line = Line::ready();
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4750", "1001", Some("601")));
    line.hear(STATION, wang_rings("4750"));
    line.hear(STATION, told("DivertedEvent").at("4750").to("65067").cause("callNotAnswered"));
    does(&mut line, "AgentWorkingAfterCallEvent");
    assert_eq!(states(&mut line), ["state 1001 AfterCall"]);
}

#[test]
fn who_asked_a_colleague_wraps_up_the_customers_call_and_who_dialled_his_own() {
    let mut line = talking();
    line.hear(STATION, told("HeldEvent").at("4750"));
    line.hear(STATION, told("OriginatedEvent").call("180").at("4750").from("4750", "4751"));
    line.hear("device 4751", wang_rings("4751").call("180").from("4750", "4751").ucid(OTHER_UCID));
    line.hear("device 4751", wang_answered("4751").call("180").from("4750", "4751").ucid(OTHER_UCID));
    for station in ["4750", "4751"] {
        line.hear(STATION, dropped(station).call("180"));
    }
    line.hear(STATION, told("RetrievedEvent").at("4750"));
    line.pass(10_000);
    does(&mut line, "AgentWorkingAfterCallEvent");
    does(&mut line, "AgentReadyEvent");
    assert_eq!(states(&mut line), ["state 1001 AfterCall of 179", "state 1001 Ready of 179"]);

    let dials = |root: &str| told(root).call("181").from("4750", "913800138000").state("connected");
    line.hear(STATION, dials("OriginatedEvent").at("4750"));
    line.hear(STATION, dials("EstablishedEvent").at("913800138000"));
    line.hear(STATION, dropped("4750").call("181"));
    does(&mut line, "AgentWorkingAfterCallEvent");
    assert_eq!(states(&mut line), ["state 1001 AfterCall of 181"]);
}

#[test]
fn after_a_transfer_both_agents_wrap_up_the_call_that_went_on() {
    let mut line = talking();
    line.hear("call 65067", wang_at_vdn());
    line.hear_xml("device 601", &agent("AgentLoggedOnEvent", "4751", "1002", Some("601")));
    line.hear(STATION, told("HeldEvent").at("4750"));
    line.hear(STATION, told("OriginatedEvent").call("180").at("4750").from("4750", "4751"));
    line.hear("device 4751", wang_rings("4751").call("180").from("4750", "4751").ucid(OTHER_UCID));
    line.hear("device 4751", wang_answered("4751").call("180").from("4750", "4751").ucid(OTHER_UCID));
    let transfer = told("TransferedEvent").at("4750").secondary("180", "4750").to("4751");
    line.hear(STATION, transfer.result("179", &["13800138000", "4751"]).cause("transfer").ucids(UCID, OTHER_UCID));
    does(&mut line, "AgentWorkingAfterCallEvent");
    line.hear("device 4751", dropped("4751"));
    line.hear("call 65067", cleared());
    line.hear_xml("device 4751", &agent("AgentWorkingAfterCallEvent", "4751", "1002", None));
    does(&mut line, "AgentReadyEvent");
    assert_eq!(
        states(&mut line),
        ["state 1001 AfterCall of 179", "state 1002 AfterCall of 179", "state 1001 Ready of 179"]
    );
}

#[test]
fn a_wrap_up_outlives_the_process_and_ends_with_a_log_off() {
    let mut line = talking();
    line.hear(STATION, dropped("4750"));
    does(&mut line, "AgentWorkingAfterCallEvent");
    line.pass(2_000);
    let mut next = Line::restored(SITE, line.checkpoint.as_deref(), line.now + 5_000);
    next.aes = line.aes;
    next.aes.agents.insert("4750".to_owned(), ("1001", "agentWorkingAfterCall"));
    next.open();
    next.hear_xml("device 601", &agent("AgentLoggedOffEvent", "4750", "1001", None));
    assert_eq!(states(&mut next), ["state 1001 LoggedOff of 179"]);
}

#[test]
fn a_recording_without_times_tells_the_wrap_up_of_its_call() {
    let does = |root: &str| super::compose::event_frame(&agent(root, "4750", "1001", None));
    let states = ["AgentWorkingAfterCallEvent", "AgentReadyEvent", "AgentWorkingAfterCallEvent"].map(does);
    let call = [wang_rings("4750"), wang_answered("4750"), dropped("4750")].map(|told| told.frame());
    let told = lines(&decode(&[call.concat(), states.concat()].concat()));
    let expected = ["state 1001 AfterCall of 179", "state 1001 Ready of 179", "state 1001 AfterCall"];
    assert_eq!(told[told.len() - 3..], expected);
}
