//! The books: what a connector says it has taken, against what stands in the store.
//!
//! A number belongs to the day on which its event was received. Within an epoch numbers rise with time, so what was taken
//! on a day is the highest number known by its end less the highest known by the end of the day before. A period that begins
//! or ends within a day cuts it into pieces, which are counted as days are.

use std::collections::BTreeMap;

use time::macros::format_description;
use trunkline_events::link::Gap;
use trunkline_events::{Body, Event, EventId, Timestamp};

use super::connect::Store;
use super::error::StoreError;
use super::events::{self, Rejection};
use super::session::{Query, Session};
use super::{instant, micros};
use crate::view::BooksView;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day that holds an instant.
    pub fn of(at: Timestamp) -> Self {
        Self(micros(at).div_euclid(DAY))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = instant(self.0.saturating_mul(DAY)).into_inner().date();
        f.write_str(&date.format(format_description!("[year]-[month]-[day]")).map_err(|_| std::fmt::Error)?)
    }
}

/// From one instant up to another, which is no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub since: Timestamp,
    /// The first one after it.
    pub until: Timestamp,
}

impl Period {
    /// Whole days, both included.
    pub fn days(from: Day, to: Day) -> Self {
        let midnight = |day: i64| instant(day.saturating_mul(DAY));
        Self { since: midnight(from.0), until: midnight(to.0.saturating_add(1)) }
    }
}

/// What of a day lies before, in, or after the period that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before,
    Within,
    After,
}

impl Part {
    fn of(at: i64, period: Period) -> Self {
        match at {
            _ if at < micros(period.since) => Self::Before,
            _ if at < micros(period.until) => Self::Within,
            _ => Self::After,
        }
    }
}

/// A piece of a day, in the order of time.
type Piece = (Day, Part);

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

type Epochs = BTreeMap<(String, String), BTreeMap<Piece, Counts>>;

macro_rules! counted {
    ($from:literal) => {
        concat!(
            "SELECT c.source, c.epoch, c.day, c.part, count(*), max(c.number), count(CASE WHEN c.received <= {1} THEN 1 \
             END), max(CASE WHEN c.received <= {1} THEN c.number END) FROM (SELECT b.source, b.epoch, b.number, \
             b.received, b.received / 86400000000 AS day, CAST(CASE WHEN b.received < {2} THEN 0 WHEN b.received < {3} \
             THEN 1 ELSE 2 END AS bigint) AS part FROM ",
            $from,
            ") AS c GROUP BY c.source, c.epoch, c.day, c.part"
        )
    };
}

const STORED: &str = counted!("event b WHERE b.epoch IS NOT NULL");
const DUPLICATE: &str = counted!("duplicate b");
// What was refused first and stored later (replayed after a mend) is stored, not rejected.
const REJECTED: &str = counted!(
    "rejection b WHERE b.epoch IS NOT NULL AND b.number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event e \
     WHERE e.id = b.event AND e.epoch = b.epoch AND e.number = b.number)"
);
const PAST: &str = "SELECT p.source, p.epoch, p.day, p.top, p.stored, p.duplicate, p.rejected FROM past_books p";
const TAKEN: &str = "SELECT b.source, b.epoch, b.day, b.redelivered, b.taken FROM books b";
/// What connectors said of their own books on a day, up to an instant of it.
const TOLD: &str = "SELECT e.body FROM event e WHERE e.type = 'trunkline.link.books.v1' AND e.received >= {1} \
    AND e.received <= {2}";

impl Store {
    /// The books of all sources, one entry a source and day, between two days inclusive.
    ///
    /// Reads every event's place in the books: seconds on a large store; meant for an operator, not for a poll.
    pub async fn books(&self, from: Day, to: Day) -> Result<Vec<BooksView>, StoreError> {
        self.books_due(Period::days(from, to), Timestamp::EPOCH).await
    }

    /// Like [`Store::books`], of any period; what waits and was given before `due` is told as overdue.
    ///
    /// Redeliveries are counted by the day: those of a day that the period cuts stand in its last piece.
    pub async fn books_due(&self, period: Period, due: Timestamp) -> Result<Vec<BooksView>, StoreError> {
        let session = self.reading();
        let mut epochs = Epochs::new();
        let asked = (period, due);
        add(&session, &mut epochs, STORED, asked, |counts, number| counts.stored += number).await?;
        add(&session, &mut epochs, DUPLICATE, asked, |counts, number| counts.duplicate += number).await?;
        add(&session, &mut epochs, REJECTED, asked, |counts, number| counts.rejected += number).await?;
        add_past(&session, &mut epochs, period).await?;
        add_taken(&session, &mut epochs, period, due).await?;
        let mut views: BTreeMap<(String, Day), BooksView> = BTreeMap::new();
        for ((source, _), pieces) in epochs {
            enter(&mut views, &source, &pieces);
        }
        for (source, gap) in gaps(&session, period).await? {
            let day = Day::of(gap.from.max(period.since));
            view(&mut views, &source, day).gaps.push(gap);
        }
        Ok(views.into_values().collect())
    }

