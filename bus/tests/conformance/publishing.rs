//! Confirms, unroutable messages, routing.

use std::collections::HashSet;

use futures_util::future::join_all;
use trunkline_bus::{Exchange, Outgoing, PublishError, Queue};
use trunkline_events::{Body, Sequence, routing_key};

use crate::harness::{
    Stage, both, collect_until, command, event, events, everything, id, ids, sample, settle_all, take,
};

both!(
    a_confirmed_event_is_delivered_with_all_that_it_carries,
    unroutable_messages_are_named_and_the_others_are_delivered,
    an_unroutable_message_among_many_publishers_is_blamed_on_its_own_call,
    a_queue_gets_what_its_patterns_take_once,
    an_event_is_routed_by_the_key_that_the_documents_name,
    a_live_queue_is_gone_with_its_subscription,
    a_live_queue_is_gone_though_the_transport_was_away_when_its_subscription_ended,
    ten_thousand_events_from_many_tasks_all_arrive,
);

async fn a_confirmed_event_is_delivered_with_all_that_it_carries(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let mut sent = event("call-1", 1);
    sent.sequence = Some(Sequence { epoch: "0197".to_owned(), number: 42 });
    bus.publisher().publish(vec![sent.clone()]).await.expect("confirmed");
    let delivery = take(&mut subscription, 1).await.remove(0);
    assert_eq!((delivery.id, &delivery.body, &delivery.source), (sent.id, &sent.body, &sent.source));
    assert_eq!((delivery.sequence, delivery.partition_key), (sent.sequence, sent.partition_key));
    assert_eq!((delivery.attempt, delivery.redelivered), (1, false));
}

async fn unroutable_messages_are_named_and_the_others_are_delivered(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let messages = vec![event("a", 1), command("/connectors/nobody", 2), event("a", 3)];
    let refused = bus.publisher().publish(messages).await.expect_err("one is unroutable");
    assert_eq!(refused, PublishError::Unroutable { ids: vec![id(2)] });
    assert!(!refused.is_retryable());
    let deliveries = take(&mut subscription, 2).await;
    assert_eq!(deliveries.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [id(1), id(3)]);
    let news = Outgoing { exchange: Exchange::Unified, mandatory: false, ..event("a", 4) };
    bus.publisher().publish(vec![news]).await.expect("nobody need listen");
}

async fn an_unroutable_message_among_many_publishers_is_blamed_on_its_own_call(stage: Stage) {
    let bus = stage.bus().await;
    let publisher = bus.publisher();
    let calls = (0..600).map(|number| {
        let publisher = publisher.clone();
        async move {
            let homeless = number % 7 == 0;
            let message = if homeless { command("/nobody", number) } else { event(&format!("k{number}"), number) };
            (homeless, publisher.publish(vec![message]).await)
        }
    });
    for (number, (homeless, outcome)) in join_all(calls).await.into_iter().enumerate() {
        let expected = if homeless { Err(PublishError::Unroutable { ids: vec![id(number)] }) } else { Ok(()) };
        assert_eq!(outcome, expected, "call {number}");
    }
}

async fn a_queue_gets_what_its_patterns_take_once(stage: Stage) {
    let bus = stage.bus().await;
    let bindings = ["chat.#", "*.message.v1"];
    let bindings = bindings.map(|pattern| (Exchange::Events, pattern.to_owned())).to_vec();
    let queue = Queue::Subscriber { name: "chats".to_owned(), bindings, durable: true };
    let mut subscription = bus.subscribe(queue).await.expect("subscribed");
    let keys = ["call.ringing.v1", "chat.message.v1", "chat.closed.v1"];
    let messages: Vec<Outgoing> =
        (0..).zip(keys).map(|(at, key)| Outgoing { routing_key: key.to_owned(), ..event("c", at) }).collect();
    bus.publisher().publish(messages).await.expect("confirmed");
    assert_eq!(collect_until(&mut subscription, id(2)).await, [id(1), id(2)]);
    let depths = bus.depths().await.expect("counted");
    assert!(depths.iter().all(|depth| depth.queue != "trunkline.subscriber.chats" || depth.ready == 0), "{depths:?}");
}

