//! The books of queues: conversations that events put into a queue, against the records that name it.

use trunkline_events::Timestamp;

use super::connect::Store;
use super::error::StoreError;
use super::session::Query;
use crate::view::QueueBooksView;

/// For each queue that the events of a period name: its conversations, and what their records say. A record that is not
/// complete is written only now and then, so it is not asked for its queues.
macro_rules! queues {
    ($queue:literal, $outcome:literal, $names:literal) => {
        concat!(
            "SELECT q.queue, q.source, count(*), \
             count(CASE WHEN q.outcome = 'answered' AND q.named THEN 1 END), \
             count(CASE WHEN q.outcome IN ('abandoned_in_queue', 'abandoned_ringing') AND q.named THEN 1 END), \
             count(CASE WHEN q.outcome IN ('unanswered', 'failed') AND q.named THEN 1 END), \
             count(CASE WHEN NOT q.complete THEN 1 END) \
             FROM (SELECT t.queue, t.source, c.complete, ",
            $outcome,
            " AS outcome, c.complete AND EXISTS (",
            $names,
            ") AS named FROM (SELECT DISTINCT v.root, e.source, ",
            $queue,
            " AS queue FROM event e JOIN conversation v ON v.id = e.conversation WHERE e.type IN \
             ('trunkline.call.queued.v1', 'trunkline.chat.opened.v1') AND e.received >= {1} AND e.received < {2}) AS t \
             LEFT JOIN cdr c ON c.id = t.root WHERE t.queue IS NOT NULL) AS q GROUP BY q.queue, q.source \
             ORDER BY q.source, q.queue"
        )
    };
}

const POSTGRES: &str = queues!(
    "CAST(e.body AS json) -> 'data' ->> 'queue'",
    "CAST(c.record AS json) ->> 'outcome'",
    "SELECT 1 FROM json_array_elements_text(CAST(c.record AS json) -> 'queues') AS n(word) WHERE n.word = t.queue"
);
const SQLITE: &str = queues!(
    "json_extract(e.body, '$.data.queue')",
    "json_extract(c.record, '$.outcome')",
    "SELECT 1 FROM json_each(c.record, '$.queues') AS n WHERE n.value = t.queue"
);

impl Store {
    /// The books of all queues whose conversations were put there in the period (by the time of receipt).
    ///
    /// Reads every event of the period: seconds on a large store; meant for an operator, not for a poll.
    pub async fn queue_books(&self, since: Timestamp, until: Timestamp) -> Result<Vec<QueueBooksView>, StoreError> {
        let session = self.reading();
        let sql = if session.is_postgres() { POSTGRES } else { SQLITE };
        let query = Query::new(sql).bind(since).bind(until);
        let found = session.all("read the books of queues", query).await?;
        found
            .iter()
            .map(|row| {
                let count = |at: usize| row.big(at).map(i64::unsigned_abs);
                let (told, answered, abandoned) = (count(2)?, count(3)?, count(4)?);
                let (unanswered, open) = (count(5)?, count(6)?);
                let missing = told.saturating_sub(answered + abandoned + unanswered + open);
                let (queue, source) = (row.text(0)?, row.text(1)?);
                Ok(QueueBooksView { queue, source, told, answered, abandoned, unanswered, open, missing })
            })
            .collect()
    }
}
