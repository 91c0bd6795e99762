//! Numbers pass from one person to another, and nobody is shown the life of the one before him.

use trunkline_events::Timestamp;
use trunkline_events::pop::Certainty;
use trunkline_events::{Body, Event};
use trunkline_mapping::view::CdrFilter;
use uuid::Uuid;

use crate::house::House;
use crate::told::{at, avaya, handle, profile, ringing, tag, verified, web, whole_call};

const NUMBER: &str = "013800138001";
const DAY: i64 = 24 * 3_600;

async fn customer_of(house: &House, text: &str) -> Uuid {
    let found = house.records().find_customers(text, 2).await.expect("reads");
    assert_eq!(found.len(), 1, "{text} is one customer's");
    found[0].customer
}

async fn calls_of(house: &House, customer: Uuid) -> Vec<Timestamp> {
    let filter = CdrFilter { customer: Some(customer), ..CdrFilter::default() };
    house.records().cdrs(&filter).await.expect("reads").iter().filter_map(|cdr| cdr.started).collect()
}

/// Both customers have proved that the number is theirs, the second one when it had been silent for so many days.
fn story(days: i64) -> Vec<Event> {
    let (avaya, web) = (avaya(), web());
    let owner = |crm: &str, seconds: i64| {
        let handles = vec![handle("crm_id", crm), verified("phone", NUMBER)];
        crate::told::opened(&web, seconds, crm, handles, Some(crm))
    };
    let later = days * DAY;
    let mut told = vec![owner("Wang", 0)];
    told.extend(whole_call(&avaya, 100, "hers", NUMBER));
    told.push(tag(&web, 300, handle("phone", NUMBER), "complains", true));
    told.push(profile(&web, 301, handle("phone", NUMBER), &[("city", "Beijing")]));
    told.extend(whole_call(&avaya, later, "his", NUMBER));
    told.push(owner("Li", later + 500));
    told
}

async fn rule_49_who_is_given_a_number_is_not_shown_whose_it_was(house: &House) {
    house.apply(&story(200)).await;
    let (wang, li) = (customer_of(house, "Wang").await, customer_of(house, "Li").await);
    assert_ne!(wang, li);
    assert_eq!(customer_of(house, NUMBER).await, li, "the number is Li's now");
    assert_eq!(calls_of(house, li).await.last(), Some(&at(200 * DAY)), "nothing from before it was his");
    assert!(calls_of(house, wang).await.contains(&at(100)), "what was hers stays hers");
    assert!(!calls_of(house, wang).await.contains(&at(200 * DAY)));
    let view = house.records().customer(li).await.expect("reads").expect("is there");
    assert!(view.tags.is_empty(), "what was said of the number was said of her: {:?}", view.tags);
    assert!(view.fields.iter().all(|field| field.name != "city"));
    let links = house.records().explain(wang).await.expect("reads");
    assert!(
        links.iter().any(|link| link.verdict == "from before this contact was given to somebody else"),
        "{links:?}"
    );

    let applied = house.apply(&[ringing(&avaya(), 201 * DAY, "next", NUMBER, "1001")]).await;
    let pop = applied.derived.iter().find_map(|told| match &told.event.body {
        Body::PopRinging(pop) => Some(pop),
        _ => None,
    });
    let pop = pop.expect("rings");
    assert_eq!((pop.certainty, pop.candidates.len()), (Certainty::One, 1));
    assert_eq!(pop.candidates[0].customer, li);
    assert!(pop.candidates[0].last_contact.as_ref().is_some_and(|contact| contact.at >= at(200 * DAY)));
}

async fn a_number_that_was_never_silent_for_long_is_shared(house: &House) {
    house.apply(&story(100)).await;
    let view = house.records().customer(customer_of(house, "Wang").await).await.expect("reads").expect("is there");
    assert!(view.handles.iter().any(|handle| handle.scheme == "phone" && handle.shared));
}

/// Whatever the order in which it is heard: the silence is known once everything is.
async fn the_order_in_which_it_is_heard_does_not_show(house: &House) {
    let mut told = story(200);
    told.reverse();
    for event in told {
        house.apply(&[event]).await;
    }
    let (wang, li) = (customer_of(house, "Wang").await, customer_of(house, "Li").await);
    assert_eq!(customer_of(house, NUMBER).await, li);
    assert!(calls_of(house, wang).await.contains(&at(100)));
}

/// A sighting in the middle, told last: the number was not silent after all, so it was not given away.
async fn a_call_that_is_told_late_takes_the_number_back(house: &House) {
    house.apply(&story(200)).await;
    let li = customer_of(house, "Li").await;
    house.apply(&whole_call(&avaya(), 100 * DAY, "between", NUMBER)).await;
    let wang = house.records().customer(customer_of(house, "Wang").await).await.expect("reads").expect("is there");
    assert!(wang.handles.iter().any(|handle| handle.scheme == "phone" && handle.shared), "both have it");
    assert_eq!(calls_of(house, li).await.len(), 1, "only his chat: calls from a shared number are nobody's");
    assert_eq!(house.execute("SELECT count(*) FROM tenure").trim(), "0");
}

crate::on_both! {
    rule_49_who_is_given_a_number_is_not_shown_whose_it_was,
    a_number_that_was_never_silent_for_long_is_shared,
    the_order_in_which_it_is_heard_does_not_show,
    a_call_that_is_told_late_takes_the_number_back,
}
