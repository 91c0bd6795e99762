//! Which calls and chats are one conversation, as data: each key names the root of the set that it stands in.

use std::collections::BTreeSet;

use trunkline_events::{EventId, Timestamp};
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::cdrs::StoredCdr;
use super::error::StoreError;
use super::handles::{self, HandleRow};
use super::pops::LivePop;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};
use super::{cdrs, micros, pops};

/// A key and the set that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversationRow {
    /// The key's id.
    pub(crate) id: Uuid,
    /// The id of the set's root: the conversation's id.
    pub(crate) root: Uuid,
    /// The key.
    pub(crate) key: String,
    /// The earliest event that names it.
    pub(crate) first_time: Timestamp,
}

impl ConversationRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id: row.uuid(0)?, root: row.uuid(1)?, key: row.text(2)?, first_time: row.instant(3)? })
    }
}

fn table(rows: &[ConversationRow]) -> Rows {
    let mut table =
        Rows::new(&[("id", Kind::Uuid), ("root", Kind::Uuid), ("key", Kind::Text), ("first_time", Kind::Big)]);
    for row in rows {
        table.push([row.id.into(), row.root.into(), row.key.as_str().into(), row.first_time.into()]);
    }
    table
}

/// Adds keys that are new; gives their ids. `rows` are sorted by id.
pub(crate) fn insert(rows: &[ConversationRow]) -> Ask<Uuid> {
    let query = Query::new(
        "INSERT INTO conversation (id, root, key, first_time) SELECT id, root, key, first_time FROM {rows} \
         WHERE true ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    Ask::new("write conversations", query.rows(table(rows)), 1, |row| row.uuid(0))
}

/// Every key of every set that one of `ids` stands in.
pub(crate) fn sets_of(ids: impl IntoIterator<Item = Uuid>) -> Ask<ConversationRow> {
    let query = Query::new(
        "SELECT c.id, c.root, c.key, c.first_time FROM conversation c \
         WHERE c.root IN (SELECT t.root FROM conversation t WHERE t.id {ids})",
    );
    Ask::new("read conversations", query.ids(ids), 4, ConversationRow::read)
}

/// What stands in the store of conversation keys.
#[derive(Default)]
pub(crate) struct State {
    /// All keys of their sets.
    pub(crate) keys: Vec<ConversationRow>,
    /// Which events each key has.
    pub(crate) events: Vec<(Uuid, EventId)>,
    pub(crate) records: Vec<StoredCdr>,
    /// The handles that records hang on.
    pub(crate) subjects: Vec<HandleRow>,
    /// Of calls that are alive.
    pub(crate) pops: Vec<LivePop>,
}

/// Reads it all at once: the whole sets that `ids` stand in, the rest of `ids` alone.
pub(crate) async fn state(session: &Session<'_>, ids: &BTreeSet<Uuid>) -> Result<State, StoreError> {
    let of = || ids.iter().copied();
    let query = Query::new("SELECT e.conversation, e.id FROM event e WHERE e.conversation {ids}");
    let mut bundle = Bundle::new("read conversations");
    let keys = bundle.ask(sets_of(of()));
    let events =
        bundle.ask(Ask::new("read conversations", query.ids(of()), 2, |row| Ok((row.uuid(0)?, row.event(1)?))));
    let records = bundle.ask(cdrs::of_conversations(of()));
    let subjects = bundle.ask(handles::of_records(of()));
    let pops = bundle.ask(pops::of_conversations(of()));
    let mut answers = session.together(bundle).await?;
    Ok(State {
        keys: answers.take(&keys)?,
        events: answers.take(&events)?,
        records: answers.take(&records)?,
        subjects: answers.take(&subjects)?,
        pops: answers.take(&pops)?,
    })
}

/// Moves keys to another root, or to an earlier first time, and names those that were known by their id alone (a remark
/// came first). The caller holds the locks of the sets.
pub(crate) fn update(writes: &mut Bundle, rows: &[ConversationRow]) {
    let query = Query::new(
        "UPDATE conversation SET root = r.root, first_time = r.first_time, \
         key = CASE WHEN conversation.key = '' THEN r.key ELSE conversation.key END \
         FROM {rows} WHERE conversation.id = r.id",
    );
    writes.write("write conversations", query.rows(table(rows)));
}

/// Roots of conversations after one of them, in the order of their ids: those that began at `since` or later, of one
/// source or of all.
pub(crate) async fn roots_after(
    session: &Session<'_>,
    after: Option<Uuid>,
    since: Option<Timestamp>,
    source: Option<&str>,
    limit: u32,
) -> Result<Vec<Uuid>, StoreError> {
    let query = Query::new(
        "SELECT c.id FROM conversation c WHERE c.id > {1} AND c.root = c.id AND c.first_time >= {2} \
         AND c.key LIKE {3} ESCAPE '\\' ORDER BY c.id LIMIT {4}",
    );
    let query = query
        .bind(after.unwrap_or_default())
        .bind(since.map_or(i64::MIN, micros))
        .bind(source.map_or_else(|| "%".to_owned(), |source| format!("{}|%", cdrs::literal(source))))
        .bind(i64::from(limit));
    session.all("read conversations", query).await?.iter().map(|row| row.uuid(0)).collect()
}
