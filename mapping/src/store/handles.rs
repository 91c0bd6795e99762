//! Handles, and whose they are.

use std::collections::HashMap;

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::cdrs::{Held, literal};
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};
use super::{micros, spans};
use crate::identity::{Handle, Presence, Silence, Tenure};

/// A handle as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandleRow {
    pub(crate) id: Uuid,
    pub(crate) scheme: String,
    pub(crate) scope: String,
    pub(crate) value: String,
    /// The id of the handle that is the root of its customer.
    pub(crate) customer: Uuid,
    pub(crate) seen: Presence,
    pub(crate) generic: bool,
    pub(crate) shared: bool,
    /// The times in which it was other people's.
    pub(crate) former: Vec<Tenure>,
}

impl HandleRow {
    /// The handle.
    pub(crate) fn handle(&self) -> Handle {
        Handle::stored(&self.scheme, &self.scope, &self.value)
    }

    /// From when on what hangs on it is its customer's.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.former.last().map(|tenure| tenure.until)
    }

    /// The handle by which what hung on this one at `at` is found: itself, or one of the person who had it then. None if
    /// it was nobody's in particular.
    pub(crate) fn holder(&self, at: Timestamp) -> Option<Uuid> {
        if self.shared || self.generic {
            return None;
        }
        self.former.iter().find(|tenure| at < tenure.until).map_or(Some(self.id), |tenure| tenure.owner)
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let id = row.uuid(0)?;
        let unreadable = |problem: String| StoreError::Unreadable { table: "handle", id, problem };
        Ok(Self {
            id,
            scheme: row.text(1)?,
            scope: row.text(2)?,
            value: row.text(3)?,
            customer: row.uuid(4)?,
            seen: Presence {
                first: row.instant(5)?,
                last: row.instant(6)?,
                silences: spans::read_silences(&row.text(9)?).map_err(unreadable)?,
            },
            generic: row.flag(7)?,
            shared: row.flag(8)?,
            former: spans::read_tenures(&row.text(10)?).map_err(unreadable)?,
        })
    }
}

macro_rules! select_handles {
    ($from:literal) => {
        concat!(
            "SELECT h.id, h.scheme, h.scope, h.value, h.customer, h.first_seen, h.last_seen, h.generic, h.shared, ",
            "h.silences, h.former ",
            $from
        )
    };
}

/// Columns of [`select_handles`].
const COLUMNS: usize = 11;

/// Adds handles that are new, sorted by id; gives the ids that were added. Each starts as a customer of its own.
pub(crate) async fn insert(session: &Session<'_>, handles: &[HandleRow]) -> Result<Vec<Uuid>, StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("scheme", Kind::Text),
        ("scope", Kind::Text),
        ("value", Kind::Text),
        ("first_seen", Kind::Big),
        ("last_seen", Kind::Big),
        ("silences", Kind::Text),
    ]);
    for handle in handles {
        rows.push([
            handle.id.into(),
            handle.scheme.as_str().into(),
            handle.scope.as_str().into(),
            handle.value.as_str().into(),
            handle.seen.first.into(),
            handle.seen.last.into(),
            spans::write_silences(&handle.seen.silences).into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO handle (id, scheme, scope, value, customer, first_seen, last_seen, generic, shared, silences) \
         SELECT id, scheme, scope, value, id, first_seen, last_seen, false, false, silences FROM {rows} WHERE true \
         ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    let added = session.all("write handles", query.rows(rows)).await?;
    added.iter().map(|row| row.uuid(0)).collect()
}

/// Handles by id.
pub(crate) fn by_id(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!("FROM handle h WHERE h.id {ids}"));
    Ask::new("read handles", query.ids(ids), COLUMNS, HandleRow::read)
}

/// The handles that records hang on.
pub(super) fn of_records(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!("FROM cdr r JOIN handle h ON h.id = r.subject_handle WHERE r.id {ids}"));
    Ask::new("read handles of records", query.ids(ids), COLUMNS, HandleRow::read)
}

/// Locks handles that are about to change, in the order of their ids, so that two batches wait and never deadlock; gives
/// them as they are under the lock.
pub(crate) async fn lock(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<HandleRow>, StoreError> {
    let query = Query::new(select_handles!("FROM handle h WHERE h.id {ids} ORDER BY h.id {locked}"));
    session.ask(Ask::new("lock handles", query.ids(ids), COLUMNS, HandleRow::read)).await
}

/// Writes customer, flags, sightings and tenures. The caller has locked the rows, and read what it widens under the lock.
pub(crate) async fn update(session: &Session<'_>, handles: &[HandleRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("customer", Kind::Uuid),
        ("first_seen", Kind::Big),
        ("last_seen", Kind::Big),
        ("generic", Kind::Bool),
        ("shared", Kind::Bool),
        ("silences", Kind::Text),
        ("former", Kind::Text),
        ("since", Kind::OptionalBig),
    ]);
    for handle in handles {
        rows.push([
            handle.id.into(),
            handle.customer.into(),
            handle.seen.first.into(),
            handle.seen.last.into(),
            handle.generic.into(),
            handle.shared.into(),
            spans::write_silences(&handle.seen.silences).into(),
            spans::write_tenures(&handle.former).into(),
            handle.since().into(),
        ]);
    }
    let query = Query::new(
        "UPDATE handle SET customer = r.customer, generic = CAST(r.generic AS boolean), \
         shared = CAST(r.shared AS boolean), first_seen = r.first_seen, last_seen = r.last_seen, \
         silences = r.silences, former = r.former, since = r.since FROM {rows} WHERE handle.id = r.id",
    );
    session.run("write handles", query.rows(rows)).await.map(drop)
}

