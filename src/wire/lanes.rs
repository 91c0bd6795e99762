//! What the shards of this process have taken from the bus and mapping has not applied yet, and whose turn it is.
//!
//! A transaction costs nearly the same whether it holds one event or ten, so everything that waits, of whichever shard,
//! may share one. What a person waits for (a phone rings) goes at once, with all else of its key; the rest is gathered for
//! a moment. When a largest batch waits nothing is picked any more: lanes take what is oldest, two of them side by side, so
//! that one works while the database works for the other.
//!
//! Two lanes may have events of one call: the store's locks let them take turns, and records do not depend on the order.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// How long what nobody waits for is gathered.
const GATHER: Duration = Duration::from_millis(20);

/// Something that waits to be applied.
pub(crate) trait Waits {
    /// Whether a person waits for what comes of it.
    fn is_urgent(&self) -> bool;
    /// Things of one key go together.
    fn key(&self) -> &str;
}

/// Where the shards of a process leave their batches, with things of which each gets an answer.
pub(crate) struct Lanes<T, A> {
    state: Mutex<State<T, A>>,
    /// Something was left, or a lane has become free.
    changed: Notify,
    /// Things in one transaction at most; at least one.
    most: usize,
    /// So many lanes work on what is urgent at once, and so many on what was gathered.
    few: usize,
}

struct State<T, A> {
    /// In the order in which it came.
    waiting: Vec<Waiting<T, A>>,
    /// Lanes that work on what is urgent, and on anything else.
    hurrying: usize,
    gathering: usize,
    closed: bool,
}

/// One thing, and its place among the answers to its batch.
struct Waiting<T, A> {
    thing: T,
    since: Instant,
    place: usize,
    owed: Arc<Mutex<Owed<A>>>,
}

/// What a shard is to be told of one batch.
struct Owed<A> {
    given: Vec<Option<A>>,
    missing: usize,
    /// Goes with the last thing of the batch: a batch of which one was given up is never answered.
    to: Option<oneshot::Sender<Vec<A>>>,
}

/// Things that were taken up together. The lane is free again when this is dropped.
pub(crate) struct Turn<'l, T, A> {
    lanes: &'l Lanes<T, A>,
    urgent: bool,
    pub(crate) together: Vec<T>,
    /// Where the answer to each goes.
    owed: Vec<(usize, Arc<Mutex<Owed<A>>>)>,
}

/// What a lane that asks for a turn finds.
enum Found<T, A> {
    Urgent(Vec<Waiting<T, A>>),
    Gathered(Vec<Waiting<T, A>>),
    /// Nothing yet; something that is gathered is due then.
    Nothing(Option<Instant>),
}

impl<T: Waits, A> Lanes<T, A> {
    /// `most` things at a time. One lane of each sort for two cores: the other core is the database's and the broker's.
    pub(crate) fn new(most: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let state = State { waiting: Vec::new(), hurrying: 0, gathering: 0, closed: false };
        Self { state: Mutex::new(state), changed: Notify::new(), most, few: (cores / 2).max(1) }
    }

    /// How many lanes there are to be.
    pub(crate) fn count(&self) -> usize {
        2 * self.few
    }

    /// Leaves a batch for whoever has the next turn, and gives the way its answers will come: all at once, in their order.
    pub(crate) fn leave(&self, batch: Vec<T>) -> oneshot::Receiver<Vec<A>> {
        let (to, answered) = oneshot::channel();
        let given = batch.iter().map(|_| None).collect();
        let owed = Arc::new(Mutex::new(Owed { given, missing: batch.len(), to: Some(to) }));
        let since = Instant::now();
        let mut state = self.state();
        if !state.closed {
            let things = batch.into_iter().enumerate();
            state.waiting.extend(things.map(|(place, thing)| Waiting { thing, since, place, owed: Arc::clone(&owed) }));
        }
        drop(state);
        self.changed.notify_waiters();
        answered
    }

