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
    for noun in ["config", "connector", "customer", "cdr", "bus", "decode", "identity", "audit", "token"] {
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
