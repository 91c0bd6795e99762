//! Numbers: every row of the table of Chinese numbers. Expected values: libphonenumber's metadata, region CN, after the
//! pre-pass that the table asks for.

use trunkline_mapping::numbers::{DialPlan, DialPlans, Kind, Number, ServiceKind, UnusableReason, Withheld, canonical};

fn plan(lines: &str) -> DialPlan {
    DialPlan::from_toml(lines).expect("a plan")
}

fn key(raw: &str) -> String {
    key_by("", raw)
}

fn key_by(lines: &str, raw: &str) -> String {
    match canonical(raw, &plan(lines), None) {
        Number::E164 { value, .. } => value,
        other => panic!("{raw:?} is {other:?}"),
    }
}

fn default(raw: &str) -> Number {
    canonical(raw, &DialPlan::default(), None)
}

fn extension_of(raw: &str) -> (String, Option<String>) {
    match default(raw) {
        Number::E164 { value, extension, .. } => (value, extension),
        other => panic!("{raw:?} is {other:?}"),
    }
}

fn unusable(raw: &str) -> UnusableReason {
    match default(raw) {
        Number::Unusable { reason, .. } => reason,
        other => panic!("{raw:?} is {other:?}"),
    }
}

#[test]
fn a_mobile_has_one_key_in_every_national_and_international_spelling() {
    for raw in [
        "13800138000",
        "013800138000",
        "8613800138000",
        "+8613800138000",
        "0086 13800138000",
        "008613800138000",
        "+86 0138 0013 8000",
        "+86013800138000",
        "0 138-0013-8000",
        "+86 138 0013 8000",
        "tel:+86-138-0013-8000",
        "(138) 0013.8000",
        "86-138-0013-8000",
        " 138\u{200b}0013\u{a0}8000 ",
        "TEL:13800138000",
        "138—0013—8000",
    ] {
        assert_eq!(key(raw), "+8613800138000", "{raw:?}");
    }
    assert!(matches!(default("13800138000"), Number::E164 { kind: Kind::Mobile, .. }));
}

#[test]
fn a_landline_has_one_key_with_and_without_area_and_country() {
    for raw in ["010-12345678", "8601012345678", "861012345678", "1012345678", "+86 010 12345678", "(010) 1234 5678"] {
        assert_eq!(key(raw), "+861012345678", "{raw:?}");
    }
    for raw in ["0755-12345678", "+86 0755 12345678", "075512345678", "008675512345678"] {
        assert_eq!(key(raw), "+8675512345678", "{raw:?}");
    }
    assert_eq!(key("2187654321"), "+862187654321");
    assert!(matches!(default("01012345678"), Number::E164 { kind: Kind::Landline, .. }));
}

#[test]
fn landlines_beside_service_ranges_stay_landlines() {
    assert_eq!(key("010-66668888"), "+861066668888");
    assert_eq!(key("0951-6012345"), "+869516012345");
    assert_eq!(key("0951-0123456"), "+869510123456", "7 digits behind the area");
}

