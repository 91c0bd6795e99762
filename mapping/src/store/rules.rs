//! Applied mapping rules, and which rules an event was mapped by.

use trunkline_events::{Event, Timestamp};

use super::connect::Store;
use super::error::StoreError;
use super::events::parse;
use super::micros;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};
use crate::rules::File;

/// Any number, the same in every process: versions are added one after another.
const LOCK: i64 = 0x7472_756e_6b01;

/// A version of the mapping rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRow {
    pub(crate) number: i64,
    pub(crate) hash: String,
    pub(crate) applied: Timestamp,
    pub(crate) actor: String,
    pub(crate) note: String,
    pub(crate) restored: Option<i64>,
}

/// A version that is to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewVersion<'v> {
    pub(crate) hash: &'v str,
    pub(crate) files: &'v [File],
    pub(crate) actor: &'v str,
    pub(crate) note: &'v str,
    pub(crate) restored: Option<i64>,
    pub(crate) at: Timestamp,
}

/// The rules by which events are mapped, under their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleSetRow {
    pub(crate) id: i64,
    pub(crate) identity: String,
    pub(crate) dial_plans: String,
    /// Version of the mapping rules; 0 for none.
    pub(crate) mapping: i64,
}

const COLUMNS: &str = "SELECT v.number, v.hash, v.applied, v.actor, v.note, v.restored FROM mapping_version v \
    ORDER BY v.number DESC LIMIT {1}";

impl VersionRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.big(0)?,
            hash: row.text(1)?,
            applied: row.instant(2)?,
            actor: row.text(3)?,
            note: row.text(4)?,
            restored: row.maybe_big(5)?,
        })
    }
}

impl Store {
    /// Versions, the newest first.
    pub(crate) async fn versions(&self, limit: u32) -> Result<Vec<VersionRow>, StoreError> {
        let query = Query::new(COLUMNS).bind(i64::from(limit));
        self.reading().all("read rule versions", query).await?.iter().map(VersionRow::read).collect()
    }

    /// The number of the version that counts; 0 if there is none. One look at one row.
    pub(crate) async fn active_version(&self) -> Result<i64, StoreError> {
        active(&self.reading()).await
    }

    /// A version with its files.
    pub(crate) async fn version(&self, number: i64) -> Result<Option<(VersionRow, Vec<File>)>, StoreError> {
        let sql = "SELECT v.number, v.hash, v.applied, v.actor, v.note, v.restored, v.files FROM mapping_version v \
                   WHERE v.number = {1}";
        let found = self.reading().all("read a rule version", Query::new(sql).bind(number)).await?;
        found.first().map(|row| Ok((VersionRow::read(row)?, serde_json::from_str(&row.text(6)?)?))).transpose()
    }

    /// Adds a version on top of `base` and its entry in the audit log, in one transaction; gives its number, or the number
    /// that counts if that is not `base`.
    pub(crate) async fn add_version(&self, new: NewVersion<'_>, base: i64) -> Result<Result<i64, i64>, StoreError> {
        let transaction = self.begin().await?;
        let done = add(&transaction.session(), new, base).await;
        match done {
            Ok(added) => {
                transaction.commit().await?;
                Ok(added)
            }
            Err(cause) => {
                // The connection may be gone, and the transaction with it: what went wrong first is what counts.
                let _ = transaction.rollback().await;
                Err(cause)
            }
        }
    }

    /// Makes a rule set known, so that events may name it; harmless if it is known.
    pub(crate) async fn add_rule_set(&self, set: &RuleSetRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO rule_set (id, identity, dial_plans, mapping) VALUES ({1}, {2}, {3}, {4}) \
                   ON CONFLICT (id) DO NOTHING";
        let query =
            Query::new(sql).bind(set.id).bind(set.identity.as_str()).bind(set.dial_plans.as_str()).bind(set.mapping);
        self.writing().run("write a rule set", query).await.map(drop)
    }

