//! Preferences that follow from a customer's records.

use proptest::prelude::*;
use trunkline_events::Timestamp;
use trunkline_events::call::Direction;
use trunkline_events::cdr::Cdr;
use trunkline_mapping::profile::{Chosen, ProfileRules, computed};
use uuid::Uuid;

fn contact(at: &str, channel: &str) -> Cdr {
    let started: Timestamp = at.parse().expect("an instant");
    Cdr { id: Uuid::from_u128(1), started: Some(started), channel: channel.into(), ..Cdr::default() }
}

fn value<'c>(chosen: &'c [Chosen], field: &str) -> Option<&'c Chosen> {
    chosen.iter().find(|chosen| chosen.field == field)
}

#[test]
fn the_channel_he_used_most_is_told_with_the_age_of_its_last_use() {
    let records = [
        contact("2026-11-02T01:00:00Z", "phone"),
        contact("2026-11-03T02:00:00Z", "wechat"),
        contact("2026-11-04T03:00:00Z", "wechat"),
        contact("2026-11-05T04:00:00Z", "wechat"),
    ];
    let chosen = computed(&records, &ProfileRules::default());
    let channel = value(&chosen, "usual_channel").expect("a preference");
    assert_eq!((channel.value.as_str(), channel.source.as_str()), ("wechat", "computed"));
    assert_eq!(channel.at, "2026-11-05T04:00:00Z".parse().expect("an instant"));
    assert!(value(&chosen, "usual_hour").is_none(), "no hour twice: {chosen:?}");
    assert!(computed(&records[..3], &ProfileRules::default()).is_empty(), "two are no preference yet");
}

#[test]
fn the_hour_of_the_week_is_that_of_the_sites_clocks_also_when_they_change() {
    let rules = ProfileRules::from_toml("zone = \"Europe/Berlin\"\n").expect("good");
    // Summer time ended on 2026-10-25: 15:00 at the site is 13:00, then 14:00 UTC.
    let records = [contact("2026-10-20T13:10:00Z", "phone"), contact("2026-10-27T14:40:00Z", "web")];
    let chosen = computed(&records, &rules);
    assert_eq!(value(&chosen, "usual_hour").map(|hour| hour.value.as_str()), Some("Tue 15:00"));
    // In Shanghai these are two different hours.
    assert!(value(&computed(&records, &ProfileRules::default()), "usual_hour").is_none());
}

#[test]
fn calls_that_we_made_are_not_his_preference() {
    let out = |at| Cdr { direction: Direction::Outbound, ..contact(at, "phone") };
    let records = [out("2026-11-02T01:00:00Z"), out("2026-11-09T01:00:00Z"), out("2026-11-16T01:00:00Z")];
    assert!(computed(&records, &ProfileRules::default()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_depend_on_the_order_of_records(
        (records, shuffled) in proptest::collection::vec((0..400_i64, prop::sample::select(vec!["phone", "web", "wechat"])), 0..30)
            .prop_flat_map(|told| {
                let records: Vec<Cdr> = told.into_iter().map(|(hours, channel)| Cdr {
                    started: Some(Timestamp::EPOCH.plus(time::Duration::hours(hours))),
                    ..contact("2026-11-02T01:00:00Z", channel)
                }).collect();
                (Just(records.clone()), Just(records).prop_shuffle())
            }),
    ) {
        let rules = ProfileRules::default();
        prop_assert_eq!(computed(&records, &rules), computed(&shuffled, &rules));
    }
}
