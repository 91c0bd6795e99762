//! Handles, and whose they are.

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::cdrs::literal;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};

/// A handle as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandleRow {
    pub(crate) id: Uuid,
    pub(crate) scheme: String,
    pub(crate) scope: String,
    pub(crate) value: String,
    /// The id of the handle that is the root of its customer.
    pub(crate) customer: Uuid,
    pub(crate) first_seen: Timestamp,
    /// Cut to the minute, so that it is the same however the events came and is not written for each of them.
    pub(crate) last_seen: Timestamp,
    pub(crate) generic: bool,
    pub(crate) shared: bool,
}

impl HandleRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.uuid(0)?,
            scheme: row.text(1)?,
            scope: row.text(2)?,
            value: row.text(3)?,
            customer: row.uuid(4)?,
            first_seen: row.instant(5)?,
            last_seen: row.instant(6)?,
            generic: row.flag(7)?,
            shared: row.flag(8)?,
        })
    }
}

macro_rules! select_handles {
    ($from:literal) => {
        concat!(
            "SELECT h.id, h.scheme, h.scope, h.value, h.customer, h.first_seen, h.last_seen, h.generic, h.shared ",
            $from
        )
    };
}

/// Adds handles that are new, sorted by id; gives the ids that were added. Each starts as a customer of its own.
pub(crate) async fn insert(session: &Session<'_>, handles: &[HandleRow]) -> Result<Vec<Uuid>, StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("scheme", Kind::Text),
        ("scope", Kind::Text),
        ("value", Kind::Text),
        ("first_seen", Kind::Big),
        ("last_seen", Kind::Big),
    ]);
    for handle in handles {
        rows.push([
            handle.id.into(),
            handle.scheme.as_str().into(),
            handle.scope.as_str().into(),
            handle.value.as_str().into(),
            handle.first_seen.into(),
            handle.last_seen.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO handle (id, scheme, scope, value, customer, first_seen, last_seen, generic, shared) \
         SELECT id, scheme, scope, value, id, first_seen, last_seen, false, false FROM {rows} WHERE true \
         ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    let added = session.all("write handles", query.rows(rows)).await?;
    added.iter().map(|row| row.uuid(0)).collect()
}

/// Handles by id.
pub(crate) fn by_id(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!("FROM handle h WHERE h.id {ids}"));
    Ask::new("read handles", query.ids(ids), 9, HandleRow::read)
}

/// The handles that records hang on.
pub(super) fn of_records(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!("FROM cdr r JOIN handle h ON h.id = r.subject_handle WHERE r.id {ids}"));
    Ask::new("read handles of records", query.ids(ids), 9, HandleRow::read)
}

/// Locks handles that are about to change, in the order of their ids, so that two batches wait and never deadlock.
pub(crate) async fn lock(session: &Session<'_>, ids: impl IntoIterator<Item = Uuid>) -> Result<(), StoreError> {
    if !session.is_postgres() {
        return Ok(());
    }
    let query = Query::new("SELECT h.id FROM handle h WHERE h.id {ids} ORDER BY h.id {locked}");
    session.all("lock handles", query.ids(ids)).await.map(drop)
}

/// Writes customer, flags and sightings; a sighting only widens. The caller has locked the rows.
pub(crate) async fn update(session: &Session<'_>, handles: &[HandleRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("customer", Kind::Uuid),
        ("first_seen", Kind::Big),
        ("last_seen", Kind::Big),
        ("generic", Kind::Bool),
        ("shared", Kind::Bool),
    ]);
    for handle in handles {
        rows.push([
            handle.id.into(),
            handle.customer.into(),
            handle.first_seen.into(),
            handle.last_seen.into(),
            handle.generic.into(),
            handle.shared.into(),
        ]);
    }
    let query = Query::new(
        "UPDATE handle SET customer = r.customer, generic = CAST(r.generic AS boolean), \
         shared = CAST(r.shared AS boolean), \
         first_seen = CASE WHEN r.first_seen < handle.first_seen THEN r.first_seen ELSE handle.first_seen END, \
         last_seen = CASE WHEN r.last_seen > handle.last_seen THEN r.last_seen ELSE handle.last_seen END \
         FROM {rows} WHERE handle.id = r.id",
    );
    session.run("write handles", query.rows(rows)).await.map(drop)
}

/// Raises `last_seen` and nothing else. Rows are locked in the order of their ids, so that two batches wait and never
/// deadlock; a batch that writes handles in other ways too locks all of them before ([`lock`]).
pub(crate) fn touch(writes: &mut Bundle, seen: &[(Uuid, Timestamp)]) {
    let mut rows = Rows::new(&[("id", Kind::Uuid), ("last_seen", Kind::Big)]);
    for (id, at) in seen {
        rows.push([(*id).into(), (*at).into()]);
    }
    let query = Query::new(
        "UPDATE handle SET last_seen = s.last_seen FROM (SELECT h.id, r.last_seen FROM {rows} \
         JOIN handle h ON h.id = r.id ORDER BY h.id {locked}) AS s \
         WHERE handle.id = s.id AND handle.last_seen < s.last_seen",
    );
    writes.write("write handles", query.rows(rows));
}

/// All handles of the customers that `ids` name, former ids included.
pub(crate) fn of_customers(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!(
        "FROM handle h WHERE h.customer IN (SELECT t.customer FROM handle t WHERE t.id {ids})"
    ));
    Ask::new("read handles of customers", query.ids(ids), 9, HandleRow::read)
}

/// Handles whose value is exactly one of `values`, whatever their scheme.
pub(crate) async fn by_value<'v>(
    session: &Session<'_>,
    values: impl IntoIterator<Item = &'v str>,
    limit: u32,
) -> Result<Vec<HandleRow>, StoreError> {
    let query = Query::new(select_handles!(
        "FROM {rows} JOIN handle h ON h.value = r.value ORDER BY h.last_seen DESC LIMIT {1}"
    ));
    let found = session.all("find handles", query.rows(Rows::texts(values)).bind(i64::from(limit))).await?;
    found.iter().map(HandleRow::read).collect()
}

/// Handles of people whose profile field `name` starts with `prefix`, whatever its case.
pub(crate) async fn by_name(session: &Session<'_>, prefix: &str, limit: u32) -> Result<Vec<HandleRow>, StoreError> {
    let query = Query::new(select_handles!(
        "FROM profile_value p JOIN handle h ON h.id = p.handle WHERE p.field = 'name' \
         AND lower(p.value) LIKE lower({1}) ESCAPE '\\' ORDER BY h.last_seen DESC LIMIT {2}"
    ));
    let query = query.bind(format!("{}%", literal(prefix))).bind(i64::from(limit));
    let found = session.all("find names", query).await?;
    found.iter().map(HandleRow::read).collect()
}
