//! Fields and tags: what counts when sources disagree.

use proptest::prelude::*;
use proptest::sample::select;
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Remark};
use trunkline_mapping::profile::{
    FieldRule, FieldValue, ProfileRules, SetTag, Strategy as Settlement, TagFact, brief, last_contact, settle, tags,
};
use uuid::Uuid;

const CRM: &str = "/connectors/crm";
const CHAT: &str = "/connectors/chat";
const AGENTS: &str = "/agents";

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000 + second).expect("in range")
}

fn said(source: &str, second: i64, value: &str) -> FieldValue {
    FieldValue {
        field: "city".to_owned(),
        value: value.to_owned(),
        source: source.to_owned(),
        at: at(second),
        handle: Uuid::nil(),
    }
}

fn rules(strategy: Settlement) -> ProfileRules {
    let mut rules = ProfileRules::default();
    let order = vec![CRM.to_owned(), CHAT.to_owned()];
    rules.default = FieldRule { strategy: Some(strategy), order, ..FieldRule::default() };
    rules.fields.clear();
    rules
}

fn chosen(values: &[FieldValue], rules: &ProfileRules) -> Vec<String> {
    settle(values, rules).into_iter().map(|chosen| chosen.value).collect()
}

#[test]
fn a_late_value_does_not_overwrite_a_newer_one() {
    let values = [said(CHAT, 20, "Suzhou"), said(CRM, 10, "Beijing")];
    assert_eq!(chosen(&values, &rules(Settlement::Newest)), ["Suzhou"]);
    let told = &settle(&values, &ProfileRules::default())[0];
    assert_eq!((told.source.as_str(), told.at), (CHAT, at(20)));
}

#[test]
fn an_empty_value_empties_the_field() {
    let values = [said(CHAT, 20, " "), said(CRM, 10, "Beijing")];
    assert!(chosen(&values, &rules(Settlement::Newest)).is_empty());
}

#[test]
fn the_first_source_of_the_order_counts_however_old_it_is() {
    let values = [said("/connectors/other", 90, "Wuxi"), said(CHAT, 20, "Suzhou"), said(CRM, 10, "Beijing")];
    assert_eq!(chosen(&values, &rules(Settlement::SourceOrder)), ["Beijing"]);
    let emptied = [values.to_vec(), vec![said(CRM, 30, "")]].concat();
    assert_eq!(chosen(&emptied, &rules(Settlement::SourceOrder)), ["Suzhou"]);
    assert_eq!(chosen(&values[..1], &rules(Settlement::SourceOrder)), ["Wuxi"]);
}

#[test]
fn the_first_value_stays_until_its_own_source_empties_it() {
    let values = [said(CRM, 10, "Beijing"), said(CHAT, 20, "Suzhou"), said(CHAT, 30, "")];
    assert_eq!(chosen(&values, &rules(Settlement::OnlyIfEmpty)), ["Beijing"]);
    let emptied = [said(CRM, 10, "Beijing"), said(CRM, 20, ""), said(CHAT, 30, "Suzhou"), said(CHAT, 5, "")];
    assert_eq!(chosen(&emptied, &rules(Settlement::OnlyIfEmpty)), ["Suzhou"]);
}

#[test]
fn a_union_holds_the_last_of_every_source_and_each_text_once() {
    let values = [
        said(CRM, 10, "Beijing"),
        said(CHAT, 5, "Wuxi"),
        said(CHAT, 20, "Suzhou"),
        said("/connectors/app", 30, "Beijing"),
    ];
    assert_eq!(chosen(&values, &rules(Settlement::Union)), ["Beijing", "Suzhou"]);
    assert_eq!(settle(&values, &rules(Settlement::Union))[0].source, "/connectors/app");
}

#[test]
fn what_an_agent_wrote_stays_until_an_agent_empties_it() {
    let values = [said(AGENTS, 10, "Beijing"), said(CRM, 20, "Suzhou")];
    assert_eq!(chosen(&values, &rules(Settlement::Newest)), ["Beijing"]);
    let emptied = [values.to_vec(), vec![said("/agents/1001", 15, "")]].concat();
    assert_eq!(chosen(&emptied, &rules(Settlement::Newest)), ["Suzhou"]);
    let mut loose = rules(Settlement::Newest);
    loose.agent_edits_stick = false;
    assert_eq!(chosen(&values, &loose), ["Suzhou"]);
}

#[test]
fn each_field_has_its_own_rule() {
    let rules = ProfileRules::from_toml(
        "agent_edits_stick = false\n[fields.city]\nstrategy = \"source_order\"\norder = [\"/connectors/crm\"]\n",
    )
    .expect("rules");
    let mut values = vec![said(CRM, 10, "Beijing"), said(CHAT, 20, "Suzhou")];
    values.extend(values.clone().into_iter().map(|value| FieldValue { field: "level".to_owned(), ..value }));
    assert_eq!(chosen(&values, &rules), ["Beijing", "Suzhou"]);
}

fn fact(tag: &str, source: &str, second: i64, set: bool) -> TagFact {
    TagFact { tag: tag.to_owned(), source: source.to_owned(), at: at(second), set, echo: false }
}

#[test]
fn each_source_answers_for_its_own_tags() {
    let facts = [fact("vip", CRM, 10, true), fact("vip", CHAT, 10, true), fact("vip", CHAT, 20, false)];
    let set = tags(&facts, &ProfileRules::default());
    assert_eq!(set, [SetTag { tag: "vip".to_owned(), source: CRM.to_owned(), at: at(10), known: false }]);
}

