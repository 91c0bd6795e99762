//! The defaults of a small house, embedded bus and SQLite in one process, killed with SIGKILL again and again under chats.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use trunkline_simulators::web_chat::{Ledger, run};
use trunkline_test_support::daemon::Daemon;

const SECRET: &str = "whsec_ZW1iZWRkZWQtc2VjcmV0LW9mLXRydW5rbGluZS10ZXN0cw==";
const CHATS: usize = 40;
const MESSAGES: usize = 12;
const KILLS: usize = 6;
/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(180);

fn config(home: &Path) -> String {
    let data_dir = home.join("data").display().to_string();
    format!(
        r#"
[daemon]
data_dir = "{data_dir}"
[bus]
transport = "embedded"
[store]
backend = "sqlite"
[connectors.web-chat]
kind = "chat-webhook"
[connectors.web-chat.params]
secrets = ["{SECRET}"]
"#
    )
}

/// The administrator's look at the books of the chat; none while the daemon is away.
async fn books(daemon: &Daemon, home: &Path) -> Option<Vec<Value>> {
    let token = std::fs::read_to_string(home.join("data/admin.token")).ok()?;
    let client = reqwest::Client::builder().no_proxy().build().ok()?;
    let asked = client.get(format!("http://{}/api/v1/audit", daemon.address())).bearer_auth(token.trim());
    let page: Value = asked.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
    Some(page["items"].as_array()?.clone())
}

fn stored(books: &[Value]) -> u64 {
    books.iter().filter_map(|page| page["stored"].as_u64()).sum()
}

/// All message ids that stand in the store, as often as they stand.
fn messages(home: &Path) -> Vec<String> {
    let script = "import sqlite3, sys, json\n\
        rows = sqlite3.connect(sys.argv[1]).execute(\"select body from event where type = 'trunkline.chat.message.v1'\")\n\
        for (body,) in rows: print(json.loads(body)['data']['message_id'])";
    let file = home.join("data/store.sqlite");
    let done = Command::new("python3").args(["-c", script]).arg(file).output().expect("python runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_a_daemon_on_the_embedded_bus_is_killed_under_load() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().expect("a folder");
    let program = env!("CARGO_BIN_EXE_trunkline");
    let mut daemon = Daemon::prepare(program, home.path(), &config(home.path())).expect("a configuration");
    daemon.start().await;
    let url = format!("http://{}/ingest/web-chat", daemon.address());
    let scenario = format!("[load]\nchats = {CHATS}\nmessages = {MESSAGES}\nat_once = 8\n");
    let telling = tokio::spawn(async move { run(&scenario, &url, SECRET, Ledger::new()).await });
    let story = async {
        let all = CHATS * (MESSAGES + 2);
        for kill in 1..=KILLS {
            // In the middle of the load, wherever the machine is by then.
            let enough = (all * kill / (KILLS + 1)) as u64;
            while books(&daemon, home.path()).await.is_none_or(|books| stored(&books) < enough) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            daemon.kill().await;
            daemon.start().await;
        }
        let ledger = telling.await.expect("no panic").expect("a good scenario");
        assert!(ledger.entries().iter().all(|entry| entry.accepted), "everything was taken in the end");
        loop {
            let books = books(&daemon, home.path()).await.expect("the books");
            if stored(&books) >= all as u64 && books.iter().all(|page| page["waiting"] == 0) {
                return (ledger, books);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (ledger, books) = tokio::time::timeout(PATIENCE, story).await.expect("something is lost, or hangs");
    for page in &books {
        let count = |key: &str| page[key].as_u64().expect("a count");
        assert_eq!(count("taken"), count("stored") + count("duplicate") + count("rejected"), "{page}");
    }
    daemon.terminate().await;
    let mut standing = messages(home.path());
    let mut told: Vec<String> = ledger.entries().iter().filter_map(|entry| entry.message.clone()).collect();
    standing.sort();
    told.sort();
    told.dedup();
    assert_eq!(standing, told, "every message stands once");
}
