//! Conversations: which calls are one, and the record of each, folded anew from all its events.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trunkline_events::cdr::Cdr;
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::current::Declared;
use super::derive::Derived;
use super::inbox::{Fresh, earliest};
use super::recent::Recent;
use crate::cdr::{self, ConversationKey, Folded};
use crate::store::conversations::State;
use crate::store::{
    Answers, Bundle, ConversationRow, HandleRow, LivePop, Place, RevisionRow, Session, StoreError, StoredCdr, cdrs,
    conversations, events, revisions,
};

/// A conversation that the batch touched, as it is now.
pub(super) struct Touched<'e> {
    /// Its root's id, which is the record's.
    pub(super) root: Uuid,
    /// The ids of all its keys.
    pub(super) members: Vec<Uuid>,
    pub(super) folded: Folded,
    /// The last fresh event of it in the batch: what caused whatever is derived.
    pub(super) cause: &'e Event,
    /// The event that tells most about the person behind a chat.
    pub(super) opened: Option<Event>,
}

/// The conversations that a batch touched, and what the store has of them besides their events.
pub(super) struct Conversations<'e> {
    pub(super) touched: Vec<Touched<'e>>,
    /// Records as they stand in the store, by id.
    pub(super) records: HashMap<Uuid, StoredCdr>,
    /// The handles that they hang on.
    pub(super) subjects: Vec<HandleRow>,
    /// Live pops as they stand in the store.
    pub(super) pops: Vec<LivePop>,
}

/// The conversation keys that a batch names, and what the store answered of them.
pub(super) struct Named {
    /// In the order of their ids.
    rows: Vec<ConversationRow>,
    /// The sets that they stand in, as far as they are known: read without a lock.
    sets: Vec<ConversationRow>,
    /// Nobody had named any of them before: nothing else is known of them, and nobody else sees them yet.
    all_new: bool,
}

/// Where the store's answers stand.
pub(super) struct AskedOf {
    added: Place<Uuid>,
    sets: Place<ConversationRow>,
}

