//! Handles: one for every spelling, none for what identifies nobody.

use proptest::prelude::*;
use trunkline_mapping::identity::{Blocked, Handle, Role, Rules};
use trunkline_mapping::numbers::DialPlan;

fn new(scheme: &str, scope: &str, value: &str) -> Result<Handle, Blocked> {
    thread_local! { static SETTINGS: (Rules, DialPlan) = (Rules::default(), DialPlan::default()); }
    SETTINGS.with(|(rules, plan)| Handle::new(scheme, scope, value, rules, plan, None))
}

fn key(scheme: &str, scope: &str, value: &str) -> String {
    new(scheme, scope, value).expect("a handle").key()
}

#[test]
fn a_phone_is_one_handle_in_every_spelling_and_scope() {
    for (scheme, value) in [("phone", "13800138000"), ("tel", "+86 138-0013-8000"), ("mobile", "013800138000")] {
        assert_eq!(key(scheme, "any", value), "phone::+8613800138000");
    }
}

#[test]
fn a_mail_address_is_one_handle_in_every_spelling() {
    for value in ["Wang@Example.COM", " wang@example.com ", "mailto:wang@example.com.", "Wang <ＷＡＮＧ@example.com>"]
    {
        assert_eq!(key("mail", "", value), "email::wang@example.com");
    }
    assert_eq!(key("email", "", "wang+shop@example.com"), "email::wang+shop@example.com", "a plus is kept");
    for value in ["wang", "wang@", "@example.com", "a b@example.com", "a@b@example.com"] {
        assert_eq!(new("email", "", value), Err(Blocked::NotAnAddress), "{value:?}");
    }
}

#[test]
fn rule_41_the_same_openid_under_two_apps_is_two_handles() {
    assert_ne!(new("openid", "app1", "oABC"), new("openid", "app2", "oABC"));
    assert_ne!(new("openid", "app1", "oABC"), new("openid", "app1", "oabc"), "case counts");
}

#[test]
fn other_names_of_a_scheme_are_the_scheme() {
    for (alias, scheme) in [
        ("crm", "crm_id"),
        ("Account", "account_no"),
        ("visitor", "web_visitor"),
        ("unionid", "wx_unionid"),
        ("WX-OpenID", "wx_openid"),
    ] {
        assert_eq!(new(alias, "", "x1").expect("a handle").scheme(), scheme);
    }
}

#[test]
fn rule_42_values_that_stand_for_nobody_are_blocked_in_every_scheme() {
    for value in ["0", "00-00", "-1", "null", "None", "UNDEFINED", "anonymous", "unavailable", "unknown", "test"] {
        assert_eq!(new("crm", "", value), Err(Blocked::Placeholder), "{value:?}");
    }
    assert_eq!(new("crm", "", "  "), Err(Blocked::Empty));
    assert_eq!(new("crm", "", "a\u{0}b"), Err(Blocked::ControlCharacters));
    assert_eq!(new("crm", "", &"x".repeat(257)), Err(Blocked::TooLong));
    assert_eq!(new("crm id!", "", "x"), Err(Blocked::Scheme));
}

#[test]
fn rule_42_numbers_that_stand_for_nobody_are_blocked() {
    for (value, reason) in [
        ("anonymous", Blocked::Withheld),
        ("95588", Blocked::ShortCode),
        ("4008001234", Blocked::ServiceNumber),
        ("8001", Blocked::Extension),
        ("a49997", Blocked::Agent),
        ("138****8000", Blocked::NoNumber),
    ] {
        assert_eq!(new("phone", "", value), Err(reason), "{value:?}");
    }
    let plan = DialPlan::from_toml("own = [\"+86106666XXXX\"]\nprivacy = [\"+8617012345XXX\"]").expect("a plan");
    let by_plan = |value| Handle::new("phone", "", value, &Rules::default(), &plan, None);
    assert_eq!(by_plan("010-66668888"), Err(Blocked::OwnNumber));
    assert_eq!(by_plan("17012345678"), Err(Blocked::PrivacyNumber));
}

#[test]
fn an_unknown_scheme_is_a_channel_of_one_person() {
    let rules = Rules::default();
    let handle = new("Zalo", "oa1", "U1").expect("a handle");
    assert_eq!((handle.key().as_str(), rules.role(&handle)), ("zalo:oa1:U1", Role::Channel));
    assert!(!rules.knows("zalo"));
}

#[test]
fn a_visitor_who_is_not_logged_in_is_a_device() {
    let rules = Rules::default();
    let role = |value| rules.role(&new("easemob_id", "org#app", value).expect("a handle"));
    assert_eq!((role("webim-visitor-77AB"), role("wang77")), (Role::Device, Role::Channel));
}

#[test]
fn rules_that_decide_alike_have_the_same_version() {
    let version = |toml: &str| Rules::from_toml(toml).expect("rules").version().to_owned();
    assert_eq!(version(""), version("# a comment\nmax_neighbours = 200"));
    assert_ne!(version(""), version("max_neighbours = 100"));
    assert_eq!(version("").len(), 12);
}

#[test]
fn wrong_rules_are_refused_by_the_name_of_the_key() {
    let error = |toml: &str| Rules::from_toml(toml).expect_err("a problem").to_string();
    assert!(error("max_neighbors = 3").contains("max_neighbors"));
    assert!(error("[schemes.phone]\nblocked = [\"(\"]").contains('('));
    let both = error("max_neighbours = 0\n[aliases]\nfoo = \"bar\"");
    assert!(both.contains("max_neighbours") && both.contains("aliases.foo"), "{both}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_handle_is_its_own_handle_and_its_key_reads_back(
        scheme in prop::sample::select(vec!["crm", "phone", "email", "openid", "easemob_id", "zalo"]),
        scope in "[a-z:%3A#]{0,8}", value in "\\PC{1,12}|[a-zA-Z]{1,4}@[a-z:]{1,5}|1[0-9:+-]{6,13}",
    ) {
        if let Ok(handle) = new(scheme, &scope, &value) {
            prop_assert_eq!(new(handle.scheme(), handle.scope(), handle.value()), Ok(handle.clone()));
            prop_assert_eq!(Handle::from_key(&handle.key()), Some(handle.clone()));
            prop_assert_eq!(Handle::stored(handle.scheme(), handle.scope(), handle.value()), handle);
        }
    }
}