#[test]
fn a_local_number_takes_the_sites_area_code_or_has_no_key() {
    assert_eq!(key_by(r#"area_code = "21""#, "87654321"), "+862187654321");
    assert_eq!(unusable("87654321"), UnusableReason::AreaMissing);
    assert_eq!(default("87654321").key(), None);
}

#[test]
fn service_numbers_are_never_a_customers_key() {
    for raw in [
        "4008001234",
        "04008001234",
        "400-800-1234",
        "+864008001234",
        "8008101234",
        "9501312345",
        "10105888",
        "106912345678901",
        "10691234",
        "95105678",
        "9510 5678",
    ] {
        let number = default(raw);
        assert!(matches!(number, Number::Service { kind: ServiceKind::Public, .. }), "{raw:?} is {number:?}");
        assert!(!number.is_customer());
        assert_eq!(number.key(), None, "{raw:?}");
    }
    let value = |raw| match default(raw) {
        Number::Service { value, .. } => value,
        other => panic!("{raw:?} is {other:?}"),
    };
    assert_eq!(value("4008001234"), "+864008001234");
    assert_eq!(value("106912345678901"), "106912345678901", "it has no international form");
}

#[test]
fn short_codes_have_a_name_space_of_their_own() {
    for raw in ["95588", "10086", "12345", "110", "+8695588", "９５５８８"] {
        let number = default(raw);
        assert!(matches!(number, Number::Short { .. }), "{raw:?} is {number:?}");
    }
    assert_eq!(default("95588").key().as_deref(), Some("short:CN:95588"));
    assert_eq!(default("short:CN:95588"), default("95588"));
}

#[test]
fn prefixes_of_resellers_are_stripped() {
    for raw in ["1795113800138000", "17909 138 0013 8000", "+86 17951 13800138000", "1259313800138000"] {
        assert_eq!(key(raw), "+8613800138000", "{raw:?}");
    }
    assert_eq!(key("17951075512345678"), "+8675512345678");
}

#[test]
fn outside_line_prefixes_are_stripped_by_site_and_trunk() {
    let nine = r#"outside_prefixes = ["9"]"#;
    assert_eq!(key_by(nine, "913800138000"), "+8613800138000");
    assert_eq!(key_by(nine, "9013800138000"), "+8613800138000");
    assert_eq!(key_by(nine, "901012345678"), "+861012345678");
    assert_eq!(key_by(r#"outside_prefixes = ["95"]"#, "9513800138000"), "+8613800138000");
    assert_eq!(key_by(nine, "91795113800138000"), "+8613800138000");
    for raw in ["913800138000", "9013800138000", "9513800138000", "901012345678"] {
        assert_eq!(unusable(raw), UnusableReason::Invalid, "{raw:?} without a prefix in the plan");
    }
    let site = plan("[trunks.tg7]\noutside_prefixes = [\"8\"]\n[trunks.sz]\narea_code = \"755\"");
    let by_trunk = |raw, trunk| canonical(raw, &site, Some(trunk)).key().map(std::borrow::Cow::into_owned);
    assert_eq!(by_trunk("8013800138000", "tg7").as_deref(), Some("+8613800138000"));
    assert_eq!(by_trunk("8013800138000", "tg8").as_deref(), Some("raw:8013800138000"));
    assert_eq!(by_trunk("87654321", "sz").as_deref(), Some("+8675587654321"));
}

#[test]
fn a_prefix_never_eats_a_number_that_is_whole() {
    let nine = plan(r#"outside_prefixes = ["9"]"#);
    assert!(matches!(canonical("95588", &nine, None), Number::Short { .. }));
    assert!(matches!(canonical("9501312345", &nine, None), Number::Service { .. }));
}

#[test]
fn a_zero_for_the_outside_line_is_not_the_international_prefix() {
    let zero = r#"outside_prefixes = ["0"]"#;
    assert_eq!(key_by(zero, "0013800138000"), "+8613800138000");
    assert_eq!(key_by(zero, "001012345678"), "+861012345678");
    // Without it in the plan, a mobile behind 00 is still no American.
    assert_eq!(key("0013800138000"), "+8613800138000");
    assert_eq!(unusable("001012345678"), UnusableReason::Invalid);
}

#[test]
fn foreign_numbers_keep_their_country() {
    for (key_of_it, spellings) in [
        ("+85291234567", &["0085291234567", "+852 9123 4567", "+85291234567", "00 852 9123 4567"][..]),
        ("+85366123456", &["+853 6612 3456", "0085366123456"]),
        ("+886912345678", &["+886 912 345 678", "00886912345678", "+886 0912 345 678"]),
        ("+14155552671", &["+1 (415) 555-2671", "0014155552671"]),
        ("+16175551234", &["+1 617 555 1234", "0016175551234"]),
        ("+447911123456", &["+44 7911 123456", "00447911123456"]),
        ("+442079460958", &["+44 20 7946 0958", "00442079460958"]),
    ] {
        for raw in spellings {
            assert_eq!(key(raw), key_of_it, "{raw:?}");
        }
    }
}

/// `00` and eleven digits that look like a mobile: a mobile where they are one, else a call to North America.
#[test]
fn what_looks_like_a_mobile_behind_00_and_is_none_is_foreign() {
    for (raw, expected) in [
        ("0014155552671", "+14155552671"),
        ("0016175551234", "+16175551234"),
        ("0014165550123", "+14165550123"),
        ("0013800138000", "+8613800138000"),
        ("0019912345678", "+8619912345678"),
    ] {
        assert_eq!(key(raw), expected, "{raw}");
    }
    assert_eq!(unusable("0014112345678"), UnusableReason::Invalid, "neither");
    assert_eq!(key_by("mobiles = []", "0015105551234"), "+15105551234", "where people phone to North America");
}

#[test]
fn a_leading_086_is_the_country_code() {
    assert_eq!(key("086-13800138000"), "+8613800138000");
    assert_eq!(key("086 01012345678"), "+861012345678");
}

#[test]
fn the_sites_own_devices_and_agents_come_first() {
    assert_eq!(default("49999"), Number::Extension("49999".to_owned()));
    assert_eq!(default("8001"), Number::Extension("8001".to_owned()));
    // The number library calls this a valid number.
    assert_eq!(default("1001"), Number::Extension("1001".to_owned()));
    assert_eq!(default("a49997"), Number::Agent("a49997".to_owned()));
    assert_eq!(default("A101"), Number::Agent("a101".to_owned()));
    let own_mobile = plan(r#"agents = ["+8613800138099"]"#);
    assert_eq!(canonical("138 0013 8099", &own_mobile, None), Number::Agent("+8613800138099".to_owned()));
    let own_lines = plan(r#"own = ["+86106666XXXX"]"#);
    assert!(matches!(canonical("010-66668888", &own_lines, None), Number::Service { kind: ServiceKind::Own, .. }));
}

#[test]
fn letters_and_masks_are_refused_before_the_library_reads_them_as_digits() {
    assert_eq!(unusable("1380013800a"), UnusableReason::Letters);
    assert_eq!(unusable("138xxxx8000"), UnusableReason::Letters);
    assert_eq!(unusable("138****8000"), UnusableReason::Masked);
    assert_eq!(unusable("138!0013"), UnusableReason::Symbols);
    for raw in ["1380013800a", "138****8000", "138!0013"] {
        assert_eq!(default(raw).key(), None, "{raw:?}");
    }
}

#[test]
fn full_width_digits_are_digits() {
    assert_eq!(key("１３８００１３８０００"), "+8613800138000");
    assert_eq!(key("＋８６　１３８００１３８０００"), "+8613800138000");
}

#[test]
fn extensions_are_kept_apart() {
    let landline = "+8675512345678";
    for raw in [
        "0755-12345678转123",
        "0755-12345678 转 123",
        "0755-12345678分机123",
        "(0755)12345678-123",
        "0755-12345678－123",
        "0755-12345678 ext. 123",
        "0755-12345678 EXT123",
        "0755-12345678,123",
        "0755-12345678#123",
        "0755-12345678 x123",
        "tel:+86-755-12345678;ext=123",
        "+8675512345678;ext=123",
        "0755-12345678,,123",
    ] {
        assert_eq!(extension_of(raw), (landline.to_owned(), Some("123".to_owned())), "{raw:?}");
    }
    assert_eq!(extension_of("186 0000 1111转3"), ("+8618600001111".to_owned(), Some("3".to_owned())));
    assert_eq!(extension_of("+8618600001111;ext=3"), ("+8618600001111".to_owned(), Some("3".to_owned())));
    assert_eq!(extension_of("tel:13800138000;phone-context=+86"), ("+8613800138000".to_owned(), None));
}

#[test]
fn withheld_numbers_are_anonymous() {
    for raw in ["anonymous", "unknown", "未知", "Restricted", "sip:13800138000@pbx.example.com", "UNAVAILABLE", "匿名"]
    {
        assert!(matches!(default(raw), Number::Anonymous(_)), "{raw:?}");
        assert_eq!(default(raw).key(), None);
    }
    for raw in ["-1", "00000000", "0", "---", "+"] {
        assert_eq!(default(raw), Number::Anonymous(Withheld::Zeroes), "{raw:?}");
    }
    for raw in ["", "  ", "\u{200b}"] {
        assert_eq!(default(raw), Number::Anonymous(Withheld::Empty), "{raw:?}");
    }
}

#[test]
fn virtual_operators_and_satellite_phones_are_mobiles() {
    for raw in ["17012345678", "16212345678", "16512345678", "19212345678", "19912345678", "17401234567"] {
        assert_eq!(key(raw), format!("+86{raw}"));
    }
}

#[test]
fn digits_that_are_no_number_keep_a_raw_key_and_nothing_more() {
    for raw in ["14112345678", "12012345678", "11012345678", "95013123456789", "138123456780"] {
        assert_eq!(default(raw).key().as_deref(), Some(format!("raw:{raw}").as_str()));
        assert!(!default(raw).is_customer());
    }
    assert_eq!(default("raw:14112345678"), default("14112345678"));
}

#[test]
fn privacy_numbers_identify_nobody() {
    let pool = plan(r#"privacy = ["+8617012345XXX"]"#);
    let number = canonical("17012345678", &pool, None);
    assert!(matches!(number, Number::E164 { kind: Kind::Privacy, .. }));
    assert!(!number.is_customer());
}

#[test]
fn ten_thousand_digits_are_refused_by_length_alone() {
    assert_eq!(unusable(&"1".repeat(10_000)), UnusableReason::TooLong);
    assert_eq!(unusable(&"1".repeat(100)), UnusableReason::TooLong);
    assert_eq!(default(&"字".repeat(10_000)).key(), None);
}

#[test]
fn a_plan_tells_all_that_is_wrong_with_it() {
    let error = DialPlan::from_toml("area_code = \"010\"\noutside_prefixes = [\"9a\"]\nip_prefixes = [\"\"]")
        .expect_err("a problem");
    let text = error.to_string();
    for wrong in ["area_code", "outside_prefixes", "ip_prefixes"] {
        assert!(text.contains(wrong), "{text}");
    }
    assert!(DialPlan::from_toml("aera_code = \"10\"").expect_err("a problem").to_string().contains("aera_code"));
    assert!(DialPlan::from_toml("country = \"XX\"").expect_err("a problem").to_string().contains("XX"));
}

#[test]
fn a_source_is_read_by_the_plan_of_its_site() {
    let site =
        DialPlan::from_toml(include_str!("../../config/dialplan/example-beijing.toml")).expect("the example loads");
    let plans = DialPlans::new(DialPlan::default(), vec![site.clone()]).expect("plans");
    assert_eq!(plans.of("/connectors/avaya-bj").site, "beijing");
    assert_eq!(plans.of("/connectors/chat").site, "default");
    let mut other = site.clone();
    other.site = "b".into();
    let twice = DialPlans::new(DialPlan::default(), vec![site, other]);
    assert!(twice.expect_err("a problem").to_string().contains("/connectors/avaya-bj"));
}

#[test]
fn other_countries_read_by_their_own_rules() {
    let home =
        "country = \"US\"\ntrunk_prefix = \"1\"\nmobiles = []\nshorts = [\"911\"]\nservices = []\nip_prefixes = []";
    for raw in ["(650) 253-0000", "1 650 253 0000", "+16502530000"] {
        assert_eq!(key_by(home, raw), "+16502530000", "{raw:?}");
    }
}
