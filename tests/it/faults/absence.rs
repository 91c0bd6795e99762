//! When the link to the Avaya was away because of us: a gap may lie there and nowhere else.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::house::House;

/// A gap begins a second before the far side was last heard, and is told when monitors stand and state was read.
const BEFORE: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(5);

/// Times from a fault to a link that is up again.
#[derive(Debug, Default)]
pub(super) struct Absences {
    over: Vec<(OffsetDateTime, OffsetDateTime)>,
    since: Option<OffsetDateTime>,
}

impl Absences {
    fn falls(&mut self) {
        self.since.get_or_insert_with(OffsetDateTime::now_utc);
    }

    fn stands(&mut self) {
        if let Some(since) = self.since.take() {
            self.over.push((since, OffsetDateTime::now_utc()));
        }
    }

    /// Whether a gap is what these faults explain. Absences that follow each other closely may be one gap.
    pub(super) fn explain(&self, from: OffsetDateTime, to: OffsetDateTime) -> bool {
        let mut reach = None;
        for (since, until) in self.over.iter().map(|(since, until)| (*since - BEFORE, *until + AFTER)) {
            match reach {
                None if since <= from && from <= until => reach = Some(until),
                Some(end) if since <= end => reach = Some(until.max(end)),
                _ => {}
            }
        }
        reach.is_some_and(|end| to <= end)
    }
}

impl House {
    /// From now on the link is away, or soon will be.
    pub(super) fn falls(&mut self) {
        self.absences.falls();
    }

    /// Waits until the link is up.
    pub(super) async fn stands(&mut self) {
        while !self.is_up("avaya-bj").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.absences.stands();
    }

    /// Goes on for a random time, and notes whether the link came up meanwhile.
    pub(super) async fn goes_on(&mut self, least_ms: u64, most_ms: u64) {
        let (begun, wait) = (Instant::now(), self.dice.drawn(least_ms, most_ms));
        let up = tokio::time::timeout(wait, async { while !self.is_up("avaya-bj").await {} }).await.is_ok();
        if up {
            self.absences.stands();
        }
        tokio::time::sleep(wait.saturating_sub(begun.elapsed())).await;
    }

    /// Whether the daemon says that a link is up.
    pub(super) async fn is_up(&self, connector: &str) -> bool {
        let connectors = self.get("/connectors").await.unwrap_or_default();
        let mut list = connectors["items"].as_array().into_iter().flatten();
        list.any(|one| one["name"] == connector && one["state"] == "up")
    }
}
