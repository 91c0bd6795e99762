//! Customers by what is known of them.

use trunkline_events::Event;
use trunkline_events::customer::RawHandle;
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::profile::ProfileRules;
use trunkline_mapping::view::SegmentRow;

use crate::house::House;
use crate::told::{Source, at, avaya, opened, profile, tag, verified, web, whole_call};

fn account(number: usize) -> RawHandle {
    verified("account_no", &format!("A-{number:04}"))
}

/// Goes through all customers; gives those of the segment, how many pages that took, and how many were looked at.
async fn all(house: &House, when: &str, now: i64) -> (Vec<SegmentRow>, usize, usize) {
    let records = house.records();
    let segment = records.segment(when).expect("a condition");
    let (mut found, mut pages, mut scanned, mut after) = (Vec::new(), 0, 0, None);
    loop {
        let page = records.segment_page(&segment, after, at(now)).await.expect("reads");
        assert!(page.scanned <= 500 && page.unjudged == 0, "{page:?}");
        found.extend(page.items);
        pages += 1;
        scanned += page.scanned;
        after = page.next;
        if after.is_none() {
            return (found, pages, scanned);
        }
    }
}

async fn names(house: &House, when: &str, now: i64) -> Vec<String> {
    let (found, ..) = all(house, when, now).await;
    let mut names: Vec<String> = found.into_iter().filter_map(|row| row.name).collect();
    names.sort();
    names
}

async fn a_segment_is_who_meets_its_condition_now(house: &House) {
    let (crm, web, day) = (Source::new("/connectors/crm"), web(), 86_400);
    let told: Vec<Event> = [("Ma", "Shanghai", 1), ("Wang", "Shanghai", 2), ("Li", "Beijing", 3)]
        .into_iter()
        .flat_map(|(name, city, number)| {
            [
                profile(&crm, 0, account(number), &[("name", name), ("city", city)]),
                tag(&crm, 1, account(number), "vip", number != 1),
            ]
        })
        .collect();
    house.apply(&told).await;
    // Ms Wang's number is known by her chat; then she calls.
    let visitor = vec![account(2), verified("phone", "13800138001")];
    house.apply(&[opened(&web, 10, "chat-1", visitor, None)]).await;
    house.apply(&whole_call(&avaya(), 5 * day, "c1", "013800138001")).await;

    let condition = "\"vip\" in tags && last_call_days < 30 && profile.city == \"Shanghai\"";
    assert_eq!(names(house, condition, 10 * day).await, ["Wang"]);
    assert_eq!(names(house, condition, 50 * day).await, [""; 0], "a month later it is too long ago");
    assert_eq!(names(house, "profile.city == 'Shanghai' || calls > 0", 10 * day).await, ["Ma", "Wang"]);
    assert_eq!(names(house, "last_call_days > 1000 && known_days == 10", 10 * day).await, ["Li", "Ma"], "never called");
    assert_eq!(names(house, "last_chat_days == 9 && chats == 1 && last_contact_days == 5", 10 * day).await, ["Wang"]);
    assert_eq!(names(house, "profile.level == ''", 10 * day).await, ["Li", "Ma", "Wang"], "what is not known is empty");

    let (rows, ..) = all(house, condition, 10 * day).await;
    let wang = &rows[0];
    assert_eq!(
        (wang.phones.as_slice(), wang.tags.as_slice()),
        (&["+8613800138001".to_owned()][..], &["vip".to_owned()][..])
    );
    assert_eq!(wang.fields["city"], "Shanghai");
    assert_eq!(wang.last_contact, Some(at(5 * day)));
}

async fn more_customers_than_a_page_has_are_gone_through_once_each(house: &House) {
    let crm = Source::new("/connectors/crm");
    let told: Vec<Event> = (0..1_100)
        .map(|number| {
            let level = if number % 11 == 0 { "gold" } else { "" };
            profile(&crm, 0, account(number), &[("name", &format!("n{number:04}")), ("level", level)])
        })
        .collect();
    for batch in told.chunks(200) {
        house.apply(batch).await;
    }
    let (found, pages, scanned) = all(house, "profile.level == 'gold'", 0).await;
    assert_eq!((found.len(), pages, scanned), (100, 3, 1_100));
    assert!(found.windows(2).all(|pair| pair[0].customer < pair[1].customer), "in order, so none twice");
}

async fn a_condition_that_makes_no_sense_is_told_with_the_nearest_name(house: &House) {
    let faults = house.records().segment("profile.citty == 'x' && last_cal_days < 3").expect_err("wrong");
    let told: Vec<String> = faults.into_iter().map(|fault| fault.sentence).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|line| line.contains("city")) && told.iter().any(|line| line.contains("last_call_days")));
    let told = ProfileRules::from_toml("[segments.x]\n\nwhen = 'profile.citty == \"x\"'\n").expect_err("wrong").0;
    assert_eq!((told[0].line, told[0].key.as_str()), (Some(3), "segments.x.when"), "{told:?}");
    let rules = ProfileRules::from_toml("[segments.x]\nwhen = 'profile.city == \"x\"'\n").expect("good");
    let house = house.with(Knowledge { profile: rules, ..Knowledge::default() }).await;
    assert_eq!(house.records().segments().keys().collect::<Vec<_>>(), ["x"]);
}

crate::on_both!(
    a_segment_is_who_meets_its_condition_now,
    more_customers_than_a_page_has_are_gone_through_once_each,
    a_condition_that_makes_no_sense_is_told_with_the_nearest_name,
);