/// The keys that events name, in the order of their ids.
pub(super) fn keys_of(fresh: &[Fresh<'_>]) -> Vec<ConversationRow> {
    let row = |(id, (key, first_time)): (Uuid, (&ConversationKey, Timestamp))| ConversationRow {
        id,
        root: id,
        key: key.text().unwrap_or_default().to_owned(),
        first_time,
    };
    let mut rows: Vec<ConversationRow> = earliest(fresh).into_iter().map(row).collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

/// Adds the keys that are new, and asks for the sets that the others stand in.
pub(super) fn ask(keys: &[ConversationRow], bundle: &mut Bundle) -> Option<AskedOf> {
    (!keys.is_empty()).then(|| AskedOf {
        added: bundle.ask(conversations::insert(keys)),
        sets: bundle.ask(conversations::sets_of(keys.iter().map(|row| row.id))),
    })
}

impl Named {
    /// `rows` may be fewer than were asked for.
    pub(super) fn of(
        rows: Vec<ConversationRow>,
        asked: Option<&AskedOf>,
        answers: &mut Answers,
    ) -> Result<Self, StoreError> {
        let Some(asked) = asked else { return Ok(Self { rows, sets: Vec::new(), all_new: true }) };
        let added: HashSet<Uuid> = answers.take(&asked.added)?.into_iter().collect();
        let all_new = rows.iter().all(|row| added.contains(&row.id));
        Ok(Self { rows, sets: answers.take(&asked.sets)?, all_new })
    }

    /// What must be locked before the sets are read.
    pub(super) fn locks(&self) -> BTreeSet<Uuid> {
        if self.all_new {
            return BTreeSet::new();
        }
        self.rows.iter().map(|row| row.id).chain(self.sets.iter().map(|row| row.root)).collect()
    }

    /// What the store has of the sets that the keys stand in; or nothing, if they have grown: then there is more to lock
    /// ([`Named::locks`]), and all must be read again.
    pub(super) async fn read(&mut self, session: &Session<'_>) -> Result<Option<State>, StoreError> {
        if self.all_new {
            return Ok(Some(State { keys: self.rows.clone(), ..State::default() }));
        }
        let held = self.locks();
        let ids: BTreeSet<Uuid> = self.rows.iter().chain(&self.sets).map(|row| row.id).collect();
        let state = conversations::state(session, &ids).await?;
        if state.keys.iter().all(|row| ids.contains(&row.id) && (!session.is_postgres() || held.contains(&row.root))) {
            return Ok(Some(state));
        }
        self.sets = state.keys;
        Ok(None)
    }

    /// Joins and folds the conversations. `state` was read under the locks of its roots.
    pub(super) async fn fold<'e>(
        self,
        session: &Session<'_>,
        fresh: &[Fresh<'e>],
        state: State,
        (recent, declared): (&Recent, &Declared),
        writes: &mut Bundle,
    ) -> Result<Conversations<'e>, StoreError> {
        let sets = join(writes, state.keys, &self.rows, fresh);
        let stored = read_events(session, state.events, fresh, (recent, declared)).await?;
        let records: HashMap<Uuid, StoredCdr> =
            state.records.into_iter().map(|stored| (stored.cdr.id, stored)).collect();
        let mut touched = fold_sets(sets, &stored, fresh);
        // Of a conversation whose events are no longer kept the late ones would tell half a story.
        let sealed = |id: &Uuid| records.get(id).is_some_and(|stored| stored.sealed);
        touched.retain(|one| !one.members.iter().any(sealed));
        Ok(Conversations { touched, records, subjects: state.subjects, pops: state.pops })
    }
}

/// Joins sets as the fresh events say; gives each set.
fn join(
    writes: &mut Bundle,
    known: Vec<ConversationRow>,
    named: &[ConversationRow],
    fresh: &[Fresh<'_>],
) -> Vec<Vec<ConversationRow>> {
    let before: HashMap<Uuid, ConversationRow> = known.iter().map(|row| (row.id, row.clone())).collect();
    let mut rows: BTreeMap<Uuid, ConversationRow> = known.into_iter().map(|row| (row.id, row)).collect();
    for name in named {
        if let Some(row) = rows.get_mut(&name.id) {
            row.first_time = row.first_time.min(name.first_time);
            if row.key.is_empty() {
                row.key.clone_from(&name.key);
            }
        }
    }
    let mut set_of: HashMap<Uuid, Uuid> = rows.values().map(|row| (row.id, row.root)).collect();
    for one in fresh {
        let Some((own, others)) = one.keys.split_first() else { continue };
        for other in others {
            let (keep, gone) = (set_of[&own.id()], set_of[&other.id()]);
            if keep != gone {
                set_of.values_mut().filter(|set| **set == gone).for_each(|set| *set = keep);
            }
        }
    }
    let mut sets: BTreeMap<Uuid, Vec<ConversationRow>> = BTreeMap::new();
    for (id, row) in rows {
        sets.entry(set_of[&id]).or_default().push(row);
    }
    let mut changed = Vec::new();
    for set in sets.values_mut() {
        let root = root_of(set);
        for row in set {
            row.root = root;
            if before.get(&row.id) != Some(row) {
                changed.push(row.clone());
            }
        }
    }
    if !changed.is_empty() {
        conversations::update(writes, &changed);
    }
    sets.into_values().collect()
}

fn root_of(set: &[ConversationRow]) -> Uuid {
    let keys: Vec<(ConversationKey, Timestamp)> = set.iter().map(|row| (key_of(row), row.first_time)).collect();
    let root = cdr::root(keys.iter().map(|(key, first_time)| (key, *first_time)));
    root.map_or_else(Uuid::nil, ConversationKey::id)
}

fn key_of(row: &ConversationRow) -> ConversationKey {
    match row.key.split_once('|') {
        Some((source, call_or_chat)) => ConversationKey::new(source, call_or_chat),
        None => ConversationKey::from_id(row.id),
    }
}

/// The events that the store has besides the fresh ones, as they were mapped, by conversation.
async fn read_events(
    session: &Session<'_>,
    mut ids: Vec<(Uuid, EventId)>,
    fresh: &[Fresh<'_>],
    (recent, declared): (&Recent, &Declared),
) -> Result<Vec<(Uuid, Arc<Event>)>, StoreError> {
    let at_hand: HashSet<EventId> = fresh.iter().map(|one| one.event.id).collect();
    ids.retain(|(_, event)| !at_hand.contains(event));
    let mut found = recent.find(ids.iter().map(|(_, event)| *event));
    let missing: Vec<EventId> =
        ids.iter().map(|(_, event)| *event).filter(|event| !found.contains_key(event)).collect();
    if !missing.is_empty() {
        let stored = events::by_id(session, missing).await?.into_iter().map(|(event, set)| ((), event, set)).collect();
        let mapped = declared.map_again(session, stored).await?;
        let read: Vec<Arc<Event>> = mapped.into_iter().map(|((), event)| Arc::new(event)).collect();
        recent.keep(read.iter().cloned());
        found.extend(read.into_iter().map(|event| (event.id, event)));
    }
    Ok(ids.into_iter().filter_map(|(conversation, event)| Some((conversation, found.get(&event)?.clone()))).collect())
}

fn fold_sets<'e>(
    sets: Vec<Vec<ConversationRow>>,
    stored: &[(Uuid, Arc<Event>)],
    fresh: &[Fresh<'e>],
) -> Vec<Touched<'e>> {
    let root_of: HashMap<Uuid, Uuid> = sets.iter().flatten().map(|row| (row.id, row.root)).collect();
    let mut told: HashMap<Uuid, Vec<&Event>> = HashMap::new();
    for (conversation, event) in stored {
        told.entry(root_of[conversation]).or_default().push(event);
    }
    let mut causes: HashMap<Uuid, &'e Event> = HashMap::new();
    for one in fresh {
        let Some(root) = one.keys.first().and_then(|own| root_of.get(&own.id())) else { continue };
        told.entry(*root).or_default().push(one.event);
        let cause = causes.entry(*root).or_insert(one.event);
        if (one.event.time, one.event.id) > (cause.time, cause.id) {
            *cause = one.event;
        }
    }
    let mut touched = Vec::with_capacity(sets.len());
    for set in sets {
        let Some(root) = set.first().map(|row| row.root) else { continue };
        let (Some(told), Some(cause)) = (told.get(&root), causes.get(&root).copied()) else { continue };
        let Some(mut folded) = cdr::fold(told.iter().copied()) else { continue };
        folded.cdr.id = root;
        let opened = told.iter().filter(|event| matches!(event.body, Body::ChatOpened(_)));
        let opened = opened.min_by_key(|event| (event.time, event.id)).map(|event| (*event).clone());
        let members = set.iter().map(|row| row.id).collect();
        touched.push(Touched { root, members, folded, cause, opened });
    }
    touched
}

/// Writes records that must be; tells of those that are complete. `subject` is the handle each hangs on.
pub(super) fn record(
    writes: &mut Bundle,
    touched: &[Touched<'_>],
    mut before: HashMap<Uuid, StoredCdr>,
    subject: impl Fn(&Touched<'_>) -> Option<Uuid>,
    customer_of: impl Fn(Uuid, Option<Timestamp>) -> Option<Uuid>,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let (mut written, mut revisions, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for conversation in touched {
        let old = before.remove(&conversation.root);
        let absorbed: Vec<StoredCdr> = conversation.members.iter().filter_map(|id| before.remove(id)).collect();
        gone.extend(absorbed.iter().map(|stored| stored.cdr.id));
        let mut cdr = conversation.folded.cdr.clone();
        cdr.absorbed = absorbed_ids(conversation.root, old.as_ref(), &absorbed, []);
        let (complete, subject_handle) = (conversation.folded.complete, subject(conversation));
        let new = StoredCdr { cdr, complete, subject_handle, sealed: false };
        let revision = old.iter().chain(&absorbed).map(|stored| stored.cdr.revision).max().unwrap_or_default();
        if let Some(new) = revised(old.as_ref(), new, revision) {
            tell(&new, conversation.cause, &customer_of, derived);
            if new.complete {
                revisions.push(revision_of(old.as_ref(), &new, conversation.cause, conversation.cause.event_type())?);
            }
            written.push(new);
        }
    }
    if !gone.is_empty() {
        cdrs::delete(writes, gone);
    }
    if !revisions.is_empty() {
        revisions::insert(writes, &revisions)?;
    }
    if written.is_empty() { Ok(()) } else { cdrs::upsert(writes, &written) }
}

/// What the revision says of itself. What an open record said before is no change: nobody was told of it.
pub(super) fn revision_of(
    old: Option<&StoredCdr>,
    new: &StoredCdr,
    cause: &Event,
    why: &'static str,
) -> Result<RevisionRow, StoreError> {
    let told = old.filter(|old| old.cdr.revision > 0);
    Ok(RevisionRow {
        id: new.cdr.id,
        revision: new.cdr.revision,
        at: cause.received,
        cause: cause.id,
        why,
        digest: cdr::digest(&serde_json::to_string(&new.cdr)?, new.subject_handle),
        changes: told.map(|old| cdr::differences(&old.cdr, &new.cdr)).unwrap_or_default(),
    })
}

/// Records that were told and are part of this one now, in the order of their ids; those that they had absorbed too.
/// `more` are ids that are known to have been told.
pub(super) fn absorbed_ids(
    root: Uuid,
    old: Option<&StoredCdr>,
    absorbed: &[StoredCdr],
    more: impl IntoIterator<Item = Uuid>,
) -> Vec<Uuid> {
    let told = absorbed.iter().filter(|stored| stored.cdr.revision > 0).map(|stored| stored.cdr.id).chain(more);
    let before = old.into_iter().chain(absorbed).flat_map(|stored| stored.cdr.absorbed.iter().copied());
    // Another key of the set may have become its root meanwhile: what was absorbed once is the record again.
    let ids: BTreeSet<Uuid> = told.chain(before).filter(|id| *id != root).collect();
    ids.into_iter().collect()
}

/// The record with its revision, if it must be written: 1 on completion, one more for each correction after it.
pub(super) fn revised(old: Option<&StoredCdr>, mut new: StoredCdr, revision: u32) -> Option<StoredCdr> {
    let same = old.is_some_and(|old| {
        old.complete == new.complete
            && old.subject_handle == new.subject_handle
            && old.cdr.revision == revision
            && if new.complete { !cdr::changed(&old.cdr, &new.cdr) } else { found_the_same(&old.cdr, &new.cdr) }
    });
    if same {
        return None;
    }
    new.cdr.revision = if new.complete { revision + 1 } else { revision };
    Some(new)
}

/// Whether an open conversation's record need not be written anew at each of its events: whoever reads it folds it from
/// its events ([`present`]), so only what it is found by, and what is told of it as a last contact, must be there.
fn found_the_same(old: &Cdr, new: &Cdr) -> bool {
    let legs = |cdr: &Cdr| -> Vec<(String, Option<String>)> {
        cdr.legs.iter().map(|leg| (leg.extension.clone(), leg.agent.clone())).collect()
    };
    (old.medium, &old.source, old.started, &old.channel) == (new.medium, &new.source, new.started, &new.channel)
        && old.customer_handle == new.customer_handle
        && old.absorbed == new.absorbed
        && old.remarks == new.remarks
        && legs(old) == legs(new)
}

/// Records as they are now: those of open conversations folded from all their events.
pub(super) async fn present(
    session: &Session<'_>,
    declared: &Declared,
    mut found: Vec<StoredCdr>,
) -> Result<Vec<StoredCdr>, StoreError> {
    let open: Vec<Uuid> = found.iter().filter(|stored| !stored.complete).map(|stored| stored.cdr.id).collect();
    if open.is_empty() {
        return Ok(found);
    }
    let sets = session.ask(conversations::sets_of(open)).await?;
    let root_of: HashMap<Uuid, Uuid> = sets.iter().map(|row| (row.id, row.root)).collect();
    let mut told: HashMap<Uuid, Vec<Event>> = HashMap::new();
    let stored = events::of_conversations(session, root_of.keys().copied()).await?;
    for (conversation, event) in declared.map_again(session, stored).await? {
        told.entry(root_of[&conversation]).or_default().push(event);
    }
    for stored in found.iter_mut().filter(|stored| !stored.complete) {
        let Some(folded) = told.get(&stored.cdr.id).and_then(cdr::fold) else { continue };
        let Cdr { id, revision, ref absorbed, .. } = stored.cdr;
        stored.cdr = Cdr { id, revision, absorbed: absorbed.clone(), ..folded.cdr };
    }
    Ok(found)
}

/// Tells of a record that is complete.
pub(super) fn tell(
    new: &StoredCdr,
    cause: &Event,
    customer_of: impl Fn(Uuid, Option<Timestamp>) -> Option<Uuid>,
    derived: &mut Derived,
) {
    if !new.complete {
        return;
    }
    let mut told = new.cdr.clone();
    told.customer = new.subject_handle.and_then(|handle| customer_of(handle, told.started));
    let revision = told.revision;
    let subject = told.id.to_string();
    let body = if revision == 1 { Body::CdrCompleted(told) } else { Body::CdrRevised(told) };
    derived.tell(cause, &subject, &revision.to_string(), body);
}
