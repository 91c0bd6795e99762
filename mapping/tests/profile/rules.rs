//! What may stand in the rules' file, and what is said of what may not.

use trunkline_mapping::profile::{Group, ProfileRules, Strategy};

fn flaws(text: &str) -> Vec<String> {
    let error = ProfileRules::from_toml(text).expect_err("it is wrong");
    error.0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_rules_have_fields_in_all_six_groups() {
    let rules = ProfileRules::default();
    let groups = [
        Group::Identity,
        Group::Character,
        Group::ChannelPreference,
        Group::ContactTimePreference,
        Group::PurchaseTrend,
        Group::Value,
    ];
    for group in groups {
        assert!(rules.fields.values().any(|rule| rule.group == group), "{}", group.word());
    }
    assert_eq!(rules.rule("shoe_size").group, Group::Other);
}

#[test]
fn a_file_changes_single_keys_and_leaves_the_rest() {
    let rules = ProfileRules::from_toml("[fields.city]\nstrategy = \"only_if_empty\"\nsticky = false\n").expect("good");
    assert_eq!(rules.strategy("city"), Strategy::OnlyIfEmpty);
    assert_eq!(rules.rule("city").group, Group::Identity, "the group is that of the defaults");
    assert!(!rules.sticks("city") && rules.sticks("level"));
    assert_eq!(rules.strategy("interests"), Strategy::Union);
}

#[test]
fn an_unknown_key_is_told_with_its_line_and_the_nearest_name() {
    assert_eq!(
        flaws("name_fields = [\"name\"]\n\n[fields.city]\nstrateggy = \"newest\"\n"),
        ["line 4: fields.city.strateggy is no key; did you mean strategy?"]
    );
    assert_eq!(flaws("[feilds.city]\n"), ["line 1: feilds is no key; did you mean fields?"]);
    let told = flaws("[fields.city]\ngroup = \"identity\"\nstrategy = \"latest\"\n");
    assert!(told[0].starts_with("line 3: fields.city.strategy is no good: ") && told[0].contains("newest"), "{told:?}");
    let told = flaws("[fields.city\n");
    assert!(told[0].starts_with("line 1: is no TOML: "), "{told:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "\
name_fields = [\"nmae\"]

[fields.city]
order = [\"crm\"]

[fields.level]
strategy = \"source_order\"

[fields.usual_hour]
strategy = \"newest\"

[owner]
order = [\"last_call\", \"field:ownner\"]

[tags.vip]
owner = \"/connectors/cmr\"
[tags.vip.systems]
\"/connectors/crm\" = { name = \"VIP\" }
[tags.gold]
[tags.gold.systems]
\"/connectors/crm\" = { name = \"VIP\" }
";
    let told = flaws(text);
    for part in [
        "line 4: fields.city.order names an order of sources, which only the strategy source_order follows",
        "line 4: fields.city.order names \"crm\", which is no source; write it as events do, like /connectors/crm",
        "line 7: fields.level.strategy has the strategy source_order and no order",
        "line 9: fields.usual_hour is computed",
        "line 1: name_fields names \"nmae\", which is no field; did you mean name?",
        "line 13: owner.order names \"ownner\", which is no field; did you mean owner?",
        "line 16: tags.vip.owner \"/connectors/cmr\" is no system of this tag; did you mean /connectors/crm?",
        "line 18: tags.vip.systems./connectors/crm calls this tag \"VIP\", and gold too; a word means one tag",
    ] {
        assert!(told.iter().any(|line| line.starts_with(part)), "{part:?} in {told:#?}");
    }
    assert_eq!(told.len(), 8, "{told:#?}");
}

#[test]
fn a_zone_or_a_rule_of_the_owner_that_is_not_there_is_told() {
    let told = flaws("zone = \"Asia/Shangai\"\n");
    assert_eq!(told, ["line 1: zone is no good: there is no zone \"Asia/Shangai\"; did you mean Asia/Shanghai?"]);
    let told = flaws("[owner]\norder = [\"last_cal\"]\n");
    assert_eq!(told, ["line 2: owner.order is no good: \"last_cal\" is no rule of the owner; did you mean last_call?"]);
}
