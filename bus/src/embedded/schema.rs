//! The file: how it is opened and what its tables are.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::failed;
use crate::BusError;

/// How long a lock that another program holds on the file is waited for.
const BUSY: Duration = Duration::from_secs(2);
const READERS: u32 = 4;

/// Kept in `user_version`; one entry leads to the next version.
const MIGRATIONS: [&str; 1] = ["
    create table binding (queue text not null, exchange text not null, pattern text not null,
        primary key (queue, exchange, pattern)) without rowid, strict;
    create table message (
        place integer primary key autoincrement,
        queue text not null,
        visible_at integer not null,
        deliveries integer not null,
        attempt integer not null,
        id blob not null,
        exchange text not null,
        routing_key text not null,
        partition_key text not null,
        source text not null,
        epoch text,
        number integer,
        published_at integer not null,
        body blob not null) strict;
    create index message_of_queue on message (queue, visible_at, place);
    create table dead (
        place integer primary key autoincrement,
        queue text not null,
        reason text not null,
        attempts integer not null,
        died_at integer not null,
        id blob not null,
        exchange text not null,
        routing_key text not null,
        partition_key text not null,
        source text not null,
        epoch text,
        number integer,
        published_at integer not null,
        body blob not null) strict;
    create index dead_of_event on dead (id);
    create table claim (queue text primary key, first integer not null, last integer not null) without rowid, strict;
"];

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        // Statements are logged with their values otherwise.
        .disable_statement_logging()
}

/// The writing connection.
pub(super) async fn connect(path: &Path) -> sqlx::Result<SqliteConnection> {
    options(path).connect().await
}

/// The writing connection, its tables brought up to date.
pub(super) async fn open(path: &Path) -> Result<SqliteConnection, BusError> {
    let mut connection = connect(path).await.map_err(failed("opening the file"))?;
    let version: i64 = sqlx::query_scalar("pragma user_version")
        .fetch_one(&mut connection)
        .await
        .map_err(failed("reading the schema version"))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(BusError::Schema { path: path.to_owned(), found: version, known });
    }
    for (from, statements) in (0_i64..).zip(MIGRATIONS).skip(usize::try_from(version).unwrap_or(0)) {
        migrate(&mut connection, from + 1, statements).await.map_err(failed("migrating the schema"))?;
    }
    Ok(connection)
}

async fn migrate(connection: &mut SqliteConnection, to: i64, statements: &'static str) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(statements).execute(&mut *transaction).await?;
    // A pragma takes no parameter; the value is a number of ours.
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("pragma user_version = {to}"))).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Connections that only read; opened when first used.
pub(super) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(BUSY).connect_lazy_with(options(path))
}
