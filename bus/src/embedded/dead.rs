//! Dead letters of the embedded queue.

use std::collections::BTreeSet;

use bytes::Bytes;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, SqlitePool};
use uuid::Uuid;

use super::routes::Routes;
use super::writer::Operation;
use super::{Embedded, failed, store};
use crate::{BusError, DeadLetter, Exchange, Outgoing, Replayed, Selection};

impl Embedded {
    pub(crate) async fn dead_list(&self, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        list(&self.readers, i64::try_from(limit).unwrap_or(i64::MAX)).await.map_err(failed("reading dead letters"))
    }

    pub(crate) async fn dead_show(&self, id: Uuid) -> Result<Option<DeadLetter>, BusError> {
        show(&self.readers, id).await.map_err(failed("reading dead letters"))
    }

    pub(crate) async fn dead_replay(&self, selection: &Selection) -> Result<Replayed, BusError> {
        let selection = selection.clone();
        self.write(|reply| Operation::Replay { selection, reply }).await
    }

    pub(crate) async fn dead_purge(&self, selection: &Selection) -> Result<usize, BusError> {
        let selection = selection.clone();
        self.write(|reply| Operation::Purge { selection, reply }).await
    }

    pub(crate) async fn bury(&self, messages: &[Outgoing], reason: &str) -> Result<(), BusError> {
        let (messages, reason) = (messages.to_vec(), reason.to_owned());
        self.write(|reply| Operation::Bury { messages, reason, reply }).await
    }
}

async fn list(pool: &SqlitePool, limit: i64) -> sqlx::Result<Vec<DeadLetter>> {
    let letters = sqlx::query(
        "select id, source, reason, queue, attempts, published_at, died_at, length(body) as size, null as body \
         from dead order by place limit ?",
    );
    letters.bind(limit).try_map(letter).fetch_all(pool).await
}

async fn show(pool: &SqlitePool, id: Uuid) -> sqlx::Result<Option<DeadLetter>> {
    let letters = sqlx::query(
        "select id, source, reason, queue, attempts, published_at, died_at, length(body) as size, body \
         from dead where id = ? order by place limit 1",
    );
    letters.bind(&id.as_bytes()[..]).try_map(letter).fetch_optional(pool).await
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that try_map asks for")]
fn letter(row: SqliteRow) -> sqlx::Result<DeadLetter> {
    let body: Option<Vec<u8>> = row.try_get("body")?;
    Ok(DeadLetter {
        id: store::identity(&row)?,
        source: row.try_get("source")?,
        reason: row.try_get("reason")?,
        queue: row.try_get("queue")?,
        attempts: store::count(&row, "attempts")?,
        first: store::instant(&row, "published_at")?,
        last: store::instant(&row, "died_at")?,
        size: usize::try_from(store::count(&row, "size")?).unwrap_or(usize::MAX),
        body: body.map(Bytes::from),
    })
}

/// The places of the letters meant, oldest first, with what routing needs.
async fn selected(connection: &mut SqliteConnection, selection: &Selection) -> sqlx::Result<Vec<SqliteRow>> {
    let rows = sqlx::query("select place, id, queue, exchange, routing_key, partition_key from dead order by place")
        .fetch_all(connection)
        .await?;
    let taken = |row: &SqliteRow| store::identity(row).is_ok_and(|id| selection.takes(id));
    Ok(rows.into_iter().filter(taken).collect())
}

/// Puts letters back into the queues they came from; those that none took are routed anew.
pub(super) async fn replay(
    connection: &mut SqliteConnection,
    routes: &Routes,
    selection: &Selection,
    touched: &mut BTreeSet<String>,
) -> sqlx::Result<Replayed> {
    let mut replayed = Replayed::default();
    for row in selected(connection, selection).await? {
        let place: i64 = row.try_get("place")?;
        let queues = targets(routes, &row)?;
        if queues.is_empty() {
            replayed.kept += 1;
            continue;
        }
        for queue in queues {
            sqlx::query(
                "insert into message (queue, visible_at, deliveries, attempt, id, exchange, routing_key, partition_key, \
                 source, epoch, number, published_at, body) select ?, 0, 0, 1, id, exchange, routing_key, \
                 partition_key, source, epoch, number, published_at, body from dead where place = ?",
            )
            .bind(&queue)
            .bind(place)
            .execute(&mut *connection)
            .await?;
            touched.insert(queue);
        }
        remove(connection, place).await?;
        replayed.replayed += 1;
    }
    Ok(replayed)
}

pub(super) async fn purge(connection: &mut SqliteConnection, selection: &Selection) -> sqlx::Result<usize> {
    let rows = selected(connection, selection).await?;
    for row in &rows {
        remove(connection, row.try_get("place")?).await?;
    }
    Ok(rows.len())
}

async fn remove(connection: &mut SqliteConnection, place: i64) -> sqlx::Result<()> {
    sqlx::query("delete from dead where place = ?").bind(place).execute(connection).await.map(drop)
}

fn targets(routes: &Routes, row: &SqliteRow) -> sqlx::Result<Vec<String>> {
    let queue: String = row.try_get("queue")?;
    if !queue.is_empty() {
        return Ok(vec![queue]);
    }
    let exchange: String = row.try_get("exchange")?;
    let Some(exchange) = Exchange::from_name(&exchange) else { return Ok(Vec::new()) };
    Ok(routes.queues(&Outgoing {
        exchange,
        routing_key: row.try_get("routing_key")?,
        partition_key: row.try_get("partition_key")?,
        id: store::identity(row)?,
        source: String::new(),
        sequence: None,
        mandatory: true,
        body: Bytes::new(),
    }))
}
