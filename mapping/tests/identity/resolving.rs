//! A file of evidence in, customers out.

use proptest::prelude::*;
use serde_json::Value;
use trunkline_mapping::identity::{Handle, LineError, Resolved, Rules, resolve_lines};
use trunkline_mapping::numbers::DialPlan;

const FILE: &str = r#"
{"a":{"scheme":"crm","scope":"north","value":"17"},"b":{"scheme":"phone","scope":"","value":"138 0013 8001"},"strength":"medium","at":"2026-11-20T01:00:00Z"}
{"a":{"scheme":"account_no","scope":"","value":"A1"},"b":{"scheme":"phone","value":"+8613800138001"},"strength":"medium","at":"2026-11-20T02:00:00Z"}
{"a":{"scheme":"web_visitor","scope":"shop","value":"v1"},"b":{"scheme":"email","scope":"","value":"Wang@Example.com"},"strength":"medium","at":"2026-11-20T03:00:00+08:00"}
{"a":{"scheme":"openid","scope":"app1","value":"oX"},"at":"2026-11-20T04:00:00Z"}
"#;

fn resolve(input: &str) -> Result<Resolved, Vec<LineError>> {
    thread_local! { static SETTINGS: (Rules, DialPlan) = (Rules::default(), DialPlan::default()); }
    SETTINGS.with(|(rules, plan)| resolve_lines(input, rules, plan))
}

fn lines(input: &str) -> Vec<Value> {
    let resolved = resolve(input).expect("resolves");
    resolved.lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn customer_of<'l>(lines: &'l [Value], value: &str) -> &'l Value {
    let has =
        |line: &&Value| line["handles"].as_array().expect("handles").iter().any(|handle| handle["value"] == value);
    lines.iter().find(has).expect("a customer")
}

#[test]
fn each_customer_is_a_line_with_his_canonical_handles() {
    let lines = lines(FILE);
    assert_eq!(lines.len(), 4);
    let wang = customer_of(&lines, "17");
    assert_eq!(
        wang["handles"],
        serde_json::json!([
            {"scheme": "crm_id", "scope": "north", "value": "17"},
            {"scheme": "phone", "scope": "", "value": "+8613800138001"},
        ])
    );
    assert_eq!(wang["customer"], Handle::stored("crm_id", "north", "17").id().to_string(), "the id of the first seen");
    assert_eq!(wang["shared"], serde_json::json!(["phone::+8613800138001"]));
    assert_eq!(wang["candidates"], serde_json::json!([customer_of(&lines, "A1")["customer"]]));
    let visitor = customer_of(&lines, "v1");
    assert_eq!(visitor["handles"][0]["value"], "wang@example.com");
    assert!(visitor.get("shared").is_none() && visitor.get("generic").is_none() && visitor.get("candidates").is_none());
    let ids: Vec<&str> = lines.iter().filter_map(|line| line["customer"].as_str()).collect();
    assert!(ids.is_sorted());
}

#[test]
fn decisions_are_lines_too() {
    let pair = r#""a":{"scheme":"crm","value":"1"},"b":{"scheme":"crm","value":"2"}"#;
    let include = format!("{{{pair},\"origin\":\"include\",\"at\":\"2026-11-20T01:00:00Z\"}}");
    let exclude = format!("{{{pair},\"origin\":\"exclude\",\"at\":\"2026-11-20T02:00:00Z\"}}");
    assert_eq!(lines(&include).len(), 1);
    assert_eq!(lines(&format!("{exclude}\n{include}")).len(), 2, "the later one counts");
}

#[test]
fn all_bad_lines_are_reported_at_once_with_what_would_be_right() {
    let good = FILE.trim().lines().next().expect("a line");
    let input = [
        good.to_owned(),
        good.replace("medium", "certain"),
        "not json".to_owned(),
        good.replace("2026-11-20T01:00:00Z", "yesterday"),
        good.replace("\"strength\":\"medium\",", ""),
        good.replace("\"at\"", "\"when\""),
        good.replace("\"138 0013 8001\"", "13800138001"),
        good.replace("\"crm\"", "\"c r m\""),
        r#"{"a":{"scheme":"crm","value":"1"},"origin":"exclude","at":"2026-11-20T01:00:00Z"}"#.to_owned(),
    ];
    let errors = resolve(&input.join("\n")).expect_err("problems");
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8, 9]);
    let text = |line: usize| errors[line - 2].to_string();
    for word in ["weak", "medium", "strong", "authoritative"] {
        assert!(text(2).contains(word) && text(5).contains(word), "{} / {}", text(2), text(5));
    }
    assert!(text(2).starts_with("line 2: "));
    assert!(
        text(4).contains("RFC 3339") && text(6).contains("at") && text(7).contains("string") && text(9).contains('b')
    );
}

#[test]
fn blocked_values_are_noted_and_the_rest_of_the_line_counts() {
    let input = r#"{"a":{"scheme":"crm","value":"17"},"b":{"scheme":"phone","value":"anonymous"},"strength":"medium","at":"2026-11-20T01:00:00Z"}
{"a":{"scheme":"zalo","value":"17"},"at":"2026-11-20T01:00:00Z"}"#;
    let resolved = resolve(input).expect("resolves");
    assert_eq!(resolved.lines.len(), 2);
    let notes: Vec<String> = resolved.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes[0], "line 1: phone is left out: number withheld");
    assert!(notes[1].starts_with("line 2: ") && notes[1].contains("zalo"), "{}", notes[1]);
}

