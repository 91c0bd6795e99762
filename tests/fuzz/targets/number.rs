//! Phone numbers in any spelling: a canonical number is its own canonical number.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trunkline_mapping::numbers::{DialPlan, Number, canonical};

static BEIJING: LazyLock<DialPlan> = LazyLock::new(|| {
    DialPlan::from_toml(include_str!("../../../config/dialplan/example-beijing.toml")).expect("a plan")
});

fuzz_target!(|text: &str| {
    for plan in [&DialPlan::default(), &*BEIJING] {
        if let Number::E164 { value, .. } = canonical(text, plan, None) {
            match canonical(&value, plan, None) {
                Number::E164 { value: again, .. } => assert_eq!(again, value),
                other => panic!("{value} became {other:?}"),
            }
        }
    }
});
