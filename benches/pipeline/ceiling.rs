//! What bare lapin and the broker can do: publish with confirm, and consume, at once. Messages of the same size on a queue
//! with the arguments of the mapping queue; no exchange to route through, no header, nothing done with a message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, PublisherConfirm};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use trunkline_test_support::rabbit::Rabbit;

/// One, since the daemon has one shard.
pub(crate) const QUEUE: &str = "ceiling";
/// Confirms that are waited for at once.
const WINDOW: usize = 2_048;
/// Messages acknowledged together at most.
const ACK: usize = 200;
const PREFETCH: u16 = 1_024;
/// Messages that may lie on the queue, so that it stays flat.
const WAITING: u64 = 4_000;

#[derive(Default)]
struct Counts {
    consumed: AtomicU64,
    /// Something was consumed.
    moved: Notify,
}

/// A bare way over the broker: channels to publish on with confirms and to consume on.
pub(crate) struct Bare {
    pub(crate) publishing: Channel,
    pub(crate) consuming: Channel,
    connections: [Connection; 2],
}

impl Bare {
    pub(crate) async fn open(rabbit: &Rabbit) -> Result<Self> {
        let vhost = rabbit.fresh_vhost().await;
        let uri = format!("amqp://{}:{}@127.0.0.1:{}/{vhost}", rabbit.user(), rabbit.password(), rabbit.port());
        let connect = || Connection::connect(&uri, ConnectionProperties::default());
        let (sending, taking) = (connect().await?, connect().await?);
        let consuming = taking.create_channel().await?;
        declare(&consuming).await?;
        consuming.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let publishing = sending.create_channel().await?;
        publishing.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { publishing, consuming, connections: [sending, taking] })
    }

    /// Ends the tasks of a measurement; fails if one of them had ended by itself.
    pub(crate) async fn close(self, tasks: Vec<JoinHandle<Result<()>>>) -> Result<()> {
        for task in tasks {
            ensure!(!task.is_finished(), "the measurement of the bare broker broke: {:?}", task.await);
            task.abort();
        }
        for connection in self.connections {
            // Measured is measured, however the connections end.
            let _ = connection.close(200, "measured".into()).await;
        }
        Ok(())
    }
}

/// Messages a second that went all the way.
pub(crate) async fn measure(rabbit: &Rabbit, size: usize, time: Duration) -> Result<f64> {
    let bare = Bare::open(rabbit).await?;
    let counts = Arc::new(Counts::default());
    let consuming = tokio::spawn(consume(bare.consuming.clone(), Arc::clone(&counts)));
    let publishing = tokio::spawn(publish(bare.publishing.clone(), vec![b'x'; size], Arc::clone(&counts)));
    tokio::time::sleep(time.mul_f64(0.2)).await;
    let (from, start) = (counts.consumed.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(time.mul_f64(0.5)).await;
    let (consumed, took) = (counts.consumed.load(Ordering::Relaxed) - from, start.elapsed());
    bare.close(vec![consuming, publishing]).await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(consumed as f64 / took.as_secs_f64())
}

async fn declare(channel: &Channel) -> Result<()> {
    let mut arguments = FieldTable::default();
    let text = |value: &str| AMQPValue::LongString(value.into());
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(50));
    arguments.insert("x-dead-letter-exchange".into(), text("ceiling.dead"));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    channel.queue_declare(QUEUE.into(), QueueDeclareOptions::durable(), arguments).await?;
    Ok(())
}

async fn publish(channel: Channel, body: Vec<u8>, counts: Arc<Counts>) -> Result<()> {
    let mut confirms: VecDeque<PublisherConfirm> = VecDeque::with_capacity(WINDOW);
    let mut number = 0;
    loop {
        while number > counts.consumed.load(Ordering::Relaxed) + WAITING {
            counts.moved.notified().await;
        }
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        confirms.push_back(channel.basic_publish("".into(), QUEUE.into(), options, &body, properties).await?);
        number += 1;
        while confirms.len() >= WINDOW
            && let Some(oldest) = confirms.pop_front()
        {
            let confirmation = oldest.await?;
            ensure!(confirmation.is_ack() && confirmation.take_message().is_none(), "a message was refused");
        }
    }
}

async fn consume(channel: Channel, counts: Arc<Counts>) -> Result<()> {
    let options = BasicConsumeOptions::default();
    let mut consumer = channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(first) = consumer.next().await {
        let (mut tag, mut count) = (first?.delivery_tag, 1);
        while count < ACK
            && let Some(Some(more)) = consumer.next().now_or_never()
        {
            tag = more?.delivery_tag;
            count += 1;
        }
        channel.basic_ack(tag, BasicAckOptions { multiple: true }).await?;
        counts.consumed.fetch_add(count as u64, Ordering::Relaxed);
        counts.moved.notify_one();
    }
    Ok(())
}
