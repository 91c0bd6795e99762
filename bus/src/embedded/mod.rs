//! The bus in one SQLite file, for one process.
//!
//! The same promises as on a broker: a publish is answered after the commit that made it durable (WAL,
//! `synchronous=FULL`), a message stays until it is settled, one consumer of a queue is active at a time.
//!
//! - One task, [`writer`], owns the only writing connection and commits what waits in one transaction.
//! - [`routes`] decides which queues take a message. [`store`] holds the SQL. [`consumer`] reads.

mod consumer;
mod dead;
mod routes;
mod schema;
mod store;
mod writer;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqlitePool;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

pub(crate) use consumer::EmbeddedSubscription;

use self::writer::{Operation, Reply};
use crate::link::LinkState;
use crate::tasks::Tasks;
use crate::{BusError, EmbeddedSettings, Limits, Publisher, QueueDepth};

/// Requests that wait for the writing task.
const REQUESTS: usize = 1024;

/// What all parts of this transport share.
#[derive(Debug)]
pub(crate) struct Embedded {
    shards: u16,
    limits: Limits,
    readers: SqlitePool,
    operations: mpsc::Sender<Operation>,
    publisher: Publisher,
    bells: Arc<Bells>,
    turns: Turns,
    leases: Turns,
}

/// One bell a queue, rung after a commit that put something in it.
#[derive(Debug, Default)]
pub(super) struct Bells(Mutex<HashMap<String, Arc<Notify>>>);

impl Bells {
    fn of(&self, queue: &str) -> Arc<Notify> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.entry(queue.to_owned()).or_default().clone()
    }
}

/// One holder at a time for each name.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Turns {
    async fn take(&self, name: &str) -> Result<OwnedSemaphorePermit, BusError> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
        };
        turn.acquire_owned().await.map_err(|_| BusError::Closed)
    }
}

impl Embedded {
    /// Opens the file, made and migrated if need be, and counts what was in the hands of a process that crashed.
    pub(crate) async fn open(
        settings: &EmbeddedSettings,
        limits: Limits,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, BusError> {
        if !(1..=64).contains(&settings.shards) {
            let value = settings.shards.to_string();
            return Err(BusError::Setting { key: "shards", value, expected: "a number from 1 to 64" });
        }
        let lock = lock(&settings.path)?;
        let writing = schema::open(&settings.path).await?;
        let readers = schema::readers(&settings.path);
        let (state, link) = watch::channel(LinkState::starting());
        let (requests, asked) = mpsc::channel(REQUESTS);
        let (operations, ordered) = mpsc::channel(REQUESTS);
        let bells = Arc::new(Bells::default());
        let writer = writer::Writer::start(writing, lock, settings, state, bells.clone()).await?;
        let readers_of_writer = readers.clone();
        tasks.spawn(async move {
            writer.run(asked, ordered).await;
            readers_of_writer.close().await;
        });
        let publisher = Publisher { requests, link };
        let (turns, leases) = Default::default();
        Ok(Arc::new(Self { shards: settings.shards, limits, readers, operations, publisher, bells, turns, leases }))
    }

    pub(crate) fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    pub(crate) fn shards(&self) -> u16 {
        self.shards
    }

    pub(crate) fn link(&self) -> watch::Receiver<LinkState> {
        self.publisher.link.clone()
    }

    /// Waits until nobody else in this process holds the name; no other process can.
    pub(crate) async fn lease(&self, name: &str) -> Result<OwnedSemaphorePermit, BusError> {
        self.leases.take(name).await
    }

    pub(crate) async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        store::depths(&self.readers).await.map_err(failed("counting messages"))
    }

    /// Sends an operation to the writer and waits for its commit.
    async fn write<T>(&self, operation: impl FnOnce(Reply<T>) -> Operation) -> Result<T, BusError> {
        let (reply, answer) = oneshot::channel();
        self.operations.send(operation(reply)).await.map_err(|_| BusError::Closed)?;
        answer.await.map_err(|_| BusError::Closed)?.map_err(|reason| BusError::Away { reason })
    }
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> BusError {
    move |cause| BusError::Database { doing, cause }
}

/// One process a file.
fn lock(path: &Path) -> Result<File, BusError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let failed = |cause| BusError::QueueFile { path: lock_path.clone(), cause };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let file = File::create(&lock_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BusError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
    }
}
