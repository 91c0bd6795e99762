//! One batch, one transaction; again where it may go through; in halves where the database refuses it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use trunkline_events::{Event, EventError, EventId};
use uuid::Uuid;

use super::conversations::{self, Conversations, Touched};
use super::current::Current;
use super::derive::Derived;
use super::figures;
use super::inbox::{self, Fresh, Intake, Prepared};
use super::people::{self, Heard, Walked};
use super::pops;
use super::profiles::Said;
use super::races::Races;
use super::records::customer_at;
use super::subjects;
use super::who::{Asked, presume};
use super::{Applied, Derivation, Engine, Knowledge, Rejected, staff, touch};
use crate::identity::subject_handle;
use crate::rules::Mapped;
use crate::store::conversations::State;
use crate::store::locks::{self, Held};
use crate::store::{Bundle, Disposition, HandleRow, Rejection, Session, StoreError, outbox};

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
        let current = self.declared.current();
        let mapped: Vec<Mapped<'_>> = batch.iter().map(|event| current.knowledge.mapping.rules.map(event)).collect();
        let mut prepared = Vec::with_capacity(batch.len());
        for (event, mapped) in batch.iter().zip(&mapped) {
            match prepare(event, mapped) {
                Ok(ready) => prepared.push(ready),
                Err(reason) => self.refuse(event, reason, &mut applied).await?,
            }
        }
        let pass = Pass { engine: self, knowledge: &current.knowledge, current: &current };
        let mut parts: Vec<&[Prepared<'_>]> = vec![&prepared];
        while let Some(part) = parts.pop() {
            match pass.attempt(part).await {
                Ok(done) => applied.add(done),
                Err(cause) if cause.disposition() == Disposition::Refused => {
                    if let [alone] = part {
                        self.refuse(alone.event, cause.to_string(), &mut applied).await?;
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                }
                Err(cause) => return Err(cause.into()),
            }
        }
        if !applied.derived.is_empty() {
            self.outbox.notify_one();
        }
        for mapped in &mapped {
            current.tell(&mapped.failures);
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
}

/// One batch on its way, by what counted when it began.
struct Pass<'a> {
    engine: &'a Engine,
    knowledge: &'a Knowledge,
    current: &'a Current,
}

impl Pass<'_> {
    /// Runs the transaction, again at once while it loses races.
    async fn attempt(&self, part: &[Prepared<'_>]) -> Result<Applied, StoreError> {
        if part.is_empty() {
            return Ok(Applied::default());
        }
        self.current.make_known(&self.engine.store).await?;
        let mut races = Races::default();
        loop {
            match self.once(part).await {
                Err(cause) if races.again(&cause) => {}
                result => return result,
            }
        }
    }

    async fn once(&self, part: &[Prepared<'_>]) -> Result<Applied, StoreError> {
        let transaction = self.engine.store.begin().await?;
        let done = self.stages(&transaction.session(), part).await;
        match done {
            Ok((applied, fresh)) => {
                transaction.commit().await?;
                self.engine.recent.keep(fresh.into_iter().map(|event| Arc::new(event.clone())));
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
        let knowledge = self.knowledge;
        let (mut writes, mut derived) = (Bundle::new("write what follows"), Derived::default());
        let Read { intake, people, walked, conversations, state } = self.read(session, part).await?;
        if !intake.fresh.is_empty() {
            figures::count(&intake.fresh, &knowledge.counted, &mut writes);
            let known = people.settle(session, walked, knowledge, &mut writes, &mut derived).await?;
            self.hear(session, &intake.fresh, &known, &mut writes, &mut derived).await?;
            staff::see(&mut writes, &intake.fresh);
            touch::of_people(&mut writes, &intake.fresh, knowledge);
            let shared = (&*self.engine.recent, &*self.engine.declared);
            let folded = conversations.fold(session, &intake.fresh, state, shared, &mut writes).await?;
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
        let (mut heard, mut keys) = (Heard::of(&events, self.knowledge), conversations::keys_of(&events));
        let mut bundle = Bundle::new("store events");
        let stored = told.store(&events, self.current.set.id, &mut bundle);
        let asked = (heard.ask(&mut bundle), conversations::ask(&keys, &mut bundle));
        let mut answers = session.together(bundle).await?;
        let written: HashSet<EventId> = answers.take(&stored)?.into_iter().collect();
        let again = written.len() < events.len();
        let intake = told.enter(session, events, &written).await?;
        if again {
            heard = Heard::of(&intake.fresh, self.knowledge);
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
            let walked = people.walk(session, self.knowledge).await?;
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
        let knowledge = self.knowledge;
        let mut said = Said::default();
        for one in fresh.iter().filter(|one| !one.said.is_empty()) {
            if let Some(handle) = subject_handle(one.event, &knowledge.rules, &knowledge.plans) {
                said.hear(one.event, one.said, handle.id(), &knowledge.profile);
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
        let subjects = subjects::hang(session, self.knowledge, touched, &before, &mut rows).await?;
        let subject_of = |one: &Touched<'_>| subjects.get(&one.root).copied();
        touch::of_conversations(writes, fresh, touched, &before, subject_of);
        let customer_of = |handle, started| customer_at(&rows, handle, started);
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
}

/// Writes what is left to write, and derived events into the outbox.
pub(super) async fn post(
    session: &Session<'_>,
    mut writes: Bundle,
    derived: Derived,
) -> Result<Vec<Derivation>, StoreError> {
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

/// The event as it was mapped and its JSON as it came, or why it cannot be kept.
fn prepare<'e>(event: &Event, mapped: &'e Mapped<'_>) -> Result<Prepared<'e>, String> {
    let json = event.to_json().map_err(|cause| cause.to_string())?;
    let json = String::from_utf8(json).map_err(|cause| cause.to_string())?;
    if json.contains("\\u0000") && matches!(Event::from_json(json.as_bytes()), Err(EventError::Nul)) {
        return Err(EventError::Nul.to_string());
    }
    if event.sequence.as_ref().is_some_and(|sequence| i64::try_from(sequence.number).is_err()) {
        return Err("its number in the books is beyond 2^63".to_owned());
    }
    Ok(Prepared { event: &mapped.event, said: &mapped.said, json })
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
