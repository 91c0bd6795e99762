//! Records as a whole: their history, made anew, held against the switch's, exported, retired.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::house::{Ended, House, li, wang};

/// A file of these words; it goes with the folder.
fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

fn says(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    for part in parts {
        assert!(ended.stdout.contains(part), "{part:?} in {ended:?}");
    }
}

/// The record of the one call.
async fn the_call(house: &House) -> String {
    let over = |list: &Value| list[0]["outcome"] == "answered";
    let list = house.until(&["cdr", "list", "--medium", "voice", "--json"], over).await;
    list[0]["id"].as_str().expect("an id").to_owned()
}

const MAPPING: &str = "connector = \"avaya-bj\"\nzone = \"Asia/Shanghai\"\ntime = \"%Y/%m/%d %H:%M:%S\"\n[columns]\n\
    calling = \"from\"\ncalled = \"to\"\nended = [\"date\", \"time\"]\nduration = \"sec-dur\"\nextension = \"ext\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_switchs_file_is_imported_and_what_differs_is_told() {
    let house = House::with_a_call().await;
    let (folder, id) = (TempDir::new().expect("a folder"), the_call(&house).await);
    let mapping = file(&folder, "cm.toml", MAPPING);
    let rows = "date,time,sec-dur,from,to,ext\r\n2026/11/20,17:01:01,57,13800138000,65067,4751\r\n\
                2026/11/20,18:00:00,30,13900139000,65067,4750\r\n";
    let good = file(&folder, "cm.csv", rows);
    let import = ["cdr", "import", &good, "--format", "csv", "--mapping", &mapping];
    says(&house.trunkctl(&import).await, 0, &["2 records imported, 0 were known already"]);
    says(&house.trunkctl(&import).await, 0, &["0 records imported, 2 were known already"]);

    let day = ["cdr", "reconcile", "--day", "2026-11-20"];
    let missing = house.trunkctl(&["cdr", "reconcile", "--report", "2026-11-20"]).await;
    assert!(missing.code == 1 && missing.stderr.contains("no report was made of 2026-11-20"), "{missing:?}");
    let told = house.trunkctl(&day).await;
    says(&told, 1, &["1 calls on both sides, 1 of them differ", "0 only in events, 1 only at the switch"]);
    says(&told, 1, &["extension", "4751", "ONLY AT THE SWITCH", "13900139000"]);
    let kept = house.trunkctl(&["cdr", "reconcile", "--report", "2026-11-20", "--json"]).await;
    assert_eq!((kept.code, kept.json()["matched"].as_u64()), (1, Some(1)), "{kept:?}");
    let stretch = ["--since", "2026-11-18T00:00:00Z", "--until", "2026-11-21T00:00:00Z", "--dry-run", "--json"];
    let stretch = house.trunkctl(&[&["cdr", "reconcile"][..], &stretch].concat()).await.json();
    assert_eq!((stretch["matched"].as_u64(), stretch["only_at_switch"].as_u64()), (Some(1), Some(1)));

    // The record has the switch's figures beside its own, as its next revision.
    let shown = house.trunkctl(&["cdr", "show", &id]).await;
    says(&shown, 0, &["switch: duration", "57 s", "switch: confidence"]);
    let history = house.trunkctl(&["cdr", "show", &id, "--revisions"]).await;
    says(&history, 0, &["trunkline.call.ended.v1", "completed", "trunkline.cdr.reconciled.v1", "switch"]);
    let history = house.trunkctl(&["cdr", "show", &id, "--revisions", "--json"]).await.json();
    assert_eq!(
        (history[1]["revision"].as_u64(), history[1]["changes"][0]["field"].as_str()),
        (Some(2), Some("switch"))
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_makes_the_report_of_the_day_before_by_itself() {
    let day_before = || (OffsetDateTime::now_utc().date() - time::Duration::DAY).to_string();
    let before = day_before();
    let house = House::with_nights().await;
    let made = async {
        loop {
            // Midnight may pass meanwhile.
            for day in [before.clone(), day_before()] {
                let report = house.trunkctl(&["cdr", "reconcile", "--report", &day, "--json"]).await;
                if !report.stdout.is_empty() {
                    return (day, report);
                }
            }
        }
    };
    let (day, report) = tokio::time::timeout(std::time::Duration::from_secs(30), made).await.expect("a report");
    assert_eq!((report.code, report.json()["day"].as_str()), (0, Some(day.as_str())), "{report:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_bad_line_is_not_imported_at_all() {
    let house = House::open().await;
    let folder = TempDir::new().expect("a folder");
    let mapping = file(&folder, "cm.toml", MAPPING);
    let rows = "date,time,sec-dur,from,to,ext\n2026/11/20,17:01:01,57,1,2,3\n2026/11/20,noon,57,1,2,3\n";
    let bad = file(&folder, "cm.csv", rows);
    let ended = house.trunkctl(&["cdr", "import", &bad, "--format", "csv", "--mapping", &mapping]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("cm.csv:3: column \"date time\" holds \"2026/11/20 noon\""), "{ended:?}");
    assert!(ended.stderr.contains("1 lines cannot be read, so nothing was imported"), "{ended:?}");
    let lines = "{\"date\": \"2026/11/20\", \"time\": \"17:01:01\", \"sec-dur\": 57}\n\n";
    let lines = file(&folder, "cm.jsonl", lines);
    let ended = house.trunkctl(&["cdr", "import", &lines, "--format", "jsonl", "--mapping", &mapping, "--json"]).await;
    assert_eq!(ended.json(), serde_json::json!({"new": 1, "known": 0}));
    let ended = house.trunkctl(&["cdr", "import", &lines, "--format", "jsonl", "--mapping", &lines]).await;
    assert!(ended.code == 2 && ended.stderr.contains("is no good"), "{ended:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_made_anew_page_by_page_and_are_the_same() {
    let house = House::with_a_call().await;
    house.chat_of(&wang(), "hello").await;
    house.chat_of(&li(), "hello too").await;
    the_call(&house).await;
    let every = house.trunkctl(&["cdr", "rebuild", "--page", "1"]).await;
    says(&every, 0, &["3 records made anew: 3 the same, 0 restored, 0 revised"]);
    assert!(every.stderr.contains("(--after "), "it says where to go on: {every:?}");
    let one = ["cdr", "rebuild", "--source", "avaya-bj", "--since", "2026-11-20T00:00:00Z", "--dry-run", "--json"];
    let one = house.trunkctl(&one).await.json();
    assert_eq!((one["looked"].as_u64(), one["same"].as_u64()), (Some(1), Some(1)), "{one}");
    let none = house.trunkctl(&["cdr", "rebuild", "--source", "nobody", "--dry-run"]).await;
    says(&none, 0, &["0 records would be made anew"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_go_is_said_and_nothing_goes_by_default() {
    let house = House::with_a_call().await;
    the_call(&house).await;
    let said = house.trunkctl(&["cdr", "retention", "--dry-run"]).await;
    says(&said, 0, &["WOULD GO", "raw events", "for ever"]);
    let done = house.trunkctl(&["cdr", "retention", "--json"]).await.json();
    assert_eq!((done["events_days"].as_u64(), done["removed"]["events"].as_u64()), (Some(0), Some(0)), "{done}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_exported_to_a_file_or_to_stdout() {
    let house = House::with_a_call().await;
    house.chat_of(&wang(), "hello").await;
    let id = the_call(&house).await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("records.csv");
    let target = path.to_str().expect("UTF-8");
    let export = ["cdr", "export", "--format", "csv", "--until", "2026-11-21T00:00:00Z", "--output", target];
    says(&house.trunkctl(&export).await, 0, &["1 records in "]);
    let text = std::fs::read_to_string(&path).expect("it is there");
    assert!(text.starts_with("id,revision,medium,") && text.contains(&id) && text.lines().count() == 2, "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 1, "nothing half done is left");
    let lines = house.trunkctl(&["cdr", "export", "--format", "jsonl"]).await;
    let records: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((records.len(), lines.stderr.as_str()), (2, "trunkctl: 2 records\n"));
    assert!(records.iter().any(|record| record["id"] == id.as_str()));
    let nowhere = house.trunkctl(&["cdr", "export", "--format", "csv", "--output", "/nowhere/records.csv"]).await;
    assert!(nowhere.code == 2 && nowhere.stderr.contains("check the path"), "{nowhere:?}");
    house.close().await;
}

/// Runs where `TRUNKLINE_PEERS` names the directory whose `venv/` holds `tests/peers/parquet/requirements.txt`.
#[tokio::test(flavor = "multi_thread")]
async fn pyarrow_reads_the_export() {
    let Some(peers) = std::env::var_os("TRUNKLINE_PEERS").map(PathBuf::from) else {
        return; // The peer is not installed; `./test` installs it.
    };
    let house = House::with_a_call().await;
    house.chat_of(&wang(), "hello").await;
    let id = the_call(&house).await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("records.parquet");
    let target = path.to_str().expect("UTF-8");
    says(&house.trunkctl(&["cdr", "export", "--format", "parquet", "--output", target]).await, 0, &["2 records in "]);
    let read = std::process::Command::new(peers.join("venv/bin/python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/parquet/read.py"))
        .arg(&path)
        .output()
        .expect("python runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let told: Value = serde_json::from_slice(&read.stdout).expect("JSON");
    assert_eq!(told["types"]["started"], "timestamp[us, tz=UTC]", "{told}");
    assert_eq!((told["types"]["talk_ms"].as_str(), told["types"]["outcome"].as_str()), (Some("int64"), Some("string")));
    let rows = told["rows"].as_array().expect("rows");
    let call = rows.iter().find(|row| row["id"] == id.as_str()).expect("the call");
    assert_eq!((rows.len(), call["customer_handle"].as_str()), (2, Some("13800138000")));
    assert_eq!((call["talk_ms"].as_u64(), call["ended"].as_str()), (Some(56_000), Some("2026-11-20T09:01:00+00:00")));
    house.close().await;
}
