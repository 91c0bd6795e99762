//! The transport goes and comes back under everybody's hands.

use std::time::Duration;

use trunkline_bus::{Answer, Bus};
use trunkline_test_support::rabbit::Rabbit;

use crate::harness::{PATIENCE, Stage, both, collect_until, event, events, everything, id, ids, take};

both!(
    a_stale_acknowledgement_is_harmless,
    a_publisher_is_told_that_the_transport_is_away_and_can_wait_for_it,
    a_subscription_goes_on_after_the_transport_was_away,
);

async fn a_stale_acknowledgement_is_harmless(mut stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..3)).await.expect("confirmed");
    let before = take(&mut subscription, 3).await;
    let done = |deliveries: &[trunkline_bus::Delivery]| {
        deliveries.iter().map(|delivery| (delivery.tag, Answer::Done)).collect::<Vec<_>>()
    };
    stage.away().await;
    // The link may be known as broken by now or not.
    let _ = subscription.settle(done(&before[..1])).await;
    stage.back().await;
    let mut after = take(&mut subscription, 1).await;
    subscription.settle(done(&before)).await.expect("stale answers are passed over");
    while after.last().is_some_and(|delivery| delivery.id != id(2)) {
        after.extend(take(&mut subscription, 1).await);
    }
    assert!(after.len() >= 2, "what was not settled comes again, whatever stale answers say");
    assert!(after.iter().all(|delivery| delivery.redelivered));
    subscription.settle(done(&after)).await.expect("settled");
    bus.intake().accept(vec![event("a", 3)]).await.expect("accepted");
    assert_eq!(take(&mut subscription, 1).await[0].id, id(3));
}

async fn a_publisher_is_told_that_the_transport_is_away_and_can_wait_for_it(mut stage: Stage) {
    let bus = stage.bus().await;
    let publisher = bus.publisher();
    for round in 0..5 {
        stage.away().await;
        let refused = publisher.publish(vec![event("a", round)]).await.expect_err("away");
        assert!(refused.is_retryable(), "{refused}");
        assert!(!bus.health().connected, "who waits now would wait for the connection that failed");
        stage.back().await;
        publisher.ready().await.expect("back");
        publisher.publish(vec![event("a", round)]).await.expect("confirmed");
    }
}

async fn a_subscription_goes_on_after_the_transport_was_away(mut stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..50)).await.expect("confirmed");
    assert_eq!(collect_until(&mut subscription, id(49)).await, ids(0..50));
    for round in 1..4 {
        stage.away().await;
        stage.back().await;
        bus.intake().accept(vec![event("a", 49 + round)]).await.expect("accepted");
        assert_eq!(collect_until(&mut subscription, id(49 + round)).await.last(), Some(&id(49 + round)));
    }
}

/// What is confirmed, in hand and spooled is there after the transport was stopped in order and started again.
async fn everything_is_there_after_a_stop(bus: &Bus, number: usize) {
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    assert_eq!(collect_until(&mut subscription, id(number - 1)).await, ids(0..number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_stopped_and_started_has_lost_nothing() {
    let story = async {
        let mut rabbit = Rabbit::start().await;
        let stage = Stage::on(&rabbit).await;
        let bus = stage.bus().await;
        let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
        bus.intake().accept(events("a", 0..10)).await.expect("accepted");
        let _in_hand = take(&mut subscription, 5).await;
        rabbit.stop().await;
        bus.intake().accept(events("a", 10..20)).await.expect("accepted on the disk");
        assert!(!bus.health().connected);
        rabbit.start_again().await;
        drop(subscription);
        everything_is_there_after_a_stop(&bus, 20).await;
    };
    tokio::time::timeout(PATIENCE, story).await.expect("the case hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_queue_that_is_closed_and_opened_has_lost_nothing() {
    let stage = Stage::embedded();
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.intake().accept(events("a", 0..20)).await.expect("accepted");
    let _in_hand = take(&mut subscription, 5).await;
    bus.close().await;
    assert!(bus.intake().accept(vec![event("a", 99)]).await.is_err());
    let again = tokio::time::timeout(Duration::from_secs(10), stage.bus()).await.expect("the file is free");
    everything_is_there_after_a_stop(&again, 20).await;
}
