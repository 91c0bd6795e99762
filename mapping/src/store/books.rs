//! The books: what a connector says it has taken, against what stands in the store.
//!
//! A number belongs to the day on which its event was received. Within an epoch numbers rise with time, so what was taken
//! on a day is the highest number known by its end less the highest known by the end of the day before.

use std::collections::BTreeMap;

use time::macros::format_description;
use trunkline_events::link::Gap;
use trunkline_events::{Body, Event, EventId, Timestamp};

use super::connect::Store;
use super::error::StoreError;
use super::events::{self, Rejection};
use super::micros;
use super::session::{Query, Session};
use crate::view::BooksView;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day that holds an instant.
    pub fn of(instant: Timestamp) -> Self {
        Self(micros(instant).div_euclid(DAY))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = super::instant(self.0.saturating_mul(DAY)).into_inner().date();
        f.write_str(&date.format(format_description!("[year]-[month]-[day]")).map_err(|_| std::fmt::Error)?)
    }
}

/// Counts of one epoch on one day.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// The highest number known by the end of that day.
    top: u64,
    /// The highest number that was given before the due instant.
    due_top: u64,
    /// What came of those that were given before the due instant.
    due: u64,
    stored: u64,
    duplicate: u64,
    rejected: u64,
    redelivered: u64,
}

type Epochs = BTreeMap<(String, String), BTreeMap<Day, Counts>>;

const STORED: &str = "SELECT e.source, e.epoch, e.received / 86400000000 AS day, count(*), max(e.number), \
    count(CASE WHEN e.received <= {1} THEN 1 END), max(CASE WHEN e.received <= {1} THEN e.number END) FROM event e \
    WHERE e.epoch IS NOT NULL GROUP BY e.source, e.epoch, e.received / 86400000000";
const DUPLICATE: &str = "SELECT d.source, d.epoch, d.received / 86400000000 AS day, count(*), max(d.number), \
    count(CASE WHEN d.received <= {1} THEN 1 END), max(CASE WHEN d.received <= {1} THEN d.number END) \
    FROM duplicate d GROUP BY d.source, d.epoch, d.received / 86400000000";
// What was refused first and stored later (replayed after a mend) is stored, not rejected.
const REJECTED: &str = "SELECT j.source, j.epoch, j.received / 86400000000 AS day, count(*), max(j.number), \
    count(CASE WHEN j.received <= {1} THEN 1 END), max(CASE WHEN j.received <= {1} THEN j.number END) \
    FROM rejection j WHERE j.epoch IS NOT NULL AND j.number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event e \
    WHERE e.id = j.event AND e.epoch = j.epoch AND e.number = j.number) \
    GROUP BY j.source, j.epoch, j.received / 86400000000";
const PAST: &str = "SELECT p.source, p.epoch, p.day, p.top, p.stored, p.duplicate, p.rejected FROM past_books p";
const TAKEN: &str = "SELECT b.source, b.epoch, b.day, b.redelivered, b.taken FROM books b";
/// What connectors said of their own books on the day of the due instant, before it.
const TOLD: &str = "SELECT e.body FROM event e WHERE e.type = 'trunkline.link.books.v1' AND e.received <= {1} \
    AND e.received >= {2}";

impl Store {
    /// The books of all sources, one entry a source and day, between two days inclusive.
    ///
    /// Reads every event's place in the books: seconds on a large store; meant for an operator, not for a poll.
    pub async fn books(&self, from: Day, to: Day) -> Result<Vec<BooksView>, StoreError> {
        self.books_due(from, to, Timestamp::EPOCH).await
    }

    /// Like [`Store::books`]; what waits and was given before `due` is told as overdue.
    pub async fn books_due(&self, from: Day, to: Day, due: Timestamp) -> Result<Vec<BooksView>, StoreError> {
        let session = self.reading();
        let mut epochs = Epochs::new();
        add(&session, &mut epochs, (STORED, due), |counts, number| counts.stored += number).await?;
        add(&session, &mut epochs, (DUPLICATE, due), |counts, number| counts.duplicate += number).await?;
        add(&session, &mut epochs, (REJECTED, due), |counts, number| counts.rejected += number).await?;
        add_past(&session, &mut epochs).await?;
        add_taken(&session, &mut epochs, due).await?;
        let mut views: BTreeMap<(String, Day), BooksView> = BTreeMap::new();
        for ((source, _), days) in epochs {
            enter(&mut views, &source, &days);
        }
        for (source, day, gap) in gaps(&session).await? {
            view(&mut views, &source, day).gaps.push(gap);
        }
        let within = |(_, day): &(String, Day)| *day >= from && *day <= to;
        Ok(views.into_iter().filter(|(key, _)| within(key)).map(|(_, view)| view).collect())
    }

    /// Until when a source was heard in full, by whichever process held its link; `None` where no books told it.
    pub async fn last_heard(&self, source: &str) -> Result<Option<Timestamp>, StoreError> {
        let query = Query::new("SELECT max(b.heard) FROM books b WHERE b.source = {1}").bind(source.to_owned());
        let found = self.reading().all("read the books", query).await?;
        found.first().map_or(Ok(None), |row| Ok(row.maybe_big(0)?.map(super::instant)))
    }

    /// Records messages that are no events (the consumer could not parse them), so that the books add up.
    pub async fn reject(&self, rejections: &[Rejection]) -> Result<(), StoreError> {
        if rejections.is_empty() {
            return Ok(());
        }
        events::insert_rejections(&self.writing(), rejections).await
    }

