//! What links tell hour by hour: written once a minute by whoever holds them, read to learn their habits.

use super::connect::Store;
use super::error::StoreError;
use super::events::big;
use super::rows::{Kind, Rows};
use super::session::Query;
use crate::counts::HourCount;

/// What a link had told in one of its runs by the end of an hour, as far as it has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHour {
    /// `/connectors/avaya-bj`.
    pub source: String,
    /// The run.
    pub epoch: String,
    /// Hours since 1970, UTC.
    pub hour: i64,
    /// Events of its far side since the run began.
    pub told: u64,
}

impl Store {
    /// Raises what links have told by now. Idempotent; each (source, epoch, hour) stands once in `hours`.
    pub async fn keep_link_hours(&self, hours: &[LinkHour]) -> Result<(), StoreError> {
        if hours.is_empty() {
            return Ok(());
        }
        let mut rows =
            Rows::new(&[("source", Kind::Text), ("epoch", Kind::Text), ("hour", Kind::Big), ("told", Kind::Big)]);
        for one in hours {
            rows.push([one.source.as_str().into(), one.epoch.as_str().into(), one.hour.into(), big(one.told).into()]);
        }
        let query = Query::new(
            "INSERT INTO link_hour (source, epoch, hour, told) SELECT source, epoch, hour, told FROM {rows} \
             WHERE true ON CONFLICT (source, epoch, hour) DO UPDATE SET told = excluded.told \
             WHERE link_hour.told < excluded.told",
        );
        self.writing().run("write what links tell", query.rows(rows)).await.map(drop)
    }

    /// What a source told in each hour since the one given, whichever daemon held it; hours in which it told nothing are
    /// left out.
    pub async fn told_by_hour(&self, source: &str, since: i64) -> Result<Vec<HourCount>, StoreError> {
        // A run counts on from hour to hour: what it told in one is what it had told less what it had told before.
        let query = Query::new(
            "SELECT h.hour, CAST(sum(h.told) AS bigint) FROM (SELECT l.hour, l.told - coalesce(lag(l.told) OVER \
             (PARTITION BY l.epoch ORDER BY l.hour), 0) AS told FROM link_hour l WHERE l.source = {1}) AS h \
             WHERE h.hour >= {2} GROUP BY h.hour ORDER BY h.hour",
        );
        let found = self.reading().all("read what a link tells", query.bind(source.to_owned()).bind(since)).await?;
        found.iter().map(|row| Ok(HourCount { hour: row.big(0)?, told: row.big(1)?.unsigned_abs() })).collect()
    }

    /// Forgets hours before the one given, but for the last of each run, which later ones count from; gives how many.
    pub async fn forget_link_hours(&self, before: i64) -> Result<u64, StoreError> {
        let query = Query::new(
            "DELETE FROM link_hour WHERE hour < {1} AND EXISTS (SELECT 1 FROM link_hour l WHERE l.source = \
             link_hour.source AND l.epoch = link_hour.epoch AND l.hour > link_hour.hour AND l.hour < {1})",
        );
        self.writing().run("forget what links told", query.bind(before)).await
    }
}
