//! What a real broker does to us.

use std::collections::HashSet;

use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use secrecy::ExposeSecret;
use trunkline_bus::{Bus, BusError, Queue, Transport};
use trunkline_test_support::rabbit::Rabbit;

use crate::harness::{PATIENCE, Stage, collect_until, event, events, everything, id, ids, take};

/// Another client on the stage's vhost.
pub(crate) async fn operator(stage: &Stage) -> lapin::Channel {
    let Transport::Amqp(settings) = &stage.settings.transport else { panic!("not amqp") };
    let (user, password) = (&settings.user, settings.password.expose_secret());
    let uri = format!("amqp://{user}:{password}@{}:{}/{}", settings.host, settings.port, settings.vhost);
    let connection = Connection::connect(&uri, ConnectionProperties::default()).await.expect("connected");
    connection.create_channel().await.expect("a channel")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_deleted_under_a_consumer_is_declared_again() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let channel = operator(&stage).await;
    channel.queue_delete("trunkline.subscriber.all".into(), QueueDeleteOptions::default()).await.expect("deleted");
    let publisher = bus.publisher();
    let publishing = tokio::spawn(async move {
        for number in 0.. {
            publisher.publish(vec![event("a", number)]).await.expect("confirmed");
        }
    });
    assert_eq!(take(&mut subscription, 1).await.len(), 1);
    publishing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_deleted_under_us_is_declared_again_with_all_that_was_bound_to_it() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let channel = operator(&stage).await;
    bus.intake().accept(events("a", 0..5)).await.expect("accepted");
    assert_eq!(collect_until(&mut subscription, id(4)).await, ids(0..5));
    let waiting = tokio::spawn(async move { take(&mut subscription, 1).await });
    channel.exchange_delete("trunkline.events".into(), ExchangeDeleteOptions::default()).await.expect("deleted");
    bus.intake().accept(events("a", 5..10)).await.expect("accepted");
    bus.drained().await.expect("on the bus");
    // Whatever came too early for the subscriber's binding is in its shard all the same.
    let (sender, mut shards) = tokio::sync::mpsc::channel(16);
    for shard in 0..4 {
        let mut subscription = bus.subscribe(Queue::Mapping(shard)).await.expect("subscribed");
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Ok(batch) = subscription.next_batch(100).await
                && sender.send(batch).await.is_ok()
            {}
        });
    }
    let mut seen = HashSet::new();
    while seen.len() < 10 {
        seen.extend(shards.recv().await.expect("told").into_iter().map(|delivery| delivery.id));
    }
    assert_eq!(seen, ids(0..10).into_iter().collect());
    let publisher = bus.publisher();
    let publishing = tokio::spawn(async move {
        for number in 100.. {
            publisher.publish(vec![event("a", number)]).await.expect("confirmed");
        }
    });
    waiting.await.expect("the subscriber is bound again");
    publishing.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_arguments_is_named_with_the_mend() {
    let stage = Stage::amqp().await;
    let channel = operator(&stage).await;
    let options = QueueDeclareOptions::durable();
    channel.queue_declare("trunkline.mapping.1".into(), options, FieldTable::default()).await.expect("declared");
    let error = Bus::connect(&stage.settings).await.expect_err("other arguments");
    assert!(matches!(&error, BusError::Mismatch { name, .. } if name == "trunkline.mapping.1"), "{error}");
    assert!(error.to_string().contains("delete_queue trunkline.mapping.1"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_memory_sends_events_to_the_spool_until_it_has_some() {
    let rabbit = Rabbit::start().await;
    let stage = Stage::on(&rabbit).await;
    let story = async {
        let bus = stage.bus().await;
        let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
        bus.intake().accept(events("a", 0..10)).await.expect("accepted");
        rabbit.ctl(&["set_vm_memory_high_watermark", "0.0001"]).await;
        for number in 10..30 {
            bus.intake().accept(vec![event("a", number)]).await.expect("accepted on the disk");
        }
        let health = bus.health_when(|health| health.blocked.is_some()).await.expect("told");
        assert!(health.connected && health.spool_events > 0, "{health:?}");
        // Consuming goes on: that is what ends the alarm in life.
        assert_eq!(collect_until(&mut subscription, id(9)).await, ids(0..10));
        rabbit.ctl(&["set_vm_memory_high_watermark", "0.4"]).await;
        assert_eq!(collect_until(&mut subscription, id(29)).await, ids(10..30));
        bus.drained().await.expect("drained");
        assert_eq!(bus.health().blocked, None);
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the case hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_under_load_has_lost_nothing_that_was_accepted() {
    const EVENTS: usize = 20_000;
    let mut rabbit = Rabbit::start().await;
    let stage = Stage::on(&rabbit).await;
    let story = async {
        let bus = stage.bus().await;
        bus.subscribe(everything("all")).await.expect("declared");
        let (half_way, passed) = tokio::sync::oneshot::channel();
        let intake = bus.intake();
        let accepting = tokio::spawn(async move {
            let mut half_way = Some(half_way);
            for from in (0..EVENTS).step_by(20) {
                intake.accept(events("a", from..from + 20)).await.expect("accepted");
                if from > EVENTS / 4
                    && let Some(half_way) = half_way.take()
                {
                    half_way.send(()).expect("heard");
                }
            }
        });
        passed.await.expect("under load");
        rabbit.kill().await;
        rabbit.start_again().await;
        let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
        let mut first_comings = Vec::new();
        let mut seen = HashSet::new();
        while seen.len() < EVENTS {
            let batch = subscription.next_batch(500).await.expect("a batch");
            first_comings.extend(batch.iter().map(|delivery| delivery.id).filter(|id| seen.insert(*id)));
            crate::harness::settle_all(&mut subscription, &batch).await;
        }
        accepting.await.expect("all accepted");
        assert!(first_comings.iter().copied().eq(ids(0..EVENTS)), "out of order");
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the case hangs");
}