    /// What was refused for a source (or for all), the newest first.
    pub async fn rejections(&self, source: Option<&str>, limit: u32) -> Result<Vec<Rejection>, StoreError> {
        let sql = "SELECT source, epoch, number, event, reason, received FROM rejection WHERE source LIKE {1} ESCAPE '\\' \
                   ORDER BY received DESC LIMIT {2}";
        let pattern = source.map_or_else(|| "%".to_owned(), super::cdrs::literal);
        let found = self.reading().all("read rejections", Query::new(sql).bind(pattern).bind(i64::from(limit))).await?;
        found
            .iter()
            .map(|row| {
                let sequence = match (row.maybe_text(1)?, row.maybe_big(2)?) {
                    (Some(epoch), Some(number)) => {
                        Some(trunkline_events::Sequence { epoch, number: number.unsigned_abs() })
                    }
                    _ => None,
                };
                let event = row.maybe_uuid(3)?.map(EventId::from_uuid);
                Ok(Rejection { source: row.text(0)?, sequence, event, reason: row.text(4)?, received: row.instant(5)? })
            })
            .collect()
    }
}

async fn add(
    session: &Session<'_>,
    epochs: &mut Epochs,
    (sql, due): (&'static str, Timestamp),
    count: impl Fn(&mut Counts, u64),
) -> Result<(), StoreError> {
    for row in session.all("read the books", Query::new(sql).bind(due)).await? {
        let days = epochs.entry((row.text(0)?, row.text(1)?)).or_default();
        let counts = days.entry(Day(row.big(2)?)).or_default();
        count(counts, row.big(3)?.unsigned_abs());
        counts.top = counts.top.max(row.maybe_big(4)?.unwrap_or_default().unsigned_abs());
        counts.due += row.big(5)?.unsigned_abs();
        counts.due_top = counts.due_top.max(row.maybe_big(6)?.unwrap_or_default().unsigned_abs());
    }
    Ok(())
}

/// What retention has removed. All of it is older than any instant that something may be due at.
async fn add_past(session: &Session<'_>, epochs: &mut Epochs) -> Result<(), StoreError> {
    for row in session.all("read the books", Query::new(PAST)).await? {
        let counts = epochs.entry((row.text(0)?, row.text(1)?)).or_default().entry(Day(row.big(2)?)).or_default();
        let [top, stored, duplicate, rejected] = [3, 4, 5, 6].map(|at| row.big(at).map(i64::unsigned_abs));
        let (top, stored, duplicate, rejected) = (top?, stored?, duplicate?, rejected?);
        counts.stored += stored;
        counts.duplicate += duplicate;
        counts.rejected += rejected;
        counts.due += stored + duplicate + rejected;
        counts.top = counts.top.max(top);
        counts.due_top = counts.due_top.max(top);
    }
    Ok(())
}

/// What the connectors say of their own books. The table keeps the last word of a day; what was said before the due
/// instant on that very day stands in the events.
async fn add_taken(session: &Session<'_>, epochs: &mut Epochs, due: Timestamp) -> Result<(), StoreError> {
    for row in session.all("read the books", Query::new(TAKEN)).await? {
        let day = Day(row.big(2)?);
        let counts = epochs.entry((row.text(0)?, row.text(1)?)).or_default().entry(day).or_default();
        let taken = row.big(4)?.unsigned_abs();
        counts.redelivered += row.big(3)?.unsigned_abs();
        counts.top = counts.top.max(taken);
        if day < Day::of(due) {
            counts.due_top = counts.due_top.max(taken);
        }
    }
    let day = Day::of(due);
    let midnight = super::instant(day.0.saturating_mul(DAY));
    for row in session.all("read the books", Query::new(TOLD).bind(due).bind(midnight)).await? {
        // What this release cannot read says nothing about its books.
        let Ok(Event { source, body: Body::LinkBooks(told), .. }) = Event::from_json(row.text(0)?.as_bytes()) else {
            continue;
        };
        let counts = epochs.entry((source, told.epoch)).or_default().entry(day).or_default();
        counts.due_top = counts.due_top.max(told.taken);
    }
    Ok(())
}

/// Enters one epoch's days into its source's books.
fn enter(views: &mut BTreeMap<(String, Day), BooksView>, source: &str, days: &BTreeMap<Day, Counts>) {
    let mut before = 0;
    for (day, counts) in days {
        let top = counts.top.max(before);
        let entry = view(views, source, *day);
        let taken = top - before;
        entry.taken += taken;
        entry.stored += counts.stored;
        entry.duplicate += counts.duplicate;
        entry.rejected += counts.rejected;
        entry.redelivered += counts.redelivered;
        entry.waiting = entry.taken.saturating_sub(entry.stored + entry.duplicate + entry.rejected);
        entry.overdue += counts.due_top.saturating_sub(before).saturating_sub(counts.due);
        before = top;
    }
}

fn view<'v>(views: &'v mut BTreeMap<(String, Day), BooksView>, source: &str, day: Day) -> &'v mut BooksView {
    views.entry((source.to_owned(), day)).or_insert_with(|| BooksView {
        source: source.to_owned(),
        day: day.to_string(),
        ..BooksView::default()
    })
}

async fn gaps(session: &Session<'_>) -> Result<Vec<(String, Day, Gap)>, StoreError> {
    let query = Query::new("SELECT source, begins, ends, reason FROM gap ORDER BY begins, id");
    let found = session.all("read gaps", query).await?;
    found
        .iter()
        .map(|row| {
            let gap = Gap { from: row.instant(1)?, to: row.instant(2)?, reason: row.text(3)? };
            Ok((row.text(0)?, Day::of(gap.from), gap))
        })
        .collect()
}