/// Raises `last_seen` of handles and nothing else; of what is `known` of them their silences must still be the same, or the
/// bundle has lost a race. Rows are locked in the order of their ids, so that two batches wait and never deadlock; a batch
/// that writes handles in other ways too locks all of them before ([`lock`]).
pub(crate) fn touch<'k>(writes: &mut Bundle, seen: impl Iterator<Item = (&'k HandleRow, Timestamp)>) {
    let mut rows = Rows::new(&[("id", Kind::Uuid), ("last_seen", Kind::Big)]);
    let mut silences: HashMap<Uuid, Vec<Silence>> = HashMap::new();
    for (known, at) in seen {
        rows.push([known.id.into(), at.into()]);
        silences.insert(known.id, known.seen.silences.clone());
    }
    let query = Query::new(
        "UPDATE handle SET last_seen = CASE WHEN handle.last_seen < s.last_seen THEN s.last_seen \
         ELSE handle.last_seen END FROM (SELECT h.id, r.last_seen FROM {rows} \
         JOIN handle h ON h.id = r.id ORDER BY h.id {locked}) AS s \
         WHERE handle.id = s.id RETURNING handle.id, handle.silences",
    );
    let touched = Ask::new("write handles", query.rows(rows), 2, |row| {
        let id = row.uuid(0)?;
        let silences = spans::read_silences(&row.text(1)?);
        silences.map(|now| (id, now)).map_err(|problem| StoreError::Unreadable { table: "handle", id, problem })
    });
    writes.expect(touched, move |touched| {
        let same = touched.iter().all(|(id, now)| silences.get(id) == Some(now));
        if same { Ok(()) } else { Err(StoreError::Raced { action: "write handles" }) }
    });
}

/// Writes the tenures of handles anew.
pub(crate) async fn write_tenures(session: &Session<'_>, handles: &[&HandleRow]) -> Result<(), StoreError> {
    let forget = Query::new("DELETE FROM tenure WHERE handle {ids}").ids(handles.iter().map(|row| row.id));
    session.run("forget former owners", forget).await?;
    let mut rows =
        Rows::new(&[("handle", Kind::Uuid), ("begins", Kind::Big), ("ends", Kind::Big), ("owner", Kind::Uuid)]);
    for handle in handles {
        let mut begins = i64::MIN;
        for tenure in &handle.former {
            if let Some(owner) = tenure.owner {
                rows.push([handle.id.into(), begins.into(), tenure.until.into(), owner.into()]);
            }
            begins = micros(tenure.until);
        }
    }
    let query =
        Query::new("INSERT INTO tenure (handle, begins, ends, owner) SELECT handle, begins, ends, owner FROM {rows}");
    session.run("write former owners", query.rows(rows)).await.map(drop)
}

/// Contacts that were those of the owners of these handles, while they were.
pub(crate) fn formerly_of(owners: impl IntoIterator<Item = Uuid>) -> Ask<Held> {
    let query = Query::new("SELECT t.handle, t.begins, t.ends FROM tenure t WHERE t.owner {ids}");
    Ask::new("read former contacts", query.ids(owners), 3, |row| {
        Ok(Held { handle: row.uuid(0)?, from: Some(row.instant(1)?), until: Some(row.instant(2)?) })
    })
}

/// All handles of the customers that `ids` name, former ids included.
pub(crate) fn of_customers(ids: impl IntoIterator<Item = Uuid>) -> Ask<HandleRow> {
    let query = Query::new(select_handles!(
        "FROM handle h WHERE h.customer IN (SELECT t.customer FROM handle t WHERE t.id {ids})"
    ));
    Ask::new("read handles of customers", query.ids(ids), COLUMNS, HandleRow::read)
}

/// Customers in the order of their ids, on from the one that `after` names.
pub(crate) fn customers_after(after: Option<Uuid>, limit: u32) -> Ask<Uuid> {
    let query = Query::new(
        "SELECT h.customer FROM handle h WHERE h.customer > {1} GROUP BY h.customer ORDER BY h.customer LIMIT {2}",
    );
    let query = query.bind(after.unwrap_or_default()).bind(i64::from(limit));
    Ask::new("list customers", query, 1, |row| row.uuid(0))
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
