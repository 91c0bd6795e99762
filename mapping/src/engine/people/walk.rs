//! Reads, under lock, all that the partition must see.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use trunkline_events::EventId;
use uuid::Uuid;

use super::Seeds;
use super::heard::{Heard, origin_of};
use crate::engine::Knowledge;
use crate::identity::{Evidence, Origin, Region, Rules, Sighting};
use crate::store::{EvidenceRow, HandleRow, Session, StoreError, evidence, handles};

/// What was read. The locks that it was read under last until the transaction ends.
#[derive(Default)]
pub(in crate::engine) struct Walked {
    /// The locks that all of it must be read under.
    pub(in crate::engine) roots: BTreeSet<Uuid>,
    pub(in crate::engine) sightings: Vec<Sighting>,
    pub(in crate::engine) evidence: Vec<Evidence>,
    /// Handles whose customer may have changed.
    pub(in crate::engine) members: HashSet<Uuid>,
    /// All handles that were read, as they stand in the store.
    pub(in crate::engine) rows: BTreeMap<Uuid, HandleRow>,
    /// All evidence that was read, undone directives too, with what was made of it before.
    pub(super) pieces: BTreeMap<Uuid, EvidenceRow>,
}

/// Writes the new evidence and reads all that the seeds are connected to.
///
/// The lock of a connected set is its smallest handle. A set may have grown, or have another smallest handle, before the
/// lock was there: [`Walked::roots`] says which locks it takes.
pub(super) async fn read(
    session: &Session<'_>,
    heard: &Heard<'_>,
    seeds: &Seeds,
    knowledge: &Knowledge,
) -> Result<Walked, StoreError> {
    let new: Vec<EvidenceRow> = heard.evidence.values().cloned().collect();
    if !new.is_empty() {
        evidence::upsert(session, &new).await?;
    }
    let mut seeds = seeds.clone();
    seeds.extend(undo(session, heard).await?);
    let mut walked = all_connected(session, heard, &seeds, &knowledge.rules).await?;
    walked.roots = roots(&walked, heard);
    Ok(walked)
}

/// Keeps undone directives; gives the handles that they were about.
async fn undo(session: &Session<'_>, heard: &Heard<'_>) -> Result<Vec<Uuid>, StoreError> {
    if heard.undos.is_empty() {
        return Ok(Vec::new());
    }
    evidence::insert_undos(session, &heard.undos).await?;
    let directives: Vec<EventId> = heard.undos.iter().map(|undo| undo.directive).collect();
    let decided = evidence::of_decisions(session, directives).await?;
    Ok(decided.iter().flat_map(|piece| [piece.a, piece.b]).collect())
}

/// Reads all that the seeds are connected to, as `rules` see it. Writes nothing.
pub(in crate::engine) async fn all_connected(
    session: &Session<'_>,
    heard: &Heard<'_>,
    seeds: &Seeds,
    rules: &Rules,
) -> Result<Walked, StoreError> {
    let mut region = Region::new(seeds.iter().copied(), rules);
    let mut rows: BTreeMap<Uuid, HandleRow> = BTreeMap::new();
    let mut pieces: BTreeMap<Uuid, EvidenceRow> = BTreeMap::new();
    let mut crowded: BTreeSet<Uuid> = BTreeSet::new();
    loop {
        let wanted = region.wants();
        if wanted.is_empty() {
            break;
        }
        let found = session.ask(handles::by_id(wanted)).await?;
        let evidence = read_evidence(session, &found, region.enough_neighbours(), &mut crowded).await?;
        let mut at_handle: HashMap<Uuid, Vec<Evidence>> = HashMap::new();
        for piece in evidence {
            if !piece.undone {
                for end in BTreeSet::from([piece.a, piece.b]) {
                    at_handle.entry(end).or_default().push(as_evidence(&piece));
                }
            }
            pieces.insert(piece.id, piece);
        }
        for row in found {
            let handle = row.handle();
            let mut seen = row.seen.clone();
            if let Some(named) = heard.handles.get(&row.id) {
                seen.add(&named.seen);
            }
            let evidence = at_handle.remove(&row.id).unwrap_or_default();
            region.feed(Sighting { handle, seen }, row.generic, evidence);
            rows.insert(row.id, row);
        }
        region.step();
    }
    Ok(Walked {
        sightings: region.sightings(),
        evidence: region.evidence(),
        members: region.members().collect(),
        rows,
        pieces,
        roots: BTreeSet::new(),
    })
}