/// `docs/events.md` and `docs/asyncapi.json` name the key of each type; integrators bind it.
async fn an_event_is_routed_by_the_key_that_the_documents_name(stage: Stage) {
    let bus = stage.bus().await;
    for (at, event_type) in (0..).zip(Body::TYPES) {
        let event = sample(event_type);
        let key = routing_key(event_type).to_owned();
        let exchange = if event.is_derived() { Exchange::Unified } else { Exchange::Events };
        let queue = Queue::Subscriber { name: format!("of-{at}"), bindings: vec![(exchange, key)], durable: false };
        let mut subscription = bus.subscribe(queue).await.expect("subscribed");
        let message = Outgoing::event(exchange, &event).expect("an event");
        bus.publisher().publish(vec![Outgoing { mandatory: true, ..message }]).await.expect(event_type);
        assert_eq!(take(&mut subscription, 1).await[0].id, event.id.uuid(), "{event_type}");
    }
}

async fn a_live_queue_is_gone_though_the_transport_was_away_when_its_subscription_ended(mut stage: Stage) {
    let bus = stage.bus().await;
    let bindings = vec![(Exchange::Unified, "#".to_owned())];
    let live = Queue::Subscriber { name: "live".to_owned(), bindings, durable: false };
    let subscription = bus.subscribe(live).await.expect("subscribed");
    stage.away().await;
    drop(subscription);
    bus.publisher().publish(vec![event("a", 1)]).await.expect_err("away");
    stage.back().await;
    bus.publisher().ready().await.expect("back");
    let news = Outgoing { exchange: Exchange::Unified, ..event("a", 2) };
    let unroutable = PublishError::Unroutable { ids: vec![id(2)] };
    // The broker removes the queue a moment after the link is gone.
    while bus.publisher().publish(vec![news.clone()]).await != Err(unroutable.clone()) {}
}

async fn a_live_queue_is_gone_with_its_subscription(stage: Stage) {
    let bus = stage.bus().await;
    let live = || Queue::Subscriber {
        name: "live".to_owned(),
        bindings: vec![(Exchange::Unified, "#".to_owned())],
        durable: false,
    };
    let mut first = bus.subscribe(live()).await.expect("subscribed");
    let mut second = bus.subscribe(live()).await.expect("subscribed");
    let news = |number| Outgoing { exchange: Exchange::Unified, ..event("a", number) };
    bus.publisher().publish(vec![news(1)]).await.expect("confirmed");
    for subscription in [&mut first, &mut second] {
        let got = take(subscription, 1).await;
        assert_eq!(got[0].id, id(1));
        settle_all(subscription, &got).await;
    }
    drop((first, second));
    // The broker removes the queues a moment after the channels are closed.
    let unroutable = PublishError::Unroutable { ids: vec![id(2)] };
    while bus.publisher().publish(vec![news(2)]).await != Err(unroutable.clone()) {}
}

async fn ten_thousand_events_from_many_tasks_all_arrive(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let publishing: Vec<_> = (0..20)
        .map(|task| {
            let publisher = bus.publisher();
            tokio::spawn(async move {
                for step in 0..10 {
                    let from = task * 500 + step * 50;
                    publisher.publish(events(&format!("k{task}"), from..from + 50)).await.expect("confirmed");
                }
            })
        })
        .collect();
    let mut seen = HashSet::new();
    let mut last_of = [None; 20];
    while seen.len() < 10_000 {
        let batch = subscription.next_batch(512).await.expect("a batch");
        for delivery in &batch {
            let number = usize::try_from(delivery.id.as_u128()).expect("small") - 1;
            assert!(last_of[number / 500] < Some(number), "{number} is out of order");
            last_of[number / 500] = Some(number);
            seen.insert(delivery.id);
        }
        settle_all(&mut subscription, &batch).await;
    }
    join_all(publishing).await.into_iter().for_each(|task| task.expect("published"));
    assert_eq!(seen, ids(0..10_000).into_iter().collect());
}
