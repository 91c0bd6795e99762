//! The partition, by what happens to people.

use trunkline_events::customer::Strength::{Authoritative, Medium, Strong, Weak};
use trunkline_mapping::identity::Verdict;

use crate::world::{World, handle};

const WANG: &str = "crm:wang";
const LI: &str = "crm:li";
const PHONE: &str = "phone:13800138001";
const MAIL: &str = "email:wang@example.com";
const VISITOR: &str = "visitor:v1";

fn world() -> World {
    World::default()
}

#[test]
fn a_phone_alone_joins_the_customer_whose_crm_names_it() {
    let mut world = world();
    world.sees(WANG, PHONE, Medium);
    assert!(world.together(&[WANG, PHONE]));
}

#[test]
fn an_unknown_visitor_and_the_phone_he_typed_are_one() {
    let mut world = world();
    world.sees(VISITOR, PHONE, Medium);
    assert!(world.together(&[VISITOR, PHONE]));
}

#[test]
fn rule_46_a_visitor_who_types_a_known_customers_phone_does_not_become_him() {
    let mut world = world();
    world.sees(VISITOR, PHONE, Medium).sees(WANG, PHONE, Medium);
    assert!(world.together(&[WANG, PHONE]) && world.apart(VISITOR, WANG));
    assert_eq!(world.verdict(VISITOR, PHONE), Verdict::ContactOfIdentified);
    let outcome = world.partition();
    let visitor = world.standing(VISITOR).customer;
    let customer = outcome.customers.iter().find(|customer| customer.id == visitor).expect("the visitor");
    assert!(customer.candidates.contains(&world.standing(WANG).customer), "he is shown as a candidate");
}

#[test]
fn a_verified_phone_makes_the_visitor_the_customer() {
    let mut world = world();
    world.sees(WANG, PHONE, Medium).sees(VISITOR, PHONE, Strong);
    assert!(world.together(&[WANG, PHONE, VISITOR]));
}

#[test]
fn two_contacts_that_agree_prove_what_one_could_not() {
    let mut world = world();
    world.sees(WANG, PHONE, Medium).sees(WANG, MAIL, Medium).sees(VISITOR, PHONE, Medium);
    assert!(world.apart(VISITOR, WANG));
    world.sees(VISITOR, MAIL, Medium);
    assert!(world.together(&[VISITOR, WANG, PHONE, MAIL]));
    assert_eq!(world.verdict(VISITOR, MAIL), Verdict::SecondProof);
}

#[test]
fn two_contacts_join_two_accounts_but_never_two_crm_customers() {
    let mut world = world();
    for account in ["account:a1", "account:a2"] {
        world.sees(account, PHONE, Medium).sees(account, MAIL, Medium);
    }
    assert!(world.together(&["account:a1", "account:a2", PHONE, MAIL]));
    for crm in [WANG, LI] {
        world.sees(crm, "phone:13800138002", Medium).sees(crm, "email:home@example.com", Medium);
    }
    assert!(world.apart(WANG, LI));
    assert!(matches!(world.verdict(LI, "email:home@example.com"), Verdict::Conflict { .. }));
}

#[test]
fn a_family_that_shares_home_phone_and_tablet_stays_two_customers() {
    let mut world = world();
    world.sees("account:a1", VISITOR, Strong).sees("account:a2", VISITOR, Strong);
    for account in ["account:a1", "account:a2"] {
        world.sees(account, PHONE, Medium).sees(account, MAIL, Medium);
    }
    assert!(world.apart("account:a1", "account:a2"));
}

#[test]
fn rule_44_two_values_of_an_exclusive_scheme_are_a_conflict_however_strong_the_evidence() {
    let mut world = world();
    world.sees(WANG, "unionid:u1", Strong).sees(LI, "unionid:u1", Authoritative);
    assert!(world.apart(WANG, LI));
    assert_eq!(
        world.verdict(WANG, "unionid:u1"),
        Verdict::Conflict { scheme: "crm_id".to_owned(), scope: String::new() }
    );
    let mut two_systems = World::default();
    two_systems.sees("crm:north/17", "unionid:u1", Strong).sees("crm:south/17", "unionid:u1", Strong);
    assert!(two_systems.together(&["crm:north/17", "crm:south/17"]), "two CRMs may both know him");
}

