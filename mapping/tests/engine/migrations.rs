//! The schema from empty, and from every older schema that was ever released.
//!
//! `src/store/schema/NNNN.postgres.sql` and `NNNN.sqlite.sql` are dumps of what the database looked like after step NNNN.
//! After adding a step, `UPDATE=1 cargo test -p trunkline-mapping --test engine migrations` writes its dumps.

use std::path::{Path, PathBuf};

use trunkline_mapping::store::{Settings, Store};

use crate::house::{House, SERVER};
use crate::told::{avaya, whole_call};

const NEWEST: &str = "0007";

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema")
}

/// Dumps of one kind of database, the oldest first.
fn dumps(suffix: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(schemas()).expect("the schemas are there");
    let mut found: Vec<PathBuf> = listed.map(|entry| entry.expect("reads").path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(suffix));
    found.sort();
    found
}

/// Without comments, settings, and the time at which steps were applied.
fn plain(dump: &str) -> String {
    let kept = dump.lines().filter(|line| {
        let noise = ["--", "SET ", "SELECT pg_catalog.set_config", "\\", "BEGIN", "COMMIT"];
        !line.trim().is_empty() && !noise.iter().any(|start| line.starts_with(start))
    });
    let mut plain = String::new();
    for line in kept {
        let line =
            match line.rsplit_once(',').filter(|_| line.contains("seaql_migrations") && line.starts_with("INSERT")) {
                Some((start, _)) => format!("{start},0);"),
                None => line.to_owned(),
            };
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

fn dump(url: &str) -> String {
    if let Some((_, name)) = url.rsplit_once('/').filter(|_| url.starts_with("postgres")) {
        return plain(&SERVER.lock().expect("no test broke the server").dump(name).expect("dumps"));
    }
    let script = "import sqlite3, sys\nfor line in sqlite3.connect(sys.argv[1]).iterdump(): print(line)";
    let file = url.trim_start_matches("sqlite:");
    let done = std::process::Command::new("python3").args(["-c", script, file]).output().expect("python runs");
    let text = String::from_utf8(done.stdout).expect("text");
    // The counters of AUTOINCREMENT are contents, made with the first row.
    plain(&text.lines().filter(|line| !line.contains("sqlite_sequence")).collect::<Vec<_>>().join("\n"))
}

async fn the_newest_schema_is_the_one_that_is_committed(house: &House) {
    let suffix = if house.is_postgres() { "postgres.sql" } else { "sqlite.sql" };
    let path = schemas().join(format!("{NEWEST}.{suffix}"));
    let now = tokio::task::block_in_place(|| dump(&house.url));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).expect("writes");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, committed, "the schema is not that of {}: run with UPDATE=1", path.display());
    assert_eq!(dumps(suffix).last(), Some(&path));
}

/// `house` lends its kind of database; each dump gets a fresh one.
async fn every_older_schema_comes_up_to_the_newest(house: &House) {
    let newest = tokio::task::block_in_place(|| dump(&house.url));
    let suffix = if house.is_postgres() { "postgres.sql" } else { "sqlite.sql" };
    for path in dumps(suffix) {
        let script = std::fs::read_to_string(&path).expect("reads");
        let directory = tempfile::tempdir().expect("a directory");
        let url = tokio::task::block_in_place(|| restore(house, &script, directory.path()));
        drop(Store::open(&Settings::new(&url)).await.expect("comes up"));
        assert_eq!(tokio::task::block_in_place(|| dump(&url)), newest, "from {}", path.display());
        let old = House::at(url, None).await;
        assert_eq!(old.apply(&whole_call(&avaya(), 0, "c1", "13800138001")).await.new, 5);
    }
}

fn restore(house: &House, script: &str, directory: &Path) -> String {
    if house.is_postgres() {
        let server = SERVER.lock().expect("no test broke the server");
        let url = server.fresh_database().expect("makes a database");
        server.execute(url.rsplit_once('/').expect("a name").1, script).expect("restores");
        return url;
    }
    let file = directory.join("old.db");
    let restore = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())";
    let mut child = std::process::Command::new("python3")
        .args(["-c", restore, &file.to_string_lossy()])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("python runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), script.as_bytes()).expect("writes");
    assert!(child.wait().expect("ends").success());
    format!("sqlite:{}", file.display())
}

async fn two_processes_may_start_at_once(house: &House) {
    let (one, other) = tokio::join!(house.neighbour(), house.neighbour());
    assert_eq!(one.apply(&whole_call(&avaya(), 0, "c1", "13800138001")).await.expect("applies").new, 5);
    assert_eq!(other.apply(&whole_call(&avaya(), 0, "c1", "13800138001")).await.expect("applies").redelivered, 5);
}

crate::on_both! {
    the_newest_schema_is_the_one_that_is_committed,
    every_older_schema_comes_up_to_the_newest,
    two_processes_may_start_at_once,
}
