//! taken = stored + duplicate + rejected + waiting, whatever comes twice, never, or unusable.

use trunkline_events::link::{Books, Gap};
use trunkline_events::{Body, Event, EventId, Sequence};
use trunkline_mapping::store::{Day, Period, Rejection};
use trunkline_mapping::view::BooksView;

use crate::house::House;
use crate::told::{answered, at, avaya, ended, leg_ended, offered, queued, ringing, whole_call};

async fn books(house: &House) -> Vec<BooksView> {
    house.store().books(Day(0), Day(i64::MAX)).await.expect("reads")
}

fn adds_up(books: &BooksView) -> bool {
    books.taken == books.stored + books.duplicate + books.rejected + books.waiting
}

fn numbered(event: &Event, number: u64) -> Event {
    let sequence = event.sequence.as_ref().map(|sequence| Sequence { number, ..sequence.clone() });
    Event { sequence, ..event.clone() }
}

async fn redelivery_and_duplicates_are_told_apart(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", "13800138001");
    assert_eq!(house.apply(&call).await.new, 5);
    let again = house.apply(&call).await;
    assert_eq!((again.new, again.redelivered, again.duplicate), (0, 5, 0));
    // The second connector of a pair, or a re-read after a gap, tells the same under its next number.
    let twin = numbered(&call[0], 6);
    let applied = house.apply(&[twin.clone(), twin.clone()]).await;
    assert_eq!((applied.new, applied.redelivered, applied.duplicate), (0, 1, 1));
    assert_eq!(house.apply(&[twin]).await.redelivered, 1);
    let view = &books(house).await[0];
    assert_eq!((view.taken, view.stored, view.duplicate, view.waiting, view.redelivered), (6, 5, 1, 0, 7));
    assert!(adds_up(view));
}

async fn one_batch_may_tell_the_same_twice(house: &House) {
    let first = offered(&avaya(), 0, "c1", "13800138001");
    let applied = house.apply(&[numbered(&first, 2), first.clone(), first.clone()]).await;
    assert_eq!((applied.new, applied.redelivered, applied.duplicate), (1, 1, 1));
    assert!(adds_up(&books(house).await[0]));
}

/// Who takes over a link asks the store, whatever order the books came in.
async fn books_tell_until_when_a_source_was_heard(house: &House) {
    let source = avaya();
    assert_eq!(house.store().last_heard(source.name).await.expect("reads"), None);
    for (number, heard_until) in [(1, Some(at(50))), (2, Some(at(40))), (3, None)] {
        let told = Body::LinkBooks(Books { epoch: source.epoch.into(), taken: 0, heard_until });
        house.apply(&[Event { sequence: None, ..source.tell(100 + number, "books", told) }]).await;
        assert_eq!(house.store().last_heard(source.name).await.expect("reads"), Some(at(50)));
    }
    assert_eq!(house.store().last_heard("/connectors/other").await.expect("reads"), None);
}

async fn what_was_taken_and_has_not_come_is_waiting(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", "13800138001");
    house.apply(&[call[0].clone(), call[3].clone()]).await;
    let view = &books(house).await[0];
    assert_eq!((view.taken, view.stored, view.waiting), (4, 2, 2));
    // The connector says that it took more than was seen.
    let told = Body::LinkBooks(Books { epoch: source.epoch.into(), taken: 9, heard_until: None });
    house.apply(&[Event { sequence: None, ..source.tell(100, "books", told) }]).await;
    let view = &books(house).await[0];
    assert_eq!((view.taken, view.stored, view.waiting), (9, 2, 7));
    assert!(adds_up(view));
}

async fn what_waits_for_long_is_overdue(house: &House) {
    let source = avaya();
    let call = whole_call(&source, 0, "c1", "13800138001");
    house.apply(&[call[0].clone(), call[3].clone()]).await;
    let overdue = async |due: i64| {
        let books = house.store().books_due(Period::days(Day(0), Day(i64::MAX)), at(due)).await.expect("reads");
        (books[0].waiting, books[0].overdue)
    };
    assert_eq!(overdue(-1).await, (2, 0), "nothing was given so early");
    assert_eq!(overdue(1000).await, (2, 2));
    // Between the first and the fourth event: the others may have been given later.
    let fourth = call[3].received.since(at(0)).whole_seconds();
    assert_eq!(overdue(fourth - 1).await, (2, 0));
    // The connector's own word counts from when it was said, today as on earlier days.
    let told = Body::LinkBooks(Books { epoch: source.epoch.into(), taken: 9, heard_until: None });
    house.apply(&[Event { sequence: None, ..source.tell(100, "books", told) }]).await;
    assert_eq!(overdue(99).await, (7, 2));
    assert_eq!(overdue(100).await, (7, 7));
    assert_eq!(overdue(3 * 86_400).await, (7, 7));
}