#[test]
fn openids_of_two_apps_join_through_the_unionid() {
    let mut world = world();
    world.sees("openid:app1/o1", "unionid:u1", Strong).sees("openid:app2/o1", "unionid:u1", Strong);
    assert!(world.together(&["openid:app1/o1", "openid:app2/o1"]));
    world.sees("openid:app1/o2", "unionid:u1", Strong);
    assert!(world.apart("openid:app1/o2", "unionid:u1"), "one openid per app");
}

#[test]
fn rule_50_a_second_person_at_the_same_device_does_not_inherit_it() {
    let mut world = world();
    world.sees("account:a1", VISITOR, Strong).sees("account:a2", VISITOR, Strong);
    assert!(world.together(&["account:a1", VISITOR]) && world.apart("account:a2", VISITOR));
    assert_eq!(world.verdict("account:a2", VISITOR), Verdict::SharedDevice);
}

/// Another system of record's entry with the same address: the address stays with the first, and the second is somebody else.
#[test]
fn rule_45_a_second_user_id_on_one_address_is_a_second_customer() {
    let mut world = world();
    world.sees("crm:abc123", "email:jane@example.com", Medium).sees("crm:abc456", "email:jane@example.com", Medium);
    assert!(world.together(&["crm:abc123", "email:jane@example.com"]) && world.apart("crm:abc123", "crm:abc456"));
    assert!(world.verdict("crm:abc456", "email:jane@example.com").is_refused(), "and it is said why");
}

#[test]
fn rule_46_a_typed_mail_does_not_merge_two_accounts() {
    // Segment's example: profile {abc123, jane@} and an event {abc456, jane@}.
    let mut world = world();
    world.sees("crm:abc123", "email:jane@example.com", Medium).sees("crm:abc456", "email:jane@example.com", Medium);
    assert!(world.together(&["crm:abc123", "email:jane@example.com"]));
    assert!(world.apart("crm:abc456", "crm:abc123"));
}

#[test]
fn rule_47_a_phone_of_two_known_customers_is_shared_by_both() {
    let mut world = world();
    world.sees(WANG, PHONE, Medium).sees(LI, PHONE, Medium);
    let standing = world.standing(PHONE);
    assert!(standing.shared && !standing.generic);
    assert_eq!(standing.customer, world.standing(WANG).customer, "it stays where it was first");
    assert!(standing.also.contains(&world.standing(LI).customer));
}

#[test]
fn a_verified_phone_is_not_shared_by_somebody_who_only_said_so() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).sees(LI, PHONE, Medium);
    assert!(!world.standing(PHONE).shared);
}

#[test]
fn rule_48_a_switchboard_is_generic_and_gives_back_what_it_joined() {
    let mut world = world();
    world.sees(PHONE, "visitor:v9", Medium);
    for customer in 1..=5 {
        world.sees(&format!("crm:c{customer}"), PHONE, Medium);
    }
    assert!(!world.standing(PHONE).generic && world.together(&["crm:c1", PHONE]));
    world.sees("crm:c6", PHONE, Medium);
    assert!(world.standing(PHONE).generic && world.apart("crm:c1", PHONE));
    assert_eq!(world.verdict("crm:c1", PHONE), Verdict::Generic);
    assert!(!world.standing(PHONE).shared, "nobody's number is nobody's shared number");
}

#[test]
fn one_person_with_many_accounts_does_not_make_his_phone_generic() {
    let mut world = world();
    for account in 1..=5 {
        world.sees("unionid:u1", &format!("account:a{account}"), Strong).sees(
            &format!("account:a{account}"),
            PHONE,
            Medium,
        );
    }
    world.sees("unionid:u1", "openid:app/o", Strong).sees("openid:app/o", PHONE, Medium);
    assert!(!world.standing(PHONE).generic);
    assert!(world.together(&["account:a1", "account:a5", PHONE]));
}

