//! Our records against the switch's.

use proptest::prelude::*;
use time::Duration;
use trunkline_events::cdr::{Outcome, SwitchRecord};
use trunkline_mapping::cdr::{Recorded, Seen, Tolerance, reconcile};
use uuid::Uuid;

use super::notation::{SOURCE, instant};

fn seen(id: u128, number: &str, answered: &str, ended: &str) -> Seen {
    Seen {
        id: Uuid::from_u128(id),
        source: SOURCE.to_owned(),
        ucids: Vec::new(),
        customer: Some(number.to_owned()),
        entries: vec!["65067".to_owned(), "601".to_owned()],
        extensions: vec!["4750".to_owned()],
        agents: vec!["1001".to_owned()],
        started: Some(instant(answered).plus(-Duration::seconds(10))),
        answered: Some(instant(answered)),
        ended: Some(instant(ended)),
        outcome: Outcome::Answered,
    }
}

fn recorded(id: u128, number: &str, ended: &str, seconds: u64) -> Recorded {
    let record = SwitchRecord {
        source: SOURCE.to_owned(),
        calling: Some(number.to_owned()),
        called: Some("65067".to_owned()),
        ended: Some(instant(ended)),
        duration_ms: Some(seconds * 1000),
        ..SwitchRecord::default()
    };
    Recorded { id: Uuid::from_u128(id), record }
}

fn pairs(ours: &[Seen], theirs: &[Recorded]) -> Vec<(u128, u128, u8)> {
    let done = reconcile(ours, theirs, &Tolerance::default());
    done.matches.iter().map(|one| (one.cdr.as_u128(), one.record.as_u128(), one.confidence)).collect()
}

#[test]
fn the_same_ucid_is_the_same_call_whatever_the_clock_of_the_switch_says() {
    let mut ours = seen(1, "13800138001", "10:00:10", "10:01:10");
    ours.ucids = vec!["00001001791428242051".to_owned()];
    let mut theirs = recorded(11, "13900139000", "11:01:10", 61);
    theirs.record.ucid = Some("00001001791428242051".to_owned());
    let done = reconcile(&[ours], &[theirs], &Tolerance::default());
    let found = &done.matches[0];
    assert_eq!((found.confidence, found.reason.as_str()), (100, "the same UCID"));
    let fields: Vec<&str> = found.differences.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["ended", "calling"], "what differs is told, what is tolerated is not");
    assert_eq!(found.differences[0].switch, "2026-11-20T11:01:10Z");
}

#[test]
fn two_different_ucids_are_two_calls_though_all_else_agrees() {
    let mut ours = seen(1, "13800138001", "10:00:10", "10:01:10");
    ours.ucids = vec!["00001001791428242051".to_owned()];
    let mut theirs = recorded(11, "13800138001", "10:01:10", 60);
    theirs.record.ucid = Some("00001001791428242052".to_owned());
    let done = reconcile(&[ours], &[theirs], &Tolerance::default());
    assert!(done.matches.is_empty());
    assert_eq!((done.only_in_events.len(), done.only_at_switch.len()), (1, 1));
}

#[test]
fn without_a_ucid_the_parties_the_end_and_the_duration_tell_however_the_number_is_written() {
    let ours = [seen(1, "013800138001", "10:00:10", "10:01:10"), seen(2, "13900139000", "10:00:12", "10:01:12")];
    let theirs = [recorded(11, "+8613800138001", "10:01:12", 61), recorded(12, "13900139000", "10:01:11", 60)];
    let found = pairs(&ours, &theirs);
    assert_eq!(found.iter().map(|(a, b, _)| (*a, *b)).collect::<Vec<_>>(), [(1, 11), (2, 12)]);
    assert!(found.iter().all(|(_, _, confidence)| (75..100).contains(confidence)), "{found:?}");
}

#[test]
fn what_ends_or_lasts_too_differently_or_is_another_source_is_another_call() {
    let ours = [seen(1, "13800138001", "10:00:10", "10:01:10")];
    assert!(pairs(&ours, &[recorded(11, "13800138001", "10:01:16", 60)]).is_empty(), "six seconds later");
    assert!(pairs(&ours, &[recorded(11, "13800138001", "10:01:10", 66)]).is_empty(), "six seconds longer");
    assert!(pairs(&ours, &[recorded(11, "13800138002", "10:01:10", 60)]).is_empty(), "somebody else");
    let mut elsewhere = recorded(11, "13800138001", "10:01:10", 60);
    elsewhere.record.source = "/connectors/other".to_owned();
    assert!(pairs(&ours, &[elsewhere]).is_empty(), "another switch");
    assert_eq!(pairs(&ours, &[recorded(11, "13800138001", "10:01:15", 65)]).len(), 1, "just within");
}

