//! Mapping's consumer: bus → engine → store. Each shard has a task that takes deliveries and settles them; lanes apply what
//! all of them have taken ([`super::lanes`]).
//!
//! What is applied together is one transaction, then settled: a crash between the two only makes the broker deliver again
//! what the engine's inbox already knows. While the database is away it is kept and tried again; nothing is
//! acknowledged that is not stored.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Answer, Bus, Delivery, Queue, Subscription, Tag};
use trunkline_events::{Body, Event};
use trunkline_mapping::engine::{Applied, Engine, EngineError};
use trunkline_mapping::store::Rejection;
use uuid::Uuid;

use crate::wire::lanes::{Lanes, Waits};
use crate::wire::pops::Pops;
use crate::wire::relay::Relay;

/// A shard has so many of the largest batches in hand at most: one in work, one for who is free next.
const IN_HAND: usize = 2;
/// How long answers are gathered: each telling is a write to the broker's disk.
const SETTLE: Duration = Duration::from_millis(20);

/// What the tasks of shards and lanes work with.
#[derive(Clone)]
pub(crate) struct Pipeline {
    pub(crate) bus: Bus,
    pub(crate) engine: Engine,
    pub(crate) relay: Relay,
    /// The pages of this process see pops as soon as they are stored; other processes get them over the bus.
    pub(crate) pops: Option<Pops>,
    pub(crate) batch: usize,
    pub(crate) lanes: Arc<Lanes<Taken, (Tag, Answer)>>,
    pub(crate) stop: CancellationToken,
}

impl Pipeline {
    /// Serves one shard until stopped, subscribing again whenever the bus ends the subscription.
    pub(crate) async fn serve(self, shard: u16) {
        while !self.stop.is_cancelled() {
            match self.bus.subscribe(Queue::Mapping(shard)).await {
                Ok(subscription) => self.consume(subscription, shard).await,
                Err(error) => tracing::warn!(shard, %error, "cannot consume events yet; trying again"),
            }
            self.pause(Duration::from_secs(1)).await;
        }
    }

    /// Hands what comes to the lanes, and settles what they have answered, much at once.
    async fn consume(&self, mut subscription: Subscription, shard: u16) {
        let mut in_hand = InHand::new();
        loop {
            let (due, room) = (in_hand.due, in_hand.deliveries < IN_HAND * self.batch);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                // Given up: what is not settled comes again, to the next subscription.
                answered = in_hand.next(), if !in_hand.batches.is_empty() => if !answered { break },
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if !in_hand.settle(&mut subscription, shard).await {
                        return;
                    }
                }
                batch = subscription.next_batch(self.batch), if room => match batch {
                    Ok(batch) => in_hand.add(batch.len(), self.lanes.leave(batch.into_iter().map(Taken::new).collect())),
                    Err(error) => {
                        tracing::warn!(shard, %error, "the bus ended the subscription; subscribing again");
                        return;
                    }
                },
            }
        }
        while !in_hand.batches.is_empty() {
            in_hand.next().await;
        }
        in_hand.settle(&mut subscription, shard).await;
    }

    /// One lane: applies what waits; when the daemon stops, until nothing does.
    pub(crate) async fn work(self) {
        loop {
            let mut turn = tokio::select! {
                biased;
                turn = self.lanes.turn() => turn,
                () = self.stop.cancelled() => match self.lanes.last() {
                    Some(turn) => turn,
                    None => break,
                },
            };
            let Some(answers) = self.apply(std::mem::take(&mut turn.together)).await else { break };
            turn.answer(answers);
        }
        self.lanes.close();
    }

    /// Applies a batch, waiting for the database as long as it takes; `None` when the daemon stops meanwhile.
    async fn apply(&self, batch: Vec<Taken>) -> Option<Vec<(Tag, Answer)>> {
        let read = Read::new(batch);
        let mut pause = Duration::from_millis(100);
        loop {
            match self.try_apply(&read).await {
                Ok(applied) => {
                    let answers = read.answers(&applied);
                    self.tell(applied);
                    return Some(answers);
                }
                Err(EngineError::Unavailable(error)) => {
                    // A part of the batch may be stored, and a commit whose answer was lost too.
                    self.relay.look();
                    tracing::warn!(%error, events = read.events.len(), "the database is away; keeping the batch");
                    self.pause(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Err(error) => {
                    self.relay.look();
                    tracing::info!(%error, events = read.events.len(), "trying the batch again");
                }
            }
            if self.stop.is_cancelled() {
                return None;
            }
        }
    }

    async fn try_apply(&self, read: &Read) -> Result<Applied, EngineError> {
        if !read.unreadable.is_empty() {
            self.engine.reject(&read.unreadable).await.map_err(EngineError::Unavailable)?;
        }
        self.engine.apply(&read.events).await
    }

    /// Passes on what is stored: to the pages here, and to the bus.
    fn tell(&self, applied: Applied) {
        metrics::counter!("trunkline_events_mapped_total").increment(applied.new as u64);
        metrics::counter!("trunkline_events_duplicate_total").increment(applied.duplicate as u64);
        metrics::counter!("trunkline_events_rejected_total").increment(applied.rejected.len() as u64);
        if let Some(pops) = &self.pops {
            applied.derived.iter().for_each(|derivation| pops.show(&derivation.event));
        }
        self.relay.push(applied.derived);
    }

    async fn pause(&self, how_long: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(how_long) => {}
        }
    }
}

/// What a shard has handed to the lanes, in its order, and what they have answered.
struct InHand<A> {
    /// In batches.
    deliveries: usize,
    batches: VecDeque<(usize, oneshot::Receiver<Vec<A>>)>,
    answers: Vec<A>,
    /// When answers must be told; there while there are some.
    due: Option<Instant>,
}

