//! Conversation records, with the columns that lists filter by.

use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Medium};
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::error::StoreError;
use super::micros;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};
use crate::view::CdrFilter;

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredCdr {
    /// `customer` is always absent: it is read through the handle.
    pub(crate) cdr: Cdr,
    pub(crate) complete: bool,
    /// The handle that it hangs on.
    pub(crate) subject_handle: Option<Uuid>,
    /// Some of its events, or all, are no longer kept: it stands as it is.
    pub(crate) sealed: bool,
}

/// A list of records as it is read: the filter with customer and number made handles.
#[derive(Debug, Clone, Default)]
pub(crate) struct CdrQuery {
    pub(crate) handles: Option<Vec<Held>>,
    agent: Option<String>,
    extension: Option<String>,
    source: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    medium: Option<Medium>,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
}

/// The time in which a handle is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) handle: Uuid,
    /// For all time before `until`, if there is none.
    pub(crate) from: Option<Timestamp>,
    /// For all time since `from`, if there is none.
    pub(crate) until: Option<Timestamp>,
}

impl Held {
    /// The handle at all times.
    pub(crate) fn always(handle: Uuid) -> Self {
        Self { handle, from: None, until: None }
    }
}

impl From<&CdrFilter> for CdrQuery {
    fn from(filter: &CdrFilter) -> Self {
        Self {
            handles: None,
            agent: filter.agent.clone(),
            extension: filter.extension.clone(),
            source: filter.source.clone(),
            since: filter.since,
            until: filter.until,
            medium: filter.medium,
            after: filter.after,
            limit: filter.limit,
        }
    }
}

/// The word that the column `medium` holds.
fn word(medium: Medium) -> &'static str {
    match medium {
        Medium::Voice => "voice",
        Medium::Chat => "chat",
    }
}

/// Agents (or extensions) of a record between bars: `|2001|2002|`, so that one of them is found by `LIKE '%|2001|%'`.
fn barred<'c>(names: impl Iterator<Item = &'c str>) -> String {
    names.fold(String::from("|"), |mut text, name| {
        text.push_str(name);
        text.push('|');
        text
    })
}

