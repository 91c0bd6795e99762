//! Revisions of records, and records made anew from their events.

use trunkline_events::agent::WorkState;
use trunkline_events::cdr::Cdr;
use trunkline_events::chat::Author;
use trunkline_events::{Body, Timestamp};
use trunkline_mapping::engine::{Applied, Rebuild};
use trunkline_mapping::view::RebuiltPage;

use crate::house::House;
use crate::told::{
    answered, at, avaya, closed, ended, handle, leg_ended, message, offered, opened, ringing, transferred, web,
    whole_call, wraps_up,
};

const WANG: &str = "013800138001";

/// The record that a batch told of last.
fn told(applied: &Applied) -> &Cdr {
    let records = applied.derived.iter().rev().filter_map(|one| match &one.event.body {
        Body::CdrCompleted(cdr) | Body::CdrRevised(cdr) => Some(cdr),
        _ => None,
    });
    records.into_iter().next().expect("a record was told")
}

/// Everything that stands in the table of records, byte for byte.
fn stored(house: &House) -> String {
    house.execute(
        "SELECT id, revision, complete, started, ended, medium, source, agents, extensions, subject_handle, record \
         FROM cdr ORDER BY id",
    )
}

/// All pages, some conversations each.
async fn rebuild(house: &House, asked: Rebuild) -> (RebuiltPage, Vec<&'static str>) {
    let (mut sum, mut told) = (RebuiltPage::default(), Vec::new());
    let mut asked = Rebuild { limit: 3, ..asked };
    loop {
        let (page, derived) = house.engine.rebuild(&asked).await.expect("rebuilds");
        sum.looked += page.looked;
        sum.same += page.same;
        sum.restored += page.restored;
        sum.revised += page.revised;
        sum.sealed += page.sealed;
        sum.records.extend(page.records);
        told.extend(derived.iter().map(|one| one.event.event_type()));
        match page.next {
            Some(next) => asked.after = Some(next),
            None => return (sum, told),
        }
    }
}

/// Calls of two sources, one transferred, one open, and a chat; records with one and with several revisions.
async fn live_through_a_day(house: &House) {
    let (avaya, web) = (avaya(), web());
    for call in 0..6 {
        house.apply(&whole_call(&avaya, call * 100, &format!("c{call}"), WANG)).await;
    }
    house
        .apply(&[wraps_up(&avaya, 60, "c0", WorkState::AfterCall), wraps_up(&avaya, 90, "c0", WorkState::Ready)])
        .await;
    // The colleague's call was told as complete before it turned out to be part of the customer's.
    house.apply(&[offered(&avaya, 2_000, "a", WANG), answered(&avaya, 2_005, "a", WANG, "1001")]).await;
    house.apply(&whole_call(&avaya, 2_010, "b", "1001")).await;
    house.apply(&[transferred(&avaya, 2_080, "a", "b", WANG), ended(&avaya, 2_100, "a")]).await;
    house.apply(&[offered(&avaya, 3_000, "open", WANG), ringing(&avaya, 3_001, "open", WANG, "1003")]).await;
    let visitor = vec![handle("web_visitor", "v-77")];
    let chat = [
        opened(&web, 100, "chat-1", visitor, Some("Ms Wang")),
        message(&web, 110, "chat-1", Author::Visitor, "how is my refund going?"),
        message(&web, 160, "chat-1", Author::Agent, "it is on its way"),
        closed(&web, 200, "chat-1"),
    ];
    house.apply(&chat).await;
}

