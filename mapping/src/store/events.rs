//! The inbox, which is also the archive of raw events; and what did not get in: duplicates and rejections.

use std::collections::{HashMap, HashSet};

use trunkline_events::{Event, EventId, Sequence, Timestamp};
use uuid::Uuid;

use super::bundle::Ask;
use super::error::StoreError;
use super::micros;
use super::rows::{Cell, Kind, Rows};
use super::session::{Query, Session};

/// An event on its way into the inbox.
pub(crate) struct Arrival<'e> {
    pub(crate) event: &'e Event,
    /// Its CloudEvents JSON.
    pub(crate) json: &'e str,
    /// The conversation key that it belongs to.
    pub(crate) conversation: Option<Uuid>,
}

/// The same happening told again under another number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duplicate {
    pub(crate) event: EventId,
    pub(crate) source: String,
    pub(crate) sequence: Sequence,
    pub(crate) received: Timestamp,
}

/// Something that was taken but cannot be used, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Whose books it stands in.
    pub source: String,
    /// Its number there, where it could be read.
    pub sequence: Option<Sequence>,
    /// Its event id, where it could be read.
    pub event: Option<EventId>,
    /// In a sentence, without its contents.
    pub reason: String,
    /// When it was taken.
    pub received: Timestamp,
}

/// What a connector says it has taken by a day's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BooksRow {
    pub(crate) source: String,
    pub(crate) epoch: String,
    /// Days since 1970, UTC.
    pub(crate) day: i64,
    pub(crate) taken: u64,
    pub(crate) redelivered: u64,
    /// Until when the source was heard in full.
    pub(crate) heard: Option<Timestamp>,
}

