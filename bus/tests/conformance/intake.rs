//! What a connector was told is accepted is never lost, wherever the transport is.

use trunkline_bus::{Bus, IntakeError};

use crate::harness::{Stage, both, collect_until, event, events, everything, id, ids};

both!(
    accepted_events_arrive_in_order,
    events_accepted_while_the_transport_is_away_arrive_in_order_when_it_is_back,
    spooled_events_survive_a_restart,
    a_full_spool_makes_accept_wait_until_there_is_room,
    events_larger_than_the_spool_are_refused_while_the_transport_is_away,
);

async fn accepted_events_arrive_in_order(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let intake = bus.intake();
    let accepting = tokio::spawn(async move {
        for from in (0..1_000).step_by(10) {
            intake.accept(events("a", from..from + 10)).await.expect("accepted");
        }
    });
    assert_eq!(collect_until(&mut subscription, id(999)).await, ids(0..1_000));
    accepting.await.expect("accepted");
    bus.drained().await.expect("nothing is left on the disk");
}

async fn events_accepted_while_the_transport_is_away_arrive_in_order_when_it_is_back(mut stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let intake = bus.intake();
    intake.accept(events("a", 0..10)).await.expect("accepted");
    stage.away().await;
    for number in 10..40 {
        intake.accept(vec![event("a", number)]).await.expect("accepted on the disk");
    }
    let health = bus.health_when(|health| !health.connected).await.expect("told");
    assert!(health.reason.is_some(), "{health:?}");
    assert!(health.spool_events >= 30 && health.spool_bytes > 0 && !health.spool_full, "{health:?}");
    stage.back().await;
    intake.accept(events("a", 40..50)).await.expect("accepted behind the others");
    assert_eq!(collect_until(&mut subscription, id(49)).await, ids(0..50));
    bus.drained().await.expect("drained");
    assert!(bus.health().connected);
    intake.accept(vec![event("a", 50)]).await.expect("accepted directly");
    assert_eq!(collect_until(&mut subscription, id(50)).await.last(), Some(&id(50)));
}

async fn spooled_events_survive_a_restart(mut stage: Stage) {
    let bus = stage.bus().await;
    bus.subscribe(everything("all")).await.expect("declared");
    stage.away().await;
    bus.intake().accept(events("a", 0..20)).await.expect("accepted on the disk");
    bus.close().await;
    drop(bus);
    stage.back().await;
    let again: Bus = stage.bus().await;
    let mut subscription = again.subscribe(everything("all")).await.expect("subscribed");
    assert_eq!(collect_until(&mut subscription, id(19)).await, ids(0..20));
    again.drained().await.expect("drained");
}

async fn a_full_spool_makes_accept_wait_until_there_is_room(mut stage: Stage) {
    stage.settings.spool.max_bytes = 20_000;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    stage.away().await;
    let intake = bus.intake();
    let accepting = tokio::spawn(async move {
        for from in (0..1_000).step_by(10) {
            intake.accept(events("a", from..from + 10)).await.expect("accepted");
        }
    });
    bus.health_when(|health| health.spool_full).await.expect("full");
    assert!(!accepting.is_finished());
    assert!(bus.health().spool_bytes <= 20_000);
    stage.back().await;
    assert_eq!(collect_until(&mut subscription, id(999)).await, ids(0..1_000));
    accepting.await.expect("all accepted");
    bus.drained().await.expect("drained");
    assert!(!bus.health().spool_full);
}

async fn events_larger_than_the_spool_are_refused_while_the_transport_is_away(mut stage: Stage) {
    stage.settings.spool.max_bytes = 1_000;
    let bus = stage.bus().await;
    stage.away().await;
    let refused = bus.intake().accept(events("a", 0..100)).await.expect_err("too large");
    assert!(matches!(refused, IntakeError::TooLarge { max_bytes: 1_000, .. }), "{refused}");
}
