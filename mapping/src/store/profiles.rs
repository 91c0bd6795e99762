//! What sources say of people: profile values and tags, each on the handle that it was said of.

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::bundle::Ask;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Session};

/// A source's newest value of a field, or one of its values where all are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueRow {
    pub(crate) handle: Uuid,
    pub(crate) field: String,
    pub(crate) source: String,
    pub(crate) value: String,
    pub(crate) at: Timestamp,
    /// Keep it beside what the source says later.
    pub(crate) keep: bool,
}

/// A source's newest word on a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagRow {
    pub(crate) handle: Uuid,
    pub(crate) tag: String,
    pub(crate) source: String,
    pub(crate) present: bool,
    pub(crate) at: Timestamp,
    /// It only tells back what was written there for us.
    pub(crate) echo: bool,
}

macro_rules! upsert_values {
    ($is_less:literal) => {
        concat!(
            "INSERT INTO profile_value (handle, field, source, slot, value, at) \
             SELECT handle, field, source, slot, value, at FROM {rows} WHERE true \
             ON CONFLICT (handle, field, source, slot) DO UPDATE SET value = excluded.value, at = excluded.at \
             WHERE profile_value.at < excluded.at OR (profile_value.at = excluded.at AND ",
            $is_less,
            ")"
        )
    };
}

/// Writes values that are newer than what stands there; of two at one instant the greater text stays. Each
/// (handle, field, source) stands once in `values`, sorted.
pub(crate) async fn upsert_values(session: &Session<'_>, values: &[ValueRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("handle", Kind::Uuid),
        ("field", Kind::Text),
        ("source", Kind::Text),
        ("slot", Kind::Big),
        ("value", Kind::Text),
        ("at", Kind::Big),
    ]);
    for value in values {
        rows.push([
            value.handle.into(),
            value.field.as_str().into(),
            value.source.as_str().into(),
            if value.keep { value.at.into() } else { 0.into() },
            value.value.as_str().into(),
            value.at.into(),
        ]);
    }
    // Text is compared by its bytes, as a batch compares it, and not by the language that the database was made for.
    let query = if session.is_postgres() {
        Query::new(upsert_values!("profile_value.value COLLATE \"C\" < excluded.value"))
    } else {
        Query::new(upsert_values!("profile_value.value COLLATE BINARY < excluded.value"))
    };
    session.run("write profile values", query.rows(rows)).await.map(drop)
}

/// Writes tags that are newer than what stands there; of two at one instant the set one stays. Each
/// (handle, tag, source) stands once in `tags`, sorted.
pub(crate) async fn upsert_tags(session: &Session<'_>, tags: &[TagRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("handle", Kind::Uuid),
        ("tag", Kind::Text),
        ("source", Kind::Text),
        ("present", Kind::Bool),
        ("at", Kind::Big),
        ("echo", Kind::Bool),
    ]);
    for tag in tags {
        rows.push([
            tag.handle.into(),
            tag.tag.as_str().into(),
            tag.source.as_str().into(),
            tag.present.into(),
            tag.at.into(),
            tag.echo.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO tag (handle, tag, source, present, at, echo) \
         SELECT handle, tag, source, CAST(present AS boolean), at, CAST(echo AS boolean) \
         FROM {rows} WHERE true ON CONFLICT (handle, tag, source) DO UPDATE SET present = excluded.present, \
         at = excluded.at, echo = excluded.echo WHERE tag.at < excluded.at OR (tag.at = excluded.at AND excluded.present)",
    );
    session.run("write tags", query.rows(rows)).await.map(drop)
}

/// What sources say of the fields of customers, by present customer id; not what was said of a contact while it was
/// somebody else's.
pub(crate) fn values_of(customers: impl IntoIterator<Item = Uuid>) -> Ask<(Uuid, ValueRow)> {
    let query = Query::new(
        "SELECT h.customer, p.handle, p.field, p.source, p.value, p.at, p.slot FROM handle h \
         JOIN profile_value p ON p.handle = h.id AND (h.since IS NULL OR p.at >= h.since) \
         WHERE h.customer {ids} AND NOT h.shared AND NOT h.generic",
    );
    Ask::new("read profiles", query.ids(customers), 7, |row| {
        let (handle, field, source) = (row.uuid(1)?, row.text(2)?, row.text(3)?);
        let (value, at, keep) = (row.text(4)?, row.instant(5)?, row.big(6)? != 0);
        Ok((row.uuid(0)?, ValueRow { handle, field, source, value, at, keep }))
    })
}

/// What sources say of the tags of customers, those taken away too, by present customer id.
pub(crate) fn tags_of(customers: impl IntoIterator<Item = Uuid>) -> Ask<(Uuid, TagRow)> {
    let query = Query::new(
        "SELECT h.customer, t.handle, t.tag, t.source, t.at, t.present, t.echo FROM handle h \
         JOIN tag t ON t.handle = h.id AND (h.since IS NULL OR t.at >= h.since) \
         WHERE h.customer {ids} AND NOT h.shared AND NOT h.generic",
    );
    Ask::new("read tags", query.ids(customers), 7, |row| {
        let (handle, tag, source) = (row.uuid(1)?, row.text(2)?, row.text(3)?);
        let (at, present, echo) = (row.instant(4)?, row.flag(5)?, row.flag(6)?);
        Ok((row.uuid(0)?, TagRow { handle, tag, source, present, at, echo }))
    })
}
