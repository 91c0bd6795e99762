//! The bus on RabbitMQ.
//!
//! Two supervised connections: one publishes (and may be blocked by the broker's alarms), one consumes (and must not
//! be). lapin's own recovery is not used: a broken connection is thrown away with everything on it, and a new one is
//! made by [`link`]. So an acknowledgement from before a reconnect can always be told from one after it.
//!
//! - [`topology`] declares what must be there. [`window`] publishes with confirms. [`consumer`] consumes.
//! - [`side`] carries retries and dead letters. [`dead`], [`lease`] and [`depths`] serve operators and roles.

mod connect;
mod consumer;
mod dead;
mod depths;
mod headers;
mod lease;
mod link;
mod names;
mod outstanding;
mod requests;
mod side;
mod topology;
mod window;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};

pub(crate) use consumer::AmqpSubscription;
pub(crate) use lease::AmqpLease;

use self::link::{Link, Purpose};
use crate::tasks::Tasks;
use crate::{AmqpSettings, BusError, Limits, Publisher};

/// Requests that wait for the publishing task.
const REQUESTS: usize = 1024;

/// What all parts of this transport share.
#[derive(Debug)]
pub(crate) struct Amqp {
    settings: AmqpSettings,
    limits: Limits,
    publishing: Link,
    consuming: Link,
    publisher: Publisher,
    side: side::Side,
    /// Durable queues that this process consumes, for [`Amqp::depths`].
    consumed: Mutex<BTreeSet<String>>,
}

impl Amqp {
    /// Connects, or starts trying in the background if the broker does not answer; fails on what only a person can mend.
    pub(crate) async fn connect(settings: AmqpSettings, limits: Limits, tasks: &Tasks) -> Result<Arc<Self>, BusError> {
        if !(1..=64).contains(&settings.shards) {
            let value = settings.shards.to_string();
            return Err(BusError::Setting { key: "shards", value, expected: "a number from 1 to 64" });
        }
        let publishing = Link::start(Purpose::Publish, settings.clone(), limits.clone(), tasks).await?;
        let consuming = Link::start(Purpose::Consume, settings.clone(), limits.clone(), tasks).await?;
        let (requests, waiting) = mpsc::channel(REQUESTS);
        let publisher = Publisher { requests, link: publishing.state() };
        tasks.spawn(window::run(publishing.clone(), requests::Requests::new(waiting)));
        let side = side::Side::new(publishing.clone(), limits.slow_after);
        let consumed = Mutex::default();
        Ok(Arc::new(Self { settings, limits, publishing, consuming, publisher, side, consumed }))
    }

    pub(crate) fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Waits until the topology is known (the broker was reached once).
    pub(crate) async fn shards(&self) -> Result<u16, BusError> {
        let mut shards = self.publishing.shards();
        let known = shards.wait_for(Option::is_some).await.map_err(|_| BusError::Closed)?;
        (*known).ok_or(BusError::Closed)
    }

    /// How the connection stands that consumes.
    pub(crate) fn consuming(&self) -> watch::Receiver<crate::link::LinkState> {
        self.consuming.state()
    }

    /// How the connection stands that publishes.
    pub(crate) fn link(&self) -> watch::Receiver<crate::link::LinkState> {
        self.publishing.state()
    }
}
