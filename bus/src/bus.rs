//! One surface over both transports.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, watch};
use uuid::Uuid;

use crate::amqp::{Amqp, AmqpLease, AmqpSubscription};
use crate::embedded::{Embedded, EmbeddedSubscription};
use crate::intake::{Intake, IntakeTask, SpoolState};
use crate::link::LinkState;
use crate::tasks::Tasks;
use crate::{
    Answer, BusError, DeadLetter, Delivery, Health, Outgoing, Publisher, Queue, QueueDepth, Replayed, Selection,
    Settings, Tag, Transport,
};

/// The transport in use.
#[derive(Debug, Clone)]
pub(crate) enum Carrier {
    Amqp(Arc<Amqp>),
    Embedded(Arc<Embedded>),
}

/// A process's way to the bus. Clones share everything.
#[derive(Debug, Clone)]
pub struct Bus {
    carrier: Carrier,
    intake: Intake,
    spool: watch::Receiver<SpoolState>,
    carrying: Tasks,
    taking: Tasks,
}

impl Bus {
    /// Opens the spool and the transport.
    ///
    /// A broker that does not answer is no error: events go to the spool, and the broker is tried in the background. What
    /// only a person can mend is one: a refused login, queues with other arguments, a spool in use.
    pub async fn connect(settings: &Settings) -> Result<Self, BusError> {
        let (carrying, taking) = (Tasks::default(), Tasks::default());
        let limits = settings.limits.clone();
        let slow_after = limits.slow_after;
        let spool = crate::intake::open_spool(settings.spool.clone()).await?;
        let carrier = match &settings.transport {
            Transport::Amqp(amqp) => Carrier::Amqp(Amqp::connect(amqp.clone(), limits, &carrying).await?),
            Transport::Embedded(embedded) => Carrier::Embedded(Embedded::open(embedded, limits, &carrying).await?),
        };
        let (intake, spool) = IntakeTask::start(spool, carrier.clone(), slow_after, &taking);
        Ok(Self { carrier, intake, spool, carrying, taking })
    }

    /// How many queues [`Queue::Mapping`] has; waits until the broker was reached once.
    pub async fn shards(&self) -> Result<u16, BusError> {
        match &self.carrier {
            Carrier::Amqp(amqp) => amqp.shards().await,
            Carrier::Embedded(embedded) => Ok(embedded.shards()),
        }
    }

    /// Whether other processes may be on it.
    pub fn is_shared(&self) -> bool {
        matches!(self.carrier, Carrier::Amqp(_))
    }

    /// For those who can publish again themselves; connectors use [`Bus::intake`].
    pub fn publisher(&self) -> Publisher {
        self.carrier.publisher().clone()
    }

    /// The one way in for connectors.
    pub fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// Consumes a queue, declared if need be. Returns once nothing more that is published for it is missed.
    pub async fn subscribe(&self, queue: Queue) -> Result<Subscription, BusError> {
        if let Queue::Mapping(shard) = &queue {
            let shards = self.shards().await?;
            if *shard >= shards {
                let (value, expected) = (shard.to_string(), "a shard below the number of shards");
                return Err(BusError::Setting { key: "shard", value, expected });
            }
        }
        Ok(Subscription(match &self.carrier {
            Carrier::Amqp(amqp) => Consuming::Amqp(Box::new(AmqpSubscription::open(amqp.clone(), queue).await?)),
            Carrier::Embedded(embedded) => {
                Consuming::Embedded(EmbeddedSubscription::open(embedded.clone(), &queue).await?)
            }
        }))
    }

    /// The dead letters.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters(self.carrier.clone())
    }

    /// Waits until this process alone holds `name`, however long that takes.
    pub async fn lease(&self, name: &str) -> Result<Lease, BusError> {
        Ok(match &self.carrier {
            Carrier::Amqp(amqp) => Lease(Holding::Amqp(Box::new(amqp.lease(name).await?))),
            Carrier::Embedded(embedded) => {
                let link = embedded.link();
                Lease(Holding::Embedded { _turn: embedded.lease(name).await?, link })
            }
        })
    }

    /// How many messages wait in each queue known here. Asks the broker; not for a hot path.
    pub async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        match &self.carrier {
            Carrier::Amqp(amqp) => amqp.depths().await,
            Carrier::Embedded(embedded) => embedded.depths().await,
        }
    }

    /// At once, from what is known here.
    pub fn health(&self) -> Health {
        let link = self.carrier.link().borrow().clone();
        // Without a way to consume nothing is heard, however well publishing goes.
        let consuming = self.carrier.consuming().borrow().clone();
        let spool = self.spool.borrow().clone();
        let down = [&link, &consuming].into_iter().find(|link| !link.connected);
        Health {
            connected: down.is_none(),
            blocked: link.blocked.clone(),
            since: down.map_or(link.since.max(consuming.since), |link| link.since),
            reason: down.map(|link| link.reason.clone()),
            spool_events: spool.fill.events,
            spool_bytes: spool.fill.bytes,
            spool_full: spool.full,
            spool_failing: spool.failing,
            spool_damaged: spool.fill.damaged,
        }
    }

    /// Waits until the health is as wanted, and gives it.
    pub async fn health_when(&self, wanted: impl Fn(&Health) -> bool) -> Result<Health, BusError> {
        let (mut link, mut consuming) = (self.carrier.link(), self.carrier.consuming());
        let mut spool = self.spool.clone();
        loop {
            let _ = (link.borrow_and_update(), consuming.borrow_and_update(), spool.borrow_and_update());
            let health = self.health();
            if wanted(&health) {
                return Ok(health);
            }
            let changed = tokio::select! {
                changed = link.changed() => changed,
                changed = consuming.changed() => changed,
                changed = spool.changed() => changed,
            };
            changed.map_err(|_| BusError::Closed)?;
        }
    }

    /// Waits until the transport can take events: connected and not blocked.
    pub async fn ready(&self) -> Result<(), BusError> {
        self.carrier.link().wait_for(LinkState::ready).await.map(drop).map_err(|_| BusError::Closed)
    }

    /// Waits until nothing is left on the disk spool.
    pub async fn drained(&self) -> Result<(), BusError> {
        let mut spool = self.spool.clone();
        spool.wait_for(|state| state.fill.events == 0).await.map(drop).map_err(|_| BusError::Closed)
    }

    /// Answers what was accepted, then ends all background work. Everything made from this bus is of no more use.
    pub async fn close(&self) {
        self.intake.stop();
        self.taking.end().await;
        self.carrying.end().await;
    }
}

