//! What other rules would do is told before they count: exactly that comes out, and until then nothing is touched.

use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::identity::Rules;
use trunkline_mapping::view::RehearsalView;
use uuid::Uuid;

use crate::house::House;
use crate::pure::knowledge;
use crate::told::{handle, profile, verified, web};
use crate::workers::{events, told};

/// Rules that judge otherwise. (How strong evidence is is decided when it is observed.)
const OTHER: &str = "
[schemes.crm_id]
exclusive = false
[schemes.phone]
max_customers = 1
[schemes.email]
max_customers = 1
[schemes.account_no]
max_per_customer = 1
";

/// The whole of a rehearsal, so many customers at a time.
async fn rehearse(house: &House, rules: &Rules, at_a_time: u32) -> RehearsalView {
    let (records, mut whole, mut after) = (house.records(), RehearsalView::default(), None);
    loop {
        let part = records.rehearse(rules, after, at_a_time, 100).await.expect("reads");
        whole.customers += part.customers;
        whole.would_join += part.would_join;
        whole.would_part += part.would_part;
        whole.would_be_renamed += part.would_be_renamed;
        whole.customers_more += part.customers_more;
        whole.turn_generic += part.turn_generic;
        whole.no_longer_generic += part.no_longer_generic;
        whole.samples.extend(part.samples);
        after = part.next;
        if after.is_none() {
            return whole;
        }
    }
}

/// Handle -> customer, as the store has it.
fn customers(house: &House) -> BTreeMap<String, String> {
    let lines = house.execute("SELECT id, customer FROM handle ORDER BY id");
    lines.lines().filter_map(|line| line.split_once('|')).map(|(id, customer)| (id.into(), customer.into())).collect()
}

/// Customers before of whom some are apart after, and those of whom several are together.
fn compare(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> (u64, u64, i64) {
    let spread = |from: &BTreeMap<String, String>, to: &BTreeMap<String, String>| {
        let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (handle, customer) in from {
            reached.entry(customer.clone()).or_default().insert(to[handle].clone());
        }
        reached
    };
    let (parts, joins) = (spread(before, after), spread(after, before));
    let parted = parts.values().filter(|into| into.len() > 1).count() as u64;
    let joined = joins.values().filter(|from| from.len() > 1).map(|from| from.len() as u64).sum();
    let number = |customers: usize| i64::try_from(customers).expect("few");
    (joined, parted, number(joins.len()) - number(parts.len()))
}

async fn rule_56_what_a_rehearsal_tells_is_what_comes_out(house: &House) {
    let (mut joined, mut parted) = (0, 0);
    for seed in 0..4 {
        let told = one_story(house, seed).await;
        joined += told.would_join;
        parted += told.would_part;
    }
    assert!(joined > 0 && parted > 0, "the stories have both: {joined} {parted}");
}

async fn one_story(house: &House, seed: u8) -> RehearsalView {
    let rules = Rules::from_toml(OTHER).expect("rules");
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let story = proptest::collection::vec(told(), 60).new_tree(&mut runner).expect("a story").current();
    let events = events(&story);
    let house = house.like().await.knowing(knowledge());
    house.apply(&events).await;
    let before = customers(&house);
    let told = rehearse(&house, &rules, 3).await;
    assert_eq!(customers(&house), before, "nothing is touched");

    let changed = house.like().await.knowing(Knowledge { rules: rules.clone(), ..knowledge() });
    changed.apply(&events).await;
    let (joined, parted, more) = compare(&before, &customers(&changed));
    assert_eq!((told.would_join, told.would_part, told.customers_more), (joined, parted, more), "story {seed}");
    for sample in &told.samples {
        for customer in &sample.after {
            assert!(customers(&changed).values().any(|known| *known == customer.customer.to_string()), "{sample:?}");
        }
    }
    let all_at_once = rehearse(&house, &rules, 1_000).await;
    assert_eq!((all_at_once.would_join, all_at_once.would_part), (joined, parted));
    let same = rehearse(&house, &knowledge().rules, 5).await;
    assert_eq!(same, RehearsalView { customers: same.customers, ..RehearsalView::default() }, "no rule is another");
    told
}

async fn a_sample_names_who_would_be_who(house: &House) {
    let crm = web();
    let known = |seconds, account: &str| profile(&crm, seconds, verified("account_no", account), &[("name", account)]);
    house.apply(&[known(0, "A-1"), known(1, "A-2")]).await;
    let chat = crate::told::opened(
        &crm,
        5,
        "c",
        vec![verified("account_no", "A-1"), handle("email", "wang@example.com")],
        None,
    );
    house.apply(&[chat]).await;
    let rules = Rules::from_toml("[schemes.email]\nblocked = ['^wang@']").expect("rules");
    let told = rehearse(house, &rules, 10).await;
    assert_eq!((told.would_join, told.would_part, told.customers_more), (0, 1, 1));
    let [sample] = told.samples.as_slice() else { panic!("one change: {told:?}") };
    assert_eq!(sample.before[0].handles.len(), 2);
    let after: BTreeSet<&str> = sample.after.iter().flat_map(|one| &one.handles).map(String::as_str).collect();
    assert_eq!(after, BTreeSet::from(["account_no::A-1", "email::wang@example.com"]));
    assert!(sample.after.iter().all(|one| one.handles.len() == 1 && one.customer != Uuid::nil()));
}

crate::on_both! {
    rule_56_what_a_rehearsal_tells_is_what_comes_out,
    a_sample_names_who_would_be_who,
}
