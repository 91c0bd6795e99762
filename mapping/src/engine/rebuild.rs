//! Records made anew from the raw events, while events flow.
//!
//! A page of conversations is one transaction under their locks, as if a batch had touched them. A record that says what
//! its events say stays as it is, byte for byte. One that was damaged in the store, or is gone, is put back as it was
//! last told: the history of revisions holds a digest of that. One that comes out otherwise (another release, another dial
//! plan) gets its next revision, and the bus is told. Pops are not touched: phones that ring are the live engine's.

use std::collections::{BTreeSet, HashMap, HashSet};

use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

use super::apply::{EngineError, post};
use super::conversations::{Touched, absorbed_ids, revised, revision_of, tell};
use super::derive::Derived;
use super::races::Races;
use super::records::customer_at;
use super::{Derivation, Engine};
use super::{subjects, touch};
use crate::cdr;
use crate::store::conversations::State;
use crate::store::locks::{self, Held};
use crate::store::revisions::Last;
use crate::store::{
    Bundle, ConversationRow, HandleRow, Session, StoreError, StoredCdr, cdrs, conversations, events, revisions,
};
use crate::view::{RebuiltPage, RebuiltRecord};

/// Which records are made anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuild {
    /// Conversations that began then or later; all, if absent.
    pub since: Option<Timestamp>,
    /// Of this connector: `/connectors/avaya-bj`; of all, if absent.
    pub source: Option<String>,
    /// Only after this conversation: [`RebuiltPage::next`] of the page before.
    pub after: Option<Uuid>,
    /// Conversations in one page, and so in one transaction, at most.
    pub limit: u32,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// Records of which a page tells one by one, at most.
const TOLD: usize = 100;

/// What became of one record.
enum Made {
    Same,
    /// Put back as it was last told.
    Restored(StoredCdr),
    /// Says something new.
    Revised(StoredCdr),
}

impl Engine {
    /// Makes the records of one page of conversations anew. Gives what was done and what was derived: publish it as that of
    /// [`Engine::apply`]. Doing a page again is harmless. Pages go in the order of the conversations' ids.
    pub async fn rebuild(&self, asked: &Rebuild) -> Result<(RebuiltPage, Vec<Derivation>), EngineError> {
        let mut races = Races::default();
        loop {
            match self.rebuild_once(asked).await {
                Err(cause) if races.again(&cause) => {}
                Err(cause) => return Err(cause.into()),
                Ok(done) => {
                    if !done.1.is_empty() {
                        self.outbox.notify_one();
                    }
                    return Ok(done);
                }
            }
        }
    }

    async fn rebuild_once(&self, asked: &Rebuild) -> Result<(RebuiltPage, Vec<Derivation>), StoreError> {
        let transaction = self.store.begin().await?;
        let done = self.page(&transaction.session(), asked).await;
        match done {
            Ok(done) if !asked.dry_run => {
                transaction.commit().await?;
                Ok(done)
            }
            done => {
                // The connection may be gone, and the transaction with it: what went wrong first is what counts.
                let _ = transaction.rollback().await;
                done.map(|(page, _)| (page, Vec::new()))
            }
        }
    }

    async fn page(&self, session: &Session<'_>, asked: &Rebuild) -> Result<(RebuiltPage, Vec<Derivation>), StoreError> {
        let source = asked.source.as_deref();
        let roots = conversations::roots_after(session, asked.after, asked.since, source, asked.limit).await?;
        let full = roots.len() as u64 == u64::from(asked.limit);
        let mut page = RebuiltPage { next: roots.last().copied().filter(|_| full), ..RebuiltPage::default() };
        if roots.is_empty() {
            return Ok((page, Vec::new()));
        }
        let held = Held { conversations: roots.iter().copied().collect(), ..Held::default() };
        locks::take(session, &held, false).await?;
        // What has become part of another conversation since was folded with that one a moment ago.
        let keys = session.ask(conversations::sets_of(roots)).await?;
        let keys: Vec<ConversationRow> =
            keys.into_iter().filter(|row| held.conversations.contains(&row.root)).collect();
        let members: BTreeSet<Uuid> = keys.iter().map(|row| row.id).collect();
        let state = conversations::state(session, &members).await?;
        let last = revisions::last(session, members.iter().copied()).await?;
        let told = self.told(session, &state, &keys).await?;
        let (touched, sealed) = fold_all(&keys, &told, &state.records);
        page.sealed = sealed;
        let derived = self.write_differing(session, state, &touched, &last, &mut page).await?;
        Ok((page, derived))
    }

    /// The events of each conversation, by root.
    async fn told(
        &self,
        session: &Session<'_>,
        state: &State,
        keys: &[ConversationRow],
    ) -> Result<HashMap<Uuid, Vec<Event>>, StoreError> {
        let root_of: HashMap<Uuid, Uuid> = keys.iter().map(|row| (row.id, row.root)).collect();
        let conversation_of: HashMap<_, _> =
            state.events.iter().map(|(conversation, event)| (*event, *conversation)).collect();
        let mut told: HashMap<Uuid, Vec<Event>> = HashMap::new();
        let stored = events::by_id(session, conversation_of.keys().copied()).await?;
        let stored = stored.into_iter().map(|(event, set)| ((), event, set)).collect();
        for ((), event) in self.declared.map_again(session, stored).await? {
            let root = conversation_of.get(&event.id).and_then(|conversation| root_of.get(conversation));
            if let Some(root) = root {
                told.entry(*root).or_default().push(event);
            }
        }
        Ok(told)
    }

