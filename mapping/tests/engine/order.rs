//! What is told later, or in another batch, gives what it would have given at once.

use trunkline_events::cdr::Cdr;
use trunkline_mapping::engine::{Engine, Knowledge};
use trunkline_mapping::identity::Handle;
use trunkline_mapping::numbers::{DialPlan, DialPlans};
use trunkline_mapping::view::CdrFilter;

use crate::house::House;
use crate::told::{
    Source, avaya, ended, handle, offered, on_trunk, opened, profile, remarked, ringing, transferred, web, whole_call,
};

/// The switch dials out with 9 on one trunk group, which only some of its events name.
fn with_trunk(house: &House) -> Engine {
    let site = "site = \"bj\"\nsources = [\"/connectors/avaya-bj\"]\n[trunks.tg9]\noutside_prefixes = [\"9\"]";
    let plan = DialPlan::from_toml(site).expect("a plan");
    let plans = DialPlans::new(DialPlan::default(), vec![plan]).expect("plans");
    Engine::new(house.store().clone(), Knowledge { plans, ..Knowledge::default() })
}

async fn only_record(house: &House) -> Cdr {
    let records = house.records().cdrs(&CdrFilter::default()).await.expect("reads");
    let [record] = <[Cdr; 1]>::try_from(records).expect("one record");
    record
}

fn caller(number: &str) -> uuid::Uuid {
    Handle::stored("phone", "", number).id()
}

async fn a_trunk_that_is_told_later_makes_the_record_its_callers(house: &House) {
    let engine = with_trunk(house);
    let source = avaya();
    let late = on_trunk(ringing(&source, 1, "c1", "913800138001", "1001"), "tg9");
    engine.apply(&[offered(&source, 0, "c1", "913800138001")]).await.expect("applies");
    engine.apply(&[late]).await.expect("applies");
    assert_eq!(only_record(house).await.customer, Some(caller("+8613800138001")));
    engine.apply(&[ended(&source, 9, "c1")]).await.expect("applies");
    assert_eq!(only_record(house).await.customer, Some(caller("+8613800138001")));
}

async fn a_trunk_and_a_number_that_no_event_names_together_leave_the_number_as_it_was_read(house: &House) {
    let engine = with_trunk(house);
    let source = avaya();
    let late = on_trunk(ringing(&source, 1, "c1", "", "1001"), "tg9");
    engine.apply(&[offered(&source, 0, "c1", "913800138001"), late]).await.expect("applies");
    assert_eq!(only_record(house).await.customer, Some(caller("raw:913800138001")));
    engine.apply(&[ended(&source, 9, "c1")]).await.expect("applies");
    assert_eq!(only_record(house).await.customer, Some(caller("raw:913800138001")));
}

/// The dial plan was mended between the call and its last event: what the new reading means nobody has named yet.
async fn a_record_keeps_its_caller_when_the_dial_plan_changes(house: &House) {
    let source = avaya();
    house.apply(&[on_trunk(ringing(&source, 1, "c1", "913800138001", "1001"), "tg9")]).await;
    with_trunk(house).apply(&[ended(&source, 9, "c1")]).await.expect("applies");
    assert_eq!(only_record(house).await.customer, Some(caller("raw:913800138001")));
}

/// A remark names its record's id alone; the call that comes after it still has its name.
async fn a_remark_that_comes_before_its_call_leaves_the_call_its_name(house: &House) {
    let (source, desk) = (avaya(), Source::new("/agents"));
    let [first, second] = ["c1", "c2"].map(|call| trunkline_mapping::cdr::ConversationKey::new(source.name, call).id());
    house.apply(&[remarked(&desk, 70, first, "Li", "refund promised")]).await;
    house.apply(&whole_call(&source, 0, "c1", "13800138001")).await;
    house.apply(&whole_call(&source, 30, "c2", "13800138001")).await;
    house.apply(&[transferred(&source, 40, "c2", "c1", "13800138001")]).await;
    // It names the second call alone, so all that is known of the first one's name is what the store has.
    house.apply(&[ended(&source, 100, "c2")]).await;
    let record = only_record(house).await;
    assert_eq!((record.id, record.absorbed), (first, vec![second]), "the call that began first");
    assert_eq!(record.remarks[0].text, "refund promised");
}

/// Two values at one instant: which counts is not for the database's language to say.
async fn of_two_values_at_one_instant_the_greater_bytes_stay(house: &House) {
    if house.is_postgres() {
        house.execute("ALTER TABLE profile_value ALTER COLUMN value TYPE text COLLATE \"und-x-icu\"");
    }
    let crm = web();
    let named = |number: usize, name: &str| {
        let mut event = profile(&crm, 100, handle("crm_id", &format!("c{number}")), &[("name", name)]);
        event.id = trunkline_events::EventId::derive(crm.name, name, "profile", &number.to_string());
        event
    };
    // In a dictionary `a` stands before `B`; by its bytes behind it.
    house.apply(&[named(1, "a")]).await;
    house.apply(&[named(1, "B")]).await;
    house.apply(&[named(2, "B")]).await;
    house.apply(&[named(2, "a")]).await;
    house.apply(&[named(3, "a"), named(3, "B")]).await;
    for number in 1..=3 {
        let customer = Handle::stored("crm_id", "", &format!("c{number}")).id();
        let view = house.records().customer(customer).await.expect("reads").expect("is there");
        assert_eq!(view.name.as_deref(), Some("a"), "customer {number}");
    }
}

/// A chat whose visitor typed an account number that nobody checked is not on the account's page.
async fn a_chat_is_not_the_typed_accounts(house: &House) {
    let web = web();
    let stranger = vec![handle("web_visitor", "v1"), handle("account_no", "A-1")];
    house.apply(&[opened(&web, 0, "chat", stranger, Some("Mallory"))]).await;
    let account = Handle::stored("account_no", "", "A-1").id();
    assert!(house.records().timeline(account, None, 10).await.expect("reads").is_empty());
    let view = house.records().customer(account).await.expect("reads").expect("the number is known");
    assert_eq!(view.name, None, "and does not carry the stranger's name");
    assert_eq!(only_record(house).await.customer, Some(Handle::stored("web_visitor", "", "v1").id()));
}

crate::on_both! {
    a_trunk_that_is_told_later_makes_the_record_its_callers,
    a_trunk_and_a_number_that_no_event_names_together_leave_the_number_as_it_was_read,
    a_record_keeps_its_caller_when_the_dial_plan_changes,
    a_remark_that_comes_before_its_call_leaves_the_call_its_name,
    of_two_values_at_one_instant_the_greater_bytes_stay,
    a_chat_is_not_the_typed_accounts,
}
