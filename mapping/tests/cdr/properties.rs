//! What holds for any set of events, sensible or not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline_events::cdr::{Cdr, Leg, Outcome};
use trunkline_events::{Event, EventId, Sequence, Timestamp};
use trunkline_mapping::cdr::{ConversationKey, conversation_keys, fold, known_from, root};

use super::notation;

/// A line of the scenario notation about one of three calls at three extensions, within one minute.
fn call_line() -> impl Strategy<Value = String> {
    let kinds = select(vec![
        "offered 13800138001 > 65067",
        "offered 4750 > 13800138002 dir=outbound device=4750",
        "offered 4750 > 4751 dir=internal device=4750",
        "queued 601",
        "queued 602",
        "ringing EXT agent=1001",
        "answered EXT",
        "answered 13800138002",
        "held EXT",
        "resumed EXT",
        "transferred EXT > 4752 from=A",
        "transferred EXT > 4752 from=B,C",
        "conferenced EXT > 4752 from=B",
        "diverted EXT",
        "data ucid=00001001791428242051",
        "leg_ended EXT",
        "leg_ended EXT reconstructed",
        "ended",
        "ended failure=busy",
        "ended reconstructed",
        "state 1001 after_call extension=EXT",
        "state 1001 ready extension=EXT",
        "remark 1001 refund",
    ]);
    let extension = select(vec!["4750", "4751", "4752"]);
    (0..60_u8, 0..4_u8, select(vec!["A", "B", "C"]), kinds, extension).prop_map(|(at, late, call, kind, extension)| {
        let kind = kind.replace("EXT", extension);
        format!("10:00:{at:02} {call} {kind} received=10:01:{late:02}")
    })
}

fn chat_line() -> impl Strategy<Value = String> {
    let kinds = select(vec![
        "opened v-77 queue=service",
        "opened v-78",
        "assigned zhao",
        "assigned qian",
        "message visitor hello id=m1",
        "message agent by=zhao hello",
        "message agent hello",
        "message bot hello",
        "message system hello",
        "closed",
        "remark zhao refund",
    ]);
    (0..60_u8, kinds).prop_map(|(at, kind)| format!("20:00:{at:02} W {kind}"))
}

/// What a connector's numbering and clock may do to one event.
fn stamp() -> impl Strategy<Value = (Option<u64>, bool, u8)> {
    (proptest::option::of(1..40_u64), any::<bool>(), 0..30_u8)
}

/// Any set of events of one family. Some share an id (and are then the same happening told twice, maybe differently).
fn events() -> impl Strategy<Value = Vec<Event>> {
    let lines = prop_oneof![4 => vec(call_line(), 1..20), 1 => vec(chat_line(), 1..20)];
    (lines, vec(stamp(), 20)).prop_map(|(lines, stamps)| {
        let mut events = notation::events(&lines.join("\n"));
        for (event, (number, stamped_by_us, id)) in events.iter_mut().zip(stamps) {
            event.sequence = number.map(|number| Sequence { epoch: "run".to_owned(), number });
            if stamped_by_us {
                event.received = event.time;
            }
            event.id = EventId::derive("/test", "id", "any", &id.to_string());
        }
        events
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    events().prop_flat_map(|events| {
        let doubled: Vec<Event> = events.iter().chain(events.iter().step_by(2)).cloned().collect();
        (Just(events), Just(doubled).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_do_not_show((straight, shuffled) in shuffled()) {
        prop_assert_eq!(fold(&straight), fold(&shuffled));
    }

    #[test]
    fn every_record_adds_up(events in events()) {
        let Some(folded) = fold(&events) else { return Ok(()) };
        let cdr = &folded.cdr;
        prop_assert_eq!(cdr.ring_ms, cdr.legs.iter().map(|leg| leg.ring_ms).sum::<u64>());
        prop_assert_eq!(cdr.talk_ms, cdr.legs.iter().map(|leg| leg.talk_ms).sum::<u64>());
        prop_assert_eq!(cdr.hold_ms, cdr.legs.iter().map(|leg| leg.hold_ms).sum::<u64>());
        for leg in &cdr.legs {
            check_leg(leg, cdr);
        }
        prop_assert_eq!(folded.complete, cdr.ended.is_some());
        prop_assert_eq!(folded.complete, cdr.outcome != Outcome::Open);
        if folded.complete {
            prop_assert!(folded.live.is_empty());
            prop_assert!(cdr.legs.iter().all(|leg| leg.ended.is_some()));
            prop_assert!(cdr.started <= cdr.ended);
            prop_assert!(cdr.queue_ms <= millis(cdr.started, cdr.ended) * u64::try_from(cdr.calls.len()).expect("few"));
        }
    }

    #[test]
    fn an_extension_has_one_leg_at_a_time(events in events()) {
        let Some(folded) = fold(&events) else { return Ok(()) };
        for (place, leg) in folded.cdr.legs.iter().enumerate() {
            let later = folded.cdr.legs[place + 1..].iter().find(|later| later.extension == leg.extension);
            if let Some(later) = later {
                prop_assert!(leg.ended.is_some(), "{leg:?} is still open at {later:?}");
                let begins = later.ringing.or(later.answered).or(later.ended);
                prop_assert!(begins.is_none() || leg.ended <= begins);
            }
        }
    }

    #[test]
    fn the_record_is_named_by_the_root_of_all_keys(events in events()) {
        let events = with_ids_of_their_own(events);
        let Some(folded) = fold(&events) else { return Ok(()) };
        let keys: Vec<_> = events
            .iter()
            .flat_map(|event| conversation_keys(event).into_iter().map(|key| (key, known_from(event))))
            .filter(|(key, _)| key.text().is_some())
            .collect();
        let root = root(keys.iter().map(|(key, time)| (key, *time))).map(ConversationKey::id);
        prop_assert_eq!(Some(folded.cdr.id), root);
    }
}

/// Of two tellings under one id only one counts, and which is the fold's own business.
fn with_ids_of_their_own(mut events: Vec<Event>) -> Vec<Event> {
    for (place, event) in events.iter_mut().enumerate() {
        event.id = EventId::derive("/test", "id", "any", &place.to_string());
    }
    events
}

fn check_leg(leg: &Leg, cdr: &Cdr) {
    let begins = leg.ringing.or(leg.answered);
    assert!(leg.answered.is_none() || leg.ringing <= leg.answered, "{leg:?}");
    assert!(leg.ended.is_none() || (begins <= leg.ended && leg.answered <= leg.ended), "{leg:?}");
    assert!(cdr.ended.is_none() || leg.ended <= cdr.ended, "{leg:?} outlives its conversation");
    assert!(begins.is_none() || cdr.started <= begins, "{leg:?} begins before its conversation");
    if leg.ended.is_some() {
        assert!(leg.ring_ms + leg.talk_ms + leg.hold_ms <= millis(begins, leg.ended), "{leg:?}");
    }
    assert_eq!(leg.ended.is_some(), leg.end.is_some(), "{leg:?}");
}

fn millis(from: Option<Timestamp>, to: Option<Timestamp>) -> u64 {
    let (Some(from), Some(to)) = (from, to) else { return 0 };
    u64::try_from(to.since(from).whole_milliseconds()).expect("not negative")
}
