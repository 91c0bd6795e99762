//! What there is about tags besides who has them: every word that a source used, and what was written where.

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::bundle::Ask;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Session};
use super::{instant, micros};
use crate::profile::Written;

/// A word that a source uses for a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WordRow {
    pub(crate) source: String,
    pub(crate) word: String,
    pub(crate) first_seen: Timestamp,
}

/// Keeps words that are new, in their order.
pub(crate) async fn keep_words(session: &Session<'_>, words: &[WordRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[("source", Kind::Text), ("word", Kind::Text), ("first_seen", Kind::Big)]);
    for word in words {
        rows.push([word.source.as_str().into(), word.word.as_str().into(), word.first_seen.into()]);
    }
    let query = Query::new(
        "INSERT INTO tag_word (source, word, first_seen) SELECT source, word, first_seen FROM {rows} WHERE true \
         ON CONFLICT (source, word) DO NOTHING",
    );
    session.run("write words of tags", query.rows(rows)).await.map(drop)
}

/// Every word that was ever used, by source.
pub(crate) fn words() -> Ask<WordRow> {
    let query = Query::new("SELECT w.source, w.word, w.first_seen FROM tag_word w ORDER BY w.source, w.word");
    Ask::new("read words of tags", query, 3, |row| {
        Ok(WordRow { source: row.text(0)?, word: row.text(1)?, first_seen: row.instant(2)? })
    })
}

/// What was written of the tags of customers, by present customer id and the handle that it is kept at.
pub(crate) fn written_of(customers: impl IntoIterator<Item = Uuid>) -> Ask<(Uuid, Uuid, Written)> {
    let query = Query::new(
        "SELECT h.customer, w.handle, w.tag, w.system, w.present, w.decided_at, w.decided_by, w.awaited FROM handle h \
         JOIN tag_written w ON w.handle = h.id WHERE h.customer {ids}",
    );
    Ask::new("read written tags", query.ids(customers), 8, |row| {
        let written = Written {
            tag: row.text(2)?,
            system: row.text(3)?,
            set: row.flag(4)?,
            decided_at: row.instant(5)?,
            decided_by: row.text(6)?,
            awaited: awaited(&row.text(7)?),
        };
        Ok((row.uuid(0)?, row.uuid(1)?, written))
    })
}

/// Writes over what stood there. `written` is sorted; the caller holds the locks of the handles' customers.
pub(crate) async fn keep_written(session: &Session<'_>, written: &[(Uuid, Written)]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("handle", Kind::Uuid),
        ("tag", Kind::Text),
        ("system", Kind::Text),
        ("present", Kind::Bool),
        ("decided_at", Kind::Big),
        ("decided_by", Kind::Text),
        ("awaited", Kind::Text),
    ]);
    for (handle, row) in written {
        let awaited = row
            .awaited
            .iter()
            .fold(String::new(), |text, (at, set)| format!("{text}{}{},", micros(*at), if *set { '+' } else { '-' }));
        rows.push([
            (*handle).into(),
            row.tag.as_str().into(),
            row.system.as_str().into(),
            row.set.into(),
            row.decided_at.into(),
            row.decided_by.as_str().into(),
            awaited.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO tag_written (handle, tag, system, present, decided_at, decided_by, awaited) \
         SELECT handle, tag, system, CAST(present AS boolean), decided_at, decided_by, awaited FROM {rows} WHERE true \
         ON CONFLICT (handle, tag, system) DO UPDATE SET present = excluded.present, \
         decided_at = excluded.decided_at, decided_by = excluded.decided_by, awaited = excluded.awaited",
    );
    session.run("write written tags", query.rows(rows)).await.map(drop)
}

/// The form that [`keep_written`] gives it; what is none of it is passed over.
fn awaited(text: &str) -> Vec<(Timestamp, bool)> {
    let one = |part: &str| {
        let set = part.ends_with('+');
        Some((instant(part.trim_end_matches(['+', '-']).parse().ok()?), set))
    };
    text.split(',').filter_map(one).collect()
}
