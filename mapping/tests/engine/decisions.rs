//! What people decide: merges and splits that hold, and can be undone.

use trunkline_events::customer::Strength;
use trunkline_events::{Body, EventId};
use trunkline_mapping::engine::{By, DirectiveError};
use uuid::Uuid;

use crate::house::House;
use crate::told::{at, avaya, evidence, handle, opened, profile, verified, web, whole_call};

fn by(seconds: i64) -> By<'static> {
    By { actor: "admin-li", reason: "they phoned together", at: at(seconds) }
}

async fn customer_of(house: &House, scheme: &str, value: &str) -> Uuid {
    let who = house.records().find_customers(value, 1).await.expect("reads");
    who.first().unwrap_or_else(|| panic!("{scheme} {value} is somebody")).customer
}

async fn a_merge_holds_and_can_be_undone(house: &House) {
    let crm = web();
    house
        .apply(&[
            profile(&crm, 0, handle("crm_id", "1"), &[("name", "Wang")]),
            profile(&crm, 1, handle("crm_id", "2"), &[("name", "Wang Fang")]),
        ])
        .await;
    let (first, second) = (customer_of(house, "crm_id", "1").await, customer_of(house, "crm_id", "2").await);
    assert_ne!(first, second);
    let merged = house.engine.merge(second, first, by(100)).await.expect("merges");
    assert_eq!(merged.customers, [first], "the id of the handle seen first goes on");
    let told = &merged.applied.derived[0].event.body;
    assert!(matches!(told, Body::CustomerMerged(told) if told.customer == first && told.former == [second]));
    let by_former = house.records().customer(second).await.expect("reads").expect("a former id leads on");
    assert_eq!((by_former.customer, by_former.handles.len()), (first, 2));
    let again = house.engine.merge(first, second, by(101)).await;
    assert!(matches!(again, Err(DirectiveError::SameCustomer(..))));

    let links = house.records().explain(first).await.expect("reads");
    assert_eq!((links[0].origin.as_str(), links[0].verdict.as_str()), ("include", "joined"));
    assert_eq!(
        (links[0].actor.as_deref(), links[0].reason.as_deref()),
        (Some("admin-li"), Some("they phoned together"))
    );

    let undone = house.engine.undo(merged.directives[0], by(200)).await.expect("undoes");
    assert_eq!(undone.customers.len(), 2);
    assert_eq!(house.records().customer(second).await.expect("reads").expect("is himself again").customer, second);
    let twice = house.engine.undo(merged.directives[0], by(201)).await;
    assert!(matches!(twice, Err(DirectiveError::Undone(_))));
    let kinds: Vec<String> =
        house.records().turns(first).await.expect("reads").into_iter().map(|turn| turn.kind).collect();
    assert_eq!(kinds, ["split", "merged"]);
}

/// However many merges lie between, a former id leads to the customer in one step.
async fn rule_53_every_former_id_leads_to_the_customer_for_ever(house: &House) {
    let crm = web();
    let entry = |number: i64| profile(&crm, number, handle("crm_id", &number.to_string()), &[("name", "Wang")]);
    house.apply(&[entry(1), entry(2), entry(3), entry(4)]).await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        ids.push(customer_of(house, "crm_id", &number.to_string()).await);
    }
    // 4 into 3, 3 into 2, 2 into 1.
    for (late, at) in [(3, 100), (2, 101), (1, 102)] {
        house.engine.merge(ids[late - 1], ids[late], by(at)).await.expect("merges");
    }
    for id in &ids {
        let view = house.records().customer(*id).await.expect("reads").expect("is there");
        assert_eq!((view.customer, view.handles.len()), (ids[0], 4), "{id}");
    }
    let hops = "SELECT count(*) FROM handle h JOIN handle c ON c.id = h.customer WHERE c.customer <> c.id";
    assert_eq!(house.execute(hops).trim(), "0", "nobody is led on from where he was led");
    let links = house.records().explain(ids[3]).await.expect("reads");
    assert!(
        links.iter().all(|link| link.origin == "include" && link.reason.as_deref() == Some("they phoned together"))
    );
}

/// The CRM has her twice; each entry has an account of its own, and the rules allow a customer one entry.
async fn a_merge_takes_nothing_away_from_either_side(house: &House) {
    let crm = web();
    house
        .apply(&[
            opened(&crm, 0, "x", vec![verified("account_no", "A-1"), handle("crm_id", "1")], None),
            opened(&crm, 9, "y", vec![verified("account_no", "A-2"), handle("crm_id", "2")], None),
            evidence(&crm, 20, handle("crm_id", "1"), verified("phone", "13800138001"), Strength::Strong),
        ])
        .await;
    let (first, second) =
        (customer_of(house, "account_no", "A-1").await, customer_of(house, "account_no", "A-2").await);
    let merged = house.engine.merge(first, second, by(100)).await.expect("merges");
    for (scheme, value) in [("account_no", "A-1"), ("crm_id", "1"), ("account_no", "A-2"), ("crm_id", "2")] {
        assert_eq!(customer_of(house, scheme, value).await, first, "{scheme} {value}");
    }
    assert_eq!(customer_of(house, "phone", "13800138001").await, first);
    house.engine.undo(merged.directives[0], by(200)).await.expect("undoes");
    assert_eq!(customer_of(house, "crm_id", "1").await, first);
    assert_eq!(customer_of(house, "crm_id", "2").await, second);
    assert_eq!(customer_of(house, "account_no", "A-2").await, second);
}

