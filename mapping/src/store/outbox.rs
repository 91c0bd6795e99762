//! Events that mapping derived, kept in the same transaction as what they tell until the bus has confirmed them.

use trunkline_events::Event;
use uuid::Uuid;

use super::bundle::{Ask, Bundle, Place};
use super::connect::Store;
use super::error::StoreError;
use super::rows::{Kind, Rows};
use super::session::Query;

/// An event that the bus has not confirmed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Its place in the outbox: name it to [`Store::published`].
    pub seq: i64,
    /// Where it goes.
    pub routing: String,
    /// The event.
    pub event: Event,
    /// Its CloudEvents JSON.
    pub json: String,
}

/// Adds events, each with where it goes; gives their places, which rise in the order of the events.
pub(crate) fn insert<'e>(writes: &mut Bundle, events: impl IntoIterator<Item = (&'e str, &'e str)>) -> Place<i64> {
    let mut rows = Rows::new(&[("at", Kind::Big), ("routing", Kind::Text), ("event", Kind::Text)]);
    for (at, (routing, event)) in events.into_iter().enumerate() {
        rows.push([i64::try_from(at).unwrap_or(i64::MAX).into(), routing.into(), event.into()]);
    }
    let query =
        Query::new("INSERT INTO outbox (routing, event) SELECT routing, event FROM {rows} ORDER BY at RETURNING seq");
    writes.ask(Ask::new("write the outbox", query.rows(rows), 1, |row| row.big(0)))
}

impl Store {
    /// The oldest events that wait for the bus, in order. What another worker has at hand may be among them:
    /// publishing twice is harmless, since a derived event has the same id each time.
    pub async fn pending(&self, limit: u32) -> Result<Vec<Pending>, StoreError> {
        let query = Query::new("SELECT seq, routing, event FROM outbox ORDER BY seq LIMIT {1}").bind(i64::from(limit));
        let found = self.reading().all("read the outbox", query).await?;
        found
            .iter()
            .map(|row| {
                let seq = row.big(0)?;
                let json = row.text(2)?;
                let event = Event::from_json(json.as_bytes()).map_err(|cause| StoreError::Unreadable {
                    table: "outbox",
                    id: Uuid::from_u128(u128::from(seq.unsigned_abs())),
                    problem: cause.to_string(),
                })?;
                Ok(Pending { seq, routing: row.text(1)?, event, json })
            })
            .collect()
    }

    /// The bus has confirmed these. Naming one twice, or one that is gone, is harmless.
    pub async fn published(&self, places: &[i64]) -> Result<(), StoreError> {
        if places.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(&[("seq", Kind::Big)]);
        for seq in places {
            rows.push([(*seq).into()]);
        }
        let query = Query::new("DELETE FROM outbox WHERE seq IN (SELECT r.seq FROM {rows})").rows(rows);
        self.writing().run("clear the outbox", query).await.map(drop)
    }

    /// How many events wait for the bus.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let found = self.reading().all("read the outbox", Query::new("SELECT count(*) FROM outbox")).await?;
        found.first().map_or(Ok(0), |row| row.big(0)).map(i64::unsigned_abs)
    }
}
