//! People: handles and evidence of a batch, and the customers that follow from them.
//!
//! - `heard`: what the fresh events say, each handle and piece of evidence once.
//! - `walk`: reads, under lock, all that the partition must see.
//! - `turns`: tells joins and splits by what was before and what is after.
//!
//! An event whose handles are known and whose evidence is known touches nothing but `last_seen`, to the minute.

mod heard;
mod turns;
mod walk;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use trunkline_events::{Body, Event};
use uuid::Uuid;

pub(super) use self::heard::{AskedOf, Heard};
pub(super) use self::walk::{Walked, all_connected};
use super::Knowledge;
use super::derive::Derived;
use crate::identity::{Partition, Rules, partition};
use crate::store::{Answers, Bundle, HandleRow, Judgement, Session, StoreError, evidence, handles};

/// The people that a batch is about, as the store has them before the batch says more.
pub(super) struct Named<'e> {
    heard: Heard<'e>,
    /// Handles that the batch names.
    known: HashMap<Uuid, HandleRow>,
    /// Those of them that it added.
    added: HashSet<Uuid>,
    /// Handles from which customers must be computed anew.
    seeds: Seeds,
}

impl<'e> Named<'e> {
    /// Takes what the store has of `heard`, which may be more; adds handles that are new.
    pub(super) async fn register(
        session: &Session<'_>,
        mut heard: Heard<'e>,
        asked: &AskedOf,
        answers: &mut Answers,
    ) -> Result<Self, StoreError> {
        if let Some(place) = &asked.evidence {
            heard.forget_known_evidence(answers.take(place)?);
        }
        let rows = asked.handles.as_ref().map(|place| answers.take(place)).transpose()?.unwrap_or_default();
        let rows = rows.into_iter().filter(|row| heard.handles.contains_key(&row.id));
        let mut known: HashMap<Uuid, HandleRow> = rows.map(|row| (row.id, row)).collect();
        let added = add_missing(session, &heard, &mut known).await?;
        let seeds = heard.seeds(&known);
        Ok(Self { heard, known, added, seeds })
    }

    /// What must be locked before customers are computed anew; nothing if none are.
    pub(super) fn locks(&self) -> BTreeSet<Uuid> {
        if self.seeds.is_empty() {
            return BTreeSet::new();
        }
        self.seeds.iter().copied().chain(self.heard.decisions()).collect()
    }

    /// Writes the new evidence and reads all that customers follow from, if any must be computed anew.
    pub(super) async fn walk(
        &self,
        session: &Session<'_>,
        knowledge: &Knowledge,
    ) -> Result<Option<Walked>, StoreError> {
        if self.seeds.is_empty() {
            return Ok(None);
        }
        walk::read(session, &self.heard, &self.seeds, knowledge).await.map(Some)
    }

    /// Brings handles, evidence and customers up to what the events say; gives the handles that they name as they are
    /// now, and those whose customer changed. `walked` was read under the locks.
    pub(super) async fn settle(
        self,
        session: &Session<'_>,
        walked: Option<Walked>,
        knowledge: &Knowledge,
        writes: &mut Bundle,
        derived: &mut Derived,
    ) -> Result<HashMap<Uuid, HandleRow>, StoreError> {
        let Self { heard, mut known, added, .. } = self;
        let members = walked.as_ref().map(|walked| walked.members.clone()).unwrap_or_default();
        let later = later(&heard, &known, &members);
        if !later.is_empty() {
            let seen = later.iter().filter_map(|id| Some((known.get(id)?, heard.handles.get(id)?.seen.last)));
            handles::touch(writes, seen);
        }
        if let Some(walked) = walked {
            let judged = partition(&walked.sightings, &walked.evidence, &knowledge.rules);
            let mut after = changed_handles(&walked, &judged, &heard);
            if !after.is_empty() {
                let rows = after.iter().map(|row| row.id).chain(later.iter().copied());
                // Others may have raised when they were last seen.
                for now in handles::lock(session, rows.collect::<BTreeSet<_>>()).await? {
                    if let Ok(at) = after.binary_search_by_key(&now.id, |row| row.id) {
                        after[at].seen.add(&now.seen);
                    }
                }
            }
            write(session, &walked, &judged, &after, knowledge.rules.version()).await?;
            tell_crowds(&walked, &after, &knowledge.rules);
            let turns = turns::of(&walked, &judged, &added);
            turns::tell(session, &turns, &heard, knowledge.rules.version(), derived).await?;
            known.extend(after.into_iter().map(|row| (row.id, row)));
        }
        for id in added.iter().filter(|id| !members.contains(id)) {
            if let Some(cause) = heard.cause(*id) {
                turns::tell_created(*id, cause, derived);
            }
        }
        Ok(known)
    }
}

