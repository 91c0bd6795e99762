//! Whatever people do at the switch, its books stay right and every call ends.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::avaya_dmcc::csta::{CSTA_ED3, Names, agent_event, call_event};

fn switch(change: impl FnOnce(&mut SwitchDefinition)) -> Switch {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
    let mut definition = SwitchDefinition {
        stations: list(&["4750-4752"]),
        recorders: list(&["4790"]),
        skills: list(&["601", "602"]),
        vdns: list(&["65067", "65068"]),
        ..SwitchDefinition::default()
    };
    change(&mut definition);
    let mut switch = Switch::new(definition).expect("a switch");
    for (id, station) in [("1001", "4750"), ("1002", "4751")] {
        let skills = list(&["601", "602"]);
        let agent =
            AgentDefinition { id: id.into(), station: station.into(), skills, logged_on: true, manual_in: true };
        switch.install(agent).expect("an agent");
    }
    switch
}

fn roots(stepped: &Stepped) -> Vec<&'static str> {
    let root = |occurrence: &Occurrence| match occurrence {
        Occurrence::Call(call) => call.what.root(),
        Occurrence::Agent(agent) => agent.root,
    };
    stepped.occurrences.iter().map(root).collect()
}

fn play(switch: &mut Switch, verbs: &[Verb]) -> Vec<Vec<&'static str>> {
    verbs
        .iter()
        .map(|verb| roots(&switch.apply(verb, 1_700_000_000).unwrap_or_else(|error| panic!("{verb:?}: {error}"))))
        .collect()
}

fn answered(call: &str) -> [Verb; 4] {
    [Verb::arrive(call, "13800138000", "65067"), Verb::queue(call, "601"), Verb::ring(call, "4750"), Verb::answer(call)]
}

#[test]
fn caller_who_hangs_up_ends_the_call_for_everybody() {
    let mut switch = switch(|_| {});
    play(&mut switch, &answered("wang"));
    let end = play(&mut switch, &[Verb::drop("wang", "caller")]);
    let expected = [
        "ConnectionClearedEvent",
        "ConnectionClearedEvent",
        "AgentWorkingAfterCallEvent",
        "AgentWorkingAfterCallEvent",
        "CallClearedEvent",
    ];
    assert_eq!(end, [expected]);
    assert_eq!(switch.calls().count(), 0);
}