/// A number as the databases keep it; numbers beyond are refused before they get here.
pub(crate) fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes what was never seen before, mapped by this rule set; gives the ids that were written. `arrivals` are sorted by id
/// and name each id once.
pub(crate) fn insert(arrivals: &[Arrival<'_>], rules: i64) -> Ask<EventId> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("source", Kind::Text),
        ("epoch", Kind::OptionalText),
        ("number", Kind::OptionalBig),
        ("type", Kind::Text),
        ("time", Kind::Big),
        ("received", Kind::Big),
        ("conversation", Kind::OptionalUuid),
        ("body", Kind::Text),
    ]);
    for arrival in arrivals {
        let event = arrival.event;
        rows.push([
            event.id.into(),
            event.source.as_str().into(),
            event.sequence.as_ref().map(|sequence| sequence.epoch.as_str()).into(),
            event.sequence.as_ref().map(|sequence| big(sequence.number)).into(),
            event.event_type().into(),
            event.time.into(),
            event.received.into(),
            arrival.conversation.into(),
            arrival.json.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO event (id, source, epoch, number, type, time, received, conversation, body, rules) \
         SELECT id, source, epoch, number, type, time, received, conversation, body, CAST({1} AS bigint) FROM {rows} \
         WHERE true ON CONFLICT (id) DO NOTHING RETURNING id",
    );
    Ask::new("write events", query.rows(rows).bind(rules), 1, |row| row.event(0))
}

/// The places in the books of stored events.
pub(crate) async fn sequences(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = EventId>,
) -> Result<HashMap<EventId, Option<Sequence>>, StoreError> {
    let query = Query::new("SELECT e.id, e.epoch, e.number FROM event e WHERE e.id {ids}");
    let found = session.all("read events", query.ids(ids.into_iter().map(EventId::uuid))).await?;
    found
        .iter()
        .map(|row| {
            let sequence = match (row.maybe_text(1)?, row.maybe_big(2)?) {
                (Some(epoch), Some(number)) => Some(Sequence { epoch, number: number.unsigned_abs() }),
                _ => None,
            };
            Ok((row.event(0)?, sequence))
        })
        .collect()
}

/// Writes duplicates; gives those that were not known yet.
pub(crate) async fn insert_duplicates(
    session: &Session<'_>,
    duplicates: &[Duplicate],
) -> Result<HashSet<(EventId, Sequence)>, StoreError> {
    let mut rows = Rows::new(&[
        ("event", Kind::Uuid),
        ("source", Kind::Text),
        ("epoch", Kind::Text),
        ("number", Kind::Big),
        ("received", Kind::Big),
    ]);
    for duplicate in duplicates {
        rows.push([
            duplicate.event.into(),
            duplicate.source.as_str().into(),
            duplicate.sequence.epoch.as_str().into(),
            big(duplicate.sequence.number).into(),
            duplicate.received.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO duplicate (event, source, epoch, number, received) SELECT event, source, epoch, number, received \
         FROM {rows} WHERE true ON CONFLICT (event, epoch, number) DO NOTHING RETURNING event, epoch, number",
    );
    let written = session.all("write duplicates", query.rows(rows)).await?;
    written
        .iter()
        .map(|row| Ok((row.event(0)?, Sequence { epoch: row.text(1)?, number: row.big(2)?.unsigned_abs() })))
        .collect()
}

/// Writes rejections; one that stands already stays as it is.
pub(crate) async fn insert_rejections(session: &Session<'_>, rejections: &[Rejection]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("source", Kind::Text),
        ("epoch", Kind::OptionalText),
        ("number", Kind::OptionalBig),
        ("event", Kind::OptionalUuid),
        ("reason", Kind::Text),
        ("received", Kind::Big),
    ]);
    for rejection in rejections {
        let sequence = rejection.sequence.as_ref().filter(|sequence| i64::try_from(sequence.number).is_ok());
        let id = rejection_id(rejection);
        rows.push([
            Cell::Uuid(id),
            clean(&rejection.source).into(),
            sequence.map(|sequence| clean(&sequence.epoch)).into(),
            sequence.map(|sequence| big(sequence.number)).into(),
            rejection.event.into(),
            clean(&rejection.reason).into(),
            micros(rejection.received).into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO rejection (id, source, epoch, number, event, reason, received) SELECT id, source, epoch, number, \
         event, reason, received FROM {rows} WHERE true ON CONFLICT (id) DO NOTHING",
    );
    session.run("write rejections", query.rows(rows)).await.map(drop)
}

/// The same refused message has the same row, however often it comes.
fn rejection_id(rejection: &Rejection) -> Uuid {
    let event = rejection.event.map(|event| event.to_string()).unwrap_or_default();
    let (epoch, number) = rejection
        .sequence
        .as_ref()
        .map_or(("", String::new()), |sequence| (sequence.epoch.as_str(), sequence.number.to_string()));
    EventId::derive(&rejection.source, &event, epoch, &number).uuid()
}

/// What the database refused may be refused again where it is told: no NUL, and no more than a sentence.
fn clean(text: &str) -> String {
    text.chars().filter(|character| *character != '\0').take(500).collect()
}

/// Raises what a source says it has taken by a day and until when it was heard, and adds to its redeliveries.
pub(crate) async fn add_to_books(session: &Session<'_>, books: &[BooksRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("source", Kind::Text),
        ("epoch", Kind::Text),
        ("day", Kind::Big),
        ("taken", Kind::Big),
        ("redelivered", Kind::Big),
        ("heard", Kind::OptionalBig),
    ]);
    for entry in books {
        rows.push([
            entry.source.as_str().into(),
            entry.epoch.as_str().into(),
            entry.day.into(),
            big(entry.taken).into(),
            big(entry.redelivered).into(),
            entry.heard.map(micros).into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO books (source, epoch, day, taken, redelivered, heard) SELECT source, epoch, day, taken, redelivered, heard \
         FROM {rows} WHERE true ON CONFLICT (source, epoch, day) DO UPDATE SET \
         taken = CASE WHEN excluded.taken > books.taken THEN excluded.taken ELSE books.taken END, \
         redelivered = books.redelivered + excluded.redelivered, \
         heard = CASE WHEN excluded.heard > coalesce(books.heard, excluded.heard - 1) THEN excluded.heard \
         ELSE books.heard END",
    );
    session.run("write the books", query.rows(rows)).await.map(drop)
}

/// Keeps declared gaps, once each.
pub(crate) async fn insert_gaps(session: &Session<'_>, gaps: &[&Event]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("source", Kind::Text),
        ("begins", Kind::Big),
        ("ends", Kind::Big),
        ("reason", Kind::Text),
    ]);
    for event in gaps {
        if let trunkline_events::Body::LinkGap(gap) = &event.body {
            rows.push([
                event.id.into(),
                event.source.as_str().into(),
                gap.from.into(),
                gap.to.into(),
                gap.reason.as_str().into(),
            ]);
        }
    }
    let query = Query::new(
        "INSERT INTO gap (id, source, begins, ends, reason) SELECT id, source, begins, ends, reason FROM {rows} \
         WHERE true ON CONFLICT (id) DO NOTHING",
    );
    session.run("write gaps", query.rows(rows)).await.map(drop)
}

/// Events by id, as they came, each with the rule set that mapped it.
pub(crate) async fn by_id(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = EventId>,
) -> Result<Vec<(Event, Option<i64>)>, StoreError> {
    let query = Query::new("SELECT e.id, e.body, e.rules FROM event e WHERE e.id {ids}");
    let found = session.all("read events", query.ids(ids.into_iter().map(EventId::uuid))).await?;
    found.iter().map(|row| Ok((parse(row.uuid(0)?, &row.text(1)?)?, row.maybe_big(2)?))).collect()
}

/// All stored events of conversations as they came, by conversation, each with the rule set that mapped it.
pub(crate) async fn of_conversations(
    session: &Session<'_>,
    conversations: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<(Uuid, Event, Option<i64>)>, StoreError> {
    let query = Query::new("SELECT e.conversation, e.id, e.body, e.rules FROM event e WHERE e.conversation {ids}");
    let found = session.all("read events of conversations", query.ids(conversations)).await?;
    found.iter().map(|row| Ok((row.uuid(0)?, parse(row.uuid(1)?, &row.text(2)?)?, row.maybe_big(3)?))).collect()
}

pub(super) fn parse(id: Uuid, body: &str) -> Result<Event, StoreError> {
    Event::from_json(body.as_bytes()).map_err(|cause| StoreError::Unreadable {
        table: "event",
        id,
        problem: cause.to_string(),
    })
}
