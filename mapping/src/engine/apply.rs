//! One batch, one transaction; again where it may go through; in halves where the database refuses it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::{Body, Event, EventError, EventId};
use uuid::Uuid;

use super::conversations::{self, Conversations, Touched};
use super::derive::Derived;
use super::inbox::{self, Fresh, Intake, Prepared};
use super::people::{self, Heard, Walked};
use super::pops;
use super::profiles::Said;
use super::who::{Asked, presume};
use super::{Applied, Derivation, Engine, Rejected, staff, touch};
use crate::identity::{Handle, subject_handle};
use crate::store::conversations::State;
use crate::store::locks::{self, Held};
use crate::store::{Bundle, Disposition, HandleRow, Rejection, Session, StoreError, handles, outbox};

/// How often a transaction that lost a race is run again at once.
const RACES: usize = 8;

/// Why a batch was not applied. Nothing of it is lost: apply it again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database is away, unwell or overloaded.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] StoreError),
    /// Other workers changed the same people each time it was tried.
    #[error("the batch lost every race with other workers: {0}")]
    Contended(#[source] StoreError),
}

/// What a batch is about, as it stands under the locks.
struct Read<'e> {
    intake: Intake<'e>,
    people: people::Named<'e>,
    walked: Option<Walked>,
    conversations: conversations::Named,
    state: State,
}

