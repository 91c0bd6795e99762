//! Connectors, bus and metrics as an operator's HTTP side sees them.

use std::sync::Arc;

use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use trunkline_bus::{Bus, BusError, DeadLetter, Selection};
use trunkline_connectors::contract::{WebhookReply, WebhookRequest};
use trunkline_connectors::drive::LinkState;
use trunkline_mapping::store::{self, Store};
use uuid::Uuid;

use crate::http::figures::Period;
use crate::http::parts::{
    Answer, Books, ConnectorView, DeadLetterView, Ingest, Letters, LettersDone, Operations, PartError,
};
use crate::wire::books;
use crate::wire::figures::Counters;
use crate::wire::links::{Links, Running};
use crate::wire::records::stored;
use crate::wire::silence::Silences;

/// What an operator watches and switches in this process.
pub(crate) struct Panel {
    pub(crate) bus: Bus,
    pub(crate) store: Option<Store>,
    pub(crate) links: Arc<Links>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) counters: Counters,
}

fn away(error: &BusError) -> PartError {
    PartError::Unavailable { what: "the bus", reason: error.to_string() }
}

fn selection(letters: Letters) -> Selection {
    match letters {
        Letters::All => Selection::All,
        Letters::Ids(ids) => Selection::Ids(ids),
    }
}

impl Panel {
    pub(super) fn store(&self) -> Answer<&Store> {
        let reason = "this process has none".to_owned();
        self.store.as_ref().ok_or(PartError::Unavailable { what: "the store", reason })
    }

    fn turn(&self, connector: &str, paused: bool) -> Answer<()> {
        if self.links.turn(connector, paused) {
            return Ok(());
        }
        Err(PartError::Missing(format!("this daemon has no connector {connector:?}")))
    }
}

#[async_trait]
impl Operations for Panel {
    async fn unready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        let health = self.bus.health();
        if let Some(reason) = health.reason {
            reasons.push(format!("the bus is away: {reason}"));
        }
        if let Some(reason) = health.blocked {
            reasons.push(format!("the broker takes nothing: {reason}"));
        }
        if let Some(failing) = &health.spool_failing {
            reasons.push(format!("the spool's disk fails, connectors wait: {failing}"));
        }
        if health.spool_full {
            reasons.push("the spool is full: connectors read nothing until the broker is back".into());
        }
        if let Some(store) = &self.store
            && let Err(error) = store.ping().await
        {
            tracing::debug!(%error, "the store did not answer a probe");
            reasons.push("the store does not answer".into());
        }
        reasons
    }

    fn metrics(&self) -> String {
        self.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    async fn connectors(&self) -> Answer<Vec<ConnectorView>> {
        Ok(self.links.list().map(|running| view(&running, &self.counters.silences)).collect())
    }

    async fn pause(&self, connector: &str) -> Answer<()> {
        self.turn(connector, true)
    }

    async fn resume(&self, connector: &str) -> Answer<()> {
        self.turn(connector, false)
    }

    async fn books(&self, period: Period) -> Answer<Books> {
        let period = store::Period { since: period.since, until: period.until };
        let now = trunkline_connectors::drive::system_clock();
        stored(books::books(self.store()?, &self.bus, period, now).await)
    }

    async fn dead_letters(&self, limit: u32) -> Answer<Vec<DeadLetterView>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let letters = self.bus.dead_letters().list(limit).await.map_err(|error| away(&error))?;
        Ok(letters.into_iter().map(letter).collect())
    }

    async fn dead_letter(&self, id: Uuid) -> Answer<Option<DeadLetterView>> {
        Ok(self.bus.dead_letters().show(id).await.map_err(|error| away(&error))?.map(letter))
    }

    async fn replay(&self, letters: Letters) -> Answer<LettersDone> {
        let done = self.bus.dead_letters().replay(&selection(letters)).await.map_err(|error| away(&error))?;
        Ok(LettersDone { done: done.replayed as u64, kept: done.kept as u64 })
    }

    async fn purge(&self, letters: Letters) -> Answer<LettersDone> {
        let done = self.bus.dead_letters().purge(&selection(letters)).await.map_err(|error| away(&error))?;
        Ok(LettersDone { done: done as u64, kept: 0 })
    }
}

fn letter(letter: DeadLetter) -> DeadLetterView {
    DeadLetterView {
        id: letter.id,
        source: letter.source,
        reason: letter.reason,
        queue: letter.queue,
        attempts: letter.attempts,
        first: letter.first,
        last: letter.last,
        size: letter.size,
        body: letter.body.map(|body| String::from_utf8_lossy(&body).into_owned()),
    }
}

fn view(running: &Running<'_>, silences: &Silences) -> ConnectorView {
    let (name, kind) = (running.name.to_owned(), running.kind.to_owned());
    let Some(link) = &running.link else {
        let (state, reason) = ("standby".into(), Some("another daemon holds the link, or the broker is away".into()));
        return ConnectorView {
            name,
            kind,
            state,
            reason,
            peer: String::new(),
            since: running.since,
            taken: 0,
            last_event: None,
            silent: None,
        };
    };
    let silent = silences.of(&name);
    let status = link.status();
    let (state, reason) = match status.state {
        LinkState::Connecting => ("connecting", None),
        LinkState::Up => ("up", None),
        LinkState::Resyncing => ("resyncing", None),
        LinkState::Down { reason } => ("down", Some(reason)),
        LinkState::Denied { reason, .. } => ("denied", Some(reason)),
        LinkState::Paused => ("paused", None),
        LinkState::Failed { reason } => ("failed", Some(reason)),
        LinkState::Stopped => ("stopped", None),
    };
    ConnectorView {
        name,
        kind,
        state: state.into(),
        reason,
        peer: status.peer,
        since: status.since,
        taken: status.taken,
        last_event: status.last_event,
        silent,
    }
}

/// Webhooks of this process's connectors.
pub(crate) struct Inlet(pub(crate) Arc<Links>);

#[async_trait]
impl Ingest for Inlet {
    fn limit(&self, connector: &str) -> Option<usize> {
        self.0.webhook_limit(connector)
    }

    async fn webhook(&self, connector: &str, request: WebhookRequest) -> Option<WebhookReply> {
        self.0.webhook(connector, request).await
    }
}