async fn what_cannot_be_used_is_rejected_with_its_reason(house: &House) {
    let source = avaya();
    let good = offered(&source, 0, "c1", "13800138001");
    let bad = offered(&source, 1, "c2", "1380013\u{0}8002");
    let absurd = numbered(&offered(&source, 2, "c3", "13800138003"), u64::MAX);
    let applied = house.apply(&[good, bad.clone(), absurd]).await;
    assert_eq!((applied.new, applied.rejected.len()), (1, 2));
    assert_eq!(applied.rejected[0].event, bad.id);
    // The consumer could not even read this one.
    let unread = Rejection {
        source: source.name.into(),
        sequence: Some(Sequence { epoch: source.epoch.into(), number: 3 }),
        event: None,
        reason: "not JSON".into(),
        received: at(3),
    };
    house.engine.reject(std::slice::from_ref(&unread)).await.expect("writes");
    house.engine.reject(&[unread]).await.expect("twice is harmless");
    let view = &books(house).await[0];
    assert_eq!((view.taken, view.stored, view.rejected, view.waiting), (3, 1, 2, 0));
    assert!(adds_up(view));
    let reasons: Vec<String> = house
        .store()
        .rejections(Some(source.name), 10)
        .await
        .expect("reads")
        .into_iter()
        .map(|one| one.reason)
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons.iter().any(|reason| reason == "not JSON"));
}

async fn what_is_replayed_after_a_mend_is_stored_and_not_rejected(house: &House) {
    let event = offered(&avaya(), 0, "c1", "13800138001");
    let rejection = Rejection {
        source: event.source.clone(),
        sequence: event.sequence.clone(),
        event: Some(event.id),
        reason: "unknown type".into(),
        received: event.received,
    };
    house.engine.reject(&[rejection]).await.expect("writes");
    house.apply(&[event]).await;
    let view = &books(house).await[0];
    assert_eq!((view.taken, view.stored, view.rejected, view.waiting), (1, 1, 0, 0));
}

async fn each_day_has_its_own_books(house: &House) {
    let source = avaya();
    let day = 86_400;
    for start in [0, 100, day, 2 * day] {
        house.apply(&whole_call(&source, start, &format!("c{start}"), "13800138001")).await;
    }
    let gap = Gap { from: at(day + 500), to: at(day + 600), reason: "link lost".into() };
    let mut told = source.tell(day + 600, "gap", Body::LinkGap(gap.clone()));
    told.id = EventId::derive(source.name, "gap", "gap", "1");
    house.apply(&[told]).await;
    let all = books(house).await;
    let stored: Vec<(&str, u64)> = all.iter().map(|view| (view.day.as_str(), view.stored)).collect();
    assert_eq!(stored, [("2026-11-21", 10), ("2026-11-22", 6), ("2026-11-23", 5)]);
    assert_eq!(all[1].gaps, [gap]);
    let second = Day::of(at(day));
    assert_eq!(house.store().books(second, second).await.expect("reads"), all[1..2]);
    assert_eq!(all.iter().map(|view| view.taken).sum::<u64>(), 21);
}

/// Calls at 0, 100 and 200 seconds, five events each; the connector tells its books now and then.
async fn a_period_within_a_day_has_books_of_its_own(house: &House) {
    let source = avaya();
    let books = |seconds: i64, taken: u64| {
        let told = Body::LinkBooks(Books { epoch: source.epoch.into(), taken, heard_until: None });
        Event { sequence: None, ..source.tell(seconds, "books", told) }
    };
    let mut first = whole_call(&source, 0, "c1", "13800138001");
    // Its last event is on its way still.
    first.truncate(4);
    let second: Vec<Event> = whole_call(&source, 100, "c2", "13800138001")
        .into_iter()
        .zip(6..)
        .map(|(event, number)| numbered(&event, number))
        .collect();
    house.apply(&first).await;
    house.apply(&[books(80, 5)]).await;
    house.apply(&second).await;
    house.apply(&[books(170, 12)]).await;
    let asked = async |since: i64, until: i64| {
        let period = Period { since: at(since), until: at(until) };
        let found = house.store().books_due(period, at(0)).await.expect("reads");
        found.first().map(|view| (view.taken, view.stored, view.waiting))
    };
    assert_eq!(asked(0, 90).await, Some((5, 4, 1)), "the connector's word before the cut counts");
    assert_eq!(asked(90, 300).await, Some((7, 5, 2)), "and what came before it does not");
    assert_eq!(asked(0, 70).await, Some((4, 4, 0)), "at that moment nobody knew of more");
    assert_eq!(asked(300, 400).await.unwrap_or_default(), (0, 0, 0));
    let whole = books_of(house, 0, 86_400).await;
    assert_eq!((whole.taken, whole.stored, whole.waiting), (12, 9, 3));
    assert!(adds_up(&whole));
}