#[test]
fn of_two_like_calls_the_nearer_one_and_the_one_at_the_right_desk_is_taken() {
    let mut second = seen(2, "13800138001", "10:00:12", "10:01:12");
    second.extensions = vec!["4751".to_owned()];
    let ours = [seen(1, "13800138001", "10:00:10", "10:01:10"), second];
    let mut theirs = [recorded(11, "13800138001", "10:01:11", 60), recorded(12, "13800138001", "10:01:11", 60)];
    theirs[0].record.extension = Some("4751".to_owned());
    theirs[1].record.extension = Some("4750".to_owned());
    let found: Vec<(u128, u128)> = pairs(&ours, &theirs).into_iter().map(|(a, b, _)| (a, b)).collect();
    assert_eq!(found, [(1, 12), (2, 11)]);
}

#[test]
fn of_two_records_with_one_ucid_one_is_matched_and_the_other_is_told() {
    let mut ours = seen(1, "13800138001", "10:00:10", "10:01:10");
    ours.ucids = vec!["U".to_owned()];
    let mut theirs = [recorded(11, "13800138001", "10:00:40", 30), recorded(12, "13800138001", "10:01:10", 30)];
    for one in &mut theirs {
        one.record.ucid = Some("U".to_owned());
    }
    let done = reconcile(&[ours], &theirs, &Tolerance::default());
    assert_eq!((done.matches[0].record.as_u128(), done.only_at_switch), (12, vec![Uuid::from_u128(11)]));
}

#[test]
fn an_internal_call_matches_by_both_its_parties_and_a_word_of_the_switchs_own_is_no_difference() {
    let mut ours = seen(1, "-", "10:00:10", "10:01:10");
    (ours.customer, ours.entries) = (None, vec!["4751".to_owned()]);
    let mut theirs = recorded(11, "4750", "10:01:10", 60);
    theirs.record.called = Some("4751".to_owned());
    theirs.record.disposition = Some("Condition 7".to_owned());
    let done = reconcile(&[ours.clone()], &[theirs.clone()], &Tolerance::default());
    assert!(done.matches[0].differences.is_empty(), "{done:?}");
    theirs.record.disposition = Some("failed".to_owned());
    let done = reconcile(&[ours], &[theirs], &Tolerance::default());
    assert_eq!(done.matches[0].differences[0].field, "disposition");
}

fn calls() -> impl Strategy<Value = (Vec<Seen>, Vec<Recorded>)> {
    let one = (0..3_u32, 0..40_i64, 1..20_i64, any::<bool>());
    let begins = instant("10:00:00");
    let ours = proptest::collection::vec(one.clone(), 0..12).prop_map(move |calls| {
        let make = |(at, (number, end, lasts, ucid)): (usize, (u32, i64, i64, bool))| {
            let mut call = seen(at as u128 + 1, &format!("1380013800{number}"), "10:00:00", "10:00:00");
            call.ended = Some(begins.plus(Duration::seconds(end)));
            call.answered = Some(begins.plus(Duration::seconds(end - lasts)));
            call.ucids = if ucid { vec![format!("U{}", end / 4)] } else { Vec::new() };
            call
        };
        calls.into_iter().enumerate().map(make).collect::<Vec<_>>()
    });
    let theirs = proptest::collection::vec(one, 0..12).prop_map(move |calls| {
        let make = |(at, (number, end, lasts, ucid)): (usize, (u32, i64, i64, bool))| {
            let mut call = recorded(at as u128 + 100, &format!("1380013800{number}"), "10:00:00", lasts.unsigned_abs());
            call.record.ended = Some(begins.plus(Duration::seconds(end)));
            call.record.ucid = ucid.then(|| format!("U{}", end / 4));
            call
        };
        calls.into_iter().enumerate().map(make).collect::<Vec<_>>()
    });
    (ours, theirs)
}

proptest! {
    #[test]
    fn every_record_stands_once_and_the_order_does_not_show(
        ((ours, theirs), (shuffled, others)) in calls().prop_flat_map(|(ours, theirs)| {
            let shuffled = (Just(ours.clone()).prop_shuffle(), Just(theirs.clone()).prop_shuffle());
            (Just((ours, theirs)), shuffled)
        }),
    ) {
        let done = reconcile(&ours, &theirs, &Tolerance::default());
        prop_assert_eq!(&done, &reconcile(&shuffled, &others, &Tolerance::default()));
        let mut here: Vec<Uuid> = done.matches.iter().map(|one| one.cdr).chain(done.only_in_events).collect();
        let mut there: Vec<Uuid> = done.matches.iter().map(|one| one.record).chain(done.only_at_switch).collect();
        here.sort_unstable();
        there.sort_unstable();
        let ids = |count: usize, from: u128| (0..count as u128).map(|at| Uuid::from_u128(at + from)).collect::<Vec<_>>();
        prop_assert_eq!(here, ids(ours.len(), 1));
        prop_assert_eq!(there, ids(theirs.len(), 100));
    }
}
