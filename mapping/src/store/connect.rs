//! Opening a database: pools, time limits, and what each kind of database needs to be durable and steady.

use std::time::Duration;

use sea_orm::sqlx::Connection as _;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use super::error::StoreError;
use super::migration::migrate;
use super::session::Session;

/// Which database, and how much of it to use.
#[derive(Clone)]
pub struct Settings {
    /// `postgres://user@host/database` or `sqlite:/path/to/file` (`sqlite::memory:` for a store that is gone at the end).
    pub url: String,
    /// The database password, kept out of the URL so that it cannot leak with it.
    pub password: Option<String>,
    /// Connections that apply batches (PostgreSQL; SQLite has one writer).
    pub writers: u32,
    /// Connections that answer queries.
    pub readers: u32,
    /// How long to wait for a connection before the database counts as away.
    pub connect_timeout: Duration,
    /// How long one statement may take (PostgreSQL).
    pub statement_timeout: Duration,
}

impl Settings {
    /// The database at `url` with the defaults of everything else.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            writers: 4,
            readers: 4,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// An open database with the newest schema. Cheap to clone; all clones share the pools.
#[derive(Clone)]
pub struct Store {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    backend: DbBackend,
}

/// A connection that was idle for longer is asked whether it still stands before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// A transaction that is rolled back unless it is committed.
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    backend: DbBackend,
}

impl Store {
    /// Connects and migrates. Fails if the database does not answer within the connect timeout.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        if settings.url.starts_with("postgres://") || settings.url.starts_with("postgresql://") {
            return Self::open_postgres(settings).await;
        }
        if settings.url.starts_with("sqlite:") {
            return Self::open_sqlite(settings).await;
        }
        // A URL may hold a password: only what stands before the colon is told.
        Err(StoreError::Url(settings.url.split(':').next().unwrap_or_default().to_owned()))
    }

    async fn open_postgres(settings: &Settings) -> Result<Self, StoreError> {
        let open = |cause| StoreError::Open { backend: "PostgreSQL", cause };
        let mut writer = postgres_options(settings, settings.writers, &WRITER);
        // A round trip for each transaction otherwise. What was at work a moment ago is taken to be alive.
        writer.map_sqlx_postgres_pool_opts(|pool| {
            pool.test_before_acquire(false).before_acquire(|connection, known| {
                Box::pin(async move {
                    if known.idle_for > IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
        });
        let writer = Database::connect(writer).await.map_err(open)?;
        migrate(&writer).await.map_err(open)?;
        let reader = postgres_options(settings, settings.readers, &READER);
        let reader = Database::connect(reader).await.map_err(open)?;
        Ok(Self { writer, reader, backend: DbBackend::Postgres })
    }

    async fn open_sqlite(settings: &Settings) -> Result<Self, StoreError> {
        let open = |cause| StoreError::Open { backend: "SQLite", cause };
        let writer = Database::connect(sqlite_options(settings, 1)).await.map_err(open)?;
        migrate(&writer).await.map_err(open)?;
        // A memory database lives in its one connection.
        let reader = if settings.url.contains(":memory:") {
            writer.clone()
        } else {
            Database::connect(sqlite_options(settings, settings.readers)).await.map_err(open)?
        };
        Ok(Self { writer, reader, backend: DbBackend::Sqlite })
    }

    /// `PostgreSQL` or `SQLite`.
    pub fn backend(&self) -> &'static str {
        if self.backend == DbBackend::Postgres { "PostgreSQL" } else { "SQLite" }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.ping().await.map_err(StoreError::database("reach the database"))
    }

    /// Closes all connections; waits for those at work.
    pub async fn close(self) -> Result<(), StoreError> {
        self.writer.close_by_ref().await.map_err(StoreError::database("close its connections"))?;
        self.reader.close_by_ref().await.map_err(StoreError::database("close its connections"))
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        // A writer says so at once: a reader that turns writer fails when another process wrote meanwhile.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.writer.begin_with_options(options).await;
        let inner = begun.map_err(StoreError::database("begin a transaction"))?;
        Ok(Transaction { inner, backend: self.backend })
    }

    /// For queries that want the first rows of a long index in its order, and nothing else. PostgreSQL's planner knows how
    /// many rows a usual key has; for the rare key that has thousands it would gather and sort them all.
    pub(crate) async fn begin_reading_in_order(&self) -> Result<Transaction, StoreError> {
        let inner = self.reader.begin().await.map_err(StoreError::database("begin to read"))?;
        let transaction = Transaction { inner, backend: self.backend };
        if self.backend == DbBackend::Postgres {
            transaction.session().say("plan in order", "SET LOCAL enable_bitmapscan = off").await?;
        }
        Ok(transaction)
    }

    /// For single statements that write.
    pub(crate) fn writing(&self) -> Session<'_> {
        Session::new(&self.writer, self.backend)
    }

    /// For queries.
    pub(crate) fn reading(&self) -> Session<'_> {
        Session::new(&self.reader, self.backend)
    }
}

impl Transaction {
    pub(crate) fn session(&self) -> Session<'_> {
        Session::new(&self.inner, self.backend)
    }

    /// After an error here the outcome is unknown: the same batch must be applied again, which the inbox makes harmless.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(StoreError::database("commit"))
    }

    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        self.inner.rollback().await.map_err(StoreError::database("roll back"))
    }
}

fn options(settings: &Settings, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(settings.url.clone());
    options
        .max_connections(connections.max(1))
        .min_connections(1)
        .connect_timeout(settings.connect_timeout)
        .acquire_timeout(settings.connect_timeout)
        // Statements carry what people said and their numbers.
        .sqlx_logging(false);
    options
}

/// What a batch asks for it asks by key. A young table without statistics tempts the planner to read all of it for each batch,
/// and to go on doing so until the next ANALYZE. With only the way by key left there is one plan for each statement, so
/// it is made once a connection: planning anew cost a small batch as much as carrying it out.
const WRITER: [(&str, &str); 4] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// A cached generic plan of a statement over an array falls back to reading whole tables once they grow.
const READER: [(&str, &str); 1] = [("plan_cache_mode", "force_custom_plan")];

fn postgres_options(
    settings: &Settings,
    connections: u32,
    planner: &'static [(&'static str, &'static str)],
) -> ConnectOptions {
    let mut options = options(settings, connections);
    let limit = settings.statement_timeout.as_millis().to_string();
    let password = settings.password.clone();
    options.map_sqlx_postgres_opts(move |mut connect| {
        if let Some(password) = &password {
            connect = connect.password(password);
        }
        connect.application_name("trunkline").options(planner.iter().copied()).options([
            ("statement_timeout", limit.as_str()),
            ("idle_in_transaction_session_timeout", "60000"),
            ("synchronous_commit", "on"),
            ("jit", "off"),
        ])
    });
    options
}

fn sqlite_options(settings: &Settings, connections: u32) -> ConnectOptions {
    let mut options = options(settings, connections);
    // Closing the last connection of a memory database would lose it.
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options.map_sqlx_sqlite_opts(|connect| {
        connect
            .create_if_missing(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .busy_timeout(Duration::from_secs(10))
    });
    options
}
