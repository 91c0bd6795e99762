//! Advisory locks of PostgreSQL: two batches that touch the same people or the same conversation take turns.
//!
//! A lock lasts until its transaction ends, or is rolled back to before it was taken. All locks of a transaction are taken
//! at once and in one order, people before conversations, so that no circle of waiting can form. SQLite has one writer at
//! a time and needs none.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use uuid::Uuid;

use super::error::StoreError;
use super::session::Session;

/// What a transaction holds.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Handles that evidence connects.
    pub(crate) people: BTreeSet<Uuid>,
    /// Calls and chats that are one conversation.
    pub(crate) conversations: BTreeSet<Uuid>,
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.people.is_empty() && self.conversations.is_empty()
    }

    /// The keys to lock, in their order.
    fn keys(&self) -> impl Iterator<Item = i64> {
        let sorted = |class: u64, ids: &BTreeSet<Uuid>| ids.iter().map(|id| key(class, *id)).collect::<BTreeSet<_>>();
        sorted(PEOPLE, &self.people).into_iter().chain(sorted(CONVERSATIONS, &self.conversations))
    }
}

const PEOPLE: u64 = 0x5045_4f50_4c45_0000;
const CONVERSATIONS: u64 = 0x434f_4e56_0000_0000;

/// Two ids with one key only wait for each other without need.
fn key(class: u64, id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low.rotate_left(17) ^ class).cast_signed()
}

/// Takes the locks in their order. `again` lets go what was locked before, and with it all that was written since.
pub(crate) async fn take(session: &Session<'_>, held: &Held, again: bool) -> Result<(), StoreError> {
    if !session.is_postgres() || held.is_empty() {
        return Ok(());
    }
    let mut sql = String::from(if again { "ROLLBACK TO SAVEPOINT unlocked;" } else { "SAVEPOINT unlocked;" });
    // One round trip: the keys are numbers of ours, so they may stand in the text.
    sql.push_str("SELECT pg_advisory_xact_lock(k) FROM unnest('{");
    for (at, key) in held.keys().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(sql, "{}{key}", if at == 0 { "" } else { "," });
    }
    sql.push_str("}'::bigint[]) AS u(k)");
    session.say("lock", &sql).await
}