impl Engine {
    /// Applies events, in any order, whatever of them was seen before; 50 to 200 at a time are best.
    ///
    /// On an error some of the batch may stand in the store already; applying it again is harmless. Events that cannot be
    /// used for a reason in themselves do not fail the batch: they are recorded and reported.
    pub async fn apply(&self, batch: &[Event]) -> Result<Applied, EngineError> {
        let mut applied = Applied::default();
        let mut prepared = Vec::with_capacity(batch.len());
        for event in batch {
            match prepare(event) {
                Ok(ready) => prepared.push(ready),
                Err(reason) => self.refuse(event, reason, &mut applied).await?,
            }
        }
        let mut parts: Vec<&[Prepared<'_>]> = vec![&prepared];
        while let Some(part) = parts.pop() {
            match self.attempt(part).await {
                Ok(done) => applied.add(done),
                Err(cause) if cause.disposition() == Disposition::Refused => {
                    if let [alone] = part {
                        self.refuse(alone.event, cause.to_string(), &mut applied).await?;
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                }
                Err(cause) if cause.disposition() == Disposition::RetryNow => {
                    return Err(EngineError::Contended(cause));
                }
                Err(cause) => return Err(EngineError::Unavailable(cause)),
            }
        }
        if !applied.derived.is_empty() {
            self.outbox.notify_one();
        }
        Ok(applied)
    }

    async fn refuse(&self, event: &Event, reason: String, applied: &mut Applied) -> Result<(), EngineError> {
        let rejection = Rejection {
            source: event.source.clone(),
            sequence: event.sequence.clone(),
            event: Some(event.id),
            reason: reason.clone(),
            received: event.received,
        };
        self.store.reject(&[rejection]).await.map_err(EngineError::Unavailable)?;
        applied.rejected.push(Rejected { event: event.id, reason });
        Ok(())
    }

    /// Runs the transaction, again at once while it loses races.
    async fn attempt(&self, part: &[Prepared<'_>]) -> Result<Applied, StoreError> {
        if part.is_empty() {
            return Ok(Applied::default());
        }
        let mut races = 0;
        loop {
            match self.once(part).await {
                Err(cause) if cause.disposition() == Disposition::RetryNow && races < RACES => {
                    races += 1;
                    metrics::counter!("trunkline_lost_races_total").increment(1);
                }
                result => return result,
            }
        }
    }

    async fn once(&self, part: &[Prepared<'_>]) -> Result<Applied, StoreError> {
        let transaction = self.store.begin().await?;
        let done = self.stages(&transaction.session(), part).await;
        match done {
            Ok((applied, fresh)) => {
                transaction.commit().await?;
                self.recent.keep(fresh.into_iter().map(|event| Arc::new(event.clone())));
                Ok(applied)
            }
            Err(cause) => {
                // The connection may be gone, and the transaction with it: what went wrong first is what counts.
                let _ = transaction.rollback().await;
                Err(cause)
            }
        }
    }

    /// What came of it, and the events that it stored.
    async fn stages<'e>(
        &self,
        session: &Session<'_>,
        part: &[Prepared<'e>],
    ) -> Result<(Applied, Vec<&'e Event>), StoreError> {
        let knowledge = &self.knowledge;
        let (mut writes, mut derived) = (Bundle::new("write what follows"), Derived::default());
        let Read { intake, people, walked, conversations, state } = self.read(session, part).await?;
        if !intake.fresh.is_empty() {
            let known = people.settle(session, walked, knowledge, &mut writes, &mut derived).await?;
            self.hear(session, &intake.fresh, &known, &mut writes, &mut derived).await?;
            staff::see(&mut writes, &intake.fresh);
            touch::of_people(&mut writes, &intake.fresh, knowledge);
            let folded = conversations.fold(session, &intake.fresh, state, &self.recent, &mut writes).await?;
            if !folded.touched.is_empty() {
                self.tell(session, &intake.fresh, folded, known, &mut writes, &mut derived).await?;
            }
        }
        let applied = Applied {
            new: intake.fresh.len(),
            duplicate: intake.duplicate,
            redelivered: intake.redelivered,
            derived: post(session, writes, derived).await?,
            rejected: Vec::new(),
        };
        Ok((applied, intake.fresh.iter().map(|one| one.event).collect()))
    }

    /// Stores what is new of a batch, locks what that touches, and reads it as it stands under the locks.
    async fn read<'e>(&self, session: &Session<'_>, part: &[Prepared<'e>]) -> Result<Read<'e>, StoreError> {
        let told = inbox::Told::of(part);
        let events = told.events();
        let (mut heard, mut keys) = (Heard::of(&events, &self.knowledge), conversations::keys_of(&events));
        let mut bundle = Bundle::new("store events");
        let stored = told.store(&events, &mut bundle);
        let asked = (heard.ask(&mut bundle), conversations::ask(&keys, &mut bundle));
        let mut answers = session.together(bundle).await?;
        let written: HashSet<EventId> = answers.take(&stored)?.into_iter().collect();
        let again = written.len() < events.len();
        let intake = told.enter(session, events, &written).await?;
        if again {
            heard = Heard::of(&intake.fresh, &self.knowledge);
            keys = conversations::keys_of(&intake.fresh);
        }
        let people = people::Named::register(session, heard, &asked.0, &mut answers).await?;
        let mut conversations = conversations::Named::of(keys, asked.1.as_ref(), &mut answers)?;
        let (walked, state) = self.under_lock(session, &people, &mut conversations).await?;
        Ok(Read { intake, people, walked, conversations, state })
    }

    /// A set of people or calls may have grown before its lock was there, or have another root: then all is let go and the
    /// larger set is locked, so that locks are always taken in order.
    async fn under_lock(
        &self,
        session: &Session<'_>,
        people: &people::Named<'_>,
        conversations: &mut conversations::Named,
    ) -> Result<(Option<Walked>, State), StoreError> {
        let mut held = Held { people: people.locks(), conversations: conversations.locks() };
        let mut again = false;
        loop {
            locks::take(session, &held, again).await?;
            again = true;
            let Some(state) = conversations.read(session).await? else {
                held.conversations.extend(conversations.locks());
                continue;
            };
            let walked = people.walk(session, &self.knowledge).await?;
            let roots = walked.as_ref().map(|walked| &walked.roots);
            match roots.filter(|roots| session.is_postgres() && !roots.is_subset(&held.people)) {
                Some(roots) => held.people.extend(roots),
                None => return Ok((walked, state)),
            }
        }
    }

    /// Profile values and tags.
    async fn hear(
        &self,
        session: &Session<'_>,
        fresh: &[Fresh<'_>],
        known: &HashMap<Uuid, HandleRow>,
        writes: &mut Bundle,
        derived: &mut Derived,
    ) -> Result<(), StoreError> {
        let knowledge = &self.knowledge;
        let mut said = Said::default();
        for event in fresh.iter().map(|one| one.event) {
            let tells = matches!(event.body, Body::CustomerProfile(_) | Body::CustomerTag(_) | Body::ChatOpened(_));
            let handle = if tells { subject_handle(event, &knowledge.rules, &knowledge.plans) } else { None };
            if let Some(handle) = handle {
                said.hear(event, handle.id(), &knowledge.profile);
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        // Handles are written before what is said of them, in every batch, so that two of them never wait for each other.
        session.together(writes.take()).await?;
        // Whoever something is said of is named by the event that says it.
        let customer_of = |handle| known.get(&handle).map(|row| row.customer);
        said.keep(session, customer_of, &knowledge.profile, derived).await
    }

    /// Records and pops.
    async fn tell(
        &self,
        session: &Session<'_>,
        fresh: &[Fresh<'_>],
        conversations: Conversations<'_>,
        mut rows: HashMap<Uuid, HandleRow>,
        writes: &mut Bundle,
        derived: &mut Derived,
    ) -> Result<(), StoreError> {
        let Conversations { touched, records: before, subjects: hung_on, pops: standing } = conversations;
        let touched = touched.as_slice();
        for row in hung_on {
            // What this batch wrote is newer.
            rows.entry(row.id).or_insert(row);
        }
        // The likeliest first. Anew each time: a trunk that is told later gives the same digits another meaning.
        let mut subjects: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for one in touched {
            let old = before.get(&one.root).filter(|old| same_number(&old.cdr, &one.folded.cdr));
            let known = old.and_then(|old| old.subject_handle);
            subjects.insert(one.root, self.subjects(one).map(|handle| handle.id()).chain(known).collect());
        }
        let unread = |ids: &Vec<Uuid>| ids.iter().copied().take_while(|id| !rows.contains_key(id)).collect::<Vec<_>>();
        let missing: BTreeSet<Uuid> = subjects.values().flat_map(unread).collect();
        if !missing.is_empty() {
            rows.extend(session.ask(handles::by_id(missing)).await?.into_iter().map(|row| (row.id, row)));
        }
        let subject_of = |one: &Touched<'_>| subjects.get(&one.root)?.iter().copied().find(|id| rows.contains_key(id));
        touch::of_conversations(writes, fresh, touched, &before, subject_of);
        // A record on a handle that several share is nobody's.
        let customer_of =
            |handle: Uuid| rows.get(&handle).filter(|row| !row.shared && !row.generic).map(|row| row.customer);
        conversations::record(writes, touched, before, subject_of, customer_of, derived)?;
        let asked: Vec<Asked<'_>> = pops::new_here(touched, &standing)
            .into_iter()
            .filter_map(|one| {
                let before = one.folded.cdr.started?;
                Some(Asked { conversation: one.root, handle: rows.get(&subject_of(one)?)?, before })
            })
            .collect();
        let presumed = presume(session, &asked, &self.knowledge.profile).await?;
        pops::turn(writes, touched, standing, &presumed, derived)
    }

    /// Handles that a conversation's record may hang on, of which the first that anybody named counts: the strongest one
    /// of a chat's visitor; the caller's number as it reads on the call's trunk, or else without it (an event may name
    /// the trunk and no number).
    fn subjects(&self, conversation: &Touched<'_>) -> impl Iterator<Item = Handle> {
        let knowledge = &self.knowledge;
        let opened = conversation.opened.as_ref().filter(|_| conversation.folded.cdr.medium == Medium::Chat);
        let visitor = opened.and_then(|opened| subject_handle(opened, &knowledge.rules, &knowledge.plans));
        let written = conversation.folded.customer_handle.as_ref().filter(|_| opened.is_none());
        let read = |trunk: Option<&str>| {
            let raw = &written?.handle;
            let plan = knowledge.plans.of(&written?.link);
            Handle::new(&raw.scheme, &raw.scope, &raw.value, &knowledge.rules, plan, trunk).ok()
        };
        let trunk = written.and_then(|known| known.trunk.as_deref());
        let caller = trunk.and_then(|trunk| read(Some(trunk)));
        visitor.into_iter().chain(caller).chain(read(None))
    }
}

/// Whether both are calls of one number as it was written. Then the handle that the record hung on before will do where
/// nobody named the one that it reads as now: the dial plan was changed in between.
fn same_number(old: &Cdr, new: &Cdr) -> bool {
    new.medium == Medium::Voice && old.medium == Medium::Voice && old.customer_handle == new.customer_handle
}

/// Writes what is left to write, and derived events into the outbox.
async fn post(session: &Session<'_>, mut writes: Bundle, derived: Derived) -> Result<Vec<Derivation>, StoreError> {
    if derived.events.is_empty() {
        return session.together(writes).await.map(|_| Vec::new());
    }
    let written =
        |event: &Event| event.to_json().ok().and_then(|json| String::from_utf8(json).ok()).unwrap_or_default();
    let texts: Vec<String> = derived.events.iter().map(written).collect();
    let posts = derived.events.iter().zip(&texts).map(|(event, json)| (event.routing_key(), json.as_str()));
    let seqs = outbox::insert(&mut writes, posts);
    let mut places = session.together(writes).await?.take(&seqs)?;
    places.sort_unstable();
    let told = derived.events.into_iter().zip(texts);
    Ok(places.into_iter().zip(told).map(|(seq, (event, json))| Derivation { seq, event, json }).collect())
}

/// The event's JSON, or why it cannot be kept.
fn prepare(event: &Event) -> Result<Prepared<'_>, String> {
    let json = event.to_json().map_err(|cause| cause.to_string())?;
    let json = String::from_utf8(json).map_err(|cause| cause.to_string())?;
    if json.contains("\\u0000") && matches!(Event::from_json(json.as_bytes()), Err(EventError::Nul)) {
        return Err(EventError::Nul.to_string());
    }
    if event.sequence.as_ref().is_some_and(|sequence| i64::try_from(sequence.number).is_err()) {
        return Err("its number in the books is beyond 2^63".to_owned());
    }
    Ok(Prepared { event, json })
}

impl Applied {
    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.duplicate += other.duplicate;
        self.redelivered += other.redelivered;
        self.derived.extend(other.derived);
        self.rejected.extend(other.rejected);
    }
}