async fn every_telling_of_a_record_says_what_it_changed_when_and_why(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", WANG);
    house.apply(&call[..4]).await;
    let first = house.apply(&call[4..]).await;
    let id = told(&first).id;
    house.engine.remark(id, "Li", "refund promised", at(70)).await.expect("is kept");
    let wraps = [wraps_up(&source, 60, "c1", WorkState::AfterCall), wraps_up(&source, 80, "c1", WorkState::Ready)];
    let third = house.apply(&wraps).await;
    assert_eq!(told(&third).revision, 3);
    house.apply(&call).await;
    let revisions = house.records().revisions(id).await.expect("reads");
    let story: Vec<(u32, &str, Vec<&str>)> = revisions
        .iter()
        .map(|one| (one.revision, one.why.as_str(), one.changes.iter().map(|change| change.field.as_str()).collect()))
        .collect();
    assert_eq!(
        story,
        [
            (1, "trunkline.call.ended.v1", vec![]),
            (2, "trunkline.cdr.remarked.v1", vec!["remarks[0]"]),
            (3, "trunkline.agent.state.v1", vec!["wrap_up_ms"]),
        ],
        "what is told again changes nothing"
    );
    assert_eq!((revisions[2].at, revisions[2].cause), (at(80), Some(wraps[1].id.uuid())));
    assert_eq!(revisions[2].changes[0].after, 20_000);
    assert_eq!(third.derived.last().and_then(|one| one.event.causation), Some(wraps[1].id), "the bus says the same");
}

async fn the_history_of_a_record_that_became_part_of_another_is_told_under_both_ids(house: &House) {
    let source = avaya();
    let part = told(&house.apply(&whole_call(&source, 0, "b", WANG)).await).id;
    house.apply(&[offered(&source, -10, "a", WANG), answered(&source, -5, "a", WANG, "1001")]).await;
    let whole = house.apply(&[transferred(&source, 70, "a", "b", WANG), ended(&source, 80, "a")]).await;
    let whole = told(&whole);
    assert_eq!((whole.absorbed.as_slice(), whole.revision), (&[part][..], 2));
    for id in [part, whole.id] {
        let revisions = house.records().revisions(id).await.expect("reads");
        let records: Vec<_> = revisions.iter().map(|one| (one.record, one.revision)).collect();
        assert_eq!(records, [(part, 1), (whole.id, 2)]);
    }
}

async fn what_is_made_anew_is_the_same_byte_for_byte(house: &House) {
    live_through_a_day(house).await;
    let before = stored(house);
    let (done, told) = rebuild(house, Rebuild::default()).await;
    assert_eq!((done.looked, done.same, done.restored, done.revised), (9, 9, 0, 0));
    assert!(told.is_empty(), "nothing happened, so nothing is told");
    assert_eq!(stored(house), before);
    // Not because nothing was made: with no record left, complete ones come back with their bytes and their numbers.
    house.execute("DELETE FROM cdr WHERE complete");
    let (done, told) = rebuild(house, Rebuild::default()).await;
    assert_eq!((done.same, done.restored, done.revised), (1, 8, 0), "{done:?}");
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(stored(house), before);
}

async fn a_damaged_record_is_mended_and_a_dry_run_only_says_so(house: &House) {
    live_through_a_day(house).await;
    let before = stored(house);
    house.execute("UPDATE cdr SET record = replace(record, '\"talk_ms\":56000', '\"talk_ms\":99000'), revision = 40 WHERE complete AND ended = (SELECT min(ended) FROM cdr)");
    let damaged = stored(house);
    assert_ne!(damaged, before);
    let (said, _) = rebuild(house, Rebuild { dry_run: true, ..Rebuild::default() }).await;
    assert_eq!((said.restored, said.same), (1, 8));
    let fields: Vec<&str> = said.records[0].changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!((said.records[0].what.as_str(), fields), ("restored", vec!["legs[0].talk_ms", "talk_ms"]));
    assert_eq!(stored(house), damaged, "a dry run changes nothing");
    let (done, told) = rebuild(house, Rebuild::default()).await;
    assert_eq!((done.restored, told.len()), (1, 0));
    assert_eq!(stored(house), before);
}