#[test]
fn an_address_with_more_neighbours_than_the_cap_is_generic_whoever_they_are() {
    let mut world = world();
    for visitor in 0..=200 {
        world.sees(&format!("visitor:v{visitor}"), "email:noreply@example.com", Medium);
    }
    assert!(world.standing("email:noreply@example.com").generic);
    assert!(world.apart("visitor:v0", "visitor:v1"));
}

#[test]
fn a_kiosk_is_generic_and_nobodys() {
    let mut world = world();
    for account in 1..=6 {
        world.sees(&format!("account:a{account}"), VISITOR, Strong);
    }
    assert!(world.standing(VISITOR).generic && world.apart("account:a1", VISITOR));
}

#[test]
fn a_hint_joins_only_strangers() {
    let mut world = world();
    world.sees("easemob_id:webim-visitor-1", VISITOR, Weak);
    assert!(world.together(&["easemob_id:webim-visitor-1", VISITOR]));
    world.sees(WANG, "openid:app/o1", Weak);
    assert!(world.apart(WANG, "openid:app/o1"));
    assert_eq!(world.verdict(WANG, "openid:app/o1"), Verdict::TooWeak);
}

#[test]
fn rule_45_a_sixth_phone_is_refused_and_said_to_be() {
    let mut world = world();
    for last in 1..=6 {
        world.sees(WANG, &format!("phone:1380013800{last}"), Medium);
    }
    assert!(world.together(&[WANG, "phone:13800138005"]) && world.apart(WANG, "phone:13800138006"));
    assert_eq!(world.verdict(WANG, "phone:13800138006"), Verdict::Limit { scheme: "phone".to_owned(), max: 5 });
}

#[test]
fn rule_48_a_customer_never_grows_beyond_the_cap() {
    let mut world = World::with_rules("max_handles_per_customer = 3");
    world.sees("zalo:1", "zalo:2", Strong).sees("zalo:2", "zalo:3", Strong).sees("zalo:3", "zalo:4", Strong);
    assert!(world.together(&["zalo:1", "zalo:3"]) && world.apart("zalo:1", "zalo:4"));
    assert_eq!(world.verdict("zalo:3", "zalo:4"), Verdict::TooManyHandles { max: 3 });
}

#[test]
fn rule_52_a_person_who_splits_is_obeyed_for_ever() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).excludes(WANG, PHONE).sees(WANG, PHONE, Authoritative);
    assert!(world.apart(WANG, PHONE));
    assert!(!world.standing(PHONE).shared, "who is held apart from it does not share it");
    // Nor do they come together by a way round.
    world.sees(WANG, VISITOR, Strong).sees(VISITOR, PHONE, Strong);
    assert!(world.apart(WANG, PHONE));
}

#[test]
fn rule_52_a_person_who_merges_beats_every_rule() {
    let mut world = World::with_rules("max_handles_per_customer = 2");
    world.sees(WANG, PHONE, Medium).sees(LI, MAIL, Medium).includes(WANG, LI);
    assert!(world.together(&[WANG, LI]));
    let mut generic = World::with_rules("max_neighbours = 1");
    generic.sees(WANG, PHONE, Medium).sees(LI, PHONE, Medium).includes(WANG, PHONE);
    assert!(generic.standing(PHONE).generic && generic.together(&[WANG, PHONE]));
}

#[test]
fn a_merged_customer_still_takes_new_handles() {
    let mut world = world();
    world.includes(WANG, LI).sees(WANG, PHONE, Medium).sees(LI, MAIL, Medium);
    assert!(world.together(&[WANG, LI, PHONE, MAIL]), "two CRM ids inside are no conflict with a phone");
    world.sees("crm:chen", PHONE, Strong);
    assert!(world.apart("crm:chen", WANG));
}

#[test]
fn of_two_decisions_on_a_pair_the_later_counts() {
    let mut world = world();
    world.includes(WANG, PHONE).excludes(WANG, PHONE);
    assert!(world.apart(WANG, PHONE));
    world.includes(WANG, PHONE);
    assert!(world.together(&[WANG, PHONE]));
}

