//! Several consumers and several processes: order per key, one holder of a lease.

use std::collections::HashMap;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use trunkline_bus::{Answer, Bus, Queue};
use uuid::Uuid;

use crate::harness::{Stage, both, event, id};

both!(
    order_per_key_holds_with_three_competing_consumers_of_which_one_is_killed,
    a_lease_has_one_holder_and_is_handed_over,
);

/// Consumes every shard, tells of each event after it is settled.
fn consume(bus: &Bus, seen: &mpsc::Sender<(usize, Uuid, String)>, worker: usize) -> Vec<JoinHandle<()>> {
    let shards = 0..4;
    shards
        .map(|shard| {
            let (bus, seen) = (bus.clone(), seen.clone());
            tokio::spawn(async move {
                let mut subscription = bus.subscribe(Queue::Mapping(shard)).await.expect("subscribed");
                loop {
                    let batch = subscription.next_batch(7).await.expect("a batch");
                    for delivery in &batch {
                        let told = (worker, delivery.id, delivery.partition_key.clone());
                        seen.send(told).await.expect("heard");
                    }
                    let answers = batch.iter().map(|delivery| (delivery.tag, Answer::Done)).collect();
                    subscription.settle(answers).await.expect("settled");
                }
            })
        })
        .collect()
}

async fn order_per_key_holds_with_three_competing_consumers_of_which_one_is_killed(stage: Stage) {
    const KEYS: usize = 40;
    const EVENTS: usize = 2_000;
    let bus = stage.bus().await;
    assert_eq!(bus.shards().await.expect("known"), 4);
    // A bounded ear: consumers cannot run ahead, so the kill happens in the middle.
    let (ear, mut heard) = mpsc::channel(1);
    let mut workers: Vec<_> = (0..3).map(|worker| consume(&bus, &ear, worker)).collect();
    let publisher = bus.publisher();
    let publishing = tokio::spawn(async move {
        for from in (0..EVENTS).step_by(20) {
            let some = (from..from + 20).map(|number| event(&format!("call-{}", number % KEYS), number)).collect();
            publisher.publish(some).await.expect("confirmed");
        }
    });
    let mut first_seen: HashMap<Uuid, usize> = HashMap::new();
    let mut order: HashMap<String, Vec<Uuid>> = HashMap::new();
    let mut killed = false;
    while first_seen.len() < EVENTS {
        let (worker, event, key) = heard.recv().await.expect("told");
        // What was told and not settled before the kill comes again; the first time counts.
        if first_seen.insert(event, worker).is_none() {
            order.entry(key).or_default().push(event);
        }
        if !killed && first_seen.len() >= EVENTS / 3 {
            killed = true;
            for task in workers.remove(worker) {
                task.abort();
            }
            workers.insert(worker, Vec::new());
        }
    }
    publishing.await.expect("published");
    for (key, seen) in order {
        let number: usize = key.trim_start_matches("call-").parse().expect("a number");
        let expected: Vec<Uuid> = (number..EVENTS).step_by(KEYS).map(id).collect();
        assert_eq!(seen, expected, "{key}");
    }
    workers.into_iter().flatten().for_each(|task| task.abort());
}

async fn a_lease_has_one_holder_and_is_handed_over(stage: Stage) {
    let first_bus = stage.bus().await;
    let second_bus = stage.second_bus(&first_bus).await;
    let first = first_bus.lease("avaya-bj").await.expect("held");
    let _other = second_bus.lease("avaya-sh").await.expect("another name is free");
    let waiting = tokio::spawn(async move { second_bus.lease("avaya-bj").await.expect("held") });
    tokio::select! {
        biased;
        () = first.lost() => panic!("lost without a cause"),
        () = async { for _ in 0..100 { tokio::task::yield_now().await } } => {}
    }
    assert!(!waiting.is_finished());
    first.release().await;
    waiting.await.expect("handed over");
}
