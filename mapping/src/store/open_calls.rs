//! Calls of which the records say that they live: to be held against the switch after a crash.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_events::call::CallRef;
use trunkline_events::{Body, Event, Timestamp};

use super::connect::Store;
use super::error::StoreError;
use super::micros;
use super::session::Query;
use crate::cdr::call_of;

impl Store {
    /// Calls of a source in records that are open, of conversations that began since `since` and of which nothing was
    /// received after `quiet`. Calls whose own end was told are not among them.
    pub async fn open_calls(
        &self,
        source: &str,
        since: Timestamp,
        quiet: Timestamp,
    ) -> Result<Vec<CallRef>, StoreError> {
        let query = Query::new(
            "SELECT e.id, v.root, e.body FROM cdr c JOIN conversation v ON v.root = c.id JOIN event e ON e.conversation = v.id \
             WHERE c.started >= {1} AND c.ended IS NULL AND c.medium = 'voice' AND c.source = {2} \
             ORDER BY e.received LIMIT 20000",
        );
        let found = self.reading().all("read open calls", query.bind(micros(since)).bind(source.to_owned())).await?;
        let mut calls: BTreeMap<String, CallRef> = BTreeMap::new();
        let mut over = BTreeSet::new();
        let mut conversations: BTreeMap<uuid::Uuid, (Timestamp, BTreeSet<String>)> = BTreeMap::new();
        for row in &found {
            let (id, root) = (row.uuid(0)?, row.uuid(1)?);
            let event = Event::from_json(row.text(2)?.as_bytes()).map_err(|cause| StoreError::Unreadable {
                table: "event",
                id,
                problem: cause.to_string(),
            })?;
            let Some((call, _)) = call_of(&event.body) else { continue };
            let (last, names) = conversations.entry(root).or_insert((event.received, BTreeSet::new()));
            *last = event.received.max(*last);
            names.insert(call.id.clone());
            if matches!(event.body, Body::CallEnded(_)) {
                over.insert(call.id.clone());
            }
            // The newest reference knows most.
            calls.insert(call.id.clone(), call.clone());
        }
        let silent = conversations.into_values().filter(|(last, _)| *last < quiet).flat_map(|(_, names)| names);
        Ok(silent.filter(|name| !over.contains(name)).filter_map(|name| calls.remove(&name)).collect())
    }
}
