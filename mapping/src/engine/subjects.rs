//! Whose a conversation's record is: the handle that it hangs on.

use std::collections::{BTreeSet, HashMap};

use trunkline_events::cdr::{Cdr, Medium};
use uuid::Uuid;

use super::Knowledge;
use super::conversations::Touched;
use super::records::former_owners;
use crate::identity::{Handle, subject_handle};
use crate::store::{HandleRow, Session, StoreError, StoredCdr, handles};

/// The handle that each conversation's record hangs on, by root. `rows` are handles that are known; those that are read
/// besides are added, and those of former owners.
pub(super) async fn hang(
    session: &Session<'_>,
    knowledge: &Knowledge,
    touched: &[Touched<'_>],
    before: &HashMap<Uuid, StoredCdr>,
    rows: &mut HashMap<Uuid, HandleRow>,
) -> Result<HashMap<Uuid, Uuid>, StoreError> {
    // The likeliest first. Anew each time: a trunk that is told later gives the same digits another meaning.
    let mut subjects: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for one in touched {
        let old = before.get(&one.root).filter(|old| same_number(&old.cdr, &one.folded.cdr));
        let known = old.and_then(|old| old.subject_handle);
        subjects.insert(one.root, likeliest(knowledge, one).map(|handle| handle.id()).chain(known).collect());
    }
    let unread = |ids: &Vec<Uuid>| ids.iter().copied().take_while(|id| !rows.contains_key(id)).collect::<Vec<_>>();
    let missing: BTreeSet<Uuid> = subjects.values().flat_map(unread).collect();
    if !missing.is_empty() {
        rows.extend(session.ask(handles::by_id(missing)).await?.into_iter().map(|row| (row.id, row)));
    }
    let owners = former_owners(rows);
    if !owners.is_empty() {
        rows.extend(session.ask(handles::by_id(owners)).await?.into_iter().map(|row| (row.id, row)));
    }
    let first_known = |ids: Vec<Uuid>| ids.into_iter().find(|id| rows.contains_key(id));
    Ok(subjects.into_iter().filter_map(|(root, ids)| Some((root, first_known(ids)?))).collect())
}

/// Handles that a conversation's record may hang on, of which the first that anybody named counts: the strongest one of a
/// chat's visitor; the caller's number as it reads on the call's trunk, or else without it (an event may name the trunk
/// and no number).
fn likeliest(knowledge: &Knowledge, conversation: &Touched<'_>) -> impl Iterator<Item = Handle> {
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

/// Whether both are calls of one number as it was written. Then the handle that the record hung on before will do where
/// nobody named the one that it reads as now: the dial plan was changed in between.
fn same_number(old: &Cdr, new: &Cdr) -> bool {
    new.medium == Medium::Voice && old.medium == Medium::Voice && old.customer_handle == new.customer_handle
}
