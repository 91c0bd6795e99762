//! An intake that remembers, and can be made to wait, like a bus that is away.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use trunkline_connectors::drive::{Host, Intake, IntakeClosed, Link, LinkState, LinkStatus, Pace};
use trunkline_events::{Body, Event, link};

/// Every event that was made durable.
pub(crate) struct Store {
    events: watch::Sender<Vec<Event>>,
    open: watch::Sender<bool>,
}

impl Store {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { events: watch::Sender::new(Vec::new()), open: watch::Sender::new(true) })
    }

    /// Nothing becomes durable until it is opened again.
    pub(crate) fn shut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// Waits until the events are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let mut events = self.events.subscribe();
        within(async { events.wait_for(|events| wanted(events)).await.expect("the store lives").clone() }).await
    }

    /// Waits for so many messages and gives their ids.
    pub(crate) async fn messages(&self, count: usize) -> Vec<String> {
        texts(&self.until(|events| texts(events).len() >= count).await)
    }

    pub(crate) async fn gaps(&self, count: usize) -> Vec<link::Gap> {
        gaps(&self.until(|events| gaps(events).len() >= count).await)
    }
}

#[async_trait]
impl Intake for Store {
    async fn accept(&self, events: Vec<Event>) -> Result<(), IntakeClosed> {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.map_err(|_| IntakeClosed { reason: "the test is over".to_owned() })?;
        self.events.send_modify(|stored| stored.extend(events));
        Ok(())
    }
}

/// An intake that is closed for good.
pub(crate) struct Closed;

#[async_trait]
impl Intake for Closed {
    async fn accept(&self, _: Vec<Event>) -> Result<(), IntakeClosed> {
        Err(IntakeClosed { reason: "the bus is gone".to_owned() })
    }
}

pub(crate) fn texts(events: &[Event]) -> Vec<String> {
    let message = |event: &Event| match &event.body {
        Body::ChatMessage(message) => Some(message.message_id.clone()),
        _ => None,
    };
    events.iter().filter_map(message).collect()
}

pub(crate) fn gaps(events: &[Event]) -> Vec<link::Gap> {
    let gap = |event: &Event| match &event.body {
        Body::LinkGap(gap) => Some(gap.clone()),
        _ => None,
    };
    events.iter().filter_map(gap).collect()
}

/// A pace for tests: nobody waits for long.
pub(crate) fn host(store: &Arc<Store>, data: &Path) -> Host {
    let mut host = Host::new(Arc::clone(store) as Arc<dyn Intake>, data);
    host.pace = Pace {
        connect_within: Duration::from_secs(5),
        back_off_first: Duration::from_millis(5),
        back_off_most: Duration::from_millis(20),
        books_every: Duration::from_millis(20),
        keep_every: Duration::from_millis(20),
        ..Pace::default()
    };
    host
}

pub(crate) async fn in_state(link: &Link, wanted: impl Fn(&LinkState) -> bool) -> LinkStatus {
    let mut statuses = link.statuses();
    within(async { statuses.wait_for(|status| wanted(&status.state)).await.expect("the link lives").clone() }).await
}

/// A test that hangs is a test that failed.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("it happens")
}
