//! `trunkline simulate`: an outside client, written by somebody who only read the protocol, finds a switch there.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that ends with its test.
struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A simulated AES on a free port, and where it says it listens.
fn aes(scenario: &str) -> (Simulator, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(["simulate", "avaya-dmcc", "--listen", "127.0.0.1:0", "--scenario"])
        .arg(root().join("tests/scenarios").join(scenario))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the simulator runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where it listens");
    let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
    (Simulator(child), address.unwrap_or_else(|| panic!("no address in {line:?}")))
}

#[test]
fn a_python_client_sees_the_story_of_two_calls() {
    let (_aes, address) = aes("avaya-c00.toml");
    assert_ne!(address.port(), 0);
    let output = Command::new("python3")
        .arg(root().join("tests/peers/dmcc/client.py"))
        .args(["--port", &address.port().to_string(), "--user", "trunkline", "--password", "Trunk-1-line"])
        .args(["--station", "4750", "--skill", "601", "--vdn", "65067", "--calls", "2"])
        .output()
        .expect("python3 runs");
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let events: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|line| line["line"] == "event")
        .collect();
    for root in ["DeliveredEvent", "EstablishedEvent", "CallClearedEvent"] {
        assert!(events.iter().any(|event| event["root"] == root), "{root} in {told}");
    }
}

#[test]
fn an_unknown_kind_and_a_scenario_that_is_not_there_are_told() {
    for (kind, scenario, wanted) in [
        ("avaya", "tests/scenarios/avaya-c00.toml", "there are avaya-dmcc and chat-webhook"),
        ("avaya-dmcc", "/nowhere/scenario.toml", "/nowhere/scenario.toml"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .current_dir(root())
            .args(["simulate", kind, "--listen", "127.0.0.1:0", "--scenario", scenario])
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(wanted), "{wanted:?} in {told}");
    }
}
