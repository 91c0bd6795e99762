//! What the daemon says when it cannot start: the key and the mend.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the daemon on a configuration that cannot work, and waits for its end.
fn run(folder: &Path, configuration: &str) -> Output {
    let file = folder.join("trunkline.toml");
    let data = folder.join("data");
    let configuration = format!("[daemon]\ndata_dir = '{}'\n{configuration}", data.display());
    std::fs::write(&file, configuration).expect("written");
    Command::new(env!("CARGO_BIN_EXE_trunkline")).args(["run", "--config"]).arg(file).output().expect("it runs")
}

fn refused(output: &Output, told: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in told {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn a_port_in_use_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("bound").to_string();
    let output = run(folder.path(), &format!("[http]\nlisten = '{listen}'\n"));
    refused(&output, &["http.listen: cannot listen on", &listen, "Set another address", "in use"]);
}

#[test]
fn all_problems_of_a_configuration_are_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let output =
        run(folder.path(), "[http]\nlisen = 1\n[connectors.a]\nkind = 'avaya-dmcc'\n[connectors.b]\nkind = 'x'\n");
    refused(
        &output,
        &["http.lisen: ", "connectors.a.params.host: ", "connectors.a.params.user: ", "connectors.b.kind: "],
    );
    assert!(!folder.path().join("data").exists(), "nothing is made before the configuration is good");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data"), "a file stands in the way").expect("written");
    let output = run(folder.path(), "[http]\nlisten = '127.0.0.1:0'\n");
    refused(&output, &["daemon.data_dir: cannot make"]);
}
