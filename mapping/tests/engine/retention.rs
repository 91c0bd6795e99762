//! What is old goes, and the books still add up.

use trunkline_events::cdr::SwitchRecord;
use trunkline_events::chat::Author;
use trunkline_events::{Body, Sequence};
use trunkline_events::{Event, link};
use trunkline_mapping::engine::{DirectiveError, Rebuild, Retention};
use trunkline_mapping::store::{Day, Period, Rejection};
use trunkline_mapping::view::{BooksView, CdrFilter, RetiredView};

use crate::house::House;
use crate::told::{at, avaya, closed, handle, leg_ended, message, offered, opened, web, whole_call};

const WANG: &str = "013800138001";
const DAY: i64 = 86_400;

async fn retire(house: &House, policy: &Retention) -> RetiredView {
    let mut sum = RetiredView::default();
    loop {
        let done = house.engine.retire(policy, 2).await.expect("retires");
        if done.is_empty() {
            return sum;
        }
        sum.add(&done);
    }
}

async fn books(house: &House) -> Vec<BooksView> {
    house.store().books_due(Period::days(Day::of(at(0)), Day::of(at(9 * DAY))), at(9 * DAY)).await.expect("reads")
}

/// Calls and a chat of a first day and of a later one, one told twice, one refused, one refused and stored after all.
async fn two_days(house: &House) {
    let (avaya, web) = (avaya(), web());
    let first = whole_call(&avaya, 0, "c1", WANG);
    house.apply(&first).await;
    house.apply(&whole_call(&avaya, 100, "c2", WANG)).await;
    let again = Event { sequence: Some(Sequence { epoch: avaya.epoch.to_owned(), number: 99 }), ..first[4].clone() };
    house.apply(&[again]).await;
    let refused = |number: u64, event: Option<&Event>| Rejection {
        source: "/connectors/avaya-bj".to_owned(),
        sequence: Some(Sequence { epoch: avaya.epoch.to_owned(), number }),
        event: event.map(|event| event.id),
        reason: "no event".to_owned(),
        received: at(50),
    };
    let mended = first[0].sequence.as_ref().map_or(0, |sequence| sequence.number);
    house.store().reject(&[refused(100, None), refused(mended, Some(&first[0]))]).await.expect("rejects");
    house.apply(&[avaya.tell(20, "link", Body::LinkUp(link::Up { peer: "aes".to_owned() }))]).await;
    let visitor = || vec![handle("web_visitor", "v-77")];
    for (start, id) in [(0, "chat-1"), (5 * DAY, "chat-2")] {
        let chat = [
            opened(&web, start, id, visitor(), Some("Ms Wang")),
            message(&web, start + 10, id, Author::Visitor, "how is my refund going?"),
            message(&web, start + 60, id, Author::Agent, "it is on its way"),
            closed(&web, start + 100, id),
        ];
        house.apply(&chat).await;
    }
    house.apply(&[offered(&avaya, 200, "open", WANG)]).await;
    house.apply(&whole_call(&avaya, 5 * DAY, "c9", WANG)).await;
}

async fn what_is_old_goes_in_small_batches_and_the_books_add_up_as_before(house: &House) {
    two_days(house).await;
    let before = books(house).await;
    let records = house.records().cdrs(&CdrFilter { limit: 50, ..CdrFilter::default() }).await.expect("reads");
    let policy = Retention { events: Some(at(2 * DAY)), ..Retention::default() };
    let said = house.engine.old(&policy).await.expect("counts");
    assert_eq!((said.conversations, said.events, said.rejections), (3, 15, 2), "{said:?}");
    assert_eq!(books(house).await, before, "a dry run changes nothing");
    let done = retire(house, &policy).await;
    assert_eq!((done.conversations, done.events, done.records), (3, 15, 0), "{done:?}");
    assert_eq!(house.engine.old(&policy).await.expect("counts"), RetiredView::default());
    assert_eq!(books(house).await, before, "the books count what they counted");
    let left = house.execute("SELECT count(*) FROM event");
    assert_eq!(left.trim(), "10", "an open call, a later call and a later chat keep theirs");
    let now = house.records().cdrs(&CdrFilter { limit: 50, ..CdrFilter::default() }).await.expect("reads");
    assert_eq!(now, records, "records stand as they are");
    let points = "SELECT count(*) FROM touch_point t WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.id = t.id)";
    assert_eq!(house.execute(points).trim(), "0", "nothing is left in the journey that nobody can read");
    assert_eq!(house.execute("SELECT count(*) FROM touch_point").trim(), "2", "the messages of the later chat");
}

