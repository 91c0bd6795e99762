//! The libraries published on PyPI and npm as outside senders; see `tests/peers/standardwebhooks/README.md`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::inlet::{Inlet, NEXT_SECRET, SECRET};
use crate::store::{Store, texts};

const EXPECTED: [&str; 12] = [
    "good 204",
    "duplicate 200",
    "renamed 204",
    "next_secret 204",
    "two_signatures 204",
    "chinese 204",
    "late_by_four_minutes 204",
    "tampered 401",
    "stranger 401",
    "too_old 401",
    "too_new 401",
    "unsigned 401",
];

/// Where the libraries are installed. Without it there is nothing to check with.
fn installed() -> Option<PathBuf> {
    let peers = std::env::var_os("TRUNKLINE_PEERS").map(PathBuf::from);
    if peers.is_none() {
        eprintln!("TRUNKLINE_PEERS is not set: no outside sender is installed, nothing was checked");
    }
    peers
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/standardwebhooks").join(name)
}

async fn sends(mut sender: Command, prefix: &str) {
    let (store, data) = (Store::new(), tempfile::tempdir().expect("a folder"));
    let inlet = Inlet::start(&store, data.path()).await;
    sender.args([&inlet.url(), SECRET, NEXT_SECRET]).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = sender.output().await.expect("it runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(said.lines().collect::<Vec<_>>(), EXPECTED);
    let stored: Vec<String> = (1..=5).map(|number| format!("{prefix}-{number}")).collect();
    assert_eq!(texts(&store.events()), stored, "each message stands once");
}

#[tokio::test]
async fn rule_21_webhooks_of_the_python_library_are_understood() {
    let Some(peers) = installed() else { return };
    let mut python = Command::new(peers.join("venv/bin/python"));
    python.arg(script("send.py"));
    sends(python, "py").await;
}

#[tokio::test]
async fn rule_21_webhooks_of_the_javascript_library_are_understood() {
    let Some(peers) = installed() else { return };
    let mut node = Command::new("node");
    node.arg(script("send.cjs")).env("NODE_PATH", peers.join("node_modules"));
    sends(node, "js").await;
}