async fn rule_51_a_split_restores_both_sides_and_is_not_merged_back(house: &House) {
    let (crm, source) = (web(), avaya());
    house
        .apply(&[
            profile(&crm, 0, verified("account_no", "A-1"), &[("name", "Wang Fang")]),
            evidence(&crm, 1, handle("account_no", "A-1"), handle("phone", "13800138001"), Strength::Strong),
            evidence(&crm, 2, handle("account_no", "A-1"), handle("email", "son@example.com"), Strength::Strong),
        ])
        .await;
    house.apply(&whole_call(&source, 10, "c1", "13800138001")).await;
    let wang = customer_of(house, "account_no", "A-1").await;
    let calls = async |customer| house.records().timeline(customer, None, 10).await.expect("reads").len();
    assert_eq!(calls(wang).await, 1);

    let split = house.engine.split(wang, &[handle("phone", "0138 0013 8001")], by(100)).await.expect("splits");
    let phone = customer_of(house, "phone", "13800138001").await;
    assert_ne!(phone, wang);
    assert_eq!((calls(wang).await, calls(phone).await), (0, 1), "the call goes with its number");
    assert_eq!(split.directives.len(), 2);
    house
        .apply(&[evidence(
            &crm,
            200,
            handle("account_no", "A-1"),
            handle("phone", "13800138001"),
            Strength::Authoritative,
        )])
        .await;
    assert_ne!(customer_of(house, "phone", "13800138001").await, wang, "the next event does not bring it back");

    // Naming any of its directives undoes the whole decision.
    house.engine.undo(split.directives[1], by(300)).await.expect("undoes");
    assert_eq!(customer_of(house, "phone", "13800138001").await, wang);
    assert_eq!(calls(wang).await, 1);
}

async fn a_merge_after_a_split_holds(house: &House) {
    let crm = web();
    let handles = || [handle("phone", "13800138001"), handle("email", "wang@example.com")];
    let mut told = Vec::new();
    for (second, other) in handles().into_iter().enumerate() {
        let second = i64::try_from(second).expect("small");
        told.push(evidence(&crm, second, handle("account_no", "A-1"), other, Strength::Strong));
    }
    house.apply(&told).await;
    let wang = customer_of(house, "account_no", "A-1").await;
    house.engine.split(wang, &handles(), by(100)).await.expect("splits");
    let mut customers = vec![
        customer_of(house, "account_no", "A-1").await,
        customer_of(house, "phone", "13800138001").await,
        customer_of(house, "email", "wang@example.com").await,
    ];
    customers.dedup();
    for other in customers.split_off(1) {
        house.engine.merge(customers[0], other, by(200)).await.expect("merges");
    }
    assert_eq!(house.records().customer(wang).await.expect("reads").expect("is there").handles.len(), 3);
}

async fn decisions_on_nobody_are_refused(house: &House) {
    house.apply(&[profile(&web(), 0, handle("crm_id", "1"), &[("name", "Wang")])]).await;
    let wang = customer_of(house, "crm_id", "1").await;
    let nobody = Uuid::from_u128(7);
    assert!(
        matches!(house.engine.merge(wang, nobody, by(1)).await, Err(DirectiveError::NoCustomer(id)) if id == nobody)
    );
    let not_his = house.engine.split(wang, &[handle("phone", "13800138009")], by(1)).await;
    assert!(matches!(not_his, Err(DirectiveError::NotHis { .. })));
    let blocked = house.engine.split(wang, &[handle("phone", "anonymous")], by(1)).await;
    assert!(matches!(blocked, Err(DirectiveError::NoHandle { .. })));
    let all = house.engine.split(wang, &[handle("crm_id", "1")], by(1)).await;
    assert!(matches!(all, Err(DirectiveError::NothingToSplit)));
    let undo = house.engine.undo(EventId::from_uuid(nobody), by(1)).await;
    assert!(matches!(undo, Err(DirectiveError::NoDirective(_))));
    assert!(matches!(house.engine.remark(nobody, "Li", "x", at(1)).await, Err(DirectiveError::NoConversation(_))));
}

/// Rule 48: a mail address that thousands share joins nobody, and what it had joined comes apart.
async fn an_address_that_too_many_share_joins_nobody(house: &House) {
    let crm = web();
    let shared = || handle("email", "noreply@example.com");
    let mut told = Vec::new();
    for number in 0..250 {
        let account = handle("account_no", &format!("A-{number}"));
        told.push(evidence(&crm, number, account, shared(), Strength::Strong));
    }
    for part in told.chunks(40) {
        house.apply(part).await;
    }
    let address = customer_of(house, "email", "noreply@example.com").await;
    let view = house.records().customer(address).await.expect("reads").expect("is there");
    assert!(view.handles.iter().all(|handle| handle.generic) && view.handles.len() == 1);
    let first = customer_of(house, "account_no", "A-0").await;
    let links = house.records().explain(first).await.expect("reads");
    assert!(links.iter().all(|link| link.verdict.starts_with("too many share")), "{links:?}");
}

crate::on_both! {
    a_merge_holds_and_can_be_undone,
    a_merge_takes_nothing_away_from_either_side,
    rule_53_every_former_id_leads_to_the_customer_for_ever,
    rule_51_a_split_restores_both_sides_and_is_not_merged_back,
    a_merge_after_a_split_holds,
    decisions_on_nobody_are_refused,
    an_address_that_too_many_share_joins_nobody,
}
