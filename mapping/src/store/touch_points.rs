//! What happened with people besides their conversations, and the way to a page of all of it: for each of a customer's
//! handles no more rows are read than the page has.

use std::collections::BTreeSet;

use trunkline_events::Timestamp;
use uuid::Uuid;

use super::bundle::{Ask, Bundle};
use super::cdrs::{self, StoredCdr, literal};
use super::micros;
use super::rows::{Kind, Rows};
use super::session::Query;

/// One happening, by the event that told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TouchRow {
    /// The event.
    pub(crate) id: Uuid,
    pub(crate) handle: Option<Uuid>,
    /// The key of the conversation that it is part of.
    pub(crate) conversation: Option<Uuid>,
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) medium: String,
    /// Login of an agent who did it.
    pub(crate) agent: Option<String>,
}

/// Which part of a customer's journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageQuery {
    /// One of the customer's ids.
    pub(crate) customer: Uuid,
    /// What is older than this.
    pub(crate) before: (Timestamp, Uuid),
    pub(crate) since: Timestamp,
    /// Words of kinds; empty for all.
    pub(crate) kinds: BTreeSet<String>,
    /// `voice`, `chat`, …; empty for all.
    pub(crate) medium: String,
    /// Logins of agents; empty for all.
    pub(crate) agents: BTreeSet<String>,
    pub(crate) limit: u32,
}

