//! Evidence as JSON lines: the same lines in another order give the same customers. Also the files that say how.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_mapping::identity::{Rules, resolve_lines};
use trunkline_mapping::numbers::DialPlan;

fuzz_target!(|text: &str| {
    // Declarations begin with a comment or a key, evidence with a brace.
    if !text.trim_start().starts_with('{') {
        let _ = Rules::from_toml(text);
        let _ = DialPlan::from_toml(text);
        return;
    }
    let (rules, plan) = (Rules::default(), DialPlan::default());
    if let Ok(resolved) = resolve_lines(text, &rules, &plan) {
        let turned: Vec<&str> = text.trim_start_matches('\u{feff}').lines().rev().collect();
        let again = resolve_lines(&turned.join("\n"), &rules, &plan).expect("the same lines");
        assert_eq!(again.lines, resolved.lines);
    }
});
