//! The stage on which a case plays, and the words it is told in.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;
use trunkline_bus::{
    AmqpSettings, Answer, Bus, Delivery, EmbeddedSettings, Exchange, Limits, Outgoing, Queue, Settings, SpoolSettings,
    Subscription, Transport,
};
use trunkline_events::Event;
use trunkline_test_support::chaos::ChaosProxy;
use trunkline_test_support::rabbit::Rabbit;
use uuid::Uuid;

/// Nothing here takes as long as this, once its broker runs; a case that hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Runs each case over both transports.
macro_rules! both {
    ($($case:ident),* $(,)?) => {
        mod amqp {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let case = super::$case($crate::harness::Stage::amqp().await);
                tokio::time::timeout($crate::harness::PATIENCE, case).await.expect("the case hangs");
            })*
        }
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let case = super::$case($crate::harness::Stage::embedded());
                tokio::time::timeout($crate::harness::PATIENCE, case).await.expect("the case hangs");
            })*
        }
    };
}
pub(crate) use both;

/// Where a case plays.
pub(crate) struct Stage {
    pub(crate) settings: Settings,
    pub(crate) proxy: Option<ChaosProxy>,
    /// Another program that holds the embedded queue's file.
    intruder: Option<SqliteConnection>,
    _directory: TempDir,
}

impl Stage {
    pub(crate) async fn amqp() -> Self {
        Self::on(Rabbit::shared().await).await
    }

    /// A fresh vhost of this broker, behind a proxy.
    pub(crate) async fn on(rabbit: &Rabbit) -> Self {
        let broker = SocketAddr::from(([127, 0, 0, 1], rabbit.port()));
        let proxy = ChaosProxy::start(broker).await.expect("a proxy");
        let mut amqp = login(rabbit, proxy.addr().port());
        amqp.vhost = rabbit.fresh_vhost().await;
        Self::with(Transport::Amqp(amqp), tempfile::tempdir().expect("a directory"), Some(proxy))
    }

    pub(crate) fn embedded() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("bus.sqlite");
        Self::with(Transport::Embedded(EmbeddedSettings { path, shards: 4 }), directory, None)
    }

    fn with(transport: Transport, directory: TempDir, proxy: Option<ChaosProxy>) -> Self {
        let spool = SpoolSettings { dir: directory.path().join("spool"), max_bytes: 64 * 1024 * 1024 };
        // A busy machine is no reason to spool: only the cases about slowness have less patience.
        let limits = Limits { slow_after: Duration::from_mins(1), ..Limits::default() };
        Self { settings: Settings { transport, spool, limits }, proxy, intruder: None, _directory: directory }
    }

    pub(crate) async fn bus(&self) -> Bus {
        Bus::connect(&self.settings).await.expect("connects")
    }

    /// A second process; on the embedded transport, which serves one, the same bus again.
    pub(crate) async fn second_bus(&self, first: &Bus) -> Bus {
        if self.proxy.is_none() {
            return first.clone();
        }
        let mut settings = self.settings.clone();
        settings.spool.dir = settings.spool.dir.with_extension("second");
        Bus::connect(&settings).await.expect("connects")
    }

    /// From now on the transport takes nothing: the broker's links are reset and refused, the file is held by another program.
    pub(crate) async fn away(&mut self) {
        if let Some(proxy) = &self.proxy {
            proxy.refuse();
            proxy.cut();
        }
        if let Transport::Embedded(embedded) = &self.settings.transport {
            let options = SqliteConnectOptions::new().filename(&embedded.path).busy_timeout(PATIENCE);
            let mut intruder = options.connect().await.expect("opens");
            intruder.execute("begin exclusive").await.expect("held");
            self.intruder = Some(intruder);
        }
    }

    pub(crate) async fn back(&mut self) {
        if let Some(proxy) = &self.proxy {
            proxy.admit();
        }
        if let Some(mut intruder) = self.intruder.take() {
            intruder.execute("rollback").await.expect("let go");
        }
    }
}

/// The broker's login, at this port, and four queues for mapping.
pub(crate) fn login(rabbit: &Rabbit, port: u16) -> AmqpSettings {
    let login = AmqpSettings::new("127.0.0.1", port, rabbit.user(), SecretString::from(rabbit.password()));
    AmqpSettings { shards: 4, ..login }
}

pub(crate) fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

pub(crate) fn event(key: &str, number: usize) -> Outgoing {
    Outgoing {
        exchange: Exchange::Events,
        routing_key: "call.ringing.v1".to_owned(),
        partition_key: key.to_owned(),
        id: id(number),
        source: "/connectors/test".to_owned(),
        sequence: None,
        mandatory: true,
        body: format!(r#"{{"number":{number}}}"#).into(),
    }
}

pub(crate) fn events(key: &str, numbers: std::ops::Range<usize>) -> Vec<Outgoing> {
    numbers.map(|number| event(key, number)).collect()
}

pub(crate) fn command(source: &str, number: usize) -> Outgoing {
    Outgoing { exchange: Exchange::Commands, routing_key: source.to_owned(), ..event(source, number) }
}

/// The committed sample of a type.
pub(crate) fn sample(event_type: &str) -> Event {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/samples");
    let text = std::fs::read(samples.join(format!("{event_type}.json"))).expect("a sample");
    Event::from_json(&text).expect("an event")
}

/// A durable queue that takes every event.
pub(crate) fn everything(name: &str) -> Queue {
    let bindings = vec![(Exchange::Events, "#".to_owned())];
    Queue::Subscriber { name: name.to_owned(), bindings, durable: true }
}

/// Takes exactly this many deliveries without settling them.
pub(crate) async fn take(subscription: &mut Subscription, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.extend(subscription.next_batch(count - taken.len()).await.expect("a batch"));
    }
    taken
}

pub(crate) async fn settle_all(subscription: &mut Subscription, deliveries: &[Delivery]) {
    let answers = deliveries.iter().map(|delivery| (delivery.tag, Answer::Done)).collect();
    subscription.settle(answers).await.expect("settled");
}

pub(crate) async fn answer(subscription: &mut Subscription, delivery: &Delivery, answer: Answer) {
    subscription.settle(vec![(delivery.tag, answer)]).await.expect("settled");
}

/// Takes and settles until `last` came; the ids in the order of their first coming.
pub(crate) async fn collect_until(subscription: &mut Subscription, last: Uuid) -> Vec<Uuid> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        let batch = subscription.next_batch(500).await.expect("a batch");
        for delivery in &batch {
            if !ids.contains(&delivery.id) {
                ids.push(delivery.id);
            }
        }
        // A link that breaks here only makes them come again.
        let _ = subscription.settle(batch.iter().map(|delivery| (delivery.tag, Answer::Done)).collect()).await;
    }
    ids
}

pub(crate) fn ids(numbers: std::ops::Range<usize>) -> Vec<Uuid> {
    numbers.map(id).collect()
}