/// Adds happenings; each is told once, since its event is stored once.
pub(crate) fn insert(writes: &mut Bundle, touched: &[TouchRow]) {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("handle", Kind::OptionalUuid),
        ("conversation", Kind::OptionalUuid),
        ("at", Kind::Big),
        ("kind", Kind::Text),
        ("medium", Kind::Text),
        ("agent", Kind::OptionalText),
    ]);
    for touch in touched {
        rows.push([
            touch.id.into(),
            touch.handle.into(),
            touch.conversation.into(),
            touch.at.into(),
            touch.kind.as_str().into(),
            touch.medium.as_str().into(),
            touch.agent.as_deref().into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO touch_point (id, handle, conversation, at, kind, medium, agent) \
         SELECT id, handle, conversation, at, kind, medium, agent FROM {rows}",
    );
    writes.write("write touch points", query.rows(rows));
}

/// Hangs what is stored of conversations on other handles: the record does so too. `moved` names keys of conversations.
pub(crate) fn move_to(writes: &mut Bundle, moved: &[(Uuid, Option<Uuid>)]) {
    let mut rows = Rows::new(&[("conversation", Kind::Uuid), ("handle", Kind::OptionalUuid)]);
    for (conversation, handle) in moved {
        rows.push([(*conversation).into(), (*handle).into()]);
    }
    let query = Query::new(
        "UPDATE touch_point SET handle = r.handle FROM {rows} WHERE touch_point.conversation = r.conversation",
    );
    writes.write("move touch points", query.rows(rows));
}

/// Handles whose past is the customer's, and the time in which it is: what others have too is nobody's, and a contact's past
/// is theirs who had it then. A `CASE` holds an entry against that time so that a planner does not take it for a condition
/// that leaves few: for all but a few handles that time is always, and the index leads straight to the page.
macro_rules! his_handles {
    () => {
        "(SELECT i.id, coalesce(i.since, -9223372036854775808) AS begins, 9223372036854775807 AS ends FROM handle i \
         WHERE i.customer = (SELECT o.customer FROM handle o WHERE o.id = {1}) AND NOT i.shared AND NOT i.generic \
         UNION ALL SELECT t.handle, t.begins, t.ends FROM handle j JOIN tenure t ON t.owner = j.id \
         WHERE j.customer = (SELECT o.customer FROM handle o WHERE o.id = {1})) AS h"
    };
}

macro_rules! touch_page {
    ($x:literal) => {
        concat!(
            "FROM touch_point ",
            $x,
            " WHERE ",
            $x,
            ".handle = h.id AND CASE WHEN ",
            $x,
            ".at < h.begins THEN false ELSE ",
            $x,
            ".at < h.ends END AND (",
            $x,
            ".at, ",
            $x,
            ".id) < ({2}, {3}) AND ",
            $x,
            ".at >= {4} AND ({5} = '' OR {5} LIKE '%|' || ",
            $x,
            ".kind || '|%') AND ({6} = '' OR ",
            $x,
            ".medium = {6}) AND ({7} OR EXISTS (SELECT 1 FROM {rows} WHERE r.value = ",
            $x,
            ".agent)) ORDER BY ",
            $x,
            ".at DESC, ",
            $x,
            ".id DESC LIMIT {8}"
        )
    };
}

const TOUCH_POSTGRES: &str = concat!(
    "SELECT t.id, t.handle, t.conversation, t.at, t.kind, t.medium, t.agent FROM ",
    his_handles!(),
    " CROSS JOIN LATERAL (SELECT x.* ",
    touch_page!("x"),
    ") AS t ORDER BY t.at DESC, t.id DESC LIMIT {8}"
);
const TOUCH_SQLITE: &str = concat!(
    "SELECT t.id, t.handle, t.conversation, t.at, t.kind, t.medium, t.agent FROM ",
    his_handles!(),
    " JOIN touch_point t ON t.rowid IN (SELECT x.rowid ",
    touch_page!("x"),
    ") ORDER BY t.at DESC, t.id DESC LIMIT {8}"
);

/// A page of happenings, the newest first.
pub(crate) fn page(asked: &PageQuery, is_postgres: bool) -> Ask<TouchRow> {
    let query = bound(if is_postgres { TOUCH_POSTGRES } else { TOUCH_SQLITE }, asked, asked.agents.iter().cloned());
    Ask::new("read touch points", query, 7, |row| {
        Ok(TouchRow {
            id: row.uuid(0)?,
            handle: row.maybe_uuid(1)?,
            conversation: row.maybe_uuid(2)?,
            at: row.instant(3)?,
            kind: row.text(4)?,
            medium: row.text(5)?,
            agent: row.maybe_text(6)?,
        })
    })
}

macro_rules! record_page {
    ($x:literal) => {
        concat!(
            "FROM cdr ",
            $x,
            " WHERE ",
            $x,
            ".subject_handle = h.id AND CASE WHEN ",
            $x,
            ".started < h.begins THEN false ELSE ",
            $x,
            ".started < h.ends END AND ",
            $x,
            ".started <= {2} AND (",
            $x,
            ".started, ",
            $x,
            ".id) < ({2}, {3}) AND ",
            $x,
            ".started >= {4} AND ({5} = '' OR {5} LIKE '%|' || CASE ",
            $x,
            ".medium WHEN 'voice' THEN 'call' ELSE ",
            $x,
            ".medium END || '|%') AND ({6} = '' OR ",
            $x,
            ".medium = {6}) AND ({7} OR EXISTS (SELECT 1 FROM {rows} WHERE ",
            $x,
            ".agents LIKE r.value ESCAPE '\\')) ORDER BY ",
            $x,
            ".started DESC, ",
            $x,
            ".id DESC LIMIT {8}"
        )
    };
}

const RECORDS_POSTGRES: &str = concat!(
    "SELECT c.id, c.complete, c.subject_handle, c.record, c.sealed FROM ",
    his_handles!(),
    " CROSS JOIN LATERAL (SELECT x.* ",
    record_page!("x"),
    ") AS c ORDER BY c.started DESC, c.id DESC LIMIT {8}"
);
const RECORDS_SQLITE: &str = concat!(
    "SELECT c.id, c.complete, c.subject_handle, c.record, c.sealed FROM ",
    his_handles!(),
    " JOIN cdr c ON c.rowid IN (SELECT x.rowid ",
    record_page!("x"),
    ") ORDER BY c.started DESC, c.id DESC LIMIT {8}"
);

/// A page of records, by when they started, the newest first.
pub(crate) fn records(asked: &PageQuery, is_postgres: bool) -> Ask<StoredCdr> {
    let agents = asked.agents.iter().map(|agent| format!("%|{}|%", literal(agent)));
    let query = bound(if is_postgres { RECORDS_POSTGRES } else { RECORDS_SQLITE }, asked, agents);
    Ask::new("read records", query, 5, cdrs::read)
}

fn bound(sql: &'static str, asked: &PageQuery, agents: impl Iterator<Item = String>) -> Query {
    let agents: Vec<String> = agents.collect();
    let kinds = asked.kinds.iter().fold(String::new(), |text, kind| format!("{text}|{kind}|"));
    Query::new(sql)
        .rows(Rows::texts(agents.iter().map(String::as_str)))
        .bind(asked.customer)
        .bind(micros(asked.before.0))
        .bind(asked.before.1)
        .bind(micros(asked.since))
        .bind(kinds)
        .bind(asked.medium.as_str())
        .bind(agents.is_empty())
        .bind(i64::from(asked.limit))
}

#[cfg(test)]
mod tests;
