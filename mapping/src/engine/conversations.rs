//! Conversations: which calls are one, and the record of each, folded anew from all its events.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trunkline_events::cdr::Cdr;
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::derive::Derived;
use super::inbox::{Fresh, earliest};
use super::recent::Recent;
use crate::cdr::{self, ConversationKey, Folded};
use crate::store::locks::{self, Stage};
use crate::store::{ConversationRow, Session, StoreError, StoredCdr, cdrs, conversations, events};

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
    /// Nothing of it stood in the store before this batch.
    pub(super) is_new: bool,
}

/// Joins, locks and folds every conversation that a fresh event names.
pub(super) async fn fold<'e>(
    session: &Session<'_>,
    fresh: &[Fresh<'e>],
    recent: &Recent,
) -> Result<Vec<Touched<'e>>, StoreError> {
    let named = earliest(fresh);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<ConversationRow> = named
        .iter()
        .map(|(id, (key, first_time))| ConversationRow {
            id: *id,
            root: *id,
            key: key.text().unwrap_or_default().to_owned(),
            first_time: *first_time,
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.id);
    let added = conversations::insert(session, &rows).await?;
    let known = lock(session, &rows).await?;
    let sets = join(session, known, &rows, fresh).await?;
    let stored = read_events(session, &sets, &added, fresh, recent).await?;
    Ok(fold_sets(sets, &added, &stored, fresh))
}

/// Locks the sets that `named` stand in, and reads them as they are under the lock.
async fn lock(session: &Session<'_>, named: &[ConversationRow]) -> Result<Vec<ConversationRow>, StoreError> {
    // Nearly every key is the root of its own set: that is the guess.
    let mut held: BTreeSet<Uuid> = named.iter().map(|row| row.id).collect();
    let mut again = false;
    loop {
        locks::take(session, Stage::Conversations, &held, again).await?;
        let known = conversations::sets_of(session, named.iter().map(|row| row.id)).await?;
        let roots: BTreeSet<Uuid> = known.iter().map(|row| row.root).collect();
        if !session.is_postgres() || roots.is_subset(&held) {
            return Ok(known);
        }
        // A set grew, or its root is another key: let go and take the larger set, in order.
        held.extend(roots);
        again = true;
    }
}

/// Joins sets as the fresh events say; gives each set by its root.
async fn join(
    session: &Session<'_>,
    known: Vec<ConversationRow>,
    named: &[ConversationRow],
    fresh: &[Fresh<'_>],
) -> Result<Vec<Vec<ConversationRow>>, StoreError> {
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
        conversations::update(session, &changed).await?;
    }
    Ok(sets.into_values().collect())
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

/// The events of each set that the store has besides the fresh ones, by conversation.
async fn read_events(
    session: &Session<'_>,
    sets: &[Vec<ConversationRow>],
    added: &HashSet<Uuid>,
    fresh: &[Fresh<'_>],
    recent: &Recent,
) -> Result<Vec<(Uuid, Arc<Event>)>, StoreError> {
    // A key that this batch added has no events but fresh ones.
    let known: Vec<Uuid> = sets.iter().flatten().map(|row| row.id).filter(|id| !added.contains(id)).collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let at_hand: HashSet<EventId> = fresh.iter().map(|one| one.event.id).collect();
    let mut ids = events::ids_of_conversations(session, known).await?;
    ids.retain(|(_, event)| !at_hand.contains(event));
    let mut found = recent.find(ids.iter().map(|(_, event)| *event));
    let missing: Vec<EventId> =
        ids.iter().map(|(_, event)| *event).filter(|event| !found.contains_key(event)).collect();
    if !missing.is_empty() {
        let read: Vec<Arc<Event>> = events::by_id(session, missing).await?.into_iter().map(Arc::new).collect();
        recent.keep(read.iter().cloned());
        found.extend(read.into_iter().map(|event| (event.id, event)));
    }
    Ok(ids.into_iter().filter_map(|(conversation, event)| Some((conversation, found.get(&event)?.clone()))).collect())
}

fn fold_sets<'e>(
    sets: Vec<Vec<ConversationRow>>,
    added: &HashSet<Uuid>,
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
        let is_new = set.iter().all(|row| added.contains(&row.id));
        let members = set.iter().map(|row| row.id).collect();
        touched.push(Touched { root, members, folded, cause, opened, is_new });
    }
    touched
}