#[test]
fn rule_48_an_address_on_fifty_thousand_records_joins_none_of_them() {
    use std::fmt::Write as _;
    let mut input = String::new();
    for record in 0..50_000 {
        writeln!(
            input,
            r#"{{"a":{{"scheme":"crm","value":"{record}x"}},"b":{{"scheme":"email","value":"noreply@example.com"}},"strength":"strong","at":"2026-11-20T01:00:00Z"}}"#
        )
        .expect("writes");
    }
    let resolved = resolve(&input).expect("resolves");
    assert_eq!(resolved.lines.len(), 50_001);
    assert_eq!(resolved.lines.iter().filter(|line| line.contains("generic")).count(), 1);
}

/// Neighbours share a phone and an address each, all along the street: every pair waits for its second proof.
#[test]
fn a_long_chain_of_second_proofs_ends_at_the_limits() {
    use std::fmt::Write as _;
    let mut input = String::new();
    let mut say = |account: usize, scheme: &str, value: &str| {
        let (a, b) = (format!("A{account}"), format!(r#"{{"scheme":"{scheme}","value":"{value}"}}"#));
        writeln!(
            input,
            r#"{{"a":{{"scheme":"account_no","value":"{a}"}},"b":{b},"strength":"medium","at":"2026-11-20T01:00:00Z"}}"#
        )
        .expect("writes");
    };
    for house in 0..5_000 {
        for account in [house, house + 1] {
            say(account, "phone", &format!("+86138{house:08}"));
            say(account, "email", &format!("house{house}@example.com"));
        }
    }
    let accounts = |line: &Value| {
        let handles = line["handles"].as_array().expect("handles");
        handles.iter().filter(|handle| handle["scheme"] == "account_no").count()
    };
    let sizes: Vec<usize> = lines(&input).iter().map(accounts).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 5_001);
    assert!(sizes.iter().all(|size| *size <= 5) && sizes.contains(&5), "a customer has five accounts at most");
}

/// What editors, exports and careful people do to a file.
#[test]
fn line_ends_marks_blanks_and_repeats_do_not_show() {
    let expected = resolve(FILE).expect("resolves").lines;
    let lines: Vec<&str> = FILE.trim().lines().collect();
    for file in [
        lines.join("\r\n"),
        format!("\u{feff}{}\r\n\r\n", lines.join("\r\n\r\n")),
        format!("\n  \n\t{}  \n\n", lines.join("\n \n")),
        [lines.clone(), lines.clone()].concat().join("\n"),
        lines.iter().rev().chain(&lines).copied().collect::<Vec<_>>().join("\n"),
    ] {
        assert_eq!(resolve(&file).expect("resolves").lines, expected, "{file:?}");
    }
}

#[test]
fn a_scope_may_be_missing_or_null() {
    let line = |scope: &str| {
        format!(
            r#"{{"a":{{"scheme":"account_no","value":"A1"}},"b":{{"scheme":"account_no",{scope}"value":"A2"}},"strength":"strong","at":"2026-11-20T01:00:00Z"}}"#
        )
    };
    let expected = resolve(&line(r#""scope":"","#)).expect("resolves").lines;
    assert_eq!((expected.len(), resolve(&line("")).expect("resolves").lines), (1, expected.clone()));
    assert_eq!(resolve(&line(r#""scope":null,"#)).expect("resolves").lines, expected);
    assert_ne!(resolve(&line(r#""scope":"north","#)).expect("resolves").lines, expected, "another handle");
}

#[test]
fn phones_and_addresses_are_the_same_in_every_scope_and_accounts_are_not() {
    let seen = |scheme: &str, value: &str| {
        let line = |scope| {
            format!(
                r#"{{"a":{{"scheme":"{scheme}","scope":"{scope}","value":"{value}"}},"at":"2026-11-20T01:00:00Z"}}"#
            )
        };
        lines(&format!("{}\n{}", line("north"), line("south"))).len()
    };
    assert_eq!((seen("phone", "13800138001"), seen("email", "a@example.com")), (1, 1));
    assert_eq!((seen("account_no", "1"), seen("crm_id", "1"), seen("web_visitor", "1")), (2, 2, 2));
}

#[test]
fn a_handle_beside_itself_and_a_handle_alone_are_a_customer_each() {
    let input = r#"{"a":{"scheme":"phone","value":"13800138001"},"b":{"scheme":"phone","value":"+86 138 0013 8001"},"strength":"strong","at":"2026-11-20T01:00:00Z"}
{"a":{"scheme":"email","value":"a@example.com"},"b":null,"strength":"weak","at":"2026-11-20T01:00:00Z"}
{"a":{"scheme":"email","value":"b@example.com"},"b":{"scheme":"phone","value":"95588"},"strength":"strong","at":"2026-11-20T01:00:00Z"}"#;
    let sizes: Vec<usize> =
        lines(input).iter().map(|line| line["handles"].as_array().expect("handles").len()).collect();
    assert_eq!(sizes, [1, 1, 1]);
}

#[test]
fn an_empty_file_has_no_customers() {
    assert_eq!(resolve("\u{feff}\n \n"), Ok(Resolved::default()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_the_lines_gives_the_same_customers(
        lines in Just(FILE.trim().lines().map(str::to_owned).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        prop_assert_eq!(resolve(&lines.join("\n")).expect("resolves").lines, resolve(FILE).expect("resolves").lines);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), cut in 0..FILE.len()) {
        let _ = resolve(&text);
        let _ = resolve(&FILE[..cut]);
    }
}
