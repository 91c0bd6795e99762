//! Which calls and chats are one conversation, as data: each key names the root of the set that it stands in.

use std::collections::HashSet;

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};

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
pub(crate) async fn insert(session: &Session<'_>, rows: &[ConversationRow]) -> Result<HashSet<Uuid>, StoreError> {
    let query = Query::new(
        "INSERT INTO conversation (id, root, key, first_time) SELECT id, root, key, first_time FROM {rows} \
         WHERE true ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    let added = session.all("write conversations", query.rows(table(rows))).await?;
    added.iter().map(|row| row.uuid(0)).collect()
}

/// Every key of every set that one of `ids` stands in.
pub(crate) async fn sets_of(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<ConversationRow>, StoreError> {
    let query = Query::new(
        "SELECT c.id, c.root, c.key, c.first_time FROM conversation c \
         WHERE c.root IN (SELECT t.root FROM conversation t WHERE t.id {ids})",
    );
    let found = session.all("read conversations", query.ids(ids)).await?;
    found.iter().map(ConversationRow::read).collect()
}

/// Moves keys to another root, or to an earlier first time, and names those that were known by their id alone (a remark
/// came first). The caller holds the locks of the sets.
pub(crate) async fn update(session: &Session<'_>, rows: &[ConversationRow]) -> Result<(), StoreError> {
    let query = Query::new(
        "UPDATE conversation SET root = r.root, first_time = r.first_time, \
         key = CASE WHEN conversation.key = '' THEN r.key ELSE conversation.key END \
         FROM {rows} WHERE conversation.id = r.id",
    );
    session.run("write conversations", query.rows(table(rows))).await.map(drop)
}
