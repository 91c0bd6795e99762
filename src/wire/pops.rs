//! Pops → the pages of people, once each, whichever way they come: from mapping in this process, or over the bus from
//! another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Answer, Bus, Delivery, Exchange, Outgoing, Queue, Subscription};
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use crate::http::hub::Hub;

/// Events that are remembered to tell the second copy from the first, and calls to tell what comes after their end.
const REMEMBERED: usize = 8192;

/// The way to the pages. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pops {
    hub: Arc<Hub>,
    shown: Arc<Mutex<Shown>>,
    /// What this process calls itself towards the others; `None` where there can be no others.
    process: Option<Arc<str>>,
}

/// What was shown.
#[derive(Default)]
struct Shown {
    events: Remembered<EventId, ()>,
    /// Pops that have ended, and when.
    ended: Remembered<Uuid, Timestamp>,
}

/// The newest entries of a map.
struct Remembered<K, V> {
    known: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { known: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Remembered<K, V> {
    /// Whether the key is new.
    fn insert(&mut self, key: K, value: V) -> bool {
        if self.known.insert(key, value).is_some() {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

impl Shown {
    /// Whether an event is news: not seen before, and not of a ringing that has ended since.
    fn take(&mut self, event: &Event) -> bool {
        if !self.events.insert(event.id, ()) {
            return false;
        }
        match &event.body {
            Body::PopRinging(pop) | Body::PopAnswered(pop) => {
                self.ended.known.get(&pop.pop).is_none_or(|ended| *ended < event.time)
            }
            Body::PopEnded(ended) => {
                let latest = self.ended.known.get(&ended.pop).map_or(event.time, |known| event.time.max(*known));
                self.ended.insert(ended.pop, latest);
                true
            }
            _ => true,
        }
    }
}

impl Pops {
    /// The pages of this process, and of others if the bus is shared with them.
    pub(crate) fn new(hub: Arc<Hub>, shared: bool) -> Self {
        let process = shared.then(|| format!("/pages/{}", Uuid::now_v7()).into());
        Self { hub, shown: Arc::default(), process }
    }

    /// Whether an event is one that pages are shown.
    pub(crate) fn concerns(event: &Event) -> bool {
        use Body::{CustomerChanged, CustomerMerged, CustomerSplit, PopAnswered, PopEnded, PopRinging};
        matches!(
            event.body,
            PopRinging(_) | PopAnswered(_) | PopEnded(_) | CustomerChanged(_) | CustomerMerged(_) | CustomerSplit(_)
        )
    }

    /// Shows a derived event to whom it concerns; others and repeats are ignored. Never waits.
    pub(crate) fn show(&self, event: &Event) {
        if Self::concerns(event) && self.shown.lock().unwrap_or_else(PoisonError::into_inner).take(event) {
            self.hub.publish(event);
        }
    }

    /// The message that takes events, as JSON, to the pages of other processes; `None` where there are none.
    pub(crate) fn for_others(&self, events: &[Bytes]) -> Option<Outgoing> {
        let process = self.process.as_deref()?;
        Some(Outgoing::for_pages(process, events.iter().map(Bytes::as_ref)))
    }

    /// Takes pops of other processes from the bus until stopped.
    ///
    /// What they told while this process had no subscription is lost. So whenever it has one again all streams are
    /// ended: a page that comes back is shown the calls that live.
    pub(crate) async fn serve(self, bus: Bus, stop: CancellationToken) {
        let bindings = vec![(Exchange::Pages, String::new())];
        let queue = Queue::Subscriber { name: "pages".into(), bindings, durable: false };
        let mut missed = false;
        while !stop.is_cancelled() {
            match bus.subscribe(queue.clone()).await {
                Ok(subscription) => {
                    if std::mem::replace(&mut missed, true) {
                        self.hub.disconnect_all();
                    }
                    self.consume(subscription, &stop).await;
                }
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
            for delivery in &batch {
                self.show_delivered(delivery);
            }
            let answers = batch.iter().map(|delivery| (delivery.tag, Answer::Done)).collect();
            if subscription.settle(answers).await.is_err() {
                return;
            }
        }
    }

    fn show_delivered(&self, delivery: &Delivery) {
        // What mapping in this process derived was shown before it went to the bus.
        if self.process.as_deref() == Some(delivery.source.as_str()) {
            return;
        }
        // News only: what cannot be read is no loss, the store has the facts.
        let Ok(events) = Event::from_batch(&delivery.body) else { return };
        events.iter().flatten().for_each(|event| self.show(event));
    }
}

#[cfg(test)]
mod tests {
    use trunkline_events::call::{CallRef, Device, Route};
    use trunkline_events::pop::{Certainty, Pop, PopEnded};

    use super::*;

    fn event(turn: &str, at: i64, body: Body) -> Event {
        let time = Timestamp::from_unix_seconds(at).expect("an instant");
        Event {
            id: EventId::derive("/mapping", "pop", body.event_type(), turn),
            source: "/mapping".into(),
            subject: None,
            time,
            received: time,
            partition_key: "pop".into(),
            causation: None,
            sequence: None,
            body,
        }
    }

    fn ringing(at: i64) -> Event {
        let call = CallRef { id: "1".into(), switch_call_id: None, ucid: None };
        let device = Device { extension: "4750".into(), agent: None };
        let rang = Timestamp::from_unix_seconds(at).expect("an instant");
        let pop = Pop {
            pop: Uuid::nil(),
            link: "/connectors/avaya".into(),
            call,
            cdr: Uuid::nil(),
            device,
            route: Route::default(),
            data: trunkline_events::call::CallData::default(),
            certainty: Certainty::None,
            candidates: Vec::new(),
            rang,
        };
        event(&at.to_string(), at, Body::PopRinging(pop))
    }

    fn ended(at: i64) -> Event {
        let device = Device { extension: "4750".into(), agent: None };
        let body = PopEnded { pop: Uuid::nil(), link: "/connectors/avaya".into(), device };
        event(&at.to_string(), at, Body::PopEnded(body))
    }

    #[test]
    fn ringing_that_comes_after_its_end_is_no_news_and_the_next_one_is() {
        let mut shown = Shown::default();
        assert!(shown.take(&ended(20)));
        assert!(!shown.take(&ringing(10)), "its call is over");
        assert!(shown.take(&ringing(30)), "the same phone rings for the same call again");
        assert!(!shown.take(&ringing(30)), "a repeat");
    }
}
