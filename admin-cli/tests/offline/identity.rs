//! `identity resolve`: evidence in, customers out, whatever the order.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::command::trunkctl;

const EVIDENCE: [&str; 4] = [
    r#"{"a":{"scheme":"phone","scope":"","value":"138 0013 8000"},"b":{"scheme":"account_no","scope":"","value":"wang.mei"},"strength":"strong","at":"2026-11-20T08:00:00Z"}"#,
    r#"{"a":{"scheme":"web_visitor","scope":"","value":"v-7f3a"},"b":{"scheme":"account_no","scope":"","value":"wang.mei"},"strength":"strong","at":"2026-11-20T09:00:00Z"}"#,
    r#"{"a":{"scheme":"email","scope":"","value":"Li@Example.com"},"b":{"scheme":"account_no","scope":"","value":"li.na"},"strength":"strong","at":"2026-11-20T10:00:00Z"}"#,
    r#"{"a":{"scheme":"phone","scope":"","value":"+8613800138000"},"b":{"scheme":"web_visitor","scope":"","value":"v-7f3a"},"strength":"strong","at":"2026-11-20T11:00:00Z"}"#,
];

fn resolve(lines: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evidence.jsonl");
    fs::write(&file, lines.join("\n")).expect("written");
    let ended = trunkctl(&["identity", "resolve", file.to_str().expect("UTF-8")]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    ended.stdout
}

#[test]
fn shuffled_and_repeated_evidence_gives_the_same_customers() {
    let expected = resolve(&EVIDENCE);
    let customers: Vec<serde_json::Value> =
        expected.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(customers.len(), 2, "{expected}");
    let mut sizes: Vec<_> = customers.iter().map(|one| one["handles"].as_array().expect("handles").len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 3], "{expected}");
    let [a, b, c, d] = EVIDENCE;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("from-a-spreadsheet.jsonl");
    fs::write(&file, format!("\u{feff}{d}\r\n\r\n{a}\r\n{b}\r\n{c}\r\n{a}\r\n")).expect("written");
    let ended = trunkctl(&["identity", "resolve", file.to_str().expect("UTF-8")]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, expected.as_str(), ""));
    for shuffled in [vec![d, c, b, a], vec![b, d, a, c, b], vec![c, a, a, d, b, d]] {
        assert_eq!(resolve(&shuffled), expected);
    }
}

#[test]
fn evidence_may_come_from_standard_input() {
    let mut resolving = Command::new(env!("CARGO_BIN_EXE_trunkctl"))
        .args(["identity", "resolve", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("trunkctl runs");
    resolving.stdin.take().expect("piped").write_all(EVIDENCE.join("\n").as_bytes()).expect("written");
    let output = resolving.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), resolve(&EVIDENCE));
}

#[test]
fn every_bad_line_is_told_and_nothing_is_resolved() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evidence.jsonl");
    fs::write(&file, format!("{}\nnot json\n{{\"a\":1}}\n", EVIDENCE[0])).expect("written");
    let ended = trunkctl(&["identity", "resolve", file.to_str().expect("UTF-8")]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("line 2: ") && ended.stderr.contains("line 3: "), "{}", ended.stderr);
}

/// The cases of the guide come out as it says.
#[test]
fn the_worked_cases_of_the_guide_hold() {
    let guide = include_str!("../../../docs/identity.md");
    let blocks: Vec<&str> = guide.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let resolved = |block: &str| -> Vec<serde_json::Value> {
        let lines: Vec<&str> = block.lines().collect();
        resolve(&lines).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let [shared, given] = blocks.as_slice() else { panic!("two cases: {blocks:?}") };
    let shared = resolved(shared);
    assert_eq!(shared.len(), 2, "two customers stay two");
    assert_eq!(shared[0]["shared"], serde_json::json!(["phone::+861088888888"]));
    let given = resolved(given);
    let with_the_number: Vec<&serde_json::Value> =
        given.iter().filter(|customer| customer["handles"].as_array().is_some_and(|all| all.len() == 2)).collect();
    assert_eq!((given.len(), with_the_number.len()), (2, 1));
    assert_eq!(with_the_number[0]["handles"][0]["value"], "C-2", "the number is C-2's now");
}