    /// Holds what was folded against what stands in the store, and writes what differs.
    async fn write_differing(
        &self,
        session: &Session<'_>,
        state: State,
        touched: &[Touched<'_>],
        last: &HashMap<Uuid, Last>,
        page: &mut RebuiltPage,
    ) -> Result<Vec<Derivation>, StoreError> {
        let current = self.declared.current();
        let mut rows: HashMap<Uuid, HandleRow> = state.subjects.into_iter().map(|row| (row.id, row)).collect();
        let mut before: HashMap<Uuid, StoredCdr> =
            state.records.into_iter().map(|stored| (stored.cdr.id, stored)).collect();
        let subjects = subjects::hang(session, &current.knowledge, touched, &before, &mut rows).await?;
        let moved: Vec<(&Touched<'_>, Option<Uuid>)> = touched
            .iter()
            .map(|one| (one, subjects.get(&one.root).copied()))
            .filter(|(one, to)| before.get(&one.root).and_then(|old| old.subject_handle) != *to)
            .collect();
        let (mut written, mut again, mut added) = (Vec::new(), Vec::new(), Vec::new());
        let mut derived = Derived::default();
        for one in touched {
            let old = before.remove(&one.root);
            let new = as_folded(one, old.as_ref(), subjects.get(&one.root).copied(), last);
            page.looked += 1;
            match judge(old.as_ref(), new, last.get(&one.root))? {
                Made::Same => page.same += 1,
                Made::Restored(new) => {
                    page.restored += 1;
                    note(page, "restored", old.as_ref(), &new);
                    again.push(new.cdr.id);
                    written.push(new);
                }
                Made::Revised(new) => {
                    page.revised += 1;
                    note(page, "revised", old.as_ref(), &new);
                    tell(&new, one.cause, |handle, started| customer_at(&rows, handle, started), &mut derived);
                    if new.complete {
                        added.push(revision_of(old.as_ref(), &new, one.cause, "rebuild")?);
                    }
                    written.push(new);
                }
            }
        }
        if !again.is_empty() {
            // A damaged number of a revision may be higher than the true one, over which nothing is written.
            let mut gone = Bundle::new("remove damaged records");
            cdrs::delete(&mut gone, again);
            session.together(gone).await?;
        }
        let mut writes = Bundle::new("write rebuilt records");
        touch::follow(&mut writes, &moved);
        if !written.is_empty() {
            cdrs::upsert(&mut writes, &written)?;
        }
        if !added.is_empty() {
            revisions::insert(&mut writes, &added)?;
        }
        post(session, writes, derived).await
    }
}

/// Folds every set; gives how many stand sealed besides.
fn fold_all<'e>(
    keys: &[ConversationRow],
    told: &'e HashMap<Uuid, Vec<Event>>,
    records: &[StoredCdr],
) -> (Vec<Touched<'e>>, u64) {
    let sealed: HashSet<Uuid> = records.iter().filter(|stored| stored.sealed).map(|stored| stored.cdr.id).collect();
    let mut sets: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for row in keys {
        sets.entry(row.root).or_default().push(row.id);
    }
    let mut touched = Vec::with_capacity(sets.len());
    let mut left = 0;
    for (root, members) in sets {
        if members.iter().any(|id| sealed.contains(id)) {
            left += 1;
            continue;
        }
        let Some(events) = told.get(&root) else { continue };
        let Some(mut folded) = cdr::fold(events) else { continue };
        folded.cdr.id = root;
        let Some(cause) = events.iter().max_by_key(|event| (event.time, event.id)) else { continue };
        let opened = events.iter().filter(|event| matches!(event.body, Body::ChatOpened(_)));
        let opened = opened.min_by_key(|event| (event.time, event.id)).cloned();
        touched.push(Touched { root, members, folded, cause, opened });
    }
    // The transaction takes rows in the order of their ids, like every other.
    touched.sort_unstable_by_key(|one| one.root);
    (touched, left)
}

/// The record as its events tell it, with all it absorbed that was ever told.
fn as_folded(
    one: &Touched<'_>,
    old: Option<&StoredCdr>,
    subject_handle: Option<Uuid>,
    last: &HashMap<Uuid, Last>,
) -> StoredCdr {
    let mut cdr = one.folded.cdr.clone();
    let told = one.members.iter().copied().filter(|id| last.contains_key(id));
    cdr.absorbed = absorbed_ids(one.root, old, &[], told);
    StoredCdr { cdr, complete: one.folded.complete, subject_handle, sealed: false }
}

fn judge(old: Option<&StoredCdr>, mut new: StoredCdr, last: Option<&Last>) -> Result<Made, StoreError> {
    let stored = old.map_or(0, |old| old.cdr.revision);
    if let Some(last) = last.filter(|_| new.complete) {
        new.cdr.revision = last.revision;
        if cdr::digest(&serde_json::to_string(&new.cdr)?, new.subject_handle) == last.digest {
            return Ok(if old == Some(&new) { Made::Same } else { Made::Restored(new) });
        }
    }
    let revision = last.map_or(stored, |last| last.revision.max(stored));
    Ok(revised(old, new, revision).map_or(Made::Same, Made::Revised))
}

fn note(page: &mut RebuiltPage, what: &str, old: Option<&StoredCdr>, new: &StoredCdr) {
    if page.records.len() < TOLD {
        let changes = old.map(|old| cdr::differences(&old.cdr, &new.cdr)).unwrap_or_default();
        let what = if old.is_none() { "missing" } else { what };
        page.records.push(RebuiltRecord { id: new.cdr.id, what: what.to_owned(), changes });
    }
}
