//! Complete records of a period in pages, for whoever counts them.

use trunkline_events::Timestamp;
use trunkline_events::cdr::Cdr;
use uuid::Uuid;

use super::connect::Store;
use super::error::StoreError;
use super::session::Query;
use super::{cdrs, micros};

/// Records read at once.
const PAGE: i64 = 2000;

impl Store {
    /// Gives each record that is complete and began in the period to `each`, by pages: a year needs no more memory than an
    /// hour. Open ones have no answer yet, or one that may still move.
    pub(crate) async fn each_record(
        &self,
        since: Timestamp,
        until: Timestamp,
        mut each: impl FnMut(&Cdr),
    ) -> Result<(), StoreError> {
        let session = self.reading();
        let (mut from, mut after) = (micros(since), Uuid::nil());
        loop {
            let query = Query::new(
                "SELECT c.id, c.started, c.record FROM cdr c WHERE c.complete AND c.started >= {1} AND c.started < {2} \
                 AND (c.started > {1} OR c.id > {3}) ORDER BY c.started, c.id LIMIT {4}",
            );
            let query = query.bind(from).bind(until).bind(after).bind(PAGE);
            let page = session.all("read records", query).await?;
            for row in &page {
                (from, after) = (row.big(1)?, row.uuid(0)?);
                each(&cdrs::record(after, &row.text(2)?)?);
            }
            if page.len() < usize::try_from(PAGE).unwrap_or_default() {
                return Ok(());
            }
        }
    }
}
