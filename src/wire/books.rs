//! The books against what really waits: what a connector gave, and what lies nowhere any more, is lost.
//!
//! Nothing on its way may be called lost. So only what was given more than a minute ago counts; the queues are looked at
//! several times, since a message that lies in a queue lies there at every look; and as long as overdue events still
//! arrive, some are in mapping's hands, which no queue shows.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use trunkline_bus::Bus;
use trunkline_events::Timestamp;
use trunkline_mapping::store::{Period, Store, StoreError};
use trunkline_mapping::view::BooksView;

use crate::http::parts::{Backlog, Books};

/// What was given so long ago has had the time to arrive.
const GRACE: time::Duration = time::Duration::minutes(1);
const PAUSE: Duration = Duration::from_millis(500);
/// Looks at the queues at least.
const LOOKS: u32 = 3;
/// Overdue events that still arrive after this time are on their way, however many are missing.
const LONGEST: Duration = Duration::from_secs(10);
/// Letters that are looked at to find those which stand in no books.
const LETTERS: usize = 1000;
const LETTERS_PATIENCE: Duration = Duration::from_secs(5);
/// How the bus begins the reason of a letter that mapping gave no answer for.
const UNANSWERED: [&str; 2] = ["delivered too often", "given up by the broker"];

/// How many messages lay in each queue at the emptiest moment, and on the spool at the fullest: from there they go to a
/// queue that may have been empty before.
#[derive(Debug, Default)]
struct Waiting {
    spooled: u64,
    queues: BTreeMap<String, u64>,
    dead: u64,
}

/// The books of a period, with what is lost; seconds when something seems to be.
pub(crate) async fn books(store: &Store, bus: &Bus, period: Period, now: Timestamp) -> Result<Books, StoreError> {
    let due = now.plus(-GRACE);
    let mut items = store.books_due(period, due).await?;
    let begun = Instant::now();
    let mut waiting = Waiting::now(bus).await;
    for look in 1.. {
        if waiting.is_none() || overdue(&items) == 0 {
            break;
        }
        sleep(PAUSE).await;
        waiting = match (waiting, Waiting::now(bus).await) {
            (Some(before), Some(after)) => Some(before.with(&after)),
            _ => None,
        };
        let again = store.books_due(period, due).await?;
        let arriving = overdue(&again) < overdue(&items);
        items = again;
        if !arriving && look >= LOOKS {
            if let Some(waiting) = &waiting {
                judge(&mut items, waiting, uncounted(bus, waiting).await);
            }
            break;
        }
        if begun.elapsed() > LONGEST {
            break;
        }
    }
    let backlog = waiting.map(|waiting| Backlog { spooled: waiting.spooled, queued: waiting.queued() });
    Ok(Books { items, backlog })
}

fn overdue(books: &[BooksView]) -> u64 {
    books.iter().map(|books| books.overdue).sum()
}

impl Waiting {
    /// `None` while the bus is away: nobody knows then what waits there.
    async fn now(bus: &Bus) -> Option<Self> {
        let depths = bus.depths().await.ok()?;
        let mut waiting = Self { spooled: bus.health().spool_events, ..Self::default() };
        for depth in depths {
            if depth.queue.starts_with("trunkline.mapping.") || depth.queue.starts_with("trunkline.retry.") {
                waiting.queues.insert(depth.queue, depth.ready);
            } else if depth.queue == "trunkline.dead" {
                waiting.dead = depth.ready;
            }
        }
        Some(waiting)
    }

    fn queued(&self) -> u64 {
        self.queues.values().sum()
    }

    /// What two looks say together.
    fn with(mut self, other: &Self) -> Self {
        for (queue, ready) in &mut self.queues {
            *ready = (*ready).min(other.queues.get(queue).copied().unwrap_or_default());
        }
        Self { spooled: self.spooled.max(other.spooled), dead: self.dead.max(other.dead), ..self }
    }
}

