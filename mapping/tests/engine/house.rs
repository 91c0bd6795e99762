//! A fresh database with an engine on it.

use std::sync::{LazyLock, Mutex};

use trunkline_events::Event;
use trunkline_mapping::engine::{Applied, Engine, Knowledge, Records};
use trunkline_mapping::store::{Settings, Store};
use trunkline_test_support::postgres::Postgres;

/// One server for all tests of this binary; it ends with the process.
pub(crate) static SERVER: LazyLock<Mutex<Postgres>> =
    LazyLock::new(|| Mutex::new(Postgres::start().expect("a private PostgreSQL starts")));

/// A database of its own for one test.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    knowledge: Knowledge,
    _directory: Option<tempfile::TempDir>,
}

impl House {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite:{}", directory.path().join("trunkline.db").display());
        Self::at(url, Some(directory)).await
    }

    pub(crate) async fn postgres() -> Self {
        let url = tokio::task::block_in_place(|| {
            SERVER.lock().expect("no test broke the server").fresh_database().expect("makes a database")
        });
        Self::at(url, None).await
    }

    pub(crate) async fn at(url: String, directory: Option<tempfile::TempDir>) -> Self {
        let store = Store::open(&Settings { writers: 8, ..Settings::new(&url) }).await.expect("opens");
        let knowledge = Knowledge::default();
        Self { engine: Engine::new(store, knowledge.clone()), url, knowledge, _directory: directory }
    }

    /// Another empty database of the same kind.
    pub(crate) async fn like(&self) -> Self {
        if self.is_postgres() { Self::postgres().await } else { Self::sqlite().await }
    }

    /// The same house with other rules and dial plans.
    pub(crate) fn knowing(self, knowledge: Knowledge) -> Self {
        Self { engine: Engine::new(self.engine.store().clone(), knowledge.clone()), knowledge, ..self }
    }

    /// The same database, seen by a process with other rules and dial plans.
    pub(crate) async fn with(&self, knowledge: Knowledge) -> Self {
        Self::at(self.url.clone(), None).await.knowing(knowledge)
    }

    /// Another process on the same database that has learned nothing yet.
    pub(crate) async fn stranger(&self) -> Engine {
        Self::at(self.url.clone(), None).await.engine
    }

    /// Another process on the same database.
    pub(crate) async fn neighbour(&self) -> Engine {
        let store = Store::open(&Settings { writers: 2, ..Settings::new(&self.url) }).await.expect("opens");
        Engine::new(store, self.knowledge.clone())
    }

    pub(crate) async fn apply(&self, events: &[Event]) -> Applied {
        self.engine.apply(events).await.expect("applies")
    }

    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    pub(crate) fn records(&self) -> Records {
        self.engine.records()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// Runs statements outside of Trunkline.
    pub(crate) fn execute(&self, sql: &str) -> String {
        let (url, sql) = (self.url.clone(), sql.to_owned());
        tokio::task::block_in_place(|| {
            if let Some(name) = url.rsplit_once('/').filter(|_| url.starts_with("postgres")) {
                return SERVER.lock().expect("no test broke the server").execute(name.1, &sql).expect("runs");
            }
            let file = url.trim_start_matches("sqlite:").to_owned();
            let done =
                std::process::Command::new("python3").args(["-c", SQLITE, &file, &sql]).output().expect("python runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8_lossy(&done.stdout).into_owned()
        })
    }
}

const SQLITE: &str = "
import sqlite3, sys
c = sqlite3.connect(sys.argv[1], timeout=10)
for statement in sys.argv[2].split(';;'):
    for row in c.execute(statement):
        print('|'.join('' if v is None else str(v) for v in row))
c.commit()
";
