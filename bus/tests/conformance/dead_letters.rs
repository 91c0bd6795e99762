//! Nothing leaves the dead letters unseen, and what leaves is back once.

use std::collections::BTreeSet;

use trunkline_bus::{Answer, Bus, DeadLetter, Outgoing, Replayed, Selection, Subscription};

use crate::harness::{Stage, answer, both, command, event, events, everything, id, settle_all, take};

both!(
    a_dead_letter_says_what_it_was_and_why,
    a_replay_brings_letters_back_once,
    a_purge_removes_what_is_meant_and_no_more,
    letters_that_are_looked_at_stay_and_two_can_look,
    an_accepted_event_that_no_queue_takes_is_a_dead_letter_and_can_be_replayed,
);

/// Publishes events and answers each with `Dead`.
async fn kill(bus: &Bus, messages: Vec<Outgoing>) -> Subscription {
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    let count = messages.len();
    bus.publisher().publish(messages).await.expect("confirmed");
    for delivery in take(&mut subscription, count).await {
        answer(&mut subscription, &delivery, Answer::Dead("no such field".to_owned())).await;
    }
    subscription
}

async fn a_dead_letter_says_what_it_was_and_why(stage: Stage) {
    let bus = stage.bus().await;
    let sent = event("a", 7);
    let _subscription = kill(&bus, vec![sent.clone()]).await;
    let dead = bus.dead_letters();
    let listed = dead.list(10).await.expect("listed").remove(0);
    assert_eq!(
        (listed.id, listed.source.as_str(), listed.reason.as_str()),
        (id(7), "/connectors/test", "no such field")
    );
    assert_eq!((listed.queue.as_str(), listed.attempts), ("trunkline.subscriber.all", 1));
    assert_eq!((listed.size, &listed.body), (sent.body.len(), &None));
    assert!(listed.first.expect("published") <= listed.last.expect("died"));
    let shown = dead.show(id(7)).await.expect("shown").expect("there");
    assert_eq!(shown.body, Some(sent.body));
    assert_eq!(dead.show(id(8)).await.expect("looked"), None);
}

async fn a_replay_brings_letters_back_once(stage: Stage) {
    let bus = stage.bus().await;
    let mut subscription = kill(&bus, events("a", 0..3)).await;
    let dead = bus.dead_letters();
    let one = Selection::Ids(vec![id(1)]);
    assert_eq!(dead.replay(&one).await.expect("replayed"), Replayed { replayed: 1, kept: 0 });
    assert_eq!(dead.replay(&one).await.expect("nothing left"), Replayed { replayed: 0, kept: 0 });
    let back = take(&mut subscription, 1).await;
    assert_eq!((back[0].id, back[0].attempt, back[0].partition_key.as_str()), (id(1), 1, "a"));
    settle_all(&mut subscription, &back).await;
    assert_eq!(dead.replay(&Selection::All).await.expect("replayed"), Replayed { replayed: 2, kept: 0 });
    let rest: Vec<_> = take(&mut subscription, 2).await.iter().map(|delivery| delivery.id).collect();
    assert_eq!(rest, [id(0), id(2)]);
    assert!(dead.list(10).await.expect("listed").is_empty());
}

async fn a_purge_removes_what_is_meant_and_no_more(stage: Stage) {
    let bus = stage.bus().await;
    let _subscription = kill(&bus, events("a", 0..4)).await;
    let dead = bus.dead_letters();
    assert_eq!(dead.purge(&Selection::Ids(vec![id(0), id(2), id(99)])).await.expect("purged"), 2);
    let left: Vec<_> = dead.list(10).await.expect("listed").iter().map(|letter| letter.id).collect();
    assert_eq!(left, [id(1), id(3)]);
    assert_eq!(dead.purge(&Selection::All).await.expect("purged"), 2);
    assert_eq!(dead.purge(&Selection::All).await.expect("purged"), 0);
}

async fn letters_that_are_looked_at_stay_and_two_can_look(stage: Stage) {
    let bus = stage.bus().await;
    let _subscription = kill(&bus, events("a", 0..5)).await;
    let dead = bus.dead_letters();
    let (some, all) = tokio::join!(dead.list(3), dead.list(5));
    let ids = |letters: Vec<DeadLetter>| letters.iter().map(|letter| letter.id).collect::<BTreeSet<_>>();
    let everything = crate::harness::ids(0..5).into_iter().collect();
    let some = ids(some.expect("listed"));
    assert!(some.len() == 3 && some.is_subset(&everything), "{some:?}");
    assert_eq!(ids(all.expect("listed")), everything);
    assert_eq!(ids(dead.list(9).await.expect("listed")), everything);
}

async fn an_accepted_event_that_no_queue_takes_is_a_dead_letter_and_can_be_replayed(stage: Stage) {
    let bus = stage.bus().await;
    bus.intake().accept(vec![command("/connectors/late", 1)]).await.expect("accepted");
    let dead = bus.dead_letters();
    let letters = dead.list(10).await.expect("listed");
    assert_eq!(
        (letters[0].id, letters[0].reason.as_str(), letters[0].queue.as_str()),
        (id(1), "no queue takes it", "")
    );
    assert_eq!(dead.replay(&Selection::All).await.expect("tried"), Replayed { replayed: 0, kept: 1 });
    let queue = trunkline_bus::Queue::Commands { source: "/connectors/late".to_owned() };
    let mut subscription = bus.subscribe(queue).await.expect("subscribed");
    assert_eq!(dead.replay(&Selection::All).await.expect("replayed"), Replayed { replayed: 1, kept: 0 });
    assert_eq!(take(&mut subscription, 1).await[0].id, id(1));
}
