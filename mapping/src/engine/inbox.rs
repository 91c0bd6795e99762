//! The inbox: what was seen before stops here, and stands in the books for what it is.

use std::collections::{BTreeMap, HashMap, HashSet};

use trunkline_events::{Body, Event, EventId, Sequence, Timestamp};
use uuid::Uuid;

use crate::cdr::{ConversationKey, conversation_keys, known_from};
use crate::rules::Said;
use crate::store::{Arrival, BooksRow, Bundle, Day, Duplicate, Place, Session, StoreError, events};

/// An event that was never seen before, with the conversation keys that it names.
pub(super) struct Fresh<'e> {
    /// As it was mapped.
    pub(super) event: &'e Event,
    pub(super) keys: Vec<ConversationKey>,
    /// What it says of its person.
    pub(super) said: &'e Said,
}

/// What a batch turned out to hold.
#[derive(Default)]
pub(super) struct Intake<'e> {
    /// In the order of their ids.
    pub(super) fresh: Vec<Fresh<'e>>,
    pub(super) duplicate: usize,
    pub(super) redelivered: usize,
}

/// An event as it was mapped, beside its JSON as it came, so that a refused batch is not written as JSON again.
pub(super) struct Prepared<'e> {
    pub(super) event: &'e Event,
    pub(super) said: &'e Said,
    pub(super) json: String,
}

/// What a batch tells: each event once, the telling with the lowest number first.
pub(super) struct Told<'p, 'e> {
    tellings: BTreeMap<EventId, Vec<&'p Prepared<'e>>>,
}

impl<'p, 'e> Told<'p, 'e> {
    pub(super) fn of(batch: &'p [Prepared<'e>]) -> Self {
        let mut tellings: BTreeMap<EventId, Vec<&Prepared<'e>>> = BTreeMap::new();
        for prepared in batch {
            tellings.entry(prepared.event.id).or_default().push(prepared);
        }
        for told in tellings.values_mut() {
            told.sort_by(|a, b| a.event.sequence.cmp(&b.event.sequence));
        }
        Self { tellings }
    }

    /// Every event as if it were never seen before, in the order of their ids.
    pub(super) fn events(&self) -> Vec<Fresh<'e>> {
        let fresh = |told: &Vec<&Prepared<'e>>| Fresh {
            event: told[0].event,
            keys: conversation_keys(told[0].event),
            said: told[0].said,
        };
        self.tellings.values().map(fresh).collect()
    }

    /// Stores what is new, mapped by this rule set; gives where the ids of it will stand. `events` are those of
    /// [`Told::events`].
    pub(super) fn store(&self, events: &[Fresh<'e>], rules: i64, bundle: &mut Bundle) -> Place<EventId> {
        let arrivals: Vec<Arrival<'_>> = self
            .tellings
            .values()
            .zip(events)
            .map(|(told, one)| Arrival {
                event: one.event,
                json: &told[0].json,
                conversation: one.keys.first().map(ConversationKey::id),
            })
            .collect();
        bundle.ask(events::insert(&arrivals, rules))
    }

    /// Enters duplicates, redeliveries, gaps and the connectors' own counts into the books. `events` are those of
    /// [`Told::events`], `written` what of it was new.
    pub(super) async fn enter(
        &self,
        session: &Session<'_>,
        mut events: Vec<Fresh<'e>>,
        written: &HashSet<EventId>,
    ) -> Result<Intake<'e>, StoreError> {
        let mut intake = Intake::default();
        let again = told_again(session, &self.tellings, written).await?;
        let redelivered = enter_duplicates(session, again, &mut intake).await?;
        events.retain(|one| written.contains(&one.event.id));
        intake.fresh = events;
        keep_books(session, &intake.fresh, redelivered).await?;
        Ok(intake)
    }
}

