//! Who looked at or changed what. Entries are added, never changed.

use trunkline_events::Timestamp;

use super::connect::Store;
use super::error::StoreError;
use super::micros;
use super::session::Query;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// The token's name.
    pub actor: String,
    /// `customer.view`, `customer.merge`, `token.create`, …
    pub action: String,
    /// What it was done to: an id.
    pub target: String,
    /// More, without personal data.
    pub detail: String,
}

impl Store {
    /// Adds an entry.
    pub async fn log_action(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit_log (at, actor, action, target, detail) VALUES ({1}, {2}, {3}, {4}, {5})";
        let query = Query::new(sql)
            .bind(entry.at)
            .bind(entry.actor.as_str())
            .bind(entry.action.as_str())
            .bind(entry.target.as_str())
            .bind(entry.detail.as_str());
        self.writing().run("write the audit log", query).await.map(drop)
    }

    /// Entries before `before` (all, if absent), the newest first.
    pub async fn actions(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = "SELECT at, actor, action, target, detail FROM audit_log WHERE at < {1} ORDER BY seq DESC LIMIT {2}";
        let query = Query::new(sql).bind(before.map_or(i64::MAX, micros)).bind(i64::from(limit));
        let found = self.reading().all("read the audit log", query).await?;
        found
            .iter()
            .map(|row| {
                let (at, actor, action) = (row.instant(0)?, row.text(1)?, row.text(2)?);
                Ok(AuditEntry { at, actor, action, target: row.text(3)?, detail: row.text(4)? })
            })
            .collect()
    }
}