#[test]
fn refused_verb_changes_nothing() {
    let mut switch = switch(|_| {});
    play(&mut switch, &answered("wang"));
    let before = format!("{switch:?}");
    let refused = [
        Verb::arrive("wang", "13800138001", "65067"),
        Verb::arrive("li", "13800138001", "9999"),
        Verb::ring("wang", "4751"),
        Verb::queue("nobody", "601"),
        Verb::Transfer { call: "wang".into(), station: None },
        Verb::BlindTransfer { call: "wang".into(), station: None, to: "4750".into() },
        Verb::Consult { call: "wang".into(), station: None, to: "601".into(), r#as: None },
        Verb::Fail { call: "wang".into(), cause: None },
        Verb::Record { call: "wang".into(), recorder: "4751".into() },
        Verb::Abandon { call: "wang".into() },
        Verb::LogOn { agent: "1001".into() },
    ];
    for verb in refused {
        assert!(switch.apply(&verb, 1).is_err(), "{verb:?}");
        assert_eq!(format!("{switch:?}"), before, "{verb:?}");
    }
}

#[test]
fn call_ids_come_round_again_but_never_while_in_use() {
    let mut switch = switch(|definition| (definition.first_call_id, definition.call_id_wrap) = (3, 4));
    let mut id =
        |name: &str| switch.apply(&Verb::arrive(name, "13800138000", "65067"), 1).map(|stepped| stepped.call_id);
    assert_eq!([id("a"), id("b"), id("c"), id("d")], [3, 4, 1, 2].map(|id| Ok(Some(id))));
    assert_eq!(id("e"), Err(SwitchError::OutOfCallIds(4)));
    play(&mut switch, &[Verb::Abandon { call: "b".into() }]);
    let again = switch.apply(&Verb::arrive("e", "13800138000", "65067"), 1).expect("an id is free");
    assert_eq!(again.call_id, Some(4));
}

#[test]
fn ucid_is_node_sequence_and_seconds() {
    let mut switch = switch(|_| {});
    let arrived = switch.apply(&Verb::arrive("a", "13800138000", "65067"), 1_428_242_051).expect("possible");
    assert_eq!(arrived.ucid.as_deref(), Some("00001001791428242051"));
}

#[test]
fn transferred_call_keeps_the_customer_and_answers_to_its_first_name() {
    for keeps_consultation in [true, false] {
        let mut switch = switch(|definition| definition.merge_keeps_consultation = keeps_consultation);
        play(&mut switch, &answered("wang"));
        let consult = Verb::Consult { call: "wang".into(), station: None, to: "4751".into(), r#as: None };
        let transfer = Verb::Transfer { call: "wang".into(), station: None };
        play(&mut switch, &[consult, Verb::answer("wang/consult"), transfer]);
        assert_eq!(switch.calls().count(), 1);
        let call = switch.call_named("wang").expect("still known by its name");
        assert_eq!(call.legs.iter().map(|leg| leg.device.as_str()).collect::<Vec<_>>(), ["13800138000", "4751"]);
        let original = call.original.as_ref().expect("what it was");
        assert_eq!(original.calling, Party::Number("13800138000".into()));
        assert_eq!(call.calling == original.calling, !keeps_consultation);
        play(&mut switch, &[Verb::drop("wang", "caller")]);
        assert_eq!(switch.calls().count(), 0);
    }
}

#[test]
fn colleague_who_is_on_both_calls_cannot_be_joined_with_himself() {
    let mut switch = switch(|_| {});
    play(&mut switch, &[Verb::dial("inside", "4750", "4751"), Verb::answer("inside")]);
    let consult = Verb::Consult { call: "inside".into(), station: Some("4750".into()), to: "4751".into(), r#as: None };
    play(&mut switch, &[consult, Verb::answer("inside/consult")]);
    assert!(switch.apply(&Verb::Transfer { call: "inside".into(), station: None }, 1).is_err());
    assert!(switch.apply(&Verb::Conference { call: "inside".into(), station: None }, 1).is_err());
}

#[test]
fn conference_goes_on_when_one_of_three_leaves() {
    let mut switch = switch(|_| {});
    play(&mut switch, &answered("wang"));
    let consult = Verb::Consult { call: "wang".into(), station: None, to: "4751".into(), r#as: Some("second".into()) };
    play(&mut switch, &[consult, Verb::answer("second"), Verb::Conference { call: "wang".into(), station: None }]);
    play(&mut switch, &[Verb::drop("wang", "4750")]);
    assert_eq!(switch.calls().count(), 1);
    play(&mut switch, &[Verb::drop("wang", "4751")]);
    assert_eq!(switch.calls().count(), 0);
}

#[test]
fn recorder_alone_does_not_keep_a_call_alive() {
    let mut switch = switch(|_| {});
    play(&mut switch, &answered("wang"));
    let recorded = play(&mut switch, &[Verb::Record { call: "wang".into(), recorder: "4790".into() }]);
    assert_eq!(recorded, [["ConferencedEvent", "EstablishedEvent"]]);
    play(&mut switch, &[Verb::drop("wang", "4750")]);
    assert_eq!(switch.calls().count(), 0);
}

#[test]
fn unanswered_call_goes_back_to_the_queue_and_its_numbers_are_right() {
    let mut switch = switch(|_| {});
    play(&mut switch, &answered("wang")[..3]);
    play(&mut switch, &[Verb::arrive("li", "13800138001", "65067"), Verb::queue("li", "601")]);
    let back = switch.apply(&Verb::Rona { call: "wang".into(), to: "601".into() }, 1).expect("possible");
    let queued = back.occurrences.iter().find_map(|occurrence| match occurrence {
        Occurrence::Call(CallOccurrence { what: What::Queued { waiting, in_front, .. }, .. }) => {
            Some((*waiting, *in_front))
        }
        _ => None,
    });
    assert_eq!(queued, Some((2, 1)));
}

/// A checker of its own, apart from the parser: tags pair up, text holds no bare `<` or `&`.
fn is_well_formed(document: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap_or(document);
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        let entities_end =
            text.split('&').skip(1).all(|entity| entity.split_once(';').is_some_and(|(name, _)| name.len() < 5));
        let Some(end) = rest.find('>').filter(|end| *end > start && entities_end && !text.contains('>')) else {
            return false;
        };
        let tag = &rest[start + 1..end];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or(""));
        }
        rest = &rest[end + 1..];
    }
    open.is_empty() && rest.is_empty()
}

fn anybody() -> impl Strategy<Value = String> {
    let devices = ["4750", "4751", "4752", "4790", "601", "602", "65067", "65068", "13800138000", "caller", "", "x<&>"];
    prop::sample::select(devices.to_vec()).prop_map(str::to_owned)
}

/// Mostly one of these, sometimes anybody: so that stories get far and nonsense comes up all the same.
fn mostly(likely: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let likely = prop::sample::select(likely.to_vec()).prop_map(str::to_owned);
    prop_oneof![9 => likely, 1 => anybody()]
}

fn station() -> impl Strategy<Value = String> {
    mostly(&["4750", "4751", "4752"])
}

fn call() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "a", "a", "b", "a/consult", "a/consult", "b/consult"]).prop_map(str::to_owned)
}