/// Dead letters that mapping never answered for, by source: no queue took them, or they were handed out too often. Mapping
/// enters those that it refuses in the books itself.
async fn uncounted(bus: &Bus, waiting: &Waiting) -> BTreeMap<String, u64> {
    let mut by_source = BTreeMap::new();
    if waiting.dead == 0 {
        return by_source;
    }
    let looked = timeout(LETTERS_PATIENCE, async { bus.dead_letters().list(LETTERS).await }).await;
    let Ok(Ok(letters)) = looked else {
        // Somebody else works on them: any of them may be one of the missing.
        by_source.insert(String::new(), waiting.dead);
        return by_source;
    };
    let beyond = waiting.dead.saturating_sub(letters.len() as u64);
    by_source.insert(String::new(), beyond);
    for letter in letters {
        let unanswered = UNANSWERED.iter().any(|reason| letter.reason.starts_with(reason));
        if letter.queue.is_empty() || (letter.queue.starts_with("trunkline.mapping.") && unanswered) {
            *by_source.entry(letter.source).or_default() += 1;
        }
    }
    by_source
}

/// Says of each day what is lost: what is overdue and is neither a dead letter nor waiting anywhere. What waits is counted
/// for the newest first, since the oldest was first in the queue.
fn judge(books: &mut [BooksView], waiting: &Waiting, mut uncounted: BTreeMap<String, u64>) {
    let mut anywhere = waiting.spooled + waiting.queued() + uncounted.remove("").unwrap_or_default();
    let mut newest_first: Vec<&mut BooksView> = books.iter_mut().collect();
    newest_first.sort_by(|a, b| b.day.cmp(&a.day));
    for entry in newest_first {
        let dead = uncounted.get_mut(&entry.source);
        let mut missing = entry.overdue.min(entry.waiting);
        for place in dead.into_iter().chain([&mut anywhere]) {
            let there = missing.min(*place);
            missing -= there;
            *place -= there;
        }
        entry.lost = missing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: &str, day: &str, waiting: u64, overdue: u64) -> BooksView {
        BooksView { source: source.into(), day: day.into(), waiting, overdue, ..BooksView::default() }
    }

    fn lost(mut books: Vec<BooksView>, waiting: &Waiting, dead: &[(&str, u64)]) -> Vec<u64> {
        let dead = dead.iter().map(|(source, count)| ((*source).to_owned(), *count)).collect();
        judge(&mut books, waiting, dead);
        books.iter().map(|books| books.lost).collect()
    }

    fn queued(ready: u64) -> Waiting {
        Waiting { queues: BTreeMap::from([("trunkline.mapping.0".to_owned(), ready)]), ..Waiting::default() }
    }

    #[test]
    fn what_waits_nowhere_is_lost_and_what_is_young_is_not() {
        let books = || vec![entry("a", "2026-11-20", 3, 3), entry("a", "2026-11-21", 10, 4)];
        assert_eq!(lost(books(), &queued(0), &[]), [3, 4]);
        assert_eq!(lost(books(), &queued(4), &[]), [3, 0], "the newest are those in the queue");
        assert_eq!(lost(books(), &queued(7), &[]), [0, 0]);
        assert_eq!(lost(books(), &Waiting { spooled: 6, ..Waiting::default() }, &[]), [1, 0]);
    }

    #[test]
    fn dead_letters_that_stand_in_no_books_are_not_lost() {
        let books = vec![entry("a", "2026-11-21", 2, 2), entry("b", "2026-11-21", 2, 2)];
        assert_eq!(lost(books.clone(), &queued(0), &[("a", 2)]), [0, 2]);
        assert_eq!(lost(books, &queued(0), &[("a", 1), ("", 1)]), [0, 2]);
    }

    #[test]
    fn a_queue_counts_as_it_was_at_its_emptiest() {
        let busy = queued(40).with(&queued(3)).with(&queued(25));
        assert_eq!(busy.queued(), 3);
        assert_eq!(queued(40).with(&Waiting::default()).queued(), 0);
    }
}