#[test]
fn a_tag_taken_away_late_does_not_undo_a_newer_setting() {
    assert_eq!(tags(&[fact("vip", CRM, 20, true), fact("vip", CRM, 10, false)], &ProfileRules::default()).len(), 1);
    assert_eq!(tags(&[fact("vip", CRM, 20, false), fact("vip", CRM, 20, true)], &ProfileRules::default()).len(), 1);
    assert!(tags(&[fact("vip", CRM, 20, false), fact("vip", CRM, 10, true)], &ProfileRules::default()).is_empty());
}

fn record(id: u128, started: i64, remarks: &[(i64, &str)]) -> Cdr {
    let remark =
        |(second, text): &(i64, &str)| Remark { author: "1001".to_owned(), at: at(*second), text: (*text).to_owned() };
    Cdr {
        id: Uuid::from_u128(id),
        started: Some(at(started)),
        channel: "web".to_owned(),
        remarks: remarks.iter().map(remark).collect(),
        ..Cdr::default()
    }
}

#[test]
fn a_pop_shows_the_contact_before_this_one_with_its_last_remark() {
    let records = [
        record(1, 10, &[]),
        record(2, 20, &[(21, "asked"), (90, "refund promised")]),
        record(3, 30, &[]),
        record(4, 40, &[]),
    ];
    let contact = last_contact(&records, at(35), Uuid::from_u128(3)).expect("a contact");
    assert_eq!((contact.at, contact.remark.as_deref()), (at(20), Some("refund promised")));
    assert!(last_contact(&records, at(10), Uuid::nil()).is_none());
}

#[test]
fn a_brief_names_the_customer_by_the_best_field_and_each_tag_once() {
    let named = |field: &str, value: &str| FieldValue { field: field.to_owned(), ..said(CRM, 10, value) };
    let rules = ProfileRules::default();
    let fields = settle(&[named("nickname", "Xiao Wang"), named("name", "Wang Fang")], &rules);
    let set = tags(&[fact("vip", CRM, 10, true), fact("vip", CHAT, 10, true), fact("refund", CHAT, 10, true)], &rules);
    let brief = brief(Uuid::nil(), &fields, &set, None, &rules);
    assert_eq!(brief.name.as_deref(), Some("Wang Fang"));
    assert_eq!(brief.tags, ["refund", "vip"]);
}

fn any_value() -> impl Strategy<Value = FieldValue> {
    let parts = (
        select(vec!["city", "level"]),
        select(vec![CRM, CHAT, AGENTS, "/agents/1001"]),
        0..5_i64,
        select(vec!["", "a", "b", "c"]),
    );
    parts.prop_map(|(field, source, second, value)| FieldValue {
        field: field.to_owned(),
        ..said(source, second, value)
    })
}

fn any_settlement() -> impl Strategy<Value = Settlement> {
    select(vec![Settlement::Newest, Settlement::SourceOrder, Settlement::OnlyIfEmpty, Settlement::Union])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fields_do_not_depend_on_order_or_repetition(
        (values, shuffled) in proptest::collection::vec(any_value(), 0..12).prop_flat_map(|values| {
            let doubled: Vec<_> = values.iter().chain(values.iter().step_by(2)).cloned().collect();
            (Just(values), Just(doubled).prop_shuffle())
        }),
        strategy in any_settlement(),
        agent_edits_stick in any::<bool>(),
    ) {
        let mut rules = rules(strategy);
        rules.agent_edits_stick = agent_edits_stick;
        let settled = settle(&values, &rules);
        prop_assert_eq!(&settled, &settle(&shuffled, &rules));
        prop_assert!(settled.iter().all(|chosen| !chosen.value.is_empty()));
        if strategy != Settlement::Union {
            prop_assert!(settled.windows(2).all(|pair| pair[0].field < pair[1].field));
        }
    }

    #[test]
    fn tags_do_not_depend_on_order_or_repetition(
        (facts, shuffled) in proptest::collection::vec((select(vec!["vip", "refund"]), select(vec![CRM, CHAT]), 0..4_i64, any::<bool>()), 0..12)
            .prop_flat_map(|parts| {
                let facts: Vec<_> = parts.into_iter().map(|(tag, source, second, set)| fact(tag, source, second, set)).collect();
                let doubled: Vec<_> = facts.iter().chain(facts.iter().step_by(2)).cloned().collect();
                (Just(facts), Just(doubled).prop_shuffle())
            }),
    ) {
        let rules = ProfileRules::default();
        prop_assert_eq!(tags(&facts, &rules), tags(&shuffled, &rules));
    }
}

/// Two entries of one person were merged: in one she refused, in the other she had agreed, later.
#[test]
fn rule_57_a_refusal_wins_over_an_agreement_until_it_is_taken_back_where_it_was_said() {
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let consent = |handle: Uuid, at: i64, value: &str| FieldValue {
        field: "consent_marketing".to_owned(),
        handle,
        ..said("/connectors/crm", at, value)
    };
    let rules = ProfileRules::default();
    let counts = |values: &[FieldValue]| settle(values, &rules).first().map(|chosen| chosen.value.clone());
    let mut told = vec![consent(first, 10, "No"), consent(second, 20, "yes")];
    assert_eq!(counts(&told).as_deref(), Some("No"), "however late somebody else agreed");
    told.push(FieldValue { source: "/agents/li".to_owned(), ..consent(second, 30, "yes") });
    assert_eq!(counts(&told).as_deref(), Some("No"), "not even an agent's word agrees for her");
    told.push(consent(first, 40, "yes"));
    assert_eq!(counts(&told).as_deref(), Some("yes"), "she took it back herself");
    let do_not =
        |handle, at, value: &str| FieldValue { field: "do_not_contact".to_owned(), ..consent(handle, at, value) };
    assert_eq!(counts(&[do_not(first, 10, "yes"), do_not(second, 20, "no")]).as_deref(), Some("yes"));
}
