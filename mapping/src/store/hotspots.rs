//! Counters of hot spots: hits of days that are not over, sums of those that are.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::bundle::Bundle;
use super::connect::Store;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::Query;
use crate::counts::Subject;

/// One thing counted in one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HitRow<'e> {
    pub(crate) event: Uuid,
    pub(crate) subject: Subject,
    pub(crate) word: &'e str,
    pub(crate) day: i64,
}

/// Writes hits along with what else a batch writes. Each (event, subject, word) counts once, for ever.
pub(crate) fn insert(writes: &mut Bundle, hits: &[HitRow<'_>]) {
    let mut rows =
        Rows::new(&[("event", Kind::Uuid), ("subject", Kind::Text), ("word", Kind::Text), ("day", Kind::Big)]);
    for hit in hits {
        rows.push([hit.event.into(), hit.subject.word().into(), hit.word.into(), hit.day.into()]);
    }
    let query = Query::new(
        "INSERT INTO hotspot_hit (event, subject, word, day) SELECT event, subject, word, day FROM {rows} WHERE true \
         ON CONFLICT (event, subject, word) DO NOTHING",
    );
    writes.write("count hot spots", query.rows(rows));
}

const OLDEST: &str = "SELECT min(h.day) FROM hotspot_hit h WHERE h.day < {1}";
/// In one statement where others write meanwhile: what is deleted is what is summed.
const SUM_POSTGRES: &str = "WITH over AS (DELETE FROM hotspot_hit WHERE day = {1} RETURNING day, subject, word) \
    INSERT INTO hotspot_day (day, subject, word, hits) SELECT day, subject, word, count(*) FROM over \
    GROUP BY day, subject, word ON CONFLICT (day, subject, word) DO UPDATE SET hits = hotspot_day.hits + excluded.hits";
const SUM_SQLITE: &str = "INSERT INTO hotspot_day (day, subject, word, hits) SELECT day, subject, word, count(*) \
    FROM hotspot_hit WHERE day = {1} GROUP BY day, subject, word \
    ON CONFLICT (day, subject, word) DO UPDATE SET hits = hotspot_day.hits + excluded.hits";

impl Store {
    /// What was counted on each of the days from `from` to `to`, both included. Reads that many days' hits and sums.
    pub(crate) async fn hotspots(
        &self,
        from: i64,
        to: i64,
    ) -> Result<BTreeMap<i64, BTreeMap<(Subject, String), u64>>, StoreError> {
        let query = Query::new(
            "SELECT c.day, c.subject, c.word, CAST(sum(c.hits) AS bigint) FROM (SELECT day, subject, word, hits \
             FROM hotspot_day WHERE day >= {1} AND day <= {2} UNION ALL SELECT day, subject, word, count(*) AS hits \
             FROM hotspot_hit WHERE day >= {1} AND day <= {2} GROUP BY day, subject, word) AS c \
             GROUP BY c.day, c.subject, c.word",
        );
        let mut days: BTreeMap<i64, BTreeMap<(Subject, String), u64>> = BTreeMap::new();
        for row in self.reading().all("read hot spots", query.bind(from).bind(to)).await? {
            let word = row.text(1)?;
            let Some(subject) = Subject::ALL.into_iter().find(|subject| subject.word() == word) else { continue };
            days.entry(row.big(0)?).or_default().insert((subject, row.text(2)?), row.big(3)?.unsigned_abs());
        }
        Ok(days)
    }

    /// Sums up the hits of the oldest day before `before`; false if there is none. One transaction a day, so that it is
    /// bounded; safe beside others that do the same and beside hits that come late.
    pub async fn sum_up_hotspots(&self, before: i64) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let session = transaction.session();
        let found = session.all("read hot spots", Query::new(OLDEST).bind(before)).await?;
        let oldest = found.first().map_or(Ok(None), |row| row.maybe_big(0))?;
        if let Some(day) = oldest {
            let sum = if session.is_postgres() { SUM_POSTGRES } else { SUM_SQLITE };
            session.run("sum up hot spots", Query::new(sum).bind(day)).await?;
            if !session.is_postgres() {
                let delete = Query::new("DELETE FROM hotspot_hit WHERE day = {1}").bind(day);
                session.run("sum up hot spots", delete).await?;
            }
        }
        transaction.commit().await?;
        Ok(oldest.is_some())
    }
}