impl<A> InHand<A> {
    fn new() -> Self {
        Self { deliveries: 0, batches: VecDeque::new(), answers: Vec::new(), due: None }
    }

    fn add(&mut self, deliveries: usize, answers: oneshot::Receiver<Vec<A>>) {
        self.deliveries += deliveries;
        self.batches.push_back((deliveries, answers));
    }

    /// Takes the answers to the oldest batch; `false` if it was given up, or there is none. Cancel-safe.
    async fn next(&mut self) -> bool {
        let Some((_, oldest)) = self.batches.front_mut() else { return false };
        let answers = oldest.await.ok();
        self.deliveries -= self.batches.pop_front().map_or(0, |(deliveries, _)| deliveries);
        let answered = answers.is_some();
        if let Some(answers) = answers {
            self.answers.extend(answers);
            self.due.get_or_insert_with(|| Instant::now() + SETTLE);
        }
        answered
    }
}

impl InHand<(Tag, Answer)> {
    /// Tells the broker; `false` when it does not hear it.
    async fn settle(&mut self, subscription: &mut Subscription, shard: u16) -> bool {
        self.due = None;
        let settled = subscription.settle(std::mem::take(&mut self.answers)).await;
        settled
            .inspect_err(|error| tracing::warn!(shard, %error, "cannot settle a batch; it will be delivered again"))
            .is_ok()
    }
}

/// A delivery, read as far as it can be.
pub(crate) struct Taken {
    tag: Tag,
    key: String,
    event: Result<Event, Rejection>,
}

impl Taken {
    fn new(delivery: Delivery) -> Self {
        let event = Event::from_json(&delivery.body).map_err(|error| Rejection {
            source: delivery.source,
            sequence: delivery.sequence,
            event: None,
            reason: error.to_string(),
            received: trunkline_connectors::drive::system_clock(),
        });
        Self { tag: delivery.tag, key: delivery.partition_key, event }
    }
}

impl Waits for Taken {
    fn is_urgent(&self) -> bool {
        self.event.as_ref().is_ok_and(|event| is_urgent(&event.body))
    }

    fn key(&self) -> &str {
        &self.key
    }
}

/// A phone that rings, a call that changes hands, whatever people write or do; and what is rare. What a switch tells besides,
/// and often, is for records, and may come a moment later.
fn is_urgent(body: &Body) -> bool {
    !matches!(
        body,
        Body::CallOffered(_)
            | Body::CallQueued(_)
            | Body::CallAnswered(_)
            | Body::CallHeld(_)
            | Body::CallResumed(_)
            | Body::CallDiverted(_)
            | Body::CallDataAttached(_)
            | Body::CallLegEnded(_)
            | Body::CallEnded(_)
            | Body::AgentState(_)
            | Body::AgentLogin(_)
            | Body::LinkBooks(_)
    )
}

/// A batch as the engine takes it.
struct Read {
    events: Vec<Event>,
    unreadable: Vec<Rejection>,
    /// For each delivery, in order, the id of its event or why it is none.
    tags: Vec<(Tag, Result<Uuid, String>)>,
}

impl Read {
    fn new(batch: Vec<Taken>) -> Self {
        let mut read = Self { events: Vec::with_capacity(batch.len()), unreadable: Vec::new(), tags: Vec::new() };
        for Taken { tag, event, .. } in batch {
            match event {
                Ok(event) => {
                    read.tags.push((tag, Ok(event.id.uuid())));
                    read.events.push(event);
                }
                Err(rejection) => {
                    read.tags.push((tag, Err(rejection.reason.clone())));
                    read.unreadable.push(rejection);
                }
            }
        }
        read
    }

    /// Done for what is stored, dead with the reason for what cannot be.
    fn answers(self, applied: &Applied) -> Vec<(Tag, Answer)> {
        let rejected: HashMap<Uuid, &str> =
            applied.rejected.iter().map(|rejected| (rejected.event.uuid(), rejected.reason.as_str())).collect();
        let answer = |event| match event {
            Ok(id) => rejected.get(&id).map_or(Answer::Done, |reason| Answer::Dead((*reason).to_owned())),
            Err(reason) => Answer::Dead(reason),
        };
        self.tags.into_iter().map(|(tag, event)| (tag, answer(event))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_that_is_given_up_does_not_keep_the_answers_behind_it() {
        let mut in_hand = InHand::new();
        let ways: [_; 3] = std::array::from_fn(|_| {
            let (sender, answers) = oneshot::channel();
            in_hand.add(1, answers);
            sender
        });
        let [first, given_up, last] = ways;
        first.send(vec![1]).expect("waited for");
        drop(given_up);
        last.send(vec![3]).expect("waited for");
        assert_eq!([in_hand.next().await, in_hand.next().await, in_hand.next().await], [true, false, true]);
        assert_eq!((&in_hand.answers[..], in_hand.deliveries), (&[1, 3][..], 0));
        assert!(!in_hand.next().await, "nothing is left");
    }

    #[test]
    fn a_phone_that_rings_and_what_people_do_is_urgent_and_what_only_records_need_is_not() {
        let urgent = |sample: &str| is_urgent(&Event::from_json(sample.as_bytes()).expect("a sample").body);
        assert!(urgent(include_str!("../../bus/events/samples/trunkline.call.ringing.v1.json")));
        assert!(urgent(include_str!("../../bus/events/samples/trunkline.chat.message.v1.json")));
        assert!(urgent(include_str!("../../bus/events/samples/trunkline.cdr.remarked.v1.json")));
        assert!(!urgent(include_str!("../../bus/events/samples/trunkline.call.leg_ended.v1.json")));
        assert!(!urgent(include_str!("../../bus/events/samples/trunkline.agent.state.v1.json")));
    }
}
