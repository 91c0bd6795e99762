//! What the shards of this process have taken from the bus and mapping has not applied yet, and whose turn it is.
//!
//! A transaction costs nearly the same whether it holds one event or ten, so everything that waits, of whichever shard, is
//! applied together by one lane. At a higher rate it rests a moment between two: what comes meanwhile shares the next.
//! When much waits a second lane takes it up without a rest, so that one works while the database works for the other.
//! Two lanes may have events of one call: the store's locks let them take turns, and records do not depend on the order.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

/// From so many on, what waits is worth another lane: this part of the largest batch.
const LARGE: usize = 2;
/// After so many things a lane rests for so long.
const MANY: usize = 16;
const REST: Duration = Duration::from_millis(3);

/// Where the shards of a process leave their batches, with things of which each gets an answer.
pub(crate) struct Lanes<T, A> {
    state: Mutex<State<T, A>>,
    /// Something was left, or a lane has become free.
    changed: Notify,
    /// Things in one transaction at most.
    most: usize,
    /// So many lanes work on little at once.
    few: usize,
}

struct State<T, A> {
    waiting: VecDeque<Waiting<T, A>>,
    /// Things in `waiting`.
    things: usize,
    /// Lanes that work or rest.
    busy: usize,
    closed: bool,
}

/// A shard's batch that nobody has taken up yet.
struct Waiting<T, A> {
    batch: Vec<T>,
    answers: oneshot::Sender<Vec<A>>,
}

/// Batches that were taken up together. The lane is free again when this is dropped.
pub(crate) struct Turn<'l, T, A> {
    lanes: &'l Lanes<T, A>,
    pub(crate) together: Vec<T>,
    /// Whose they are, in their order.
    owners: Vec<(usize, oneshot::Sender<Vec<A>>)>,
}

impl<T, A> Lanes<T, A> {
    /// `most` things at a time, unless a single batch is larger. One lane for two cores works on little: the other core is
    /// the database's and the broker's.
    pub(crate) fn new(most: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let state = State { waiting: VecDeque::new(), things: 0, busy: 0, closed: false };
        Self { state: Mutex::new(state), changed: Notify::new(), most, few: (cores / 2).max(1) }
    }

    /// How many lanes there are to be.
    pub(crate) fn count(&self) -> usize {
        2 * self.few
    }

    /// Leaves a batch for whoever has the next turn, and gives the way its answers will come.
    pub(crate) fn leave(&self, batch: Vec<T>) -> oneshot::Receiver<Vec<A>> {
        let (answers, answered) = oneshot::channel();
        let mut state = self.state();
        if !state.closed {
            state.things += batch.len();
            state.waiting.push_back(Waiting { batch, answers });
        }
        drop(state);
        self.changed.notify_waiters();
        answered
    }

    /// Nobody works any more: what waits, and what comes, is given up.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.things = 0;
        state.waiting.clear();
    }

    /// Waits for a turn and takes up what waits, the oldest first: whole batches. Cancel-safe.
    pub(crate) async fn turn(&self) -> Turn<'_, T, A> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that nothing is missed in between.
            changed.as_mut().enable();
            if let Some(turn) = self.take() {
                return turn;
            }
            changed.await;
        }
    }

    fn take(&self) -> Option<Turn<'_, T, A>> {
        let mut state = self.state();
        let worth = if state.busy < self.few { 1 } else { (self.most / LARGE).max(1) };
        if state.things < worth {
            return None;
        }
        let (mut together, mut owners) = (Vec::new(), Vec::new());
        while let Some(next) =
            state.waiting.pop_front_if(|next| together.is_empty() || together.len() + next.batch.len() <= self.most)
        {
            owners.push((next.batch.len(), next.answers));
            together.extend(next.batch);
        }
        state.things -= together.len();
        state.busy += 1;
        Some(Turn { lanes: self, together, owners })
    }

    fn state(&self) -> MutexGuard<'_, State<T, A>> {
        // Every change is whole before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, A> Turn<'_, T, A> {
    /// Gives each shard the answers to what was its own, and rests if they were many.
    pub(crate) async fn answer(mut self, answers: Vec<A>) {
        let mut answers = answers.into_iter();
        for (count, owner) in self.owners.drain(..) {
            // A shard that is gone gets its deliveries again, and the inbox knows them.
            let _ = owner.send(answers.by_ref().take(count).collect());
        }
        if self.together.len() >= MANY {
            tokio::time::sleep(REST).await;
        }
    }
}

impl<T, A> Drop for Turn<'_, T, A> {
    fn drop(&mut self) {
        self.lanes.state().busy -= 1;
        self.lanes.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Lanes for two cores, whatever this machine has.
    fn lanes(most: usize) -> Lanes<i32, i32> {
        Lanes { few: 1, ..Lanes::new(most) }
    }

    #[tokio::test]
    async fn each_shard_gets_the_answers_to_its_own() {
        let lanes = lanes(10);
        let (first, second) = (lanes.leave(vec![1, 2]), lanes.leave(vec![3]));
        let turn = lanes.turn().await;
        assert_eq!(turn.together, [1, 2, 3]);
        let answers = turn.together.iter().map(|number| number * 10).collect();
        turn.answer(answers).await;
        assert_eq!((first.await, second.await), (Ok(vec![10, 20]), Ok(vec![30])));
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_for_the_next_turn_in_its_order() {
        let lanes = lanes(4);
        let ways = [vec![1, 2, 3], vec![4, 5], vec![6]].map(|batch| lanes.leave(batch));
        assert_eq!(lanes.turn().await.together, [1, 2, 3], "a later batch that fits must not overtake");
        assert_eq!(lanes.turn().await.together, [4, 5, 6]);
        assert!(lanes.turn().now_or_never().is_none());
        drop(ways);
    }

    #[tokio::test]
    async fn a_second_lane_works_only_on_much() {
        let lanes = lanes(4);
        let first = lanes.leave(vec![1]);
        let busy = lanes.turn().await;
        let little = lanes.leave(vec![2]);
        assert!(lanes.turn().now_or_never().is_none(), "a little shares the next transaction");
        let more = lanes.leave(vec![3]);
        assert_eq!(lanes.turn().await.together, [2, 3], "two of four are much");
        let late = lanes.leave(vec![4]);
        let (next, ()) = tokio::join!(lanes.turn(), async { drop(busy) });
        assert_eq!(next.together, [4], "who ends lets the next one in");
        drop((first, little, more, late));
    }

    #[tokio::test]
    async fn shard_whose_batch_is_given_up_learns_of_it() {
        let lanes = lanes(4);
        let answered = lanes.leave(vec![1]);
        drop(lanes.turn().await);
        assert!(answered.await.is_err());
        let waiting = lanes.leave(vec![2]);
        lanes.close();
        assert!(waiting.await.is_err());
        assert!(lanes.leave(vec![3]).await.is_err(), "nobody would take it");
    }
}
