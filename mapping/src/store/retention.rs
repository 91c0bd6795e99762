//! Removing what is old. Whatever the books count is added to the past books in the same transaction as it is removed.

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::error::StoreError;
use super::session::{Query, Session};

/// Which events of conversations go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// A chat's messages.
    Messages,
    /// All that are left.
    Events,
}

impl Age {
    /// What `sealed` is after it, and of which media.
    fn step(self) -> (i64, &'static str) {
        match self {
            Self::Messages => (1, "chat"),
            Self::Events => (2, "%"),
        }
    }

    fn types(self) -> &'static str {
        match self {
            Self::Messages => "trunkline.chat.message.v1",
            Self::Events => "%",
        }
    }
}

/// Complete records that ended before and have such events still; the oldest first.
pub(crate) async fn old_conversations(
    session: &Session<'_>,
    age: Age,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Uuid>, StoreError> {
    let (step, medium) = age.step();
    let query = Query::new(
        "SELECT c.id FROM cdr c WHERE c.sealed < 2 AND c.sealed < {1} AND c.complete AND c.started < {2} \
         AND c.ended < {2} AND c.medium LIKE {3} ORDER BY c.started, c.id LIMIT {4}",
    );
    let query = query.bind(step).bind(before).bind(medium).bind(i64::from(limit));
    session.all("find old conversations", query).await?.iter().map(|row| row.uuid(0)).collect()
}

/// How many of them there are, and their events.
pub(crate) async fn count_of_conversations(
    session: &Session<'_>,
    age: Age,
    before: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let (step, medium) = age.step();
    let query = Query::new(
        "SELECT count(DISTINCT c.id), count(e.id) FROM cdr c LEFT JOIN conversation v ON v.root = c.id \
         LEFT JOIN event e ON e.conversation = v.id AND e.type LIKE {4} \
         WHERE c.sealed < {1} AND c.complete AND c.started < {2} AND c.ended < {2} AND c.medium LIKE {3}",
    );
    let query = query.bind(step).bind(before).bind(medium).bind(age.types());
    let found = session.all("count old conversations", query).await?;
    let row = found.first();
    let number = |at| row.map_or(Ok(0), |row| row.big(at)).map(i64::unsigned_abs);
    Ok((number(0)?, number(1)?))
}

/// Removes events of conversations, and what tells of the same happenings; gives how many.
pub(crate) async fn remove_of_conversations(
    session: &Session<'_>,
    age: Age,
    roots: &[Uuid],
) -> Result<u64, StoreError> {
    let query = Query::new(
        "SELECT e.id FROM event e WHERE e.conversation IN (SELECT v.id FROM conversation v WHERE v.root {ids}) \
         AND e.type LIKE {1}",
    );
    let found = session.all("find old events", query.ids(roots.iter().copied()).bind(age.types())).await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?;
    remove(session, &ids).await
}

/// From now on their records stand as they are.
pub(crate) async fn seal(session: &Session<'_>, age: Age, roots: &[Uuid]) -> Result<(), StoreError> {
    let query = Query::new("UPDATE cdr SET sealed = {1} WHERE id {ids}");
    session.run("seal records", query.ids(roots.iter().copied()).bind(age.step().0)).await.map(drop)
}

/// Removes events of no conversation that were taken before; gives how many.
pub(crate) async fn remove_loose(session: &Session<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let query = Query::new(
        "SELECT e.id FROM event e WHERE e.conversation IS NULL AND e.received < {1} ORDER BY e.received LIMIT {2}",
    );
    let found = session.all("find old events", query.bind(before).bind(i64::from(limit))).await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?;
    remove(session, &ids).await
}

/// How many of them there are.
pub(crate) async fn count_loose(session: &Session<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let query = Query::new("SELECT count(*) FROM event e WHERE e.conversation IS NULL AND e.received < {1}");
    count(session, query.bind(before)).await
}

/// Enters events into the past books and removes them, with their duplicates, with rejections of what was stored after all,
/// which count nowhere, and with the touch points that they are the text of.
async fn remove(session: &Session<'_>, ids: &[Uuid]) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let all = || ids.iter().copied();
    let stored = Query::new(
        "INSERT INTO past_books (source, epoch, day, top, stored, duplicate, rejected) \
         SELECT e.source, e.epoch, e.received / 86400000000, max(e.number), count(*), 0, 0 FROM event e \
         WHERE e.id {ids} AND e.epoch IS NOT NULL GROUP BY e.source, e.epoch, e.received / 86400000000 \
         ON CONFLICT (source, epoch, day) DO UPDATE SET stored = past_books.stored + excluded.stored, \
         top = CASE WHEN excluded.top > past_books.top THEN excluded.top ELSE past_books.top END",
    );
    session.run("keep the books", stored.ids(all())).await?;
    let duplicates = Query::new(
        "INSERT INTO past_books (source, epoch, day, top, stored, duplicate, rejected) \
         SELECT d.source, d.epoch, d.received / 86400000000, max(d.number), 0, count(*), 0 FROM duplicate d \
         WHERE d.event {ids} GROUP BY d.source, d.epoch, d.received / 86400000000 \
         ON CONFLICT (source, epoch, day) DO UPDATE SET duplicate = past_books.duplicate + excluded.duplicate, \
         top = CASE WHEN excluded.top > past_books.top THEN excluded.top ELSE past_books.top END",
    );
    session.run("keep the books", duplicates.ids(all())).await?;
    session.run("remove duplicates", Query::new("DELETE FROM duplicate WHERE event {ids}").ids(all())).await?;
    let mended = Query::new(
        "DELETE FROM rejection WHERE event {ids} AND EXISTS (SELECT 1 FROM event e WHERE e.id = rejection.event \
         AND e.epoch = rejection.epoch AND e.number = rejection.number)",
    );
    session.run("remove rejections", mended.ids(all())).await?;
    session.run("remove touch points", Query::new("DELETE FROM touch_point WHERE id {ids}").ids(all())).await?;
    session.run("remove events", Query::new("DELETE FROM event WHERE id {ids}").ids(all())).await
}

/// Removes rejections that were taken before; gives how many.
pub(crate) async fn remove_refused(session: &Session<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let found = session
        .all(
            "find old rejections",
            Query::new("SELECT j.id FROM rejection j WHERE j.received < {1} ORDER BY j.received, j.id LIMIT {2}")
                .bind(before)
                .bind(i64::from(limit)),
        )
        .await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let counted = Query::new(
        "INSERT INTO past_books (source, epoch, day, top, stored, duplicate, rejected) \
         SELECT j.source, j.epoch, j.received / 86400000000, max(j.number), 0, 0, count(*) FROM rejection j \
         WHERE j.id {ids} AND j.epoch IS NOT NULL AND j.number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event e \
         WHERE e.id = j.event AND e.epoch = j.epoch AND e.number = j.number) \
         GROUP BY j.source, j.epoch, j.received / 86400000000 \
         ON CONFLICT (source, epoch, day) DO UPDATE SET rejected = past_books.rejected + excluded.rejected, \
         top = CASE WHEN excluded.top > past_books.top THEN excluded.top ELSE past_books.top END",
    );
    session.run("keep the books", counted.ids(ids.iter().copied())).await?;
    let gone = Query::new("DELETE FROM rejection WHERE id {ids}").ids(ids);
    session.run("remove rejections", gone).await
}

/// How many of them there are.
pub(crate) async fn count_refused(session: &Session<'_>, before: Timestamp) -> Result<u64, StoreError> {
    count(session, Query::new("SELECT count(*) FROM rejection j WHERE j.received < {1}").bind(before)).await
}

/// Removes records that ended before and whose events are gone, with all that names them; gives how many.
pub(crate) async fn remove_records(session: &Session<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let query =
        Query::new("SELECT c.id FROM cdr c WHERE c.ended < {1} AND c.sealed = 2 ORDER BY c.ended, c.id LIMIT {2}");
    let found = session.all("find old records", query.bind(before).bind(i64::from(limit))).await?;
    let ids: Vec<Uuid> = found.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let all = || ids.iter().copied();
    let revisions =
        Query::new("DELETE FROM cdr_revision WHERE id IN (SELECT v.id FROM conversation v WHERE v.root {ids})");
    session.run("remove revisions", revisions.ids(all())).await?;
    session.run("remove conversations", Query::new("DELETE FROM conversation WHERE root {ids}").ids(all())).await?;
    session.run("remove records", Query::new("DELETE FROM cdr WHERE id {ids}").ids(all())).await
}

/// How many there are that ended before, and whose events are gone or went with what ended before `gone`.
pub(crate) async fn count_records(
    session: &Session<'_>,
    before: Timestamp,
    gone: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let query = Query::new(
        "SELECT count(*) FROM cdr c WHERE c.ended < {1} AND (c.sealed = 2 OR (c.complete AND c.ended < {2}))",
    );
    count(session, query.bind(before).bind(gone.map_or(i64::MIN, super::micros))).await
}

/// Removes records of switches that ended before; gives how many.
pub(crate) async fn remove_switch_records(
    session: &Session<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let query = Query::new(
        "DELETE FROM switch_record WHERE id IN (SELECT s.id FROM switch_record s WHERE s.at < {1} ORDER BY s.at LIMIT {2})",
    );
    session.run("remove switch records", query.bind(before).bind(i64::from(limit))).await
}

/// How many of them there are.
pub(crate) async fn count_switch_records(session: &Session<'_>, before: Timestamp) -> Result<u64, StoreError> {
    count(session, Query::new("SELECT count(*) FROM switch_record s WHERE s.at < {1}").bind(before)).await
}

async fn count(session: &Session<'_>, query: Query) -> Result<u64, StoreError> {
    let found = session.all("count what is old", query).await?;
    found.first().map_or(Ok(0), |row| row.big(0)).map(i64::unsigned_abs)
}
