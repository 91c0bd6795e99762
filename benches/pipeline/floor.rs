//! What a hop over the bare broker costs at an even rate, where hardly two messages meet: the delay and the broker's CPU that
//! no way over it can go below. Messages and queue are those of the ceiling.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, PublisherConfirm};

use crate::ceiling::{Bare, QUEUE};
use crate::daemon::House;

/// The part of a rate's time that is spent here.
const PART: f64 = 0.4;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) rate: u32,
    /// Milliseconds from publishing to consuming.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// The broker's CPU microseconds a message.
    pub(crate) broker: f64,
}

/// The clock of both ends, and how long each message took.
struct Watch {
    start: Instant,
    delays: Mutex<Vec<f64>>,
}

/// Publishes and consumes at the rate for a part of the time.
pub(crate) async fn measure(house: &House, size: usize, rate: u32, time: Duration) -> Result<Floor> {
    let bare = Bare::open(&house.rabbit).await?;
    let watch = Arc::new(Watch { start: Instant::now(), delays: Mutex::default() });
    let consuming = tokio::spawn(consume(bare.consuming.clone(), Arc::clone(&watch)));
    let before = house.processes.cpu();
    publish(&bare.publishing, size, rate, time.mul_f64(PART), &watch).await?;
    let used = house.processes.cpu() - before;
    bare.close(vec![consuming]).await?;
    let mut delays = std::mem::take(&mut *watch.delays.lock().unwrap_or_else(PoisonError::into_inner));
    ensure!(delays.len() > 10, "nothing came over the bare broker");
    delays.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "some thousand")]
    let count = delays.len() as f64;
    let broker = used.broker * 1e6 / count;
    Ok(Floor { rate, p50: delays[delays.len() / 2], p99: delays[delays.len() * 99 / 100], broker })
}

async fn publish(channel: &Channel, size: usize, rate: u32, time: Duration, watch: &Watch) -> Result<()> {
    let mut confirms: VecDeque<PublisherConfirm> = VecDeque::new();
    let mut body = vec![b'x'; size.max(16)];
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    let until = Instant::now() + time;
    while Instant::now() < until {
        tick.tick().await;
        let at = watch.start.elapsed().as_secs_f64();
        body[..8].copy_from_slice(&at.to_be_bytes());
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        confirms.push_back(channel.basic_publish("".into(), QUEUE.into(), options, &body, properties).await?);
        if confirms.len() > rate as usize
            && let Some(oldest) = confirms.pop_front()
        {
            ensure!(oldest.await?.is_ack(), "a message was refused");
        }
    }
    for confirm in confirms {
        ensure!(confirm.await?.is_ack(), "a message was refused");
    }
    Ok(())
}

async fn consume(channel: Channel, watch: Arc<Watch>) -> Result<()> {
    let options = BasicConsumeOptions::default();
    let mut consumer = channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let at: [u8; 8] = delivery.data.get(..8).context("not a message of ours")?.try_into()?;
        let delay = (watch.start.elapsed().as_secs_f64() - f64::from_be_bytes(at)) * 1e3;
        watch.delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
        channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await?;
    }
    Ok(())
}
