//! Durations, and the schedule of a load.

use std::time::Duration;

use super::read::parse_duration;
use super::{Calls, Load, Template};
use crate::avaya_dmcc::switch::{AgentDefinition, Occurrence, Switch, SwitchDefinition, Verb};

fn switch() -> Switch {
    let list = |entry: &str| vec![entry.to_owned()];
    let definition = SwitchDefinition {
        stations: list("4700-4702"),
        skills: list("601"),
        vdns: list("65067"),
        ..SwitchDefinition::default()
    };
    Switch::new(definition).expect("a switch")
}

#[test]
fn durations_are_read_with_their_units_and_nothing_else() {
    let milliseconds = |text: &str| parse_duration(text).map(|duration| duration.as_millis());
    let read = ["500ms", "2s", "1.5 s", "1m", "24h"].map(milliseconds);
    assert_eq!(read, [Some(500), Some(2_000), Some(1_500), Some(60_000), Some(86_400_000)]);
    assert_eq!(["", "2", "s", "-1s", "25h", "2 weeks", "NaNs", "infs"].map(milliseconds), [None; 8]);
}

#[test]
fn load_makes_its_calls_in_time_and_each_runs_to_its_end() {
    for template in [Template::Answered, Template::Abandoned, Template::Held] {
        let mut switch = switch();
        let load = Load { template, callers: 3, ..Load::answered(10.0, 1.0) };
        let mut calls = Calls::new(&load, &switch);
        let (mut last, mut anis) = (Duration::ZERO, Vec::new());
        while let Some(due) = calls.next_due() {
            assert!(due >= last, "time goes forward");
            last = due;
            let verb = calls.take(due).expect("due now");
            if let Verb::Arrive(arrive) = &verb {
                anis.push(arrive.ani.clone());
            }
            switch.apply(&verb, 1).unwrap_or_else(|error| panic!("{verb:?}: {error}"));
        }
        assert_eq!((calls.made(), switch.calls().count()), (10, 0));
        assert_eq!(anis[..4], ["13800138000", "13800138001", "13800138002", "13800138000"]);
        assert!(last >= Duration::from_millis(900), "the tenth call begins after nine tenths of a second");
    }
}

#[test]
fn an_agent_of_a_load_wraps_up_and_is_ready_again() {
    let mut switch = switch();
    let agent = AgentDefinition {
        id: "1001".into(),
        station: "4700".into(),
        skills: vec!["601".into()],
        logged_on: true,
        manual_in: true,
    };
    switch.install(agent).expect("an agent");
    let load = Load { wrap_up: Some(Duration::from_millis(20)), ..Load::answered(10.0, 0.4) };
    let mut calls = Calls::new(&load, &switch);
    let mut states = Vec::new();
    while let Some(due) = calls.next_due() {
        let verb = calls.take(due).expect("due now");
        for occurrence in switch.apply(&verb, 1).expect("possible").occurrences {
            if let Occurrence::Agent(agent) = occurrence {
                states.push((agent.root, due.as_millis()));
            }
        }
    }
    let (wraps_up, ready) = ("AgentWorkingAfterCallEvent", "AgentReadyEvent");
    assert_eq!(states, [(wraps_up, 200), (ready, 220), (wraps_up, 500), (ready, 520)], "every third call is his");
}

#[test]
fn nothing_is_due_before_its_time() {
    let mut calls = Calls::new(&Load::answered(10.0, 1.0), &switch());
    assert!(calls.take(Duration::ZERO).is_some());
    assert!(calls.take(Duration::from_millis(49)).is_none());
    assert!(matches!(calls.take(Duration::from_millis(50)), Some(Verb::Queue { .. })));
}
