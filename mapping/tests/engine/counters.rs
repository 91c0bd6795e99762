//! Counters: each thing once, on the day on which it happened, whatever is told again.

use std::collections::BTreeMap;

use trunkline_events::Event;
use trunkline_events::chat::Author;
use trunkline_mapping::counts::{Counted, HotspotView, HourCount, Keywords, SpikeRule, Subject};
use trunkline_mapping::engine::{Engine, Knowledge};
use trunkline_mapping::store::{LinkHour, Period};
use trunkline_mapping::view::CdrFilter;
use trunkline_mapping::zone::Zone;

use crate::house::House;
use crate::told::{
    answered, assigned, at, avaya, closed, ended, handle, leg_ended, message, offered, opened, queued, remarked,
    ringing, tag, web, whole_call,
};

const RULE: SpikeRule = SpikeRule { factor: 2.0, minimum: 3 };
const DAY: i64 = 86_400;

fn knowing(house: &House) -> Engine {
    let words = [("refund", "退款"), ("fees", "/fees?/")];
    let declared: BTreeMap<String, Vec<String>> =
        words.iter().map(|(name, word)| ((*name).to_owned(), vec![(*word).to_owned()])).collect();
    let counted = Counted {
        keywords: Keywords::new(&declared).expect("good"),
        zone: "Asia/Shanghai".parse::<Zone>().expect("a zone"),
    };
    Engine::new(house.store().clone(), Knowledge { counted, ..Knowledge::default() })
}

async fn spots(engine: &Engine, seconds: i64, by: Option<Subject>) -> Vec<HotspotView> {
    let records = engine.records();
    records.hotspots(records.day(at(seconds)), by, RULE).await.expect("reads")
}

fn told(views: &[HotspotView]) -> Vec<(&str, u64, u64, bool)> {
    views.iter().map(|view| (view.word.as_str(), view.count, view.before, view.spike)).collect()
}

/// Two customers yesterday, five today.
fn complaints() -> Vec<Event> {
    let source = web();
    let mut events = Vec::new();
    for (number, start) in [0, 100, DAY, DAY + 100, DAY + 200, DAY + 300, DAY + 400].into_iter().enumerate() {
        let chat = format!("chat-{number}");
        events.push(opened(&source, start, &chat, vec![handle("web_visitor", &chat)], None));
        events.push(message(&source, start + 1, &chat, Author::Visitor, "我的退款? 退款!"));
        events.push(message(&source, start + 2, &chat, Author::Agent, "您的退款…"));
        events.push(tag(&source, start + 3, handle("web_visitor", &chat), "angry", true));
    }
    events
}

async fn a_keyword_counts_once_a_text_and_a_replay_counts_nothing(house: &House) {
    let engine = knowing(house);
    let events = complaints();
    engine.apply(&events).await.expect("applies");
    engine.apply(&events).await.expect("applies");
    let keywords = spots(&engine, DAY, Some(Subject::Keyword)).await;
    assert_eq!(told(&keywords), [("refund", 5, 2, true)], "the customers' texts, each once");
    assert_eq!(told(&spots(&engine, DAY, Some(Subject::Tag)).await), [("angry", 5, 2, true)]);
    assert_eq!(told(&spots(&engine, 0, Some(Subject::Keyword)).await), [("refund", 2, 0, false)]);
    assert_eq!(spots(&engine, DAY, None).await.len(), 2);
}

async fn remarks_are_looked_at_too_and_taken_tags_are_not(house: &House) {
    let engine = knowing(house);
    let call = whole_call(&avaya(), 0, "c1", "13800138001");
    engine.apply(&call).await.expect("applies");
    let record = engine.records().cdrs(&CdrFilter::default()).await.expect("reads")[0].id;
    let source = web();
    let remark = remarked(&source, 90, record, "li", "asked about FEES twice, fee 3");
    let taken = tag(&source, 91, handle("web_visitor", "v"), "angry", false);
    engine.apply(&[remark, taken]).await.expect("applies");
    assert_eq!(told(&spots(&engine, 0, None).await), [("fees", 1, 0, false)]);
}

/// 08:00 UTC is 16:00 in Shanghai: eight hours later it is tomorrow there.
async fn a_day_is_that_of_the_house(house: &House) {
    let engine = knowing(house);
    let source = web();
    let chat = |seconds: i64| message(&source, seconds, "chat", Author::Visitor, "退款");
    engine.apply(&[chat(8 * 3600 - 1), chat(8 * 3600)]).await.expect("applies");
    assert_eq!(told(&spots(&engine, 0, None).await), [("refund", 1, 0, false)]);
    assert_eq!(told(&spots(&engine, DAY, None).await), [("refund", 1, 1, false)]);
}

async fn days_that_are_over_are_summed_up_and_say_the_same(house: &House) {
    let engine = knowing(house);
    let events = complaints();
    engine.apply(&events).await.expect("applies");
    let (before, today) = (spots(&engine, DAY, None).await, engine.records().day(at(DAY)));
    assert!(house.store().sum_up_hotspots(today).await.expect("sums"));
    assert!(!house.store().sum_up_hotspots(today).await.expect("sums"), "one day was over");
    assert_eq!(spots(&engine, DAY, None).await, before);
    assert_eq!(house.execute("SELECT count(*) FROM hotspot_hit").trim(), "10", "today's stand as they were");
    // Told again, and told late.
    let late = message(&web(), 200, "late", Author::Visitor, "退款");
    engine.apply(&events).await.expect("applies");
    engine.apply(&[late]).await.expect("applies");
    assert!(house.store().sum_up_hotspots(today).await.expect("sums"));
    assert_eq!(told(&spots(&engine, 0, Some(Subject::Keyword)).await), [("refund", 3, 0, true)]);
}

