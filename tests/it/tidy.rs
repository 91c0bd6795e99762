//! House rules that nothing else checks: who may depend on whom, how long a file may be, where IO may stand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The edges of the crate graph (design: one way in, one way out). Anything else is refused.
const ALLOWED_EDGES: &[(&str, &[&str])] = &[
    ("trunkline-events", &[]),
    ("trunkline-config", &[]),
    ("trunkline-simulators", &[]),
    ("trunkline-test-support", &[]),
    ("trunkline-bus", &["trunkline-events"]),
    ("trunkline-connectors", &["trunkline-events"]),
    ("trunkline-mapping", &["trunkline-events", "trunkline-config"]),
    ("trunkline-cli", &["trunkline-events", "trunkline-config", "trunkline-connectors", "trunkline-mapping"]),
    (
        "trunkline",
        &[
            "trunkline-bus",
            "trunkline-config",
            "trunkline-connectors",
            "trunkline-events",
            "trunkline-mapping",
            "trunkline-simulators",
        ],
    ),
];

/// What tests and build scripts may use besides.
const TEST_EDGES: &[(&str, &[&str])] = &[
    ("trunkline-bus", &["trunkline-test-support"]),
    ("trunkline-connectors", &["trunkline-simulators"]),
    ("trunkline-mapping", &["trunkline-test-support"]),
    ("trunkline-cli", &["trunkline", "trunkline-bus", "trunkline-simulators", "trunkline-test-support"]),
    ("trunkline", &["trunkline-test-support"]),
];

/// Crates that only some of ours may see.
const RESERVED: &[(&str, &[&str])] = &[
    ("lapin", &["trunkline-bus"]),
    ("sea-orm", &["trunkline-mapping"]),
    ("sea-orm-migration", &["trunkline-mapping"]),
    ("quick-xml", &["trunkline-connectors", "trunkline-simulators"]),
    ("axum", &["trunkline"]),
];

fn workspace() -> cargo_metadata::Metadata {
    let mut command = cargo_metadata::MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    command.no_deps().exec().expect("cargo metadata")
}

#[test]
fn crates_depend_only_on_whom_the_design_allows() {
    let metadata = workspace();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let allowed = ALLOWED_EDGES.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
        let Some(allowed) = allowed else {
            wrong.push(format!("{name} is not in the table of crates"));
            continue;
        };
        let for_tests = TEST_EDGES.iter().find(|(from, _)| *from == name).map_or(&[][..], |(_, to)| *to);
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let normal = dependency.kind == cargo_metadata::DependencyKind::Normal;
            if to.starts_with("trunkline") && !allowed.contains(&to) && (normal || !for_tests.contains(&to)) {
                wrong.push(format!("{name} must not depend on {to} ({})", dependency.kind));
            }
            // The benchmark measures the bare broker too.
            let measured = !normal && (name, to) == ("trunkline", "lapin");
            if RESERVED.iter().any(|(reserved, users)| *reserved == to && !users.contains(&name)) && !measured {
                wrong.push(format!("{name} must not depend on {to} ({})", dependency.kind));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn events_are_pure() {
    let metadata = workspace();
    let events = metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == "trunkline-events").expect("it");
    for forbidden in ["tokio", "reqwest", "lapin", "sea-orm", "rand"] {
        assert!(events.dependencies.iter().all(|d| d.name != forbidden), "events depends on {forbidden}");
    }
}

/// Every Rust file of the repository, by its path from the root.
fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if !["target", ".git", "node_modules", ".venv", "venv"].iter().any(|skipped| name == *skipped) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.insert(path.strip_prefix(root).expect("below the root").to_owned(), text);
            }
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains("tests/") || text.ends_with("/tests.rs") || text.contains("/benches/") || text.starts_with("benches/")
}