/// What brings people onto calls and together.
fn busy_verb() -> impl Strategy<Value = Verb> {
    let ani = prop::sample::select(vec!["13800138000", "13800138001", "restricted", "unknown", "4750", "王&<"]);
    let uui = prop::option::of("[ -~王]{0,20}");
    let at = || prop::option::weighted(0.2, station());
    let to_arrive = || mostly(&["65067", "65068", "4751"]);
    let to_consult = || mostly(&["4750", "4751", "4752", "65067", "13800138000", "13800138003"]);
    prop_oneof![
        4 => (call(), ani, to_arrive(), uui).prop_map(|(call, ani, to, uui)| {
            Verb::Arrive(Arrive { call, ani: ani.to_owned(), to, uui, ..Arrive::default() })
        }),
        3 => (call(), mostly(&["601", "602"])).prop_map(|(call, skill)| Verb::Queue { call, skill }),
        5 => (call(), station()).prop_map(|(call, station)| Verb::Ring { call, station }),
        8 => (call(), at()).prop_map(|(call, station)| Verb::Answer { call, station }),
        5 => (call(), at(), to_consult()).prop_map(|(call, station, to)| {
            Verb::Consult { call, station, to, r#as: None }
        }),
        3 => (call(), at()).prop_map(|(call, station)| Verb::Transfer { call, station }),
        2 => (call(), at(), station()).prop_map(|(call, station, to)| Verb::BlindTransfer { call, station, to }),
        1 => (call(), at(), station()).prop_map(|(call, station, to)| Verb::SingleStepTransfer { call, station, to }),
        3 => (call(), at()).prop_map(|(call, station)| Verb::Conference { call, station }),
        3 => (call(), station(), to_consult()).prop_map(|(call, from, to)| {
            Verb::Dial(Dial { call, from, to, uui: None })
        }),
        3 => call().prop_map(|call| Verb::Reached { call }),
    ]
}

/// What changes a call or takes people off it.
fn other_verb() -> impl Strategy<Value = Verb> {
    let agent = || prop::sample::select(vec!["1001", "1002", "1003"]).prop_map(str::to_owned);
    let at = || prop::option::weighted(0.2, station());
    let elsewhere = || mostly(&["4752", "601", "65068"]);
    prop_oneof![
        2 => (call(), at()).prop_map(|(call, station)| Verb::Hold { call, station }),
        2 => (call(), at()).prop_map(|(call, station)| Verb::Retrieve { call, station }),
        2 => (call(), mostly(&["4790"])).prop_map(|(call, recorder)| Verb::Record { call, recorder }),
        2 => (call(), elsewhere()).prop_map(|(call, to)| Verb::Divert { call, to }),
        2 => (call(), elsewhere()).prop_map(|(call, to)| Verb::Rona { call, to }),
        2 => (call(), station()).prop_map(|(call, by)| Verb::PickUp { call, by }),
        2 => (call(), anybody()).prop_map(|(call, party)| Verb::Drop { call, party }),
        1 => call().prop_map(|call| Verb::Abandon { call }),
        1 => call().prop_map(|call| Verb::Clear { call }),
        1 => call().prop_map(|call| Verb::Fail { call, cause: None }),
        1 => (call(), "[ -~]{0,9}").prop_map(|(call, uui)| Verb::Attach { call, uui }),
        1 => agent().prop_map(|agent| Verb::LogOn { agent }),
        1 => agent().prop_map(|agent| Verb::LogOff { agent, reason: Some(1) }),
        1 => agent().prop_map(|agent| Verb::NotReady { agent, reason: None }),
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![3 => busy_verb(), 1 => other_verb()]
}

/// Calls that somebody heard of, and how often each ended.
#[derive(Default)]
struct Heard {
    begun: BTreeSet<CallKey>,
    ended: BTreeMap<CallKey, u32>,
}

impl Heard {
    fn hear(&mut self, names: &Names, occurrence: &Occurrence) {
        match occurrence {
            Occurrence::Agent(agent) => assert!(is_well_formed(&agent_event(names, "1", agent))),
            Occurrence::Call(call) => {
                let document = call_event(names, "1", call.audience.first().and_then(|(_, local)| *local), call);
                assert!(is_well_formed(&document), "{document}");
                assert!(crate::avaya_dmcc::csta::parse(document.as_bytes()).is_ok(), "{document}");
                self.begun.insert(call.call.key);
                assert!(!self.ended.contains_key(&call.call.key), "nothing is heard of a call after its end");
                let over = (call.what == What::CallCleared).then_some(call.call.key);
                for key in over.into_iter().chain(call.absorbed) {
                    *self.ended.entry(key).or_default() += 1;
                }
            }
        }
    }
}

fn books_are_right(switch: &Switch) {
    let ids: BTreeSet<u32> = switch.calls().map(|call| call.id).collect();
    assert_eq!(ids.len(), switch.calls().count(), "no two live calls share an id");
    for call in switch.calls() {
        let devices: BTreeSet<&str> = call.legs.iter().map(|leg| leg.device.as_str()).collect();
        assert_eq!(devices.len(), call.legs.len(), "no device is twice on a call: {call:?}");
        assert_eq!(switch.call_named(&call.name).map(|named| named.key), Some(call.key), "{call:?}");
        assert_eq!(switch.call_with_id(call.id).map(|found| found.key), Some(call.key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_every_call_ends_and_every_document_is_well_formed(
        verbs in prop::collection::vec(verb(), 0..120),
        keeps_consultation: bool,
        tells_diverted: bool,
        wrap in prop::sample::select(vec![2_u32, 65_535]),
    ) {
        let mut switch = switch(|definition| {
            definition.merge_keeps_consultation = keeps_consultation;
            definition.tells_diverted_from_queue = tells_diverted;
            definition.call_id_wrap = wrap;
        });
        let names = Names::new(switch.definition(), CSTA_ED3);
        let mut heard = Heard::default();
        for verb in verbs.iter().chain([&Verb::ClearAll]) {
            if let Ok(stepped) = switch.apply(verb, 1_700_000_000) {
                stepped.occurrences.iter().for_each(|occurrence| heard.hear(&names, occurrence));
            }
            books_are_right(&switch);
        }
        prop_assert_eq!(switch.calls().count(), 0);
        let ended: BTreeSet<CallKey> = heard.ended.keys().copied().collect();
        prop_assert_eq!(&heard.begun, &ended);
        prop_assert!(heard.ended.values().all(|times| *times == 1));
        prop_assert!(switch.waiting.values().all(|waiting| *waiting == 0), "nobody is left in a queue");
    }

    #[test]
    fn refused_verbs_leave_the_books_as_they_were(verbs in prop::collection::vec(verb(), 0..60)) {
        let mut switch = switch(|_| {});
        for verb in &verbs {
            let before = format!("{switch:?}");
            if switch.apply(verb, 1_700_000_000).is_err() {
                prop_assert_eq!(format!("{switch:?}"), before);
            }
        }
    }
}