    /// Until when a source was heard in full, by whichever process held its link; `None` where no books told it.
    pub async fn last_heard(&self, source: &str) -> Result<Option<Timestamp>, StoreError> {
        let query = Query::new("SELECT max(b.heard) FROM books b WHERE b.source = {1}").bind(source.to_owned());
        let found = self.reading().all("read the books", query).await?;
        found.first().map_or(Ok(None), |row| Ok(row.maybe_big(0)?.map(instant)))
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
    sql: &'static str,
    (period, due): (Period, Timestamp),
    count: impl Fn(&mut Counts, u64),
) -> Result<(), StoreError> {
    let query = Query::new(sql).bind(due).bind(period.since).bind(period.until);
    for row in session.all("read the books", query).await? {
        let pieces = epochs.entry((row.text(0)?, row.text(1)?)).or_default();
        let part = match row.big(3)? {
            0 => Part::Before,
            1 => Part::Within,
            _ => Part::After,
        };
        let counts = pieces.entry((Day(row.big(2)?), part)).or_default();
        count(counts, row.big(4)?.unsigned_abs());
        counts.top = counts.top.max(row.maybe_big(5)?.unwrap_or_default().unsigned_abs());
        counts.due += row.big(6)?.unsigned_abs();
        counts.due_top = counts.due_top.max(row.maybe_big(7)?.unwrap_or_default().unsigned_abs());
    }
    Ok(())
}

/// What retention has removed, which is kept by the day: that of a day which the period cuts stands in its last piece. All of
/// it is older than any instant that something may be due at.
async fn add_past(session: &Session<'_>, epochs: &mut Epochs, period: Period) -> Result<(), StoreError> {
    for row in session.all("read the books", Query::new(PAST)).await? {
        let pieces = epochs.entry((row.text(0)?, row.text(1)?)).or_default();
        let counts = pieces.entry(last_piece(Day(row.big(2)?), period)).or_default();
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

/// The piece that a day ends with.
fn last_piece(day: Day, period: Period) -> Piece {
    let last = day.0.saturating_add(1).saturating_mul(DAY).saturating_sub(1);
    (day, Part::of(last, period))
}

/// What the connectors say of their own books. The table keeps the last word of a day; what was said before an instant
/// within a day stands in the events.
async fn add_taken(
    session: &Session<'_>,
    epochs: &mut Epochs,
    period: Period,
    due: Timestamp,
) -> Result<(), StoreError> {
    for row in session.all("read the books", Query::new(TAKEN)).await? {
        let day = Day(row.big(2)?);
        let pieces = epochs.entry((row.text(0)?, row.text(1)?)).or_default();
        let counts = pieces.entry(last_piece(day, period)).or_default();
        let taken = row.big(4)?.unsigned_abs();
        counts.redelivered += row.big(3)?.unsigned_abs();
        counts.top = counts.top.max(taken);
        if day < Day::of(due) {
            counts.due_top = counts.due_top.max(taken);
        }
    }
    let ends = [period.since, period.until].into_iter().map(micros).filter(|at| at % DAY != 0);
    let before = ends.map(|at| instant(at.saturating_sub(1)));
    for cut in before.chain([due]) {
        let midnight = instant(Day::of(cut).0.saturating_mul(DAY));
        for row in session.all("read the books", Query::new(TOLD).bind(midnight).bind(cut)).await? {
            // What this release cannot read says nothing about its books.
            let Ok(event) = Event::from_json(row.text(0)?.as_bytes()) else { continue };
            let Body::LinkBooks(told) = event.body else { continue };
            let piece = (Day::of(event.received), Part::of(micros(event.received), period));
            let counts = epochs.entry((event.source, told.epoch)).or_default().entry(piece).or_default();
            counts.top = counts.top.max(told.taken);
            if event.received <= due {
                counts.due_top = counts.due_top.max(told.taken);
            }
        }
    }
    Ok(())
}

/// Enters one epoch's pieces into its source's books: those of the period, each counted from where the one before it ended.
fn enter(views: &mut BTreeMap<(String, Day), BooksView>, source: &str, pieces: &BTreeMap<Piece, Counts>) {
    let mut before = 0;
    for ((day, part), counts) in pieces {
        let top = counts.top.max(before);
        if *part == Part::Within {
            let entry = view(views, source, *day);
            let taken = top - before;
            entry.taken += taken;
            entry.stored += counts.stored;
            entry.duplicate += counts.duplicate;
            entry.rejected += counts.rejected;
            entry.redelivered += counts.redelivered;
            entry.waiting = entry.taken.saturating_sub(entry.stored + entry.duplicate + entry.rejected);
            entry.overdue += counts.due_top.saturating_sub(before).saturating_sub(counts.due);
        }
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

/// Gaps that reach into the period, the earliest first.
async fn gaps(session: &Session<'_>, period: Period) -> Result<Vec<(String, Gap)>, StoreError> {
    let query = Query::new(
        "SELECT source, begins, ends, reason FROM gap WHERE begins < {2} AND ends >= {1} ORDER BY begins, id",
    );
    let found = session.all("read gaps", query.bind(period.since).bind(period.until)).await?;
    found
        .iter()
        .map(|row| Ok((row.text(0)?, Gap { from: row.instant(1)?, to: row.instant(2)?, reason: row.text(3)? })))
        .collect()
}
