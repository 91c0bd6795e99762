//! What an operator deletes or limits on the broker while we use it.

use std::time::Duration;

use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use trunkline_bus::{Answer, Bus, BusError, DeadLetter, Queue, Transport};
use trunkline_test_support::rabbit::Rabbit;
use uuid::Uuid;

use crate::amqp_faults::operator;
use crate::harness::{PATIENCE, Stage, answer, collect_until, command, event, events, everything, id, ids, take};

async fn delete_queue(stage: &Stage, name: &str) {
    operator(stage).await.queue_delete(name.into(), QueueDeleteOptions::default()).await.expect("deleted");
}

async fn delete_exchange(stage: &Stage, name: &str) {
    operator(stage).await.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await.expect("deleted");
}

fn shards(stage: &mut Stage, shards: u16) {
    let Transport::Amqp(settings) = &mut stage.settings.transport else { panic!("not amqp") };
    settings.shards = shards;
}

/// The name by which `rabbitmqctl` finds the stage's things.
fn vhost(stage: &Stage) -> String {
    let Transport::Amqp(settings) = &stage.settings.transport else { panic!("not amqp") };
    settings.vhost.clone()
}

/// Deletes the queue of a shard under its consumer; events for that shard come again by themselves.
async fn a_deleted_shard_comes_back(shards_in_all: u16, shard: u16) {
    let mut stage = Stage::amqp().await;
    shards(&mut stage, shards_in_all);
    let story = async {
        let bus = stage.bus().await;
        let mut subscription = bus.subscribe(Queue::Mapping(shard)).await.expect("subscribed");
        let waiting = tokio::spawn(async move { take(&mut subscription, 1).await });
        delete_queue(&stage, &format!("trunkline.mapping.{shard}")).await;
        let intake = bus.intake();
        let publishing = tokio::spawn(async move {
            for number in 0.. {
                // Until the queue is bound again they go to the dead letters, or past this shard.
                intake.accept(vec![event(&format!("k{number}"), number)]).await.expect("accepted");
            }
        });
        assert_eq!(waiting.await.expect("no panic").len(), 1);
        publishing.abort();
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the shard gets nothing any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_four_shards_that_is_deleted_is_bound_again() {
    a_deleted_shard_comes_back(4, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_shard_that_is_deleted_is_bound_again() {
    a_deleted_shard_comes_back(1, 0).await;
}

async fn letters(bus: &Bus) -> Vec<Uuid> {
    let letters: Vec<DeadLetter> = bus.dead_letters().list(10).await.expect("listed");
    letters.iter().map(|letter| letter.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_declared_again_when_their_queue_or_exchange_is_deleted() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..2)).await.expect("confirmed");
    let taken = take(&mut subscription, 2).await;
    delete_queue(&stage, "trunkline.dead").await;
    answer(&mut subscription, &taken[0], Answer::Dead("no good".to_owned())).await;
    assert_eq!(letters(&bus).await, [id(0)]);
    delete_exchange(&stage, "trunkline.dead").await;
    answer(&mut subscription, &taken[1], Answer::Dead("no good".to_owned())).await;
    assert_eq!(letters(&bus).await, [id(0), id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_takes_is_buried_though_the_dead_letters_were_deleted() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    delete_exchange(&stage, "trunkline.dead").await;
    delete_queue(&stage, "trunkline.dead").await;
    bus.intake().accept(vec![command("/connectors/nobody", 7)]).await.expect("accepted");
    bus.drained().await.expect("drained");
    assert_eq!(letters(&bus).await, [id(7)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_comes_again_though_its_queue_was_deleted() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(vec![event("a", 0)]).await.expect("confirmed");
    let taken = take(&mut subscription, 1).await;
    delete_queue(&stage, "trunkline.retry.1000ms").await;
    answer(&mut subscription, &taken[0], Answer::Retry(Duration::from_secs(1))).await;
    let again = take(&mut subscription, 1).await;
    assert_eq!((again[0].id, again[0].attempt), (id(0), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_declared_anew_with_other_arguments_ends_its_consumer_with_the_mend() {
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    // Nobody asks the subscription for a batch meanwhile, so it does not declare the queue first.
    delete_queue(&stage, "trunkline.subscriber.all").await;
    let (name, options) = ("trunkline.subscriber.all", QueueDeclareOptions::durable());
    operator(&stage).await.queue_declare(name.into(), options, FieldTable::default()).await.expect("declared");
    let ended = tokio::time::timeout(PATIENCE, subscription.next_batch(1)).await.expect("it waits for ever");
    let error = ended.expect_err("other arguments");
    assert!(matches!(&error, BusError::Mismatch { name: of, .. } if of == name), "{error}");
    assert!(error.to_string().contains("delete_queue trunkline.subscriber.all"), "{error}");
}

/// A broker that refuses (nack) is as one that is away: events wait on the disk and keep their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_full_queue_refuses_waits_on_the_disk_and_keeps_its_order() {
    let (rabbit, stage) = (Rabbit::shared().await, Stage::amqp().await);
    let vhost = vhost(&stage);
    let story = async {
        let bus = stage.bus().await;
        drop(bus.subscribe(everything("all")).await.expect("declared"));
        let limit = r#"{"max-length":5,"overflow":"reject-publish"}"#;
        rabbit.ctl(&["set_policy", "-p", &vhost, "small", "^trunkline.subscriber.all$", limit]).await;
        for number in 0..40 {
            bus.intake().accept(vec![event("a", number)]).await.expect("accepted");
        }
        let health = bus.health();
        assert!(health.connected && health.spool_events > 0, "{health:?}");
        rabbit.ctl(&["clear_policy", "-p", &vhost, "small"]).await;
        let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
        assert_eq!(collect_until(&mut subscription, id(39)).await, ids(0..40));
        bus.drained().await.expect("drained");
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the case hangs");
}

/// The broker's connections of this vhost, each with its name.
async fn connections(rabbit: &Rabbit, vhost: &str) -> Vec<(String, String)> {
    let table = rabbit.ctl(&["list_connections", "pid", "vhost", "client_properties"]).await;
    let lines = table.lines().filter_map(|line| line.split_once('\t'));
    let ours = lines.filter(|(_, rest)| rest.starts_with(&format!("{vhost}\t")));
    ours.map(|(pid, rest)| (pid.to_owned(), rest.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_cannot_consume_is_not_connected() {
    let (rabbit, stage) = (Rabbit::shared().await, Stage::amqp().await);
    let bus = stage.bus().await;
    assert!(bus.health().connected);
    let proxy = stage.proxy.as_ref().expect("a proxy");
    proxy.refuse();
    let all = connections(rabbit, &vhost(&stage)).await;
    let (pid, _) = all.iter().find(|(_, name)| name.contains("trunkline consume")).expect("a consuming connection");
    rabbit.ctl(&["close_connection", pid, "an operator's wish"]).await;
    let story = async {
        let health = bus.health_when(|health| !health.connected).await.expect("told");
        assert!(health.reason.is_some(), "{health:?}");
        bus.publisher().publish(vec![event("a", 1)]).await.expect("publishing goes on");
        proxy.admit();
        bus.health_when(|health| health.connected).await.expect("told");
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the health does not tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_dropped_without_a_close_leaves_the_broker() {
    let (rabbit, stage) = (Rabbit::shared().await, Stage::amqp().await);
    let bus = stage.bus().await;
    bus.intake().accept(events("a", 0..5)).await.expect("accepted");
    let vhost = vhost(&stage);
    assert!(connections(rabbit, &vhost).await.len() >= 2);
    drop(bus);
    let gone = async { while !connections(rabbit, &vhost).await.is_empty() {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("its connections stay");
}

/// A link that is silent and not closed: events are safe on the disk long before the heartbeat finds out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_link_sends_events_to_the_disk_and_is_replaced() {
    let mut stage = Stage::amqp().await;
    stage.settings.limits.slow_after = Duration::from_millis(500);
    let Transport::Amqp(settings) = &mut stage.settings.transport else { panic!("not amqp") };
    settings.heartbeat_seconds = 2;
    let bus = stage.bus().await;
    let proxy = stage.proxy.as_ref().expect("a proxy");
    let story = async {
        let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
        bus.intake().accept(events("a", 0..5)).await.expect("accepted");
        assert_eq!(collect_until(&mut subscription, id(4)).await, ids(0..5));
        let before = proxy.accepted();
        proxy.stall();
        bus.intake().accept(events("a", 5..10)).await.expect("accepted on the disk");
        assert!(bus.health().spool_events >= 5);
        bus.health_when(|health| !health.connected).await.expect("the heartbeat finds out");
        proxy.cut();
        proxy.resume();
        // Acknowledgements of the first five may have been on their way.
        let seen = collect_until(&mut subscription, id(9)).await;
        assert!(seen.ends_with(&ids(5..10)), "{seen:?}");
        bus.drained().await.expect("drained");
        assert!(proxy.accepted() > before, "new connections were made");
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the case hangs");
}
