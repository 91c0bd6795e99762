//! Customers one after another, and how often each was in touch.

use uuid::Uuid;

use super::bundle::Ask;
use super::session::Query;
use crate::profile::Activity;

/// The next customers in the order of their ids, those of whom nothing is his alone left out.
pub(crate) fn customers_after(after: Uuid, limit: u32) -> Ask<Uuid> {
    let query = Query::new(
        "SELECT DISTINCT h.customer FROM handle h WHERE h.customer > {1} AND NOT h.shared AND NOT h.generic \
         ORDER BY h.customer LIMIT {2}",
    );
    Ask::new("list customers", query.bind(after).bind(i64::from(limit)), 1, |row| row.uuid(0))
}

/// How often customers were in touch, and when last; those who never were have no row.
pub(crate) fn of_customers(customers: impl IntoIterator<Item = Uuid>) -> Ask<(Uuid, Activity)> {
    let query = Query::new(
        "SELECT h.customer, count(CASE WHEN c.medium = 'voice' THEN 1 END), count(CASE WHEN c.medium = 'chat' THEN 1 END), \
         max(CASE WHEN c.medium = 'voice' THEN c.started END), max(CASE WHEN c.medium = 'chat' THEN c.started END), \
         min(h.first_seen) FROM handle h LEFT JOIN cdr c ON c.subject_handle = h.id AND (h.since IS NULL OR c.started >= h.since) \
         WHERE h.customer {ids} AND NOT h.shared AND NOT h.generic GROUP BY h.customer",
    );
    Ask::new("read activity", query.ids(customers), 6, |row| {
        let activity = Activity {
            calls: row.big(1)?,
            chats: row.big(2)?,
            last_call: row.maybe_instant(3)?,
            last_chat: row.maybe_instant(4)?,
            known_since: row.maybe_instant(5)?,
        };
        Ok((row.uuid(0)?, activity))
    })
}