/// Every telling that is not the stored one, with the place in the books of the stored one.
async fn told_again<'e>(
    session: &Session<'_>,
    tellings: &BTreeMap<EventId, Vec<&Prepared<'e>>>,
    written: &HashSet<EventId>,
) -> Result<Vec<(&'e Event, Option<Sequence>)>, StoreError> {
    let known: Vec<EventId> = tellings.keys().filter(|id| !written.contains(id)).copied().collect();
    let stored = if known.is_empty() { HashMap::new() } else { events::sequences(session, known).await? };
    let mut again = Vec::new();
    for (id, told) in tellings {
        let (place, rest) = match stored.get(id) {
            Some(place) => (place.clone(), &told[..]),
            None => (told[0].event.sequence.clone(), &told[1..]),
        };
        again.extend(rest.iter().map(|prepared| (prepared.event, place.clone())));
    }
    Ok(again)
}

/// Tells redeliveries (the same number) from duplicates (another number); gives the redeliveries.
async fn enter_duplicates<'e>(
    session: &Session<'_>,
    again: Vec<(&'e Event, Option<Sequence>)>,
    intake: &mut Intake<'_>,
) -> Result<Vec<&'e Event>, StoreError> {
    let mut redelivered = Vec::new();
    let mut candidates: BTreeMap<(EventId, Sequence), &Event> = BTreeMap::new();
    for (event, stored) in again {
        match &event.sequence {
            Some(sequence) if stored.as_ref() != Some(sequence) => {
                if candidates.insert((event.id, sequence.clone()), event).is_some() {
                    redelivered.push(event);
                }
            }
            _ => redelivered.push(event),
        }
    }
    if !candidates.is_empty() {
        let duplicates: Vec<Duplicate> = candidates
            .iter()
            .map(|((id, sequence), event)| Duplicate {
                event: *id,
                source: event.source.clone(),
                sequence: sequence.clone(),
                received: event.received,
            })
            .collect();
        let entered = events::insert_duplicates(session, &duplicates).await?;
        intake.duplicate = entered.len();
        redelivered.extend(candidates.into_iter().filter(|(key, _)| !entered.contains(key)).map(|(_, event)| event));
    }
    intake.redelivered = redelivered.len();
    Ok(redelivered)
}

/// What a batch adds to the books of one epoch and day.
#[derive(Default)]
struct Counted {
    taken: u64,
    redelivered: u64,
    heard: Option<Timestamp>,
}

async fn keep_books(session: &Session<'_>, fresh: &[Fresh<'_>], redelivered: Vec<&Event>) -> Result<(), StoreError> {
    let mut books: BTreeMap<(String, String, i64), Counted> = BTreeMap::new();
    let place = |event: &Event, epoch: &str| (event.source.clone(), epoch.to_owned(), Day::of(event.received).0);
    for event in redelivered {
        if let Some(sequence) = &event.sequence {
            books.entry(place(event, &sequence.epoch)).or_default().redelivered += 1;
        }
    }
    for event in fresh.iter().map(|fresh| fresh.event) {
        if let Body::LinkBooks(told) = &event.body {
            let counted = books.entry(place(event, &told.epoch)).or_default();
            counted.taken = told.taken.max(counted.taken);
            counted.heard = told.heard_until.max(counted.heard);
        }
    }
    let rows: Vec<BooksRow> = books
        .into_iter()
        .map(|((source, epoch, day), Counted { taken, redelivered, heard })| BooksRow {
            source,
            epoch,
            day,
            taken,
            redelivered,
            heard,
        })
        .collect();
    if !rows.is_empty() {
        events::add_to_books(session, &rows).await?;
    }
    let gaps: Vec<&Event> =
        fresh.iter().map(|fresh| fresh.event).filter(|event| matches!(event.body, Body::LinkGap(_))).collect();
    if gaps.is_empty() { Ok(()) } else { events::insert_gaps(session, &gaps).await }
}

/// The keys of fresh events, each with the earliest event that names it.
pub(super) fn earliest<'f>(
    fresh: &'f [Fresh<'_>],
) -> HashMap<Uuid, (&'f ConversationKey, trunkline_events::Timestamp)> {
    let mut earliest: HashMap<Uuid, (&ConversationKey, trunkline_events::Timestamp)> = HashMap::new();
    for one in fresh {
        let from = known_from(one.event);
        for key in &one.keys {
            let entry = earliest.entry(key.id()).or_insert((key, from));
            entry.1 = entry.1.min(from);
            if entry.0.text().is_none() {
                entry.0 = key;
            }
        }
    }
    earliest
}
