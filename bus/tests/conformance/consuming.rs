//! Redelivery, retries, poison, acknowledgements that come too late.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use trunkline_bus::Answer;

use crate::harness::{Stage, answer, both, event, events, everything, id, ids, settle_all, take};

both!(
    what_is_not_settled_comes_again_and_says_so,
    what_is_settled_out_of_order_does_not_come_again,
    a_retry_comes_back_not_before_its_time_and_counts,
    a_retry_of_the_last_attempt_is_a_dead_letter,
    a_message_that_kills_its_consumers_is_a_dead_letter,
    waiting_for_a_batch_can_be_cancelled_without_loss,
);

async fn what_is_not_settled_comes_again_and_says_so(stage: Stage) {
    let bus = stage.bus().await;
    let mut first = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..4)).await.expect("confirmed");
    let taken = take(&mut first, 4).await;
    settle_all(&mut first, &taken[..2]).await;
    drop(first);
    let mut second = bus.subscribe(everything("all")).await.expect("subscribed");
    let again = take(&mut second, 2).await;
    assert_eq!(again.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [id(2), id(3)]);
    assert!(again.iter().all(|delivery| delivery.redelivered));
}

async fn what_is_settled_out_of_order_does_not_come_again(stage: Stage) {
    let bus = stage.bus().await;
    let mut first = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..6)).await.expect("confirmed");
    let taken = take(&mut first, 6).await;
    settle_all(&mut first, &[taken[4].clone(), taken[0].clone(), taken[2].clone()]).await;
    settle_all(&mut first, &[taken[4].clone()]).await;
    drop(first);
    let mut second = bus.subscribe(everything("all")).await.expect("subscribed");
    let again: Vec<_> = take(&mut second, 3).await.iter().map(|delivery| delivery.id).collect();
    assert_eq!(again, [id(1), id(3), id(5)]);
}

async fn a_retry_comes_back_not_before_its_time_and_counts(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(events("a", 0..2)).await.expect("confirmed");
    let taken = take(&mut subscription, 2).await;
    let asked = Instant::now();
    let delay = Duration::from_secs(1);
    subscription
        .settle(vec![(taken[0].tag, Answer::Retry(delay)), (taken[1].tag, Answer::Done)])
        .await
        .expect("settled");
    let again = take(&mut subscription, 1).await.remove(0);
    // The embedded queue counts in whole milliseconds of the wall clock.
    assert!(asked.elapsed() + Duration::from_millis(5) >= delay, "came after {:?}", asked.elapsed());
    assert_eq!((again.id, again.attempt), (id(0), 2));
    assert_eq!(
        (again.body, again.partition_key, again.source),
        (taken[0].body.clone(), "a".into(), taken[0].source.clone())
    );
}

async fn a_retry_of_the_last_attempt_is_a_dead_letter(mut stage: Stage) {
    stage.settings.limits.max_attempts = 2;
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(vec![event("a", 0)]).await.expect("confirmed");
    for _ in 0..2 {
        let delivery = take(&mut subscription, 1).await.remove(0);
        answer(&mut subscription, &delivery, Answer::Retry(Duration::ZERO)).await;
    }
    let letters = bus.dead_letters().list(10).await.expect("listed");
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].id, letters[0].reason.as_str(), letters[0].attempts),
        (id(0), "gave up after 2 attempts", 2)
    );
}

async fn a_message_that_kills_its_consumers_is_a_dead_letter(mut stage: Stage) {
    stage.settings.limits.delivery_limit = 2;
    let bus = stage.bus().await;
    bus.subscribe(everything("all")).await.expect("declared");
    bus.publisher().publish(vec![event("a", 0)]).await.expect("confirmed");
    for _ in 0..3 {
        let mut consumer = bus.subscribe(everything("all")).await.expect("subscribed");
        assert_eq!(take(&mut consumer, 1).await[0].id, id(0));
    }
    let mut consumer = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(vec![event("a", 1)]).await.expect("confirmed");
    assert_eq!(take(&mut consumer, 1).await[0].id, id(1));
    let dead = bus.dead_letters();
    let letters = loop {
        let letters = dead.list(10).await.expect("listed");
        if !letters.is_empty() {
            break letters;
        }
    };
    assert_eq!((letters[0].id, letters[0].reason.as_str()), (id(0), "delivered too often without an answer"));
    assert_eq!(letters[0].queue, "trunkline.subscriber.all");
    assert!(letters[0].first.is_some() && letters[0].last.is_some());
}

async fn waiting_for_a_batch_can_be_cancelled_without_loss(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let publisher = bus.publisher();
    let publishing = tokio::spawn(async move {
        for number in 0..200 {
            publisher.publish(vec![event("a", number)]).await.expect("confirmed");
        }
    });
    let mut seen = Vec::new();
    // Given up after one poll, two, three, four, and each fifth time not at all: that one gets on.
    for polls in (0..5).cycle() {
        let waiting = subscription.next_batch(16);
        let batch = if polls == 0 { Some(waiting.await) } else { given_up_after(polls, waiting).await };
        if let Some(batch) = batch {
            let batch = batch.expect("a batch");
            seen.extend(batch.iter().map(|delivery| delivery.id));
            settle_all(&mut subscription, &batch).await;
        }
        if seen.len() == 200 {
            break;
        }
    }
    publishing.await.expect("published");
    assert_eq!(seen, ids(0..200));
}

/// `None` when the future was not ready at the last of so many polls.
async fn given_up_after<T>(mut polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
