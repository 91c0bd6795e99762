//! Shards that share a transaction while there is little to do.
//!
//! A transaction costs the same six to nine round trips whether it holds one event or a hundred. At a moderate rate each
//! shard has one or two events at a time, and all shards at once keep the machine busy with statements. So whoever has its turn
//! applies what all shards have waiting, and answers them. Order within a shard stays: a shard takes its next batch only
//! when this one is answered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

/// A transaction of so many things is much to do.
const MUCH: usize = 64;
/// How long what comes in is gathered then.
const REST: Duration = Duration::from_millis(8);
/// And how long after a smaller one.
const BREATH: Duration = Duration::from_millis(2);

/// Where the shards of a process meet, with things of which each gets an answer.
pub(crate) struct Sharing<T, A> {
    waiting: Mutex<VecDeque<Waiting<T, A>>>,
    turns: Semaphore,
    /// Things in the transaction that was taken up last.
    last: AtomicUsize,
}

/// A shard's batch that nobody has taken up yet.
struct Waiting<T, A> {
    batch: Vec<T>,
    answers: oneshot::Sender<Vec<A>>,
}

/// Whose batches were taken up, in the order of what was taken.
pub(crate) struct Owners<A>(Vec<(usize, oneshot::Sender<Vec<A>>)>);

impl<A> Owners<A> {
    /// Nothing waited: somebody else has taken it up.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives each shard the answers to what was its own.
    pub(crate) fn answer(self, answers: Vec<A>) {
        let mut answers = answers.into_iter();
        for (count, owner) in self.0 {
            // A shard that is gone gets its deliveries again, and the inbox knows them.
            let _ = owner.send(answers.by_ref().take(count).collect());
        }
    }
}

impl<T, A> Sharing<T, A> {
    /// One small transaction for two cores at a time: the other core is the database's and the broker's.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { waiting: Mutex::default(), turns: Semaphore::new((cores / 2).max(1)), last: AtomicUsize::new(0) }
    }

    /// Rests a moment after a shared transaction of more than one thing, longer after a large one, so that what comes
    /// meanwhile shares the next: the cost of a small transaction is nearly all its own. Who comes alone is not kept waiting.
    pub(crate) async fn gather(&self) {
        match self.last.load(Ordering::Relaxed) {
            0..=1 => {}
            2..MUCH => tokio::time::sleep(BREATH).await,
            _ => tokio::time::sleep(REST).await,
        }
    }

    /// Leaves a batch for whoever has its turn first, and gives the way its answers will come.
    pub(crate) fn leave(&self, batch: Vec<T>) -> oneshot::Receiver<Vec<A>> {
        let (answers, answered) = oneshot::channel();
        self.waiting().push_back(Waiting { batch, answers });
        answered
    }

    /// Waits for a turn; whoever drops it lets the next one in. Cancel-safe.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Takes up what waits, the oldest first: whole batches, at most `most` things unless the first batch is larger.
    pub(crate) fn take(&self, most: usize) -> (Vec<T>, Owners<A>) {
        let mut waiting = self.waiting();
        let (mut together, mut owners) = (Vec::new(), Vec::new());
        while let Some(next) =
            waiting.pop_front_if(|next| together.is_empty() || together.len() + next.batch.len() <= most)
        {
            owners.push((next.batch.len(), next.answers));
            together.extend(next.batch);
        }
        if !owners.is_empty() {
            self.last.store(together.len(), Ordering::Relaxed);
        }
        (together, Owners(owners))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting<T, A>>> {
        // Every change is whole before anything could panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_shard_gets_the_answers_to_its_own() {
        let sharing = Sharing::new();
        let (first, second) = (sharing.leave(vec![1, 2]), sharing.leave(vec![3]));
        let (together, owners) = sharing.take(10);
        assert_eq!(together, [1, 2, 3]);
        owners.answer(together.iter().map(|number| number * 10).collect());
        assert_eq!((first.await, second.await), (Ok(vec![10, 20]), Ok(vec![30])));
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_for_the_next_turn_in_its_order() {
        let sharing: Sharing<i32, i32> = Sharing::new();
        let ways = [vec![1, 2, 3], vec![4, 5], vec![6]].map(|batch| sharing.leave(batch));
        assert_eq!(sharing.take(4).0, [1, 2, 3], "a later batch that fits must not overtake");
        assert_eq!(sharing.take(4).0, [4, 5, 6]);
        assert!(sharing.take(4).1.is_empty());
        drop(ways);
    }

    #[tokio::test]
    async fn shard_whose_batch_is_given_up_learns_of_it() {
        let sharing: Sharing<i32, i32> = Sharing::new();
        let answered = sharing.leave(vec![1]);
        drop(sharing.take(4));
        assert!(answered.await.is_err());
    }
}
