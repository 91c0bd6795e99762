//! The SQL. Every function that writes runs inside the writer's transaction.

use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};
use trunkline_events::{Sequence, Timestamp};
use uuid::Uuid;

use crate::link::now;
use crate::{Exchange, Outgoing, QueueDepth};

/// Rows in one statement; SQLite takes 32,766 parameters.
const ROWS: usize = 1000;

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) place: i64,
    pub(super) deliveries: u32,
    pub(super) attempt: u32,
    pub(super) id: Uuid,
    pub(super) partition_key: String,
    pub(super) source: String,
    pub(super) sequence: Option<Sequence>,
    pub(super) body: Vec<u8>,
}

/// Puts messages into queues, in this order.
pub(super) async fn insert(connection: &mut SqliteConnection, rows: &[(String, &Outgoing)]) -> sqlx::Result<()> {
    let published = now().unix_millis();
    for some in rows.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into message (queue, visible_at, deliveries, attempt, id, exchange, routing_key, partition_key, \
             source, epoch, number, published_at, body) ",
        );
        insert.push_values(some, |mut row, (queue, message)| {
            row.push_bind(queue.as_str()).push_bind(0_i64).push_bind(0_i64).push_bind(1_i64);
            push_message(&mut row, message);
            row.push_bind(published).push_bind(&message.body[..]);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts messages among the dead letters that no queue took.
pub(super) async fn bury(connection: &mut SqliteConnection, messages: &[Outgoing], reason: &str) -> sqlx::Result<()> {
    let died = now().unix_millis();
    for some in messages.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into dead (queue, reason, attempts, died_at, id, exchange, routing_key, partition_key, \
             source, epoch, number, published_at, body) ",
        );
        insert.push_values(some, |mut row, message| {
            row.push_bind("").push_bind(reason).push_bind(1_i64).push_bind(died);
            push_message(&mut row, message);
            row.push_bind(died).push_bind(&message.body[..]);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

fn push_message(row: &mut sqlx::query_builder::Separated<'_, Sqlite, &'static str>, message: &Outgoing) {
    let sequence = message.sequence.as_ref();
    row.push_bind(&message.id.as_bytes()[..])
        .push_bind(message.exchange.name())
        .push_bind(message.routing_key.as_str())
        .push_bind(message.partition_key.as_str())
        .push_bind(message.source.as_str())
        .push_bind(sequence.map(|sequence| sequence.epoch.as_str()))
        .push_bind(sequence.map(|sequence| i64::try_from(sequence.number).unwrap_or(i64::MAX)));
}

/// Removes settled messages.
pub(super) async fn remove(connection: &mut SqliteConnection, places: &[i64]) -> sqlx::Result<()> {
    for some in places.chunks(ROWS) {
        let mut delete = QueryBuilder::<Sqlite>::new("delete from message where place in (");
        let mut list = delete.separated(", ");
        for place in some {
            list.push_bind(*place);
        }
        list.push_unseparated(")");
        delete.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Hides a message until then, for its next attempt.
pub(super) async fn hide(connection: &mut SqliteConnection, place: i64, visible_at: i64) -> sqlx::Result<()> {
    sqlx::query("update message set visible_at = ?, attempt = attempt + 1, deliveries = 0 where place = ?")
        .bind(visible_at)
        .bind(place)
        .execute(connection)
        .await
        .map(drop)
}

/// Moves a message to the dead letters.
pub(super) async fn kill(connection: &mut SqliteConnection, place: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into dead (queue, reason, attempts, died_at, id, exchange, routing_key, partition_key, source, epoch, \
         number, published_at, body) select queue, ?, max(attempt, deliveries), ?, id, exchange, routing_key, \
         partition_key, source, epoch, number, published_at, body from message where place = ?",
    )
    .bind(reason)
    .bind(now().unix_millis())
    .bind(place)
    .execute(&mut *connection)
    .await?;
    remove(connection, &[place]).await
}

/// Counts a delivery that ended without an answer.
pub(super) async fn returned(connection: &mut SqliteConnection, queue: &str, places: &[i64]) -> sqlx::Result<()> {
    for place in places {
        sqlx::query("update message set deliveries = deliveries + 1 where place = ?")
            .bind(place)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("delete from claim where queue = ?").bind(queue).execute(connection).await.map(drop)
}

/// Notes what is in a consumer's hands, for a count after a crash.
pub(super) async fn claim(connection: &mut SqliteConnection, queue: &str, first: i64, last: i64) -> sqlx::Result<()> {
    sqlx::query("insert or replace into claim (queue, first, last) values (?, ?, ?)")
        .bind(queue)
        .bind(first)
        .bind(last)
        .execute(connection)
        .await
        .map(drop)
}

/// Counts a delivery for everything that was in somebody's hands when the process ended, and drops what belonged to
/// subscriptions that ended with it.
pub(super) async fn recover(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "update message set deliveries = deliveries + 1 where exists (select 1 from claim
             where claim.queue = message.queue and message.place between claim.first and claim.last);
         delete from claim;
         delete from message where queue glob 'trunkline.live.*';
         delete from binding where queue glob 'trunkline.live.*';",
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn bind(
    connection: &mut SqliteConnection,
    queue: &str,
    exchange: Exchange,
    pattern: &str,
) -> sqlx::Result<()> {
    sqlx::query("insert or ignore into binding (queue, exchange, pattern) values (?, ?, ?)")
        .bind(queue)
        .bind(exchange.name())
        .bind(pattern)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn bindings(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(String, String, String)>> {
    sqlx::query_as("select exchange, pattern, queue from binding").fetch_all(connection).await
}

pub(super) async fn drop_queue(connection: &mut SqliteConnection, queue: &str) -> sqlx::Result<()> {
    for statement in ["delete from message where queue = ?", "delete from binding where queue = ?"] {
        sqlx::query(statement).bind(queue).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Messages behind `after` that never waited for a retry, oldest first.
pub(super) async fn fresh(pool: &SqlitePool, queue: &str, after: i64, max: i64) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query(
        "select place, deliveries, attempt, id, partition_key, source, epoch, number, body from message \
         where queue = ? and visible_at = 0 and place > ? order by place limit ?",
    );
    rows.bind(queue).bind(after).bind(max).try_map(stored).fetch_all(pool).await
}

/// Messages whose retry is due, the longest due first.
pub(super) async fn due(pool: &SqlitePool, queue: &str, at: i64, max: i64) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query(
        "select place, deliveries, attempt, id, partition_key, source, epoch, number, body from message \
         where queue = ? and visible_at > 0 and visible_at <= ? order by visible_at limit ?",
    );
    rows.bind(queue).bind(at).bind(max).try_map(stored).fetch_all(pool).await
}

/// When the next retry of a queue is due.
pub(super) async fn next_due(pool: &SqlitePool, queue: &str, after: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select min(visible_at) from message where queue = ? and visible_at > ?")
        .bind(queue)
        .bind(after)
        .fetch_one(pool)
        .await
}

pub(super) async fn depths(pool: &SqlitePool) -> sqlx::Result<Vec<QueueDepth>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select queue, count(*) from message group by queue \
         union all select 'trunkline.dead', count(*) from dead",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(queue, ready)| QueueDepth { queue, ready: u64::try_from(ready).unwrap_or(0) }).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn stored(row: SqliteRow) -> sqlx::Result<Stored> {
    Ok(Stored {
        place: row.try_get("place")?,
        deliveries: count(&row, "deliveries")?,
        attempt: count(&row, "attempt")?,
        id: identity(&row)?,
        partition_key: row.try_get("partition_key")?,
        source: row.try_get("source")?,
        sequence: sequence(&row)?,
        body: row.try_get("body")?,
    })
}

pub(super) fn count(row: &SqliteRow, column: &'static str) -> sqlx::Result<u32> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}

pub(super) fn identity(row: &SqliteRow) -> sqlx::Result<Uuid> {
    let bytes: &[u8] = row.try_get("id")?;
    Ok(Uuid::from_slice(bytes).unwrap_or_default())
}

pub(super) fn instant(row: &SqliteRow, column: &'static str) -> sqlx::Result<Option<Timestamp>> {
    Ok(Timestamp::from_unix_millis(row.try_get(column)?).ok())
}

fn sequence(row: &SqliteRow) -> sqlx::Result<Option<Sequence>> {
    let epoch: Option<String> = row.try_get("epoch")?;
    let number: Option<i64> = row.try_get("number")?;
    Ok(epoch
        .zip(number.and_then(|number| u64::try_from(number).ok()))
        .map(|(epoch, number)| Sequence { epoch, number }))
}