/// All evidence at handles; of one that far too many share only so much as shows that, and what it has with others such.
///
/// `crowded` gathers those over the steps of a walk.
async fn read_evidence(
    session: &Session<'_>,
    found: &[HandleRow],
    enough: usize,
    crowded: &mut BTreeSet<Uuid>,
) -> Result<Vec<EvidenceRow>, StoreError> {
    let cap = u32::try_from(enough).unwrap_or(u32::MAX);
    let generic: Vec<Uuid> = found.iter().filter(|row| row.generic).map(|row| row.id).collect();
    let mut new: Vec<Uuid> = Vec::new();
    if !generic.is_empty() {
        let counted = evidence::neighbours(session, generic, cap).await?;
        new.extend(counted.into_iter().filter(|(_, count)| *count >= u64::from(cap)).map(|(id, _)| id));
    }
    crowded.extend(&new);
    let calm: Vec<Uuid> = found.iter().map(|row| row.id).filter(|id| !crowded.contains(id)).collect();
    let mut read = if calm.is_empty() { Vec::new() } else { evidence::at_handles(session, calm).await? };
    for id in &new {
        read.extend(evidence::some_at(session, *id, cap).await?);
    }
    let pairs: Vec<(Uuid, Uuid)> = new.iter().flat_map(|a| crowded.iter().map(|b| (*a.min(b), *a.max(b)))).collect();
    if pairs.len() > 1 {
        read.extend(evidence::between(session, &pairs).await?);
    }
    Ok(read)
}

fn as_evidence(piece: &EvidenceRow) -> Evidence {
    Evidence {
        id: piece.id,
        a: piece.a,
        b: piece.b,
        strength: piece.strength,
        at: piece.first_at,
        last: piece.last_at,
        origin: origin_of(&piece.origin),
    }
}

/// The smallest handle of each connected set of members, as they were before this batch; what is generic leads nowhere and
/// is a set of its own.
///
/// New evidence counts for nothing here: who connects two sets must hold the locks of both, since another worker may be at
/// the one with the larger root and hold no other lock than that.
fn roots(walked: &Walked, heard: &Heard<'_>) -> BTreeSet<Uuid> {
    let generic = |id: &Uuid| walked.rows.get(id).is_some_and(|row| row.generic);
    let mut set_of: BTreeMap<Uuid, Uuid> = walked.members.iter().map(|id| (*id, *id)).collect();
    for piece in walked.evidence.iter().filter(|piece| !heard.evidence.contains_key(&piece.id)) {
        let leads = piece.origin != Origin::Observed || !(generic(&piece.a) || generic(&piece.b));
        if !leads || !walked.members.contains(&piece.a) || !walked.members.contains(&piece.b) {
            continue;
        }
        let (a, b) = (top(&mut set_of, piece.a), top(&mut set_of, piece.b));
        set_of.insert(a.max(b), a.min(b));
    }
    let members: Vec<Uuid> = set_of.keys().copied().collect();
    members.into_iter().map(|id| top(&mut set_of, id)).collect()
}

fn top(set_of: &mut BTreeMap<Uuid, Uuid>, id: Uuid) -> Uuid {
    let mut at = id;
    while let Some(above) = set_of.get(&at).copied().filter(|above| *above != at) {
        at = above;
    }
    set_of.insert(id, at);
    at
}