    /// Nobody works any more: what waits, and what comes, is given up.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
    }

    /// Waits for a turn and takes up what is its. Cancel-safe.
    pub(crate) async fn turn(&self) -> Turn<'_, T, A> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that nothing is missed in between.
            changed.as_mut().enable();
            match self.take() {
                Found::Urgent(things) => return self.begin(things, true),
                Found::Gathered(things) => return self.begin(things, false),
                Found::Nothing(Some(due)) => drop(tokio::time::timeout_at(due, changed).await),
                Found::Nothing(None) => changed.await,
            }
        }
    }

    /// Takes up what waits, due or not, as much as one turn takes; `None` if nothing does.
    pub(crate) fn last(&self) -> Option<Turn<'_, T, A>> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return None;
        }
        let things = state.oldest(self.most);
        drop(state);
        Some(self.begin(things, false))
    }

    fn begin(&self, things: Vec<Waiting<T, A>>, urgent: bool) -> Turn<'_, T, A> {
        let owed = |waiting: Waiting<T, A>| (waiting.thing, (waiting.place, waiting.owed));
        let (together, owed) = things.into_iter().map(owed).unzip();
        Turn { lanes: self, urgent, together, owed }
    }

    fn take(&self) -> Found<T, A> {
        let mut state = self.state();
        if state.hurrying + state.gathering >= self.count() {
            return Found::Nothing(None);
        }
        if state.waiting.len() >= self.most {
            return Found::Gathered(state.oldest(self.most));
        }
        let can_hurry = state.hurrying < self.few && state.waiting.iter().any(|waiting| waiting.thing.is_urgent());
        let due = state.waiting.first().map(|oldest| oldest.since + GATHER);
        let can_gather = state.gathering < self.few && due.is_some_and(|due| due <= Instant::now());
        if !can_hurry && !can_gather {
            return Found::Nothing(due.filter(|_| state.gathering < self.few));
        }
        let urgent = urgent(&mut state.waiting);
        if can_hurry {
            state.hurrying += 1;
            return Found::Urgent(urgent);
        }
        let gathered = std::mem::replace(&mut state.waiting, urgent);
        if gathered.is_empty() {
            return Found::Nothing(None);
        }
        state.gathering += 1;
        Found::Gathered(gathered)
    }
}

/// What is urgent, with all of its keys; leaves the rest. Each in its order.
fn urgent<T: Waits, A>(waiting: &mut Vec<Waiting<T, A>>) -> Vec<Waiting<T, A>> {
    let urgent = waiting.iter().filter(|waiting| waiting.thing.is_urgent());
    let keys: HashSet<String> = urgent.map(|waiting| waiting.thing.key().to_owned()).collect();
    waiting.extract_if(.., |waiting| keys.contains(waiting.thing.key())).collect()
}

impl<T, A> State<T, A> {
    /// What waits longest, at most so many, for a lane that gathers.
    fn oldest(&mut self, most: usize) -> Vec<Waiting<T, A>> {
        self.gathering += 1;
        self.waiting.drain(..self.waiting.len().min(most)).collect()
    }
}

impl<T, A> Lanes<T, A> {
    fn state(&self) -> MutexGuard<'_, State<T, A>> {
        locked(&self.state)
    }
}

/// Every change under these locks is whole before anything could panic.
fn locked<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A> Owed<A> {
    fn give(&mut self, place: usize, answer: A) {
        self.given[place] = Some(answer);
        self.missing -= 1;
        if self.missing == 0
            && let Some(to) = self.to.take()
        {
            // A shard that is gone gets its deliveries again, and the inbox knows them.
            let _ = to.send(std::mem::take(&mut self.given).into_iter().flatten().collect());
        }
    }
}

impl<T, A> Turn<'_, T, A> {
    /// Gives each shard the answers to what was its own.
    pub(crate) fn answer(mut self, answers: Vec<A>) {
        for ((place, owed), answer) in self.owed.drain(..).zip(answers) {
            locked(&owed).give(place, answer);
        }
    }
}

