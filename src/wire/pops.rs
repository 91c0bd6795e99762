//! Pops → the pages of people, once each, whichever way they come: from mapping in this process, or over the bus.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use trunkline_bus::{Answer, Bus, Exchange, Queue, Subscription};
use trunkline_events::{Event, EventId};

use crate::http::hub::Hub;

/// Events that are remembered to tell the second copy from the first.
const REMEMBERED: usize = 8192;

/// The way to the pages. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pops {
    hub: Arc<Hub>,
    shown: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    known: HashSet<EventId>,
    order: VecDeque<EventId>,
}

impl Pops {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, shown: Arc::default() }
    }

    /// Shows a derived event to whom it concerns; others and repeats are ignored. Never waits.
    pub(crate) fn show(&self, event: &Event) {
        if self.first_time(event.id) {
            self.hub.publish(event);
        }
    }

    fn knows(&self, id: EventId) -> bool {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).known.contains(&id)
    }

    fn first_time(&self, id: EventId) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.known.insert(id) {
            return false;
        }
        shown.order.push_back(id);
        if shown.order.len() > REMEMBERED
            && let Some(oldest) = shown.order.pop_front()
        {
            shown.known.remove(&oldest);
        }
        true
    }

    /// Takes pops from the bus until stopped.
    pub(crate) async fn serve(self, bus: Bus, stop: CancellationToken) {
        let bindings = ["pop.#", "customer.#"].map(|pattern| (Exchange::Unified, pattern.to_owned()));
        let queue = Queue::Subscriber { name: "pages".into(), bindings: bindings.to_vec(), durable: false };
        while !stop.is_cancelled() {
            match bus.subscribe(queue.clone()).await {
                Ok(subscription) => self.consume(subscription, &stop).await,
                Err(error) => tracing::warn!(%error, "cannot take pops from the bus yet; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    async fn consume(&self, mut subscription: Subscription, stop: &CancellationToken) {
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return,
                batch = subscription.next_batch(256) => batch,
            };
            let Ok(batch) = batch else { return };
            let answers = batch.iter().map(|delivery| {
                // What mapping in this process showed comes back over the bus: known by its id, it is not read again.
                // News only: what cannot be read is no loss, the store has the facts.
                if !self.knows(EventId::from_uuid(delivery.id))
                    && let Ok(event) = Event::from_json(&delivery.body)
                {
                    self.show(&event);
                }
                (delivery.tag, Answer::Done)
            });
            if subscription.settle(answers.collect()).await.is_err() {
                return;
            }
        }
    }
}