async fn a_record_whose_events_are_gone_is_not_made_from_a_late_one(house: &House) {
    let source = avaya();
    two_days(house).await;
    retire(house, &Retention { events: Some(at(2 * DAY)), ..Retention::default() }).await;
    let before = house.execute("SELECT record FROM cdr ORDER BY id");
    house.apply(&[leg_ended(&source, 61, "c1", "1002")]).await;
    let (page, _) = house.engine.rebuild(&Rebuild { limit: 50, ..Rebuild::default() }).await.expect("rebuilds");
    assert_eq!((page.sealed, page.restored, page.revised), (3, 0, 0));
    assert_eq!(house.execute("SELECT record FROM cdr ORDER BY id"), before);
    let filter = CdrFilter { until: Some(at(50)), limit: 1, ..CdrFilter::default() };
    let old = house.records().cdrs(&filter).await.expect("reads").remove(0);
    let refused = house.engine.remark(old.id, "Li", "too late", at(9 * DAY)).await.expect_err("is refused");
    assert!(matches!(refused, DirectiveError::Sealed(_)) && refused.to_string().contains("no longer kept"));
}

async fn messages_may_go_before_the_rest_and_records_go_last_with_their_history(house: &House) {
    two_days(house).await;
    let before = books(house).await;
    let messages = Retention { messages: Some(at(2 * DAY)), ..Retention::default() };
    assert_eq!(house.engine.old(&messages).await.expect("counts").messages, 2);
    assert_eq!(retire(house, &messages).await, RetiredView { messages: 2, ..RetiredView::default() });
    let kept = house.execute("SELECT count(*) FROM event WHERE type = 'trunkline.chat.message.v1'");
    assert_eq!(kept.trim(), "2", "those of the later chat");
    let all = Retention { events: Some(at(2 * DAY)), records: Some(at(2 * DAY)), ..messages };
    let said = house.engine.old(&all).await.expect("counts");
    let done = retire(house, &all).await;
    assert_eq!((done.conversations, done.events, done.records), (3, 13, 3), "{done:?}");
    assert_eq!((said.conversations, said.events, said.records), (3, 13, 3), "the dry run said so");
    for table in ["cdr", "conversation", "cdr_revision"] {
        let left = house.execute(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(left.trim(), if table == "cdr_revision" { "2" } else { "3" }, "{table}");
    }
    assert_eq!(books(house).await, before);
}

async fn records_stay_as_long_as_their_events(house: &House) {
    two_days(house).await;
    let policy = Retention { records: Some(at(2 * DAY)), ..Retention::default() };
    assert_eq!(house.engine.old(&policy).await.expect("counts"), RetiredView::default());
    assert!(retire(house, &policy).await.is_empty());
}

async fn records_of_switches_go_by_their_end(house: &House) {
    let record = |ended| SwitchRecord { ended: Some(at(ended)), ..SwitchRecord::default() };
    let records: Vec<SwitchRecord> = (0..5).map(|day| record(day * DAY)).collect();
    house.store().keep_switch_records(&records).await.expect("keeps");
    let policy = Retention { switch_records: Some(at(3 * DAY)), ..Retention::default() };
    assert_eq!(house.engine.old(&policy).await.expect("counts").switch_records, 3);
    assert_eq!(retire(house, &policy).await.switch_records, 3);
    assert_eq!(house.execute("SELECT count(*) FROM switch_record").trim(), "2");
}

crate::on_both!(
    what_is_old_goes_in_small_batches_and_the_books_add_up_as_before,
    a_record_whose_events_are_gone_is_not_made_from_a_late_one,
    messages_may_go_before_the_rest_and_records_go_last_with_their_history,
    records_stay_as_long_as_their_events,
    records_of_switches_go_by_their_end,
);