#[test]
fn no_file_is_longer_than_a_few_screens() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| {
            let (lines, limit) = (text.lines().count(), if is_test(path) { 700 } else { 500 });
            (lines > limit).then(|| format!("{} has {lines} lines (limit {limit})", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

/// Lines of the longest function, tests not excepted.
const FUNCTION: usize = 60;

#[test]
fn no_function_is_longer_than_a_screen() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let Some(indent) = function_indent(line) else { continue };
            let closing = format!("{}}}", " ".repeat(indent));
            let Some(length) = lines[start..].iter().position(|line| *line == closing) else { continue };
            if length + 1 > FUNCTION {
                long.push(format!("{}:{} {} lines", path.display(), start + 1, length + 1));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The indentation of a line that opens a function with a body, as rustfmt writes it.
fn function_indent(line: &str) -> Option<usize> {
    let code = line.trim_start();
    if code.contains('$') {
        return None; // the pattern or template of a macro
    }
    let mut words = code
        .split_whitespace()
        .skip_while(|word| word.starts_with("pub") || ["const", "async", "unsafe", "extern", "\"C\""].contains(word));
    (words.next() == Some("fn") && !code.ends_with(';') && !code.ends_with('}')).then(|| line.len() - code.len())
}

/// Parsers, protocols and the pure half of mapping: they get time and bytes from outside.
fn must_be_pure(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let connector = text.starts_with("connectors/src/")
        && !text.starts_with("connectors/src/drive/")
        && !text.starts_with("connectors/src/lib.rs")
        // Reads the files that `*_file` keys name, once, before anything runs.
        && !text.ends_with("params.rs");
    let mapping = ["identity/", "numbers/", "cdr/", "profile/", "expression/"]
        .iter()
        .any(|part| text.starts_with(&format!("mapping/src/{part}")));
    (connector || mapping || text.starts_with("bus/events/src/")) && !is_test(path)
}

#[test]
fn protocols_and_rules_do_no_io_and_read_no_clock() {
    const FORBIDDEN: &[&str] = &[
        "tokio::",
        "std::fs",
        "std::env",
        "std::net::Tcp",
        "std::net::Udp",
        "std::os",
        "std::process",
        "std::thread",
        "Instant::now",
        "SystemTime::now",
        "now_utc",
        "now_local",
        "Uuid::now_v7",
        "Uuid::new_v4",
        "rand::",
        "reqwest::",
        "sea_orm",
        "lapin",
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| must_be_pure(path)) {
        for (line, code) in statements(text.split("#[cfg(test)]").next().unwrap_or_default()) {
            if let Some(word) = FORBIDDEN.iter().find(|word| uses(&code, word)) {
                wrong.push(format!("{}:{line} uses {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The lines of a file that are no comments, each with its number; a `use` of a group becomes one line a name.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut group: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//")) {
        let code = line.trim();
        match &mut group {
            Some((_, gathered)) => gathered.push_str(code),
            None if code.starts_with("use ") && code.contains('{') => group = Some((number, code.to_owned())),
            None => found.push((number, code.to_owned())),
        }
        if let Some((begins, gathered)) = group.take_if(|(_, gathered)| gathered.ends_with(';')) {
            found.extend(ungrouped(&gathered).into_iter().map(|name| (begins, name)));
        }
    }
    found
}

/// `use a::{b, c::{d, e}};` as `use a::b`, `use a::c::d`, `use a::c::e`.
fn ungrouped(statement: &str) -> Vec<String> {
    let (mut names, mut stems, mut word) = (Vec::new(), vec![String::new()], String::new());
    for letter in statement.trim_end_matches(';').chars() {
        let stem = stems.last().cloned().unwrap_or_default();
        match letter {
            '{' => stems.push(stem + word.trim_start()),
            ',' | '}' => {
                if !word.trim().is_empty() {
                    names.push(stem + word.trim());
                }
                if letter == '}' {
                    stems.pop();
                }
            }
            _ => {
                word.push(letter);
                continue;
            }
        }
        word.clear();
    }
    names
}

/// Whether a line names this, not as the end of a longer name.
fn uses(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    })
}

#[test]
fn a_group_of_names_hides_nothing_from_the_rules() {
    let text = "use std::{fs, collections::{BTreeMap, BTreeSet}};\nuse std::net::{\n    IpAddr,\n    TcpStream,\n};\nlet a = 1;";
    let names: Vec<String> = statements(text).into_iter().map(|(_, code)| code).collect();
    let expected = [
        "use std::fs",
        "use std::collections::BTreeMap",
        "use std::collections::BTreeSet",
        "use std::net::IpAddr",
        "use std::net::TcpStream",
        "let a = 1;",
    ];
    assert_eq!(names, expected);
    assert!(uses("let id = rand::random();", "rand::") && !uses("Errand::Call", "rand::"));
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[ig", "nore"].concat()];
    let left: Vec<String> = sources()
        .iter()
        .filter_map(|(path, text)| {
            marks.iter().find(|mark| text.contains(mark.as_str())).map(|mark| format!("{}: {mark}", path.display()))
        })
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

/// What the person on duty looks up must be what the log says.
#[test]
fn the_log_lines_of_the_operations_page_are_written_by_the_code() {
    // Said by a library of ours.
    const OTHERS: &[&str] = &["acquired connection, but time to acquire exceeded slow threshold"];
    let page = include_str!("../../docs/operations.md");
    let table = page.split_once("## What the log says").and_then(|(_, rest)| rest.split_once("\n## ")).expect("it").0;
    let code: String = sources().into_values().map(|text| text.replace("\\\n", "")).collect();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows = table.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('|').nth(1).unwrap_or(""));
    let quoted: Vec<&str> = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(quoted.len() > 20, "the table was not found: {quoted:?}");
    let unsaid: Vec<_> = quoted
        .into_iter()
        .filter(|line| !OTHERS.contains(line))
        .filter(|line| !code.contains(line.trim_end_matches('…').trim_end_matches([';', ':', ' '])))
        .collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}");
}
