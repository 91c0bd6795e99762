//! The transport goes and comes back under everybody's hands.

use std::time::Duration;

use futures_util::FutureExt;
use trunkline_bus::{Answer, Bus, Delivery};
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
    let done = |deliveries: &[Delivery]| deliveries.iter().map(|delivery| (delivery.tag, Answer::Done)).collect();
    let before = take(&mut subscription, 3).await;
    stage.away().await;
    // Ends what was in hand: on the broker with the link, in the file with the settlement that fails.
    subscription.settle(vec![(before[0].tag, Answer::Retry(Duration::ZERO))]).await.expect_err("away");
    stage.back().await;
    let again = take(&mut subscription, 3).await;
    assert_eq!(again.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), ids(0..3));
    assert!(again.iter().all(|delivery| delivery.redelivered));
    subscription.settle(done(&before)).await.expect("stale answers are passed over");
    drop(subscription);
    let mut next = bus.subscribe(everything("all")).await.expect("subscribed");
    let once_more = take(&mut next, 3).await;
    assert_eq!(once_more.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), ids(0..3), "a stale answer counted");
    next.settle(done(&once_more)).await.expect("settled");
    bus.intake().accept(vec![event("a", 3)]).await.expect("accepted");
    assert_eq!(take(&mut next, 1).await[0].id, id(3));
}

async fn a_publisher_is_told_that_the_transport_is_away_and_can_wait_for_it(mut stage: Stage) {
    let bus = stage.bus().await;
    let publisher = bus.publisher();
    for round in 0..5 {
        stage.away().await;
        let refused = publisher.publish(vec![event("a", round)]).await.expect_err("away");
        assert!(refused.is_retryable(), "{refused}");
        assert!(publisher.ready().now_or_never().is_none(), "who waits now would wait for the connection that failed");
        assert!(!bus.health().connected);
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
    let mut rabbit = Rabbit::start().await;
    let stage = Stage::on(&rabbit).await;
    let story = async {
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
    let again = tokio::time::timeout(PATIENCE, stage.bus()).await.expect("the file is free");
    everything_is_there_after_a_stop(&again, 20).await;
}