/// Adds handles that are new to the store and to `known`; gives which this batch added.
async fn add_missing(
    session: &Session<'_>,
    heard: &Heard<'_>,
    known: &mut HashMap<Uuid, HandleRow>,
) -> Result<HashSet<Uuid>, StoreError> {
    let missing: Vec<HandleRow> =
        heard.handles.values().filter(|named| !known.contains_key(&named.id)).cloned().collect();
    if missing.is_empty() {
        return Ok(HashSet::new());
    }
    let added: HashSet<Uuid> = handles::insert(session, &missing).await?.into_iter().collect();
    // Another worker was first with some: read them as he wrote them.
    let theirs: Vec<Uuid> = missing.iter().map(|row| row.id).filter(|id| !added.contains(id)).collect();
    if !theirs.is_empty() {
        known.extend(session.ask(handles::by_id(theirs)).await?.into_iter().map(|row| (row.id, row)));
    }
    known.extend(missing.into_iter().filter(|row| added.contains(&row.id)).map(|row| (row.id, row)));
    Ok(added)
}

/// Handles that were seen later than known, but for `members`, which are written whole.
///
/// Of these nothing else may be written: they were read without a lock, and another worker may just be giving them to
/// another customer.
fn later(heard: &Heard<'_>, known: &HashMap<Uuid, HandleRow>, members: &HashSet<Uuid>) -> Vec<Uuid> {
    let later = |named: &&HandleRow| known.get(&named.id).is_some_and(|row| row.seen.last < named.seen.last);
    let named = heard.handles.values().filter(|named| !members.contains(&named.id));
    named.filter(later).map(|named| named.id).collect()
}

/// The members that are not as they were, in the order of their ids; all of them were read under their lock.
fn changed_handles(walked: &Walked, judged: &Partition, heard: &Heard<'_>) -> Vec<HandleRow> {
    let members = walked.rows.values().filter(|row| walked.members.contains(&row.id));
    let mut rows: BTreeMap<Uuid, (&HandleRow, HandleRow)> = members.map(|row| (row.id, (row, row.clone()))).collect();
    for (id, (_, row)) in &mut rows {
        if let Some(named) = heard.handles.get(id) {
            row.seen.add(&named.seen);
        }
        if let Some(standing) = judged.standings.get(id) {
            row.customer = standing.customer;
            row.generic = standing.generic;
            row.shared = standing.shared;
            row.former.clone_from(&standing.former);
        }
    }
    rows.into_values().filter(|(before, after)| *before != after).map(|(_, after)| after).collect()
}

/// Says which handles too many people share from now on: somebody may have to block a value, or raise a limit.
fn tell_crowds(walked: &Walked, changed: &[HandleRow], rules: &Rules) {
    let was = |row: &&HandleRow| walked.rows.get(&row.id).is_some_and(|before| before.generic);
    for row in changed.iter().filter(|row| row.generic && !was(row)) {
        // Sources may name any scheme; labels are those of the rules.
        let scheme = if rules.knows(&row.scheme) { row.scheme.clone() } else { "other".to_owned() };
        tracing::warn!(handle = %row.id, %scheme, "too many people share a handle; it joins nobody from now on");
        metrics::counter!("trunkline_generic_handles_total", "scheme" => scheme).increment(1);
    }
}

async fn write(
    session: &Session<'_>,
    walked: &Walked,
    judged: &Partition,
    changed: &[HandleRow],
    rule_version: &str,
) -> Result<(), StoreError> {
    if !changed.is_empty() {
        handles::update(session, changed).await?;
        let other = |row: &&HandleRow| walked.rows.get(&row.id).is_some_and(|before| before.former != row.former);
        let given: Vec<&HandleRow> = changed.iter().filter(other).collect();
        if !given.is_empty() {
            handles::write_tenures(session, &given).await?;
        }
    }
    let mut verdicts = Vec::new();
    for piece in walked.pieces.values() {
        if !walked.members.contains(&piece.a) || !walked.members.contains(&piece.b) {
            continue;
        }
        let (joined, verdict, question) = match judged.verdicts.get(&piece.id) {
            _ if piece.undone => (false, "undone".to_owned(), None),
            Some(verdict) => (verdict.is_together(), verdict.to_string(), verdict.question()),
            None => continue,
        };
        let judgement = Judgement { joined, verdict, rule_version: rule_version.to_owned(), question };
        if piece.judgement != judgement {
            verdicts.push((piece.id, judgement));
        }
    }
    if verdicts.is_empty() { Ok(()) } else { evidence::judge(session, &verdicts).await }
}

/// Ids of handles, sorted.
type Seeds = BTreeSet<Uuid>;

/// Whether an event is a person's decision on identity.
fn is_directive(event: &Event) -> bool {
    matches!(event.body, Body::CustomerDirective(_))
}
