//! Advisory locks of PostgreSQL: two batches that touch the same people or the same conversation take turns.
//!
//! A lock lasts until its transaction ends, or is rolled back to before it was taken. Locks are taken in the order of their
//! keys within a stage, and stages follow one another in one order (people, then conversations), so that no circle
//! of waiting can form. SQLite has one writer at a time and needs none.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use uuid::Uuid;

use super::error::StoreError;
use super::session::Session;

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Handles that evidence connects.
    People,
    /// Calls and chats that are one conversation.
    Conversations,
}

impl Stage {
    fn savepoint(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Conversations => "conversations",
        }
    }

    /// Two ids with one key only wait for each other without need.
    fn key(self, id: Uuid) -> i64 {
        let class: u64 = match self {
            Self::People => 0x5045_4f50_4c45_0000,
            Self::Conversations => 0x434f_4e56_0000_0000,
        };
        let (high, low) = id.as_u64_pair();
        (high ^ low.rotate_left(17) ^ class).cast_signed()
    }
}

/// Locks `ids`; what was locked in this stage before is let go.
pub(crate) async fn take(
    session: &Session<'_>,
    stage: Stage,
    ids: &BTreeSet<Uuid>,
    again: bool,
) -> Result<(), StoreError> {
    if !session.is_postgres() {
        return Ok(());
    }
    let keys: BTreeSet<i64> = ids.iter().map(|id| stage.key(*id)).collect();
    let name = stage.savepoint();
    let mut sql = if again { format!("ROLLBACK TO SAVEPOINT {name};") } else { format!("SAVEPOINT {name};") };
    // One round trip: the keys are numbers of ours, so they may stand in the text.
    sql.push_str("SELECT pg_advisory_xact_lock(k) FROM unnest('{");
    for (at, key) in keys.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(sql, "{}{key}", if at == 0 { "" } else { "," });
    }
    sql.push_str("}'::bigint[]) AS u(k)");
    session.say("lock", &sql).await
}
