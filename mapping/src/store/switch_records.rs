//! The switches' own records, and the reports of how ours stand to them.

use trunkline_events::Timestamp;
use trunkline_events::cdr::SwitchRecord;
use uuid::Uuid;

use super::connect::Store;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::{Query, Session};
use crate::cdr::{Recorded, switch_record_id};
use crate::view::ReconciliationView;

impl Store {
    /// Keeps records of switches; gives how many were not known yet. A record that is known stays as it is.
    pub async fn keep_switch_records(&self, records: &[SwitchRecord]) -> Result<u64, StoreError> {
        let mut rows =
            Rows::new(&[("id", Kind::Uuid), ("source", Kind::Text), ("at", Kind::Big), ("record", Kind::Text)]);
        let mut seen = std::collections::BTreeSet::new();
        for record in records {
            // A row may stand only once in a statement.
            if seen.insert(switch_record_id(record)) {
                let at = record.ended.or(record.started).unwrap_or(Timestamp::EPOCH);
                let json = serde_json::to_string(record)?;
                rows.push([switch_record_id(record).into(), record.source.as_str().into(), at.into(), json.into()]);
            }
        }
        if seen.is_empty() {
            return Ok(0);
        }
        let query = Query::new(
            "INSERT INTO switch_record (id, source, at, record) SELECT id, source, at, record FROM {rows} WHERE true \
             ON CONFLICT (id) DO NOTHING",
        );
        self.writing().run("write switch records", query.rows(rows)).await
    }

    /// Records of switches that ended from `from` on and before `to`, the oldest first.
    pub(crate) async fn switch_records(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Recorded>, StoreError> {
        let query = Query::new(
            "SELECT s.id, s.record FROM switch_record s WHERE s.at >= {1} AND s.at < {2} ORDER BY s.at, s.id",
        );
        let found = self.reading().all("read switch records", query.bind(from).bind(to)).await?;
        found
            .iter()
            .map(|row| {
                let id = row.uuid(0)?;
                let record = serde_json::from_str(&row.text(1)?).map_err(|cause| StoreError::Unreadable {
                    table: "switch_record",
                    id,
                    problem: cause.to_string(),
                })?;
                Ok(Recorded { id, record })
            })
            .collect()
    }

    /// The report of a day, `2026-11-21`; `None` if none was made.
    pub async fn report(&self, day: &str) -> Result<Option<ReconciliationView>, StoreError> {
        let query = Query::new("SELECT r.report FROM cdr_report r WHERE r.day = {1}").bind(day);
        let found = self.reading().all("read a report", query).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let read = serde_json::from_str(&row.text(0)?);
        read.map(Some).map_err(|cause| StoreError::Unreadable {
            table: "cdr_report",
            id: Uuid::nil(),
            problem: cause.to_string(),
        })
    }
}

/// Keeps the report of a day; false if there is one already, which then stays, unless it is to be replaced.
pub(crate) async fn keep_report(
    session: &Session<'_>,
    day: &str,
    made: Timestamp,
    report: &ReconciliationView,
    replace: bool,
) -> Result<bool, StoreError> {
    let sql = if replace {
        "INSERT INTO cdr_report (day, made, report) VALUES ({1}, {2}, {3}) ON CONFLICT (day) DO UPDATE SET \
         made = excluded.made, report = excluded.report"
    } else {
        "INSERT INTO cdr_report (day, made, report) VALUES ({1}, {2}, {3}) ON CONFLICT (day) DO NOTHING"
    };
    let query = Query::new(sql).bind(day).bind(made).bind(serde_json::to_string(report)?);
    Ok(session.run("write a report", query).await? > 0)
}
