//! An outside CloudEvents library reads what we publish.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use trunkline_events::Event;

use super::samples::{folder, samples};

/// Runs where `TRUNKLINE_PEERS` names the directory whose `venv/` holds `tests/peers/cloudevents/requirements.txt`.
///
/// The library validates each event and writes it again; read back, it is the same event.
#[test]
fn the_python_cloudevents_library_reads_every_event_we_publish() {
    let Some(peers) = env::var_os("TRUNKLINE_PEERS").map(PathBuf::from) else {
        return; // The peer is not installed; `./test` installs it.
    };
    let published = tempfile::tempdir().expect("a folder");
    let events: Vec<Event> = samples().iter().map(|(_, json)| Event::from_json(json).expect("a sample")).collect();
    for ((name, _), event) in samples().iter().zip(&events) {
        std::fs::write(published.path().join(name), event.to_json().expect("writes")).expect("writable");
    }
    let output = Command::new(peers.join("venv/bin/python"))
        .arg(folder("../../tests/peers/cloudevents/read.py"))
        .arg(published.path())
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let read: Vec<Event> = told.lines().map(|line| Event::from_json(line.as_bytes()).expect("an event")).collect();
    assert_eq!(read, events);
}