async fn queues_are_counted_from_records_and_answers_are_timed_by_hour(house: &House) {
    let engine = knowing(house);
    let source = avaya();
    for (number, start) in [0, DAY, DAY + 100, DAY + 3600].into_iter().enumerate() {
        let id = format!("c{number}");
        let call = [
            offered(&source, start, &id, "13800138001"),
            queued(&source, start + 2, &id, "13800138001", "cards"),
            ringing(&source, start + 20, &id, "13800138001", "1001"),
            answered(&source, start + 30, &id, "13800138001", "1001"),
            leg_ended(&source, start + 60, &id, "1001"),
            ended(&source, start + 60, &id),
        ];
        // The last one gives up.
        let told = if number == 3 { [&call[..2], &call[5..]].concat() } else { call.to_vec() };
        engine.apply(&told).await.expect("applies");
    }
    let chats = web();
    let chat = [
        opened(&chats, DAY + 10, "chat", vec![handle("web_visitor", "v")], None),
        message(&chats, DAY + 11, "chat", Author::Visitor, "hello"),
        assigned(&chats, DAY + 15, "chat", "online-7"),
        message(&chats, DAY + 50, "chat", Author::Agent, "good morning"),
        closed(&chats, DAY + 90, "chat"),
    ];
    engine.apply(&chat).await.expect("applies");
    assert_eq!(told(&spots(&engine, DAY, Some(Subject::Queue)).await), [("cards", 3, 1, true)]);

    let period = Period { since: at(DAY), until: at(2 * DAY) };
    let series = engine.records().response(period, None).await.expect("reads");
    let told: Vec<_> = series.iter().map(|hour| (hour.conversations, hour.answered, hour.median_ms)).collect();
    assert_eq!(told, [(2, 2, 30_000), (1, 1, 40_000), (1, 0, 0)], "calls, chats, and the hour of the one who gave up");
    let cards = engine.records().response(period, Some("cards")).await.expect("reads");
    assert_eq!(cards.iter().map(|hour| hour.conversations).sum::<u64>(), 3);
}

/// All at one instant, which is the hardest place to turn a page.
async fn a_period_of_more_records_than_a_page_is_counted_whole(house: &House) {
    house.apply(&whole_call(&avaya(), 0, "c1", "13800138001")).await;
    let rest = "revision, complete, started, ended, medium, source, agents, extensions, subject_handle, record";
    house.execute(&if house.is_postgres() {
        format!("INSERT INTO cdr (id, {rest}) SELECT gen_random_uuid(), {rest} FROM cdr, generate_series(1, 4500)")
    } else {
        let id = "lower(printf('%08x-0000-4000-8000-%012x', abs(random() % 4294967296), n.i))";
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)";
        format!("{numbers} INSERT INTO cdr (id, {rest}) SELECT {id}, {rest} FROM cdr, n")
    });
    let period = Period { since: at(0), until: at(1) };
    let series = house.records().response(period, None).await.expect("reads");
    assert_eq!(series.iter().map(|hour| hour.conversations).collect::<Vec<_>>(), [4501]);
}

/// Two runs of a link, the second one taken over by another daemon within the hour.
async fn what_a_link_tells_is_known_by_the_hour_across_its_runs(house: &House) {
    let hour = at(0).since(trunkline_events::Timestamp::EPOCH).whole_hours();
    let told = |epoch: &str, hours: i64, told: u64| LinkHour {
        source: "/connectors/avaya-bj".into(),
        epoch: epoch.into(),
        hour: hour + hours,
        told,
    };
    let store = house.store();
    store.keep_link_hours(&[told("a", 0, 10), told("b", 3, 5)]).await.expect("writes");
    store.keep_link_hours(&[told("a", 0, 30), told("a", 1, 70)]).await.expect("writes");
    // An hour is told again and again, and what was told before it changes nothing.
    store.keep_link_hours(&[told("a", 0, 20), told("a", 3, 75)]).await.expect("writes");
    let by_hour = |counts: &[(i64, u64)]| {
        counts.iter().map(|(hours, told)| HourCount { hour: hour + hours, told: *told }).collect::<Vec<_>>()
    };
    let source = "/connectors/avaya-bj";
    assert_eq!(store.told_by_hour(source, 0).await.expect("reads"), by_hour(&[(0, 30), (1, 40), (3, 10)]));
    assert_eq!(store.told_by_hour(source, hour + 1).await.expect("reads"), by_hour(&[(1, 40), (3, 10)]));
    assert!(store.told_by_hour("/connectors/other", 0).await.expect("reads").is_empty());
    assert_eq!(store.forget_link_hours(hour + 2).await.expect("forgets"), 1);
    assert_eq!(store.told_by_hour(source, hour + 2).await.expect("reads"), by_hour(&[(3, 10)]), "counted on as before");
}

crate::on_both! {
    a_keyword_counts_once_a_text_and_a_replay_counts_nothing,
    remarks_are_looked_at_too_and_taken_tags_are_not,
    a_day_is_that_of_the_house,
    days_that_are_over_are_summed_up_and_say_the_same,
    queues_are_counted_from_records_and_answers_are_timed_by_hour,
    a_period_of_more_records_than_a_page_is_counted_whole,
    what_a_link_tells_is_known_by_the_hour_across_its_runs,
}
