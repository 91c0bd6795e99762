//! Numbers: what holds for every text and every spelling.

use proptest::prelude::*;
use trunkline_mapping::numbers::{DialPlan, Number, canonical};

fn key(number: &Number) -> Option<String> {
    number.key().map(std::borrow::Cow::into_owned)
}

fn default(raw: &str) -> Number {
    thread_local! { static PLAN: DialPlan = DialPlan::default(); }
    PLAN.with(|plan| canonical(raw, plan, None))
}

/// A national number as a PBX, a CRM or a person writes it.
fn spelled(national: &str, style: u8, spaces: &[u8]) -> String {
    let prefix = ["", "0", "+86", "0086", "86", "+860", "17951", "086", "tel:+86"][usize::from(style) % 9];
    let mut text = format!("{prefix}{national}");
    for at in spaces {
        let place = text.len() - 1 - usize::from(*at) % (national.len() - 1);
        text.insert(place, ['-', ' ', '.', '('][usize::from(*at) % 4]);
    }
    if style >= 128 { text.chars().map(full_width).collect() } else { text }
}

fn full_width(narrow: char) -> char {
    char::from_u32(u32::from(narrow) + 0xfee0).filter(|_| narrow.is_ascii_digit()).unwrap_or(narrow)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_a_key_is_its_own_key(raw in any::<String>(), digits in "[0-9+*#,;() x转-]{0,20}") {
        for text in [raw, digits] {
            let number = default(&text);
            if let Some(first) = key(&number) {
                prop_assert_eq!(key(&default(&first)), Some(first));
            }
        }
    }

    #[test]
    fn every_spelling_of_a_mobile_has_its_key(
        last in 0_u64..100_000_000, style: u8, spaces in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let national = format!("138{last:08}");
        let number = default(&spelled(&national, style, &spaces));
        prop_assert_eq!(key(&number), Some(format!("+86{national}")));
    }

    #[test]
    fn every_spelling_of_a_landline_has_its_key(last in 0_u64..10_000_000, style: u8) {
        let national = format!("7558{last:07}");
        let number = default(&spelled(&national, style, &[]));
        prop_assert_eq!(key(&number), Some(format!("+86{national}")));
    }

    #[test]
    fn a_number_of_any_country_is_its_own_key_under_any_plan(digits in "[1-9][0-9]{6,14}") {
        let number = default(&format!("+{digits}"));
        if let Number::E164 { value, .. } = &number {
            prop_assert_eq!(&default(value), &number);
            let site = DialPlan::from_toml("area_code = \"10\"\noutside_prefixes = [\"9\", \"0\"]").expect("a plan");
            prop_assert_eq!(&canonical(value, &site, None), &number);
        }
    }
}
