//! The notes on Chinese numbers and the oracle of spellings, row by row: what is written, and the handle it makes.

use trunkline_mapping::identity::{Handle, Rules};
use trunkline_mapping::numbers::{DialPlan, Number, canonical};

/// `+86…`, `+86… ext 123`, `raw:…`, or in brackets why it identifies nobody.
fn reads(lines: &str, raw: &str) -> String {
    let plan = DialPlan::from_toml(lines).expect("a plan");
    let handle = Handle::new("phone", "", raw, &Rules::default(), &plan, None);
    let number = canonical(raw, &plan, None);
    match (handle, number) {
        (Ok(handle), Number::E164 { value, extension: Some(extension), .. }) if value == handle.value() => {
            format!("{value} ext {extension}")
        }
        (Ok(handle), number) => {
            assert_eq!(number.key().as_deref(), Some(handle.value()), "{raw:?}");
            handle.value().to_owned()
        }
        (Err(reason), number) => {
            assert!(!number.is_customer(), "{raw:?}");
            format!("({reason})")
        }
    }
}

const NOWHERE: &str = "";
const SHANGHAI: &str = "area_code = \"21\"";
const NINE: &str = "outside_prefixes = [\"9\"]";
const NINE_FIVE: &str = "outside_prefixes = [\"95\"]";
const RUSSIA: &str = "country = \"RU\"\ntrunk_prefix = \"8\"\nmobiles = []";
const ZERO: &str = "outside_prefixes = [\"0\"]";

/// A row: the site, what is written, what comes of it.
type RowOf = (&'static str, &'static [&'static str], &'static str);

const ROWS: &[RowOf] = &[
    (
        NOWHERE,
        &["13800138000", "013800138000", "8613800138000", "+8613800138000", "008613800138000", "+86 013800138000"],
        "+8613800138000",
    ),
    (NOWHERE, &["010-12345678", "8601012345678"], "+861012345678"),
    (NOWHERE, &["0755-12345678", "+86 0755 12345678"], "+8675512345678"),
    (NOWHERE, &["87654321"], "(not a usable number)"),
    (SHANGHAI, &["87654321"], "+862187654321"),
    (NOWHERE, &["2187654321"], "+862187654321"),
    (NOWHERE, &["4008001234", "04008001234", "8008101234", "9501312345", "10105888"], "(service number)"),
    (NOWHERE, &["95588", "10086", "12345", "110"], "(short code)"),
    (NOWHERE, &["1795113800138000", "1790913800138000", "+86 17951 13800138000", "1259313800138000"], "+8613800138000"),
    (NOWHERE, &["17951075512345678"], "+8675512345678"),
    (NINE, &["913800138000", "9013800138000"], "+8613800138000"),
    (NINE, &["901012345678"], "+861012345678"),
    (NINE_FIVE, &["9513800138000"], "+8613800138000"),
    (ZERO, &["0013800138000"], "+8613800138000"),
    (NOWHERE, &["0013800138000"], "+8613800138000"),
    (ZERO, &["001012345678"], "+861012345678"),
    (NOWHERE, &["0085291234567"], "+85291234567"),
    // Numbers abroad that begin as their own country's trunk prefix does.
    (NOWHERE, &["+78081234567", "0078081234567"], "+78081234567"),
    (NOWHERE, &["+78001234567", "+37080012345"], "(service number)"),
    // One trunk prefix is one too many to take away twice.
    (NOWHERE, &["+86 004839081736"], "raw:+86004839081736"),
    (RUSSIA, &["88081234567", "+78081234567"], "+78081234567"),
    (NOWHERE, &["086-13800138000"], "+8613800138000"),
    (NOWHERE, &["086 01012345678"], "+861012345678"),
    (NOWHERE, &["49999", "8001"], "(own extension)"),
    (NOWHERE, &["a49997", "A101"], "(an agent)"),
    (NOWHERE, &["1380013800a", "138****8000", "138****5678", "138••••5678"], "(not a usable number)"),
    (NOWHERE, &["１３８００１３８０００"], "+8613800138000"),
    (NOWHERE, &["0755-12345678转123", "(0755)12345678-123", "0755-12345678－123"], "+8675512345678 ext 123"),
    (NOWHERE, &["0755-12345678 ext. 123", "0755-12345678,123", "0755-12345678#123"], "+8675512345678 ext 123"),
    (NOWHERE, &["0755-12345678,,1234", "0755-12345678；1234"], "+8675512345678 ext 1234"),
    (NOWHERE, &["186 0000 1111转3", "+8618600001111;ext=3"], "+8618600001111 ext 3"),
    (NOWHERE, &["tel:+86-755-12345678;ext=5"], "+8675512345678 ext 5"),
    (
        NOWHERE,
        &["anonymous", "unknown", "未知", "Restricted", "-1", "sip:13800138000@pbx.example.com", "00000000"],
        "(number withheld)",
    ),
    (NOWHERE, &[""], "(number withheld)"),
    (NOWHERE, &["17012345678"], "+8617012345678"),
    (NOWHERE, &["16212345678"], "+8616212345678"),
    (NOWHERE, &["17401234567"], "+8617401234567"),
    (NOWHERE, &["14112345678"], "raw:14112345678"),
    (NOWHERE, &["12012345678"], "raw:12012345678"),
    (NOWHERE, &["11012345678"], "raw:11012345678"),
    (NOWHERE, &["95013123456789"], "raw:95013123456789"),
    (NOWHERE, &["10691234", "106912345678", "1069123456789012", "1065 5021 2345"], "(service number)"),
    ("privacy = [\"+861701234XXXX\"]", &["17012345678"], "(privacy number, re-bound to other people)"),
    // The oracle of spellings.
    (
        NOWHERE,
        &[
            "13812345678",
            "013812345678",
            "0 138-1234-5678",
            "+86 138 1234 5678",
            "0086 13812345678",
            "008613812345678",
            "8613812345678",
            "+86013812345678",
            "tel:+86-138-1234-5678",
            "\u{feff}138\u{200b}1234\u{2060}5678\u{202c}",
        ],
        "+8613812345678",
    ),
    (NOWHERE, &["01088888888", "(010) 8888 8888", "1088888888"], "+861088888888"),
    (NOWHERE, &["88888888"], "(not a usable number)"),
    (NOWHERE, &["913812345678", "９１３８１２３４５６７８"], "raw:913812345678"),
    (NOWHERE, &["138123456780"], "raw:138123456780"),
    (NOWHERE, &["+852 9123 4567"], "+85291234567"),
    (NINE, &["9013812345678", "9 0138 1234 5678"], "+8613812345678"),
    // What the notes say beside the tables.
    (NOWHERE, &["010-123456789"], "raw:010123456789"),
    (NOWHERE, &["95013", "95599", "955123", "12306", "96110"], "(short code)"),
    (NOWHERE, &["95105678"], "(service number)"),
    ("own = [\"+86106666XXXX\"]", &["010-66668888", "+86 10 6666 8888"], "(own number)"),
    (NOWHERE, &["+853 6612 3456"], "+85366123456"),
    (NOWHERE, &["+886 912-345-678"], "+886912345678"),
    (NOWHERE, &["+1 415 555 2671", "0014155552671"], "+14155552671"),
    (NOWHERE, &["+44 7911 123456"], "+447911123456"),
];

#[test]
fn every_row_of_the_tables_reads_as_they_say() {
    for (site, spellings, expected) in ROWS {
        for raw in *spellings {
            assert_eq!(&reads(site, raw), expected, "{raw:?} at a site with {site:?}");
        }
    }
}
