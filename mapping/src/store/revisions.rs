//! What was told of each record: one row a revision.

use std::collections::HashMap;

use trunkline_events::{EventId, Timestamp};
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Session};
use crate::cdr::Change;
use crate::view::RevisionView;

/// One revision, on its way into the store.
pub(crate) struct RevisionRow {
    /// The record.
    pub(crate) id: Uuid,
    pub(crate) revision: u32,
    /// When what caused it was taken.
    pub(crate) at: Timestamp,
    pub(crate) cause: EventId,
    /// The type of the event that caused it, or another word.
    pub(crate) why: &'static str,
    pub(crate) digest: Uuid,
    pub(crate) changes: Vec<Change>,
}

/// The last revision that was told of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) revision: u32,
    pub(crate) digest: Uuid,
}

/// Adds revisions; one that stands there already stays as it is.
pub(crate) fn insert(writes: &mut Bundle, revisions: &[RevisionRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("revision", Kind::Big),
        ("at", Kind::Big),
        ("cause", Kind::Uuid),
        ("why", Kind::Text),
        ("digest", Kind::Uuid),
        ("changes", Kind::Text),
    ]);
    for one in revisions {
        rows.push([
            one.id.into(),
            i64::from(one.revision).into(),
            one.at.into(),
            one.cause.into(),
            one.why.into(),
            one.digest.into(),
            serde_json::to_string(&one.changes)?.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO cdr_revision (id, revision, at, cause, why, digest, changes) SELECT id, revision, at, cause, why, \
         digest, changes FROM {rows} WHERE true ON CONFLICT (id, revision) DO NOTHING",
    );
    writes.write("write revisions", query.rows(rows));
    Ok(())
}

/// All revisions of a conversation, those of records that became part of it too, the oldest first.
pub(crate) fn of_conversation(id: Uuid) -> Ask<RevisionView> {
    let query = Query::new(
        "SELECT v.id, v.revision, v.at, v.cause, v.why, v.changes FROM cdr_revision v WHERE v.id IN \
         (SELECT c.id FROM conversation c WHERE c.root IN (SELECT t.root FROM conversation t WHERE t.id = {1})) \
         ORDER BY v.revision, v.at, v.id",
    );
    Ask::new("read revisions", query.bind(id), 6, |row| {
        let id = row.uuid(0)?;
        let changes = serde_json::from_str(&row.text(5)?).map_err(|cause| StoreError::Unreadable {
            table: "cdr_revision",
            id,
            problem: cause.to_string(),
        })?;
        Ok(RevisionView {
            record: id,
            revision: number(row.big(1)?),
            at: row.instant(2)?,
            cause: row.maybe_uuid(3)?,
            why: row.text(4)?,
            changes,
        })
    })
}

/// The last revisions of these records.
pub(crate) async fn last(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Last>, StoreError> {
    let query =
        Query::new("SELECT v.id, v.revision, v.digest FROM cdr_revision v WHERE v.id {ids} ORDER BY v.revision");
    let found = session.all("read revisions", query.ids(ids)).await?;
    found.iter().map(|row| Ok((row.uuid(0)?, Last { revision: number(row.big(1)?), digest: row.uuid(2)? }))).collect()
}

fn number(revision: i64) -> u32 {
    u32::try_from(revision).unwrap_or(u32::MAX)
}
