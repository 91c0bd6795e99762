//! Connectors → bus, the one way in for data.
//!
//! Only a bus that is shut down ends a link. A spool whose disk fails makes the links wait, unread, until it takes events
//! again; an event larger than the whole spool gives its place in the books to a note of where its JSON is kept. Batches that
//! were under way behind one of these two overtake it: the records are the same in any order.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use trunkline_bus::{Exchange, Intake, IntakeError, Outgoing};
use trunkline_connectors::drive::{IntakeClosed, archive};
use trunkline_events::link::Opaque;
use trunkline_events::{Body, Event};

use crate::wire::recorder::Recorder;

/// Pauses between two attempts on a disk that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The bus as a connector sees it: durable once accepted, on the broker or on the spool.
pub(crate) struct BusIntake {
    pub(crate) intake: Intake,
    /// Where raw archives are.
    pub(crate) data_dir: PathBuf,
    /// Hears what is durable.
    pub(crate) recorder: Arc<Recorder>,
}

#[async_trait]
impl trunkline_connectors::drive::Intake for BusIntake {
    async fn accept(&self, events: Vec<Event>) -> Result<(), IntakeClosed> {
        let mut batches = VecDeque::from([events]);
        while let Some(mut batch) = batches.pop_front() {
            if self.take(&batch).await? == Taken::Durable {
                if self.recorder.listens() {
                    self.recorder.hear(&batch);
                }
                continue;
            }
            if batch.len() > 1 {
                let second = batch.split_off(batch.len() / 2);
                batches.push_front(second);
                batches.push_front(batch);
                continue;
            }
            for event in batch {
                if let Some(note) = self.in_its_place(event).await {
                    batches.push_front(vec![note]);
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Durable,
    TooLarge,
}

impl BusIntake {
    /// Waits for as long as the disk fails.
    async fn take(&self, events: &[Event]) -> Result<Taken, IntakeClosed> {
        let closed = |error: &dyn std::fmt::Display| IntakeClosed { reason: error.to_string() };
        let messages = events.iter().map(|event| Outgoing::event(Exchange::Events, event));
        let messages = Arc::new(messages.collect::<Result<Vec<_>, _>>().map_err(|error| closed(&error))?);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.intake.accept(Arc::clone(&messages)).await {
                Ok(()) => return Ok(Taken::Durable),
                Err(IntakeError::TooLarge { .. }) => return Ok(Taken::TooLarge),
                Err(error) if error.may_pass() => tracing::debug!(%error, "events wait for the spool's disk"),
                Err(error) => return Err(closed(&error)),
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// What is told instead of an event that cannot be carried; nothing if that was told already.
    async fn in_its_place(&self, event: Event) -> Option<Event> {
        metrics::counter!("trunkline_events_too_large_total", "source" => event.source.clone()).increment(1);
        if matches!(event.body, Body::Opaque(_)) {
            tracing::error!(event = %event.id, "not even a note of an event fits the spool; make bus.spool.max_mib larger");
            return None;
        }
        let json = Bytes::from(event.to_json().unwrap_or_default());
        let (bytes, raw) = (json.len(), self.keep(&event, json).await);
        tracing::error!(
            event = %event.id,
            source = event.source,
            bytes,
            reference = raw,
            "an event is larger than the whole spool; only a note of it goes on"
        );
        let note = Opaque { native_kind: event.event_type().to_owned(), raw, size: bytes as u64 };
        Some(Event { body: Body::Opaque(note), ..event })
    }

    /// The reference under which the raw archive of the event's connector has it.
    async fn keep(&self, event: &Event, json: Bytes) -> Option<String> {
        let name = event.source.rsplit('/').next().unwrap_or_default().to_owned();
        let (data_dir, at) = (self.data_dir.clone(), event.received);
        let kept = tokio::task::spawn_blocking(move || archive::keep(&data_dir, &name, at, &json)).await.ok()?;
        kept.inspect_err(|error| tracing::error!(%error, "the raw archive cannot be written")).ok()
    }
}

#[cfg(test)]
mod tests;