async fn books_of(house: &House, since: i64, until: i64) -> BooksView {
    let period = Period { since: at(since), until: at(until) };
    house.store().books_due(period, at(0)).await.expect("reads").remove(0)
}

async fn a_gap_stands_in_every_period_that_it_reaches_into(house: &House) {
    let source = avaya();
    let gap = Gap { from: at(500), to: at(600), reason: "link lost".into() };
    house.apply(&[source.tell(600, "gap", Body::LinkGap(gap.clone()))]).await;
    for (since, until, there) in [(550, 560, true), (0, 501, true), (0, 500, false), (601, 700, false)] {
        let period = Period { since: at(since), until: at(until) };
        let found = house.store().books_due(period, at(0)).await.expect("reads");
        let gaps: Vec<Gap> = found.into_iter().flat_map(|view| view.gaps).collect();
        assert_eq!(gaps == [gap.clone()], there, "{since} to {until}");
    }
}

/// Every conversation that events put into a queue has a record that says what became of it.
async fn each_queue_has_books_that_add_up(house: &House) {
    let source = avaya();
    let mut told = Vec::new();
    for (start, id, queue) in [(0, "c1", "cards"), (10, "c2", "cards"), (20, "c3", "loans"), (30, "c4", "loans")] {
        told.push(offered(&source, start, id, "13800138001"));
        told.push(queued(&source, start + 1, id, "13800138001", queue));
    }
    told.push(ringing(&source, 5, "c1", "13800138001", "1001"));
    told.push(answered(&source, 6, "c1", "13800138001", "1001"));
    told.push(leg_ended(&source, 60, "c1", "1001"));
    told.extend([("c1", 60), ("c2", 40), ("c3", 50)].map(|(id, seconds)| ended(&source, seconds, id)));
    house.apply(&told).await;
    let found = house.store().queue_books(at(0), at(100)).await.expect("reads");
    let counts: Vec<_> = found
        .iter()
        .map(|view| (view.queue.as_str(), view.told, view.answered, view.abandoned, view.open, view.missing))
        .collect();
    assert_eq!(counts, [("cards", 2, 1, 1, 0, 0), ("loans", 2, 0, 1, 1, 0)]);
    assert!(house.store().queue_books(at(100), at(200)).await.expect("reads").is_empty());
    // A record that lost its queue is found, and one that is gone.
    house.execute("UPDATE cdr SET record = replace(record, '\"loans\"', '\"none\"') WHERE complete");
    let found = house.store().queue_books(at(0), at(100)).await.expect("reads");
    assert_eq!((found[1].told, found[1].abandoned, found[1].open, found[1].missing), (2, 0, 1, 1));
    house.execute("DELETE FROM cdr WHERE record LIKE '%cards%' AND record LIKE '%\"answered\"%'");
    let found = house.store().queue_books(at(0), at(100)).await.expect("reads");
    assert_eq!((found[0].told, found[0].answered, found[0].missing), (2, 0, 1));
}

crate::on_both! {
    a_period_within_a_day_has_books_of_its_own,
    a_gap_stands_in_every_period_that_it_reaches_into,
    each_queue_has_books_that_add_up,
    books_tell_until_when_a_source_was_heard,
    redelivery_and_duplicates_are_told_apart,
    one_batch_may_tell_the_same_twice,
    what_was_taken_and_has_not_come_is_waiting,
    what_waits_for_long_is_overdue,
    what_cannot_be_used_is_rejected_with_its_reason,
    what_is_replayed_after_a_mend_is_stored_and_not_rejected,
    each_day_has_its_own_books,
}