    /// The rules that an event was mapped by; `None` if it is not stored, or from before rules had a version.
    pub(crate) async fn rule_set_of(&self, event: trunkline_events::EventId) -> Result<Option<RuleSetRow>, StoreError> {
        let sql = "SELECT s.id, s.identity, s.dial_plans, s.mapping FROM event e JOIN rule_set s ON s.id = e.rules \
                   WHERE e.id {ids}";
        let found = self.reading().all("read the rules of an event", Query::new(sql).ids([event.uuid()])).await?;
        let read = |row: &Row| {
            Ok(RuleSetRow { id: row.big(0)?, identity: row.text(1)?, dial_plans: row.text(2)?, mapping: row.big(3)? })
        };
        found.first().map(read).transpose()
    }

    /// Stored events of these types received at `since` or later, as they came, the latest first.
    pub(crate) async fn latest_events(
        &self,
        types: &[String],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT e.id, e.body FROM event e WHERE e.received >= {1} AND e.type IN (SELECT r.value FROM {rows}) \
                   ORDER BY e.received DESC, e.id LIMIT {2}";
        let query = Query::new(sql)
            .rows(Rows::texts(types.iter().map(String::as_str)))
            .bind(micros(since))
            .bind(i64::from(limit));
        let found = self.reading().all("read the latest events", query).await?;
        found.iter().map(|row| parse(row.uuid(0)?, &row.text(1)?)).collect()
    }
}

/// The files of the mapping rules that these rule sets name; a set without any has none.
pub(crate) async fn files_of(
    session: &Session<'_>,
    sets: impl IntoIterator<Item = i64>,
) -> Result<Vec<(i64, Vec<File>)>, StoreError> {
    let mut rows = Rows::new(&[("id", Kind::Big)]);
    for id in sets {
        rows.push([id.into()]);
    }
    let sql = "SELECT s.id, v.files FROM rule_set s LEFT JOIN mapping_version v ON v.number = s.mapping \
               JOIN {rows} ON r.id = s.id";
    let found = session.all("read rules of events", Query::new(sql).rows(rows)).await?;
    let read = |row: &Row| {
        let files = row.maybe_text(1)?.map(|text| serde_json::from_str(&text)).transpose()?;
        Ok((row.big(0)?, files.unwrap_or_default()))
    };
    found.iter().map(read).collect()
}

async fn active(session: &Session<'_>) -> Result<i64, StoreError> {
    let found = session.all("read the active rules", Query::new(COLUMNS).bind(1_i64)).await?;
    found.first().map_or(Ok(0), |row| row.big(0))
}

async fn add(session: &Session<'_>, new: NewVersion<'_>, base: i64) -> Result<Result<i64, i64>, StoreError> {
    if session.is_postgres() {
        session.all("lock the rules", Query::new("SELECT pg_advisory_xact_lock({1})").bind(LOCK)).await?;
    }
    let counts = active(session).await?;
    if counts != base {
        return Ok(Err(counts));
    }
    let number = base + 1;
    let query = Query::new(
        "INSERT INTO mapping_version (number, hash, files, applied, actor, note, restored) \
         VALUES ({1}, {2}, {3}, {4}, {5}, {6}, nullif(CAST({7} AS bigint), 0))",
    )
    .bind(number)
    .bind(new.hash)
    .bind(serde_json::to_string(new.files)?)
    .bind(new.at)
    .bind(new.actor)
    .bind(new.note)
    .bind(new.restored.unwrap_or_default());
    session.run("write a rule version", query).await?;
    let (action, detail) = match new.restored {
        Some(old) => ("mapping.rollback", format!("to version {old}: {}", new.note)),
        None => ("mapping.apply", new.note.to_owned()),
    };
    let query =
        Query::new("INSERT INTO audit_log (at, actor, action, target, detail) VALUES ({1}, {2}, {3}, {4}, {5})")
            .bind(new.at)
            .bind(new.actor)
            .bind(action)
            .bind(number.to_string())
            .bind(detail);
    session.run("write the audit log", query).await?;
    Ok(Ok(number))
}