impl Carrier {
    pub(crate) fn publisher(&self) -> &Publisher {
        match self {
            Self::Amqp(amqp) => amqp.publisher(),
            Self::Embedded(embedded) => embedded.publisher(),
        }
    }

    pub(crate) fn link(&self) -> watch::Receiver<LinkState> {
        match self {
            Self::Amqp(amqp) => amqp.link(),
            Self::Embedded(embedded) => embedded.link(),
        }
    }

    /// How the way out stands; the embedded file is one for both.
    pub(crate) fn consuming(&self) -> watch::Receiver<LinkState> {
        match self {
            Self::Amqp(amqp) => amqp.consuming(),
            Self::Embedded(embedded) => embedded.link(),
        }
    }

    pub(crate) async fn bury(&self, messages: &[Outgoing], reason: &str) -> Result<(), BusError> {
        match self {
            Self::Amqp(amqp) => amqp.bury(messages, reason).await,
            Self::Embedded(embedded) => embedded.bury(messages, reason).await,
        }
    }
}

/// Consumes one queue. Dropped, it gives back what it did not settle.
#[derive(Debug)]
pub struct Subscription(Consuming);

#[derive(Debug)]
enum Consuming {
    Amqp(Box<AmqpSubscription>),
    Embedded(EmbeddedSubscription),
}

impl Subscription {
    /// Waits for at least one message, then takes what else is there, at most `max`; no timer.
    ///
    /// Also waits while the transport is away, or another consumer of the queue is the active one. Cancel-safe. Fails only
    /// on what trying again cannot mend; a queue that is not durable ends with its connection, and what was published
    /// until the next subscription is missed.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        match &mut self.0 {
            Consuming::Amqp(subscription) => subscription.next_batch(max).await,
            Consuming::Embedded(subscription) => subscription.next_batch(max).await,
        }
    }

    /// Says what became of deliveries. Stale tags are passed over: those messages come again.
    ///
    /// An error means that some of the deliveries in hand (perhaps all) will come again.
    pub async fn settle(&mut self, answers: Vec<(Tag, Answer)>) -> Result<(), BusError> {
        match &mut self.0 {
            Consuming::Amqp(subscription) => subscription.settle(answers).await,
            Consuming::Embedded(subscription) => subscription.settle(answers).await,
        }
    }
}

/// What was given up, until somebody decides.
#[derive(Debug, Clone)]
pub struct DeadLetters(Carrier);

impl DeadLetters {
    /// At most `limit` letters, without bodies, those that died first in front.
    ///
    /// On RabbitMQ a look puts letters behind those that were not looked at, so a limit below their number shows others the
    /// next time.
    pub async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        match &self.0 {
            Carrier::Amqp(amqp) => amqp.dead_list(limit).await,
            Carrier::Embedded(embedded) => embedded.dead_list(limit).await,
        }
    }

    /// A letter of an event, with its body.
    pub async fn show(&self, id: Uuid) -> Result<Option<DeadLetter>, BusError> {
        match &self.0 {
            Carrier::Amqp(amqp) => amqp.dead_show(id).await,
            Carrier::Embedded(embedded) => embedded.dead_show(id).await,
        }
    }

    /// Puts letters back into their queues as first attempts. Idempotent: what is back is no letter any more, and a copy
    /// that a crash doubled has the same id.
    pub async fn replay(&self, selection: &Selection) -> Result<Replayed, BusError> {
        match &self.0 {
            Carrier::Amqp(amqp) => amqp.dead_replay(selection).await,
            Carrier::Embedded(embedded) => embedded.dead_replay(selection).await,
        }
    }

    /// Removes letters for good; says how many.
    pub async fn purge(&self, selection: &Selection) -> Result<usize, BusError> {
        match &self.0 {
            Carrier::Amqp(amqp) => amqp.dead_purge(selection).await,
            Carrier::Embedded(embedded) => embedded.dead_purge(selection).await,
        }
    }
}

/// Held by one process at a time. Dropping it gives it up.
#[derive(Debug)]
pub struct Lease(Holding);

#[derive(Debug)]
enum Holding {
    Amqp(Box<AmqpLease>),
    Embedded { _turn: OwnedSemaphorePermit, link: watch::Receiver<LinkState> },
}

impl Lease {
    /// Returns when the lease is lost: from then on another process may hold it.
    pub async fn lost(&self) {
        match &self.0 {
            Holding::Amqp(lease) => lease.lost().await,
            // No other process can hold it; it ends with the bus.
            Holding::Embedded { link, .. } => {
                let mut link = link.clone();
                while link.changed().await.is_ok() {}
            }
        }
    }

    /// Gives it up and waits until that is known.
    pub async fn release(self) {
        if let Holding::Amqp(lease) = self.0 {
            lease.release().await;
        }
    }
}
