//! What the HTTP side needs of the mapping rules, as a trait the daemon implements.

use async_trait::async_trait;
use trunkline_events::Timestamp;
use trunkline_mapping::rules::{File, Rehearsal};
use trunkline_mapping::view::{EventRulesView, RuleVersionView};
use uuid::Uuid;

use super::parts::{Answer, Decided};

/// Which stored events rules are rehearsed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rehearsed {
    /// Only those received then or later.
    pub since: Option<Timestamp>,
    /// At most so many, the latest.
    pub last: u32,
    /// Whether samples have values.
    pub show: bool,
}

/// The mapping rules of all daemons. Every call may wait for the database.
#[async_trait]
pub trait Rules: Send + Sync {
    /// Versions, the newest first, without their files.
    async fn versions(&self, limit: u32) -> Answer<Vec<RuleVersionView>>;
    /// A version with its files; the one that counts if no number is given.
    async fn version(&self, number: Option<i64>) -> Answer<Option<RuleVersionView>>;
    /// By which rules a stored event was mapped.
    async fn of_event(&self, event: Uuid) -> Answer<Option<EventRulesView>>;
    /// What these files would change of stored events; changes nothing.
    async fn rehearse(&self, files: &[File], on: Rehearsed) -> Answer<Rehearsal>;
    /// Applies files on top of version `base` (of whichever counts if absent), if they are good and their tests pass. Writes
    /// the audit log.
    async fn apply(&self, files: &[File], base: Option<i64>, decided: Decided<'_>) -> Answer<RuleVersionView>;
    /// Makes an old version's files count again, as a new version. Writes the audit log.
    async fn restore(&self, version: i64, decided: Decided<'_>) -> Answer<RuleVersionView>;
}