async fn a_record_that_comes_out_otherwise_gets_its_next_revision_and_is_told(house: &House) {
    let source = avaya();
    let id = told(&house.apply(&whole_call(&source, 0, "c1", WANG)).await).id;
    // As an older release would have folded and told it.
    house.execute("UPDATE cdr SET record = replace(record, '\"ring_ms\":3000', '\"ring_ms\":0')");
    house.execute("UPDATE cdr_revision SET digest = '00000000-0000-0000-0000-000000000001'");
    let (done, derived) = house.engine.rebuild(&Rebuild { limit: 10, ..Rebuild::default() }).await.expect("rebuilds");
    assert_eq!((done.revised, done.same), (1, 0));
    let Body::CdrRevised(cdr) = &derived[0].event.body else { panic!("{:?}", derived[0].event.body) };
    assert_eq!((cdr.id, cdr.revision, cdr.ring_ms), (id, 2, 3000));
    assert!(cdr.customer.is_some(), "it says whose it is, like every telling");
    let last = house.records().revisions(id).await.expect("reads").pop().expect("two");
    assert_eq!((last.revision, last.why.as_str()), (2, "rebuild"));
    assert_eq!(last.changes[0].field, "legs[0].ring_ms");
    let (again, _) = house.engine.rebuild(&Rebuild { limit: 10, ..Rebuild::default() }).await.expect("rebuilds");
    assert_eq!((again.same, again.revised), (1, 0));
}

/// The record hung on nobody, by a dial plan of before: what was remarked on it comes along to whom it is now.
async fn what_was_told_of_a_call_goes_where_its_record_goes(house: &House) {
    let id = told(&house.apply(&whole_call(&avaya(), 0, "c1", WANG)).await).id;
    house.engine.remark(id, "Li", "refund promised", at(70)).await.expect("is kept");
    let of = |table: &str, column: &str| house.execute(&format!("SELECT {column} FROM {table}")).trim().to_owned();
    let customer = of("cdr", "subject_handle");
    house.execute("UPDATE cdr SET subject_handle = NULL");
    house.execute("UPDATE touch_point SET handle = NULL");
    rebuild(house, Rebuild::default()).await;
    assert_eq!(of("cdr", "subject_handle"), customer);
    assert_eq!(of("touch_point", "handle"), customer);
}

async fn a_rebuild_reaches_back_as_far_and_to_the_source_it_was_told(house: &House) {
    live_through_a_day(house).await;
    let looked = |since: Option<Timestamp>, source: Option<&str>| {
        let source = source.map(str::to_owned);
        rebuild(house, Rebuild { since, source, ..Rebuild::default() })
    };
    assert_eq!(looked(None, Some("/connectors/web")).await.0.looked, 1);
    assert_eq!(looked(None, Some("/connectors/av")).await.0.looked, 0, "a source is named in full");
    assert_eq!(looked(Some(at(300)), None).await.0.looked, 5, "c3, c4, c5, the transferred one and the open one");
    assert_eq!(looked(Some(at(300)), Some("/connectors/avaya-bj")).await.0.looked, 5);
}

async fn events_flow_while_records_are_made_anew(house: &House) {
    let source = avaya();
    let calls: Vec<_> = (0..60).map(|call| whole_call(&source, call * 10, &format!("c{call}"), WANG)).collect();
    for call in &calls {
        house.apply(&call[..3]).await;
    }
    let living = async {
        for call in &calls {
            house.apply(&call[3..]).await;
        }
    };
    let rebuilding = async {
        for _ in 0..4 {
            rebuild(house, Rebuild::default()).await;
        }
    };
    tokio::join!(living, rebuilding);
    let (done, _) = rebuild(house, Rebuild::default()).await;
    assert_eq!((done.looked, done.same), (60, 60));
    let numbers = house.execute("SELECT DISTINCT revision FROM cdr");
    assert_eq!(numbers.trim(), "1", "nothing was told twice");
    house.apply(&[leg_ended(&source, 60, "c0", "1001")]).await;
}

crate::on_both!(
    every_telling_of_a_record_says_what_it_changed_when_and_why,
    the_history_of_a_record_that_became_part_of_another_is_told_under_both_ids,
    what_is_made_anew_is_the_same_byte_for_byte,
    a_damaged_record_is_mended_and_a_dry_run_only_says_so,
    a_record_that_comes_out_otherwise_gets_its_next_revision_and_is_told,
    what_was_told_of_a_call_goes_where_its_record_goes,
    a_rebuild_reaches_back_as_far_and_to_the_source_it_was_told,
    events_flow_while_records_are_made_anew,
);
