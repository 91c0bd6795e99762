//! Which conversation an event belongs to.

use trunkline_events::cdr::Remarked;
use trunkline_events::{Body, Event};
use trunkline_mapping::cdr::{ConversationKey, changed, conversation_keys, fold, known_from, root};

use super::notation::{SOURCE, events, instant};

fn key(id: &str) -> ConversationKey {
    ConversationKey::new(SOURCE, id)
}

#[test]
fn a_transfer_names_its_own_call_first_then_those_that_ended_in_it() {
    let told = events("10:00:00 A transferred 4750 > 4751 from=B,C,B,A");
    assert_eq!(conversation_keys(&told[0]), [key("A"), key("B"), key("C")]);
    assert_eq!(key("A").text(), Some("/connectors/site|A"));
}

#[test]
fn a_remark_belongs_to_the_conversation_whose_record_it_names() {
    let call = &events("10:00:00 A offered 13800138001 > 65067")[0];
    let record = fold([call]).expect("a record").cdr.id;
    let remark = Remarked { cdr: record, author: "1001".to_owned(), text: "refund".to_owned() };
    let remark = Event { body: Body::CdrRemarked(remark), ..call.clone() };
    assert_eq!(conversation_keys(&remark), conversation_keys(call));
}

#[test]
fn agents_and_links_belong_to_no_conversation_and_make_no_record() {
    let told = events("10:00:00 - state 1001 ready\n10:00:01 - remark 1001 nothing to remark on");
    assert!(conversation_keys(&told[0]).is_empty());
    assert!(fold(&told).is_none());
    assert!(fold(&[]).is_none());
}

#[test]
fn an_agents_state_belongs_to_the_call_that_it_names_and_neither_makes_nor_begins_a_record() {
    let told = events("10:00:40 A state 1001 after_call\n10:00:00 B state 1001 ready\n10:00:05 B offered 1 > 2");
    assert_eq!(conversation_keys(&told[0]), [key("A")]);
    assert!(fold(&told[..1]).is_none());
    let record = fold(&told[1..]).expect("a record").cdr;
    assert_eq!(record.started, Some(instant("10:00:05")));
    assert!(known_from(&told[1]) > known_from(&told[2]));
}

#[test]
fn the_call_that_began_first_is_the_root_and_text_breaks_ties() {
    let (a, b, remarked) = (key("A"), key("B"), ConversationKey::from_id(key("C").id()));
    let (early, late) = (instant("10:00:00"), instant("10:00:01"));
    assert_eq!(root([(&a, late), (&b, early)]), Some(&b));
    assert_eq!(root([(&b, early), (&a, early)]), Some(&a));
    assert_eq!(root([(&remarked, early), (&a, late)]), Some(&a));
    assert_eq!(root([]), None);
}

#[test]
fn a_new_revision_number_alone_is_no_change() {
    let told = events("10:00:00 A offered 13800138001 > 65067\n10:00:09 A ended");
    let old = fold(&told).expect("a record").cdr;
    let mut new = old.clone();
    new.revision = 7;
    assert!(!changed(&old, &new));
    new.talk_ms += 1;
    assert!(changed(&old, &new));
}

#[test]
fn of_two_tellings_under_one_id_the_same_one_counts_whichever_comes_first() {
    let told = events("10:00:00 A offered 13800138001 > 65067");
    let mut otherwise = told[0].clone();
    otherwise.body = events("10:00:00 A offered 13800138002 > 65067")[0].body.clone();
    let here = [told[0].clone(), otherwise.clone()];
    let there = [otherwise, told[0].clone()];
    assert_eq!(fold(&here), fold(&there));
}