/// Records of the touched conversations as they stand in the store, by id.
pub(super) async fn standing(
    session: &Session<'_>,
    touched: &[Touched<'_>],
) -> Result<HashMap<Uuid, StoredCdr>, StoreError> {
    let known = touched.iter().filter(|conversation| !conversation.is_new);
    let members: Vec<Uuid> = known.flat_map(|conversation| conversation.members.iter().copied()).collect();
    if members.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(cdrs::by_id(session, members).await?.into_iter().map(|stored| (stored.cdr.id, stored)).collect())
}

/// Writes records that must be; tells of those that are complete. `subject` is the handle each hangs on.
pub(super) async fn record(
    session: &Session<'_>,
    touched: &[Touched<'_>],
    mut before: HashMap<Uuid, StoredCdr>,
    subject: impl Fn(&Touched<'_>) -> Option<Uuid>,
    customer_of: impl Fn(Uuid) -> Option<Uuid>,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let mut written = Vec::new();
    let mut gone = Vec::new();
    for conversation in touched {
        let old = before.remove(&conversation.root);
        let absorbed: Vec<StoredCdr> = conversation.members.iter().filter_map(|id| before.remove(id)).collect();
        gone.extend(absorbed.iter().map(|stored| stored.cdr.id));
        let mut cdr = conversation.folded.cdr.clone();
        cdr.absorbed = absorbed_ids(conversation.root, old.as_ref(), &absorbed);
        let new = StoredCdr { cdr, complete: conversation.folded.complete, subject_handle: subject(conversation) };
        let revision = old.iter().chain(&absorbed).map(|stored| stored.cdr.revision).max().unwrap_or_default();
        if let Some(new) = revised(old.as_ref(), new, revision) {
            tell(&new, conversation.cause, &customer_of, derived);
            written.push(new);
        }
    }
    if !gone.is_empty() {
        cdrs::delete(session, gone).await?;
    }
    if written.is_empty() { Ok(()) } else { cdrs::upsert(session, &written).await }
}

/// Records that were told and are part of this one now, in the order of their ids; those that they had absorbed too.
fn absorbed_ids(root: Uuid, old: Option<&StoredCdr>, absorbed: &[StoredCdr]) -> Vec<Uuid> {
    let told = absorbed.iter().filter(|stored| stored.cdr.revision > 0).map(|stored| stored.cdr.id);
    let before = old.into_iter().chain(absorbed).flat_map(|stored| stored.cdr.absorbed.iter().copied());
    // Another key of the set may have become its root meanwhile: what was absorbed once is the record again.
    let ids: BTreeSet<Uuid> = told.chain(before).filter(|id| *id != root).collect();
    ids.into_iter().collect()
}

/// The record with its revision, if it must be written: 1 on completion, one more for each correction after it.
fn revised(old: Option<&StoredCdr>, mut new: StoredCdr, revision: u32) -> Option<StoredCdr> {
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
pub(super) async fn present(session: &Session<'_>, mut found: Vec<StoredCdr>) -> Result<Vec<StoredCdr>, StoreError> {
    let open: Vec<Uuid> = found.iter().filter(|stored| !stored.complete).map(|stored| stored.cdr.id).collect();
    if open.is_empty() {
        return Ok(found);
    }
    let sets = conversations::sets_of(session, open).await?;
    let root_of: HashMap<Uuid, Uuid> = sets.iter().map(|row| (row.id, row.root)).collect();
    let mut told: HashMap<Uuid, Vec<Event>> = HashMap::new();
    for (conversation, event) in events::of_conversations(session, root_of.keys().copied()).await? {
        told.entry(root_of[&conversation]).or_default().push(event);
    }
    for stored in found.iter_mut().filter(|stored| !stored.complete) {
        let Some(folded) = told.get(&stored.cdr.id).and_then(cdr::fold) else { continue };
        let Cdr { id, revision, ref absorbed, .. } = stored.cdr;
        stored.cdr = Cdr { id, revision, absorbed: absorbed.clone(), ..folded.cdr };
    }
    Ok(found)
}

fn tell(new: &StoredCdr, cause: &Event, customer_of: impl Fn(Uuid) -> Option<Uuid>, derived: &mut Derived) {
    if !new.complete {
        return;
    }
    let mut told = new.cdr.clone();
    told.customer = new.subject_handle.and_then(customer_of);
    let revision = told.revision;
    let subject = told.id.to_string();
    let body = if revision == 1 { Body::CdrCompleted(told) } else { Body::CdrRevised(told) };
    derived.tell(cause, &subject, &revision.to_string(), body);
}
