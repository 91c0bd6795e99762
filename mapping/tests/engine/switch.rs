//! Our records against the switch's own, in the store.

use trunkline_events::cdr::SwitchRecord;
use trunkline_events::{Body, Event};
use trunkline_mapping::cdr::Tolerance;
use trunkline_mapping::engine::{Rebuild, Stretch};
use trunkline_mapping::zone::Zone;

use crate::house::House;
use crate::told::{at, avaya, whole_call};

const WANG: &str = "013800138001";
const LI: &str = "013900139000";

fn record(ani: &str, ended: i64, seconds: u64) -> SwitchRecord {
    SwitchRecord {
        source: "/connectors/avaya-bj".to_owned(),
        calling: Some(ani.to_owned()),
        called: Some("4008001234".to_owned()),
        extension: Some("1001".to_owned()),
        ended: Some(at(ended)),
        duration_ms: Some(seconds * 1000),
        ..SwitchRecord::default()
    }
}

fn day() -> Stretch {
    Stretch { from: at(0), to: at(86_400), tolerance: Tolerance::default() }
}

async fn what_only_one_side_has_and_what_differs_is_told(house: &House) {
    let source = avaya();
    for (start, id, ani) in [(0, "c1", WANG), (1_000, "c2", LI), (2_000, "c3", WANG)] {
        house.apply(&whole_call(&source, start, id, ani)).await;
    }
    let mut other_desk = record(WANG, 62, 57);
    other_desk.extension = Some("1009".to_owned());
    let theirs = [other_desk, record(LI, 1_061, 56), record(WANG, 5_000, 30)];
    assert_eq!(house.store().keep_switch_records(&theirs).await.expect("keeps"), 3);
    assert_eq!(house.store().keep_switch_records(&theirs).await.expect("keeps"), 0, "a file may come again");
    let view = house.engine.compare(&day()).await.expect("compares").view;
    assert_eq!((view.matched, view.differing, view.only_in_events, view.only_at_switch), (2, 1, 1, 1));
    assert_eq!(view.differences[0].differences[0].field, "extension");
    assert_eq!((view.events[0].started, view.switch[0].record.ended), (Some(at(2_000)), Some(at(5_000))));
}

async fn a_matched_record_gets_the_switchs_figures_beside_its_own_once(house: &House) {
    let source = avaya();
    house.apply(&whole_call(&source, 0, "c1", WANG)).await;
    house.store().keep_switch_records(&[record(WANG, 62, 58)]).await.expect("keeps");
    let compared = house.engine.compare(&day()).await.expect("compares");
    let told = house.engine.tell_matches(&compared, at(90_000)).await.expect("tells");
    let Body::CdrRevised(cdr) = &told.derived[0].event.body else { panic!("a revision") };
    let figures = cdr.switch.as_ref().expect("the switch's figures");
    assert_eq!((cdr.revision, cdr.talk_ms, figures.record.duration_ms), (2, 56_000, Some(58_000)));
    assert!(figures.confidence > 75 && figures.reason.contains("number"), "{figures:?}");
    let last = house.records().revisions(cdr.id).await.expect("reads").pop().expect("two");
    assert_eq!((last.why.as_str(), last.changes[0].field.as_str()), ("trunkline.cdr.reconciled.v1", "switch"));
    let again = house.engine.compare(&day()).await.expect("compares");
    assert_eq!((again.view.matched, again.view.only_in_events), (1, 0));
    assert!(house.engine.tell_matches(&again, at(91_000)).await.expect("tells").derived.is_empty());
    let (page, _) = house.engine.rebuild(&Rebuild { limit: 10, ..Rebuild::default() }).await.expect("rebuilds");
    assert_eq!((page.same, page.looked), (1, 1), "what was matched is made anew with it");
}

async fn a_days_report_is_kept_and_told_once(house: &House) {
    let source = avaya();
    house.apply(&whole_call(&source, 0, "c1", WANG)).await;
    house.store().keep_switch_records(&[record(WANG, 60, 56)]).await.expect("keeps");
    let zone: Zone = "Asia/Shanghai".parse().expect("a zone");
    let report = |now, replace| house.engine.report_day(zone.day(at(0)), zone, Tolerance::default(), at(now), replace);
    let (view, derived) = report(90_000, false).await.expect("reports");
    assert_eq!((view.day.as_deref(), view.zone.as_deref()), (Some("2026-11-21"), Some("Asia/Shanghai")));
    let told = |events: Vec<Event>| -> Vec<&'static str> { events.iter().map(Event::event_type).collect() };
    let events = derived.into_iter().map(|one| one.event).collect();
    assert_eq!(told(events), ["trunkline.cdr.revised.v1", "trunkline.cdr.report.v1"]);
    assert_eq!(house.store().report("2026-11-21").await.expect("reads"), Some(view));
    assert_eq!(house.store().report("2026-11-20").await.expect("reads"), None);
    let (_, again) = report(90_100, false).await.expect("reports");
    assert!(again.is_empty(), "another daemon made it already");
    house.store().keep_switch_records(&[record(LI, 500, 30)]).await.expect("keeps");
    let (view, derived) = report(91_000, true).await.expect("reports");
    assert_eq!((view.only_at_switch, derived.len()), (1, 1), "what a person asks for is made anew");
    assert_eq!(house.store().report("2026-11-21").await.expect("reads").map(|kept| kept.only_at_switch), Some(1));
}

crate::on_both!(
    what_only_one_side_has_and_what_differs_is_told,
    a_matched_record_gets_the_switchs_figures_beside_its_own_once,
    a_days_report_is_kept_and_told_once,
);
