//! Runs `trunkctl` as a person would, and looks at both of its outputs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How one command line ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs it with an environment that names no daemon and no token.
pub(crate) fn trunkctl(arguments: &[&str]) -> Ended {
    trunkctl_with(&[], arguments)
}

pub(crate) fn trunkctl_with(environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkctl"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRUNKLINE_")) {
        command.env_remove(name);
    }
    let output =
        command.args(arguments).envs(environment.iter().copied()).current_dir(root()).output().expect("trunkctl runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code().expect("no signal"), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn help_completions_and_the_man_page_know_every_noun() {
    let help = trunkctl(&["--help"]);
    let man = trunkctl(&["man"]);
    let completions = trunkctl(&["completions", "bash"]);
    for noun in [
        "config",
        "connector",
        "customer",
        "conflict",
        "cdr",
        "bus",
        "decode",
        "identity",
        "mapping",
        "audit",
        "hotspot",
        "series",
        "record",
        "replay",
        "token",
    ] {
        assert!(help.stdout.contains(&format!("  {noun}")), "{noun} in help");
        assert!(man.stdout.contains(&format!("trunkctl\\-{noun}")), "{noun} in the man page");
        assert!(completions.stdout.contains(noun), "{noun} in completions");
    }
    assert_eq!((help.code, man.code, completions.code), (0, 0, 0));
    assert!(man.stdout.contains(".TH trunkctl 1"), "{}", man.stdout);
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert_eq!(trunkctl(&["completions", shell]).code, 0, "{shell}");
    }
}

#[test]
fn the_man_page_tells_of_every_command_and_its_flags() {
    let man = trunkctl(&["man"]).stdout;
    for heading in ["CONFIG CHECK", "CONNECTOR PAUSE", "CUSTOMER SPLIT", "BUS DEAD REPLAY", "DECODE", "TOKEN CREATE"] {
        let start = format!("\n.SH TRUNKCTL {heading}\n");
        let section = man.split_once(&start).unwrap_or_else(|| panic!("{heading} is no section")).1;
        let section = section.split("\n.SH ").next().expect("the first part");
        assert!(section.contains(".SS SYNOPSIS") && section.contains(".SS DESCRIPTION"), "{heading}: {section}");
    }
    let split = man.split_once(".SH TRUNKCTL CUSTOMER SPLIT").expect("a section").1;
    for part in ["\\-\\-handle", "\\-\\-reason", "Takes handles out of a customer for good", "scheme:scope:value"] {
        assert!(split.split("\n.SH ").next().expect("the first part").contains(part), "{part}");
    }
}

#[test]
fn examples_and_defaults_are_told_as_json_too() {
    let example = trunkctl(&["connector", "example", "avaya-dmcc", "--json"]);
    let example: serde_json::Value = serde_json::from_str(&example.stdout).expect("JSON");
    assert_eq!(example["kind"], "avaya-dmcc");
    assert!(example["toml"].as_str().is_some_and(|text| text.contains("[connectors.")), "{example}");
    let default = trunkctl(&["config", "default", "--json"]);
    let default: serde_json::Value = serde_json::from_str(&default.stdout).expect("JSON");
    assert!(default["toml"].as_str().is_some_and(|text| text.contains("[http]")), "{default}");
    let unknown = trunkctl(&["connector", "example", "avaya", "--json"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
}

#[test]
fn kinds_are_told_as_a_table_and_as_json() {
    let kinds = trunkctl(&["connector", "kinds", "--json"]);
    assert_eq!((kinds.code, kinds.stderr.as_str()), (0, ""));
    let kinds: serde_json::Value = serde_json::from_str(&kinds.stdout).expect("JSON");
    let kinds = kinds.as_array().expect("an array");
    let names: Vec<_> = kinds.iter().filter_map(|kind| kind["name"].as_str()).collect();
    assert!(names.contains(&"avaya-dmcc") && names.contains(&"chat-webhook"), "{names:?}");
    for kind in kinds {
        assert!(["in", "out", "both"].contains(&kind["direction"].as_str().expect("a direction")), "{kind}");
        assert!(kind["abilities"].is_array(), "{kind}");
    }
    let table = trunkctl(&["connector", "kinds"]).stdout;
    assert!(table.starts_with("KIND") && names.iter().all(|name| table.contains(name)), "{table}");
}