#[test]
fn digits_that_are_no_number_join_nobody_unless_a_person_says_so() {
    let mut world = world();
    world.sees(VISITOR, "phone:14112345678", Strong);
    assert!(world.apart(VISITOR, "phone:14112345678"));
    assert_eq!(world.verdict(VISITOR, "phone:14112345678"), Verdict::NoNumber);
    world.includes(VISITOR, "phone:14112345678");
    assert!(world.together(&[VISITOR, "phone:14112345678"]));
}

#[test]
fn a_value_that_new_rules_block_joins_nobody_any_more() {
    let mut world = world();
    world.sees(WANG, "email:desk@example.com", Strong).sees(LI, "email:desk@example.com", Medium);
    world.rules =
        trunkline_mapping::identity::Rules::from_toml("[schemes.email]\nblocked = [\"^desk@\"]").expect("rules");
    let outcome = world.partition();
    assert!(outcome.verdicts.values().all(|verdict| *verdict == Verdict::Blocked));
}

#[test]
fn the_customers_id_is_the_handle_that_was_seen_first() {
    let mut world = world();
    world.sees(PHONE, VISITOR, Medium).sees(WANG, PHONE, Strong);
    assert_eq!(world.standing(WANG).customer, handle(PHONE, &world.rules).id());
}

#[test]
fn rule_58_every_verdict_is_a_sentence_for_people() {
    let conflict = Verdict::Conflict { scheme: "wx_openid".to_owned(), scope: "app1".to_owned() };
    assert_eq!(conflict.to_string(), "conflict: both sides have a wx_openid of their own in app1");
    assert_eq!(
        Verdict::Limit { scheme: "phone".to_owned(), max: 5 }.to_string(),
        "limit: a customer has at most 5 phone"
    );
}

#[test]
fn rule_49_a_number_that_rested_and_is_proved_to_be_another_persons_was_given_to_him() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).rests(200).calls(PHONE).sees(LI, PHONE, Strong);
    assert!(world.together(&[LI, PHONE]) && world.apart(WANG, PHONE));
    assert_eq!(world.verdict(WANG, PHONE), Verdict::Recycled);
    let standing = world.standing(PHONE);
    assert!(!standing.shared, "it is Li's alone");
    let rules = &world.rules;
    assert_eq!(standing.former.first().and_then(|tenure| tenure.owner), Some(handle(WANG, rules).id()));
    assert_eq!(standing.customer, handle(PHONE, rules).id(), "Li is known since he called with it");
}

#[test]
fn a_number_in_use_all_the_time_is_shared_and_not_given_away() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).rests(100).calls(PHONE).rests(100).sees(LI, PHONE, Strong);
    assert!(world.together(&[WANG, PHONE]) && world.standing(PHONE).shared);
}

#[test]
fn whoever_is_seen_with_his_number_again_has_kept_it() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).rests(200).sees(LI, PHONE, Strong).sees(WANG, PHONE, Medium);
    assert!(world.together(&[WANG, PHONE]) && world.standing(PHONE).shared);
}

#[test]
fn an_unproved_claim_takes_nobodys_number() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).rests(400).sees(LI, PHONE, Medium);
    assert!(world.together(&[WANG, PHONE]) && world.apart(LI, PHONE));
}

#[test]
fn a_number_may_be_given_away_twice() {
    let mut world = world();
    world.sees(WANG, PHONE, Strong).rests(200).sees(LI, PHONE, Strong).rests(200).sees("crm:zhao", PHONE, Strong);
    assert!(world.together(&["crm:zhao", PHONE]) && world.apart(LI, PHONE) && world.apart(WANG, PHONE));
    let owners: Vec<_> = world.standing(PHONE).former.into_iter().map(|tenure| tenure.owner).collect();
    assert_eq!(owners, [WANG, LI].map(|name| Some(handle(name, &world.rules).id())));
}

#[test]
fn a_persons_decision_outlasts_the_silence() {
    let mut world = world();
    world.includes(WANG, PHONE).rests(400).sees(LI, PHONE, Strong);
    assert!(world.together(&[WANG, PHONE]));
}