/// Writes records over what stood there. The caller holds the conversations' locks.
pub(crate) fn upsert(writes: &mut Bundle, records: &[StoredCdr]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("revision", Kind::Big),
        ("complete", Kind::Bool),
        ("started", Kind::Big),
        ("ended", Kind::OptionalBig),
        ("medium", Kind::Text),
        ("source", Kind::Text),
        ("agents", Kind::Text),
        ("extensions", Kind::Text),
        ("subject_handle", Kind::OptionalUuid),
        ("record", Kind::Text),
    ]);
    for stored in records {
        let cdr = &stored.cdr;
        rows.push([
            cdr.id.into(),
            i64::from(cdr.revision).into(),
            stored.complete.into(),
            cdr.started.unwrap_or(Timestamp::EPOCH).into(),
            cdr.ended.into(),
            word(cdr.medium).into(),
            cdr.source.as_str().into(),
            barred(cdr.legs.iter().filter_map(|leg| leg.agent.as_deref())).into(),
            barred(cdr.legs.iter().map(|leg| leg.extension.as_str())).into(),
            stored.subject_handle.into(),
            serde_json::to_string(cdr)?.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO cdr (id, revision, complete, started, ended, medium, source, agents, extensions, subject_handle, \
         record) \
         SELECT id, revision, complete, started, ended, medium, source, agents, extensions, subject_handle, record FROM {rows} \
         WHERE true ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, complete = excluded.complete, \
         started = excluded.started, ended = excluded.ended, medium = excluded.medium, source = excluded.source, \
         agents = excluded.agents, extensions = excluded.extensions, subject_handle = excluded.subject_handle, record = excluded.record \
         WHERE cdr.revision <= excluded.revision",
    );
    writes.write("write records", query.rows(rows));
    Ok(())
}

/// Removes records whose conversation became part of another.
pub(crate) fn delete(writes: &mut Bundle, ids: impl IntoIterator<Item = Uuid>) {
    writes.write("remove records", Query::new("DELETE FROM cdr WHERE id {ids}").ids(ids));
}

/// Records by id.
pub(super) fn of_conversations(ids: impl IntoIterator<Item = Uuid>) -> Ask<StoredCdr> {
    let query = Query::new("SELECT r.id, r.complete, r.subject_handle, r.record, r.sealed FROM cdr r WHERE r.id {ids}");
    Ask::new("read records", query.ids(ids), 5, read)
}

/// Records of the conversation that `id` names now, were it a former id.
pub(crate) async fn of_conversation(session: &Session<'_>, id: Uuid) -> Result<Option<StoredCdr>, StoreError> {
    let query = Query::new(
        "SELECT c.id, c.complete, c.subject_handle, c.record, c.sealed FROM conversation v JOIN cdr c ON c.id = v.root \
         WHERE v.id = {1}",
    );
    let found = session.all("read a record", query.bind(id)).await?;
    found.first().map(read).transpose()
}

macro_rules! select_page {
    ($from:literal) => {
        concat!(
            "SELECT c.id, c.complete, c.subject_handle, c.record, c.sealed ",
            $from,
            " WHERE c.started >= {1} AND c.started < {2} AND (c.started < {3} OR (c.started = {3} AND c.id < {4})) ",
            "AND c.agents LIKE {5} ESCAPE '\\' AND c.extensions LIKE {6} ESCAPE '\\' AND c.source LIKE {7} ESCAPE '\\' ",
            "AND c.medium LIKE {8} ORDER BY c.started DESC, c.id DESC LIMIT {9}"
        )
    };
}

/// A page of records, the newest first. One statement for every filter: an absent condition is one that everything meets.
pub(crate) async fn list(session: &Session<'_>, asked: &CdrQuery) -> Result<Vec<StoredCdr>, StoreError> {
    let query = match &asked.handles {
        Some(held) => {
            let mut rows = Rows::new(&[("id", Kind::Uuid), ("begins", Kind::Big), ("ends", Kind::Big)]);
            for Held { handle, from, until } in held {
                rows.push([
                    (*handle).into(),
                    from.map_or(i64::MIN, micros).into(),
                    until.map_or(i64::MAX, micros).into(),
                ]);
            }
            Query::new(select_page!(
                "FROM {rows} JOIN cdr c ON c.subject_handle = r.id AND c.started >= r.begins AND c.started < r.ends"
            ))
            .rows(rows)
        }
        None => Query::new(select_page!("FROM cdr c")),
    };
    let one_of =
        |name: &Option<String>| name.as_deref().map_or_else(|| "%".to_owned(), |name| format!("%|{}|%", literal(name)));
    let (after_start, after_id) = asked.after.map_or((i64::MAX, Uuid::max()), |(at, id)| (micros(at), id));
    let query = query
        .bind(asked.since.map_or(i64::MIN, micros))
        .bind(asked.until.map_or(i64::MAX, micros))
        .bind(after_start)
        .bind(after_id)
        .bind(one_of(&asked.agent))
        .bind(one_of(&asked.extension))
        .bind(asked.source.as_deref().map_or_else(|| "%".to_owned(), literal))
        .bind(asked.medium.map_or("%", word))
        .bind(if asked.limit == 0 { 50 } else { i64::from(asked.limit) });
    let found = session.all("list records", query).await?;
    found.iter().map(read).collect()
}

/// Complete records of calls that ended from `from` on and before `to`, after the one that was read last, in the order of
/// their ends.
pub(crate) async fn ended_between(
    session: &Session<'_>,
    from: Timestamp,
    to: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Result<Vec<StoredCdr>, StoreError> {
    let query = Query::new(
        "SELECT c.id, c.complete, c.subject_handle, c.record, c.sealed FROM cdr c WHERE c.ended >= {1} AND c.ended < {2} \
         AND (c.ended > {3} OR (c.ended = {3} AND c.id > {4})) AND c.complete AND c.medium = 'voice' \
         ORDER BY c.ended, c.id LIMIT {5}",
    );
    let (after_end, after_id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (micros(at), id));
    let query = query.bind(from).bind(to).bind(after_end).bind(after_id).bind(i64::from(limit));
    session.all("read records", query).await?.iter().map(read).collect()
}

/// `text` for LIKE with its wildcards taken literally; the escape character is a backslash.
pub(crate) fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// For each (customer, record, instant): the customer's last record that started before the instant and is another one.
pub(crate) fn last_before(asked: &[(Uuid, Uuid, Timestamp)]) -> Ask<(Uuid, Uuid, Cdr)> {
    let mut rows = Rows::new(&[("customer", Kind::Uuid), ("own", Kind::Uuid), ("before", Kind::Big)]);
    for (customer, own, before) in asked {
        rows.push([(*customer).into(), (*own).into(), (*before).into()]);
    }
    // One look into the index for each handle; the latest of a customer's handles is chosen by the caller's fold.
    let query = Query::new(
        "SELECT s.customer, s.own, c.record FROM (SELECT r.customer AS customer, r.own AS own, (SELECT k.id FROM cdr k \
         WHERE k.subject_handle = h.id AND k.started < r.before AND k.id <> r.own \
         AND (h.since IS NULL OR k.started >= h.since) ORDER BY k.started DESC, k.id DESC \
         LIMIT 1) AS id FROM {rows} JOIN handle h ON h.customer = r.customer AND NOT h.shared AND NOT h.generic) AS s \
         JOIN cdr c ON c.id = s.id",
    );
    Ask::new("read last contacts", query.rows(rows), 3, |row| {
        Ok((row.uuid(0)?, row.uuid(1)?, record(row.uuid(1)?, &row.text(2)?)?))
    })
}

pub(super) fn read(row: &Row) -> Result<StoredCdr, StoreError> {
    Ok(StoredCdr {
        cdr: record(row.uuid(0)?, &row.text(3)?)?,
        complete: row.flag(1)?,
        subject_handle: row.maybe_uuid(2)?,
        sealed: row.big(4)? > 0,
    })
}

/// A record as its column holds it.
pub(super) fn record(id: Uuid, json: &str) -> Result<Cdr, StoreError> {
    serde_json::from_str(json).map_err(|cause| StoreError::Unreadable { table: "cdr", id, problem: cause.to_string() })
}