impl<T, A> Drop for Turn<'_, T, A> {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        if self.urgent {
            state.hurrying -= 1;
        } else {
            state.gathering -= 1;
        }
        drop(state);
        self.lanes.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// A thing by its key and number.
    #[derive(Debug, PartialEq, Eq)]
    struct Thing(&'static str, i32);

    impl Waits for Thing {
        fn is_urgent(&self) -> bool {
            self.1 >= 100
        }

        fn key(&self) -> &str {
            self.0
        }
    }

    /// Lanes for two cores, whatever this machine has.
    fn lanes(most: usize) -> Lanes<Thing, i32> {
        Lanes { few: 1, ..Lanes::new(most) }
    }

    fn things<const N: usize>(of: [(&'static str, i32); N]) -> Vec<Thing> {
        of.map(|(key, number)| Thing(key, number)).into()
    }

    fn done(mut turn: Turn<'_, Thing, i32>) {
        let answers = std::mem::take(&mut turn.together).into_iter().map(|thing| thing.1 * 10).collect();
        turn.answer(answers);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_urgent_goes_at_once_with_all_of_its_key_and_the_rest_is_gathered() {
        let lanes = lanes(10);
        let begun = Instant::now();
        let first = lanes.leave(things([("a", 1), ("b", 2), ("b", 100), ("c", 3)]));
        let urgent = lanes.turn().await;
        assert_eq!((&urgent.together, begun.elapsed()), (&things([("b", 2), ("b", 100)]), Duration::ZERO));
        let second = lanes.leave(things([("d", 4), ("a", 101)]));
        let gathered = lanes.turn().await;
        assert_eq!(
            (&gathered.together, begun.elapsed() >= GATHER),
            (&things([("c", 3), ("d", 4)]), true),
            "the urgent one waits with its key until the other is done"
        );
        done(urgent);
        let last = lanes.turn().await;
        assert_eq!(last.together, things([("a", 1), ("a", 101)]));
        done(last);
        done(gathered);
        assert_eq!((first.await, second.await), (Ok(vec![10, 20, 1000, 30]), Ok(vec![40, 1010])));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_urgent_waits_for_one_transaction_at_a_time() {
        let lanes = lanes(10);
        let first = lanes.leave(things([("a", 1)]));
        let busy = lanes.turn().await;
        let second = lanes.leave(things([("b", 2)]));
        tokio::time::sleep(GATHER * 2).await;
        assert!(lanes.turn().now_or_never().is_none(), "it shares the next");
        let (next, ()) = tokio::join!(lanes.turn(), async { drop(busy) });
        assert_eq!(next.together, things([("b", 2)]), "who ends lets the next one in");
        drop((first, second));
    }

    #[tokio::test(start_paused = true)]
    async fn of_much_the_oldest_go_first_and_both_lanes_work_on_it() {
        let lanes = lanes(2);
        let begun = Instant::now();
        let ways =
            [things([("a", 1), ("b", 2), ("c", 3)]), things([("d", 100), ("e", 101)])].map(|one| lanes.leave(one));
        let turns = [lanes.turn().await, lanes.turn().await];
        assert_eq!(turns[0].together, things([("a", 1), ("b", 2)]));
        assert_eq!(turns[1].together, things([("c", 3), ("d", 100)]), "an urgent one overtakes nothing");
        let late = lanes.leave(things([("f", 4)]));
        assert!(lanes.turn().now_or_never().is_none(), "there is no third lane");
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop((ways, late));
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_that_end_take_what_is_not_due() {
        let lanes = lanes(2);
        let answered = lanes.leave(things([("a", 1), ("b", 2), ("c", 3)]));
        while let Some(turn) = lanes.last() {
            done(turn);
        }
        assert_eq!(answered.await, Ok(vec![10, 20, 30]));
    }

    #[tokio::test(start_paused = true)]
    async fn shard_of_whose_batch_a_part_is_given_up_learns_of_it() {
        let lanes = lanes(4);
        let answered = lanes.leave(things([("a", 1), ("b", 100)]));
        done(lanes.turn().await);
        drop(lanes.turn().await);
        assert!(answered.await.is_err());
        let waiting = lanes.leave(things([("a", 2)]));
        lanes.close();
        assert!(waiting.await.is_err());
        assert!(lanes.leave(things([("a", 3)])).await.is_err(), "nobody would take it");
    }
}
