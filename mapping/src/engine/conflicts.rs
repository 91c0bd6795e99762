//! What the rules could not decide, put before a person with the evidence on both sides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::Timestamp;
use trunkline_events::customer::Decision;
use uuid::Uuid;

use super::directives::{By, Decided, DirectiveError, raw};
use super::records::key_of;
use super::{Engine, Records};
use crate::identity::Question;
use crate::store::{EvidenceRow, HandleRow, Session, StoreError, evidence, handles};
use crate::view::{ConflictDetail, ConflictSide, ConflictView};

impl Records {
    /// Evidence that awaits a decision, the latest first, on from the piece that `after` names.
    pub async fn conflicts(
        &self,
        question: Question,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Result<Vec<ConflictView>, StoreError> {
        let session = self.reading();
        let pieces = evidence::questions(&session, question, after, limit).await?;
        self.conflict_views(&session, &pieces).await
    }

    /// One of them, with all that speaks for each side; one that was decided since too.
    pub async fn conflict(&self, id: Uuid) -> Result<Option<ConflictDetail>, StoreError> {
        let session = self.reading();
        let Some(piece) = evidence::by_id(&session, id).await? else { return Ok(None) };
        let Some(conflict) = self.conflict_views(&session, &[piece]).await?.pop() else { return Ok(None) };
        let links_of_a = self.explain(conflict.a.customer).await?;
        let links_of_b = self.explain(conflict.b.customer).await?;
        Ok(Some(ConflictDetail { conflict, links_of_a, links_of_b }))
    }

    async fn conflict_views(
        &self,
        session: &Session<'_>,
        pieces: &[EvidenceRow],
    ) -> Result<Vec<ConflictView>, StoreError> {
        let ends: BTreeSet<Uuid> = pieces.iter().flat_map(|piece| [piece.a, piece.b]).collect();
        let rows: HashMap<Uuid, HandleRow> =
            session.ask(handles::by_id(ends)).await?.into_iter().map(|row| (row.id, row)).collect();
        let customers: BTreeSet<Uuid> = rows.values().map(|row| row.customer).collect();
        let names: BTreeMap<Uuid, Option<String>> = self
            .briefs(session, &customers.into_iter().collect::<Vec<_>>())
            .await?
            .into_iter()
            .map(|brief| (brief.customer, brief.name))
            .collect();
        let side = |id: &Uuid| {
            let row = rows.get(id)?;
            let name = names.get(&row.customer).cloned().flatten();
            Some(ConflictSide { handle: key_of(row), customer: row.customer, name })
        };
        let view = |piece: &EvidenceRow| {
            let kind = match piece.judgement.question {
                Some(Question::Conflict) => "conflict",
                Some(Question::Candidate) => "candidate",
                None => "decided",
            };
            Some(ConflictView {
                id: piece.id,
                kind: kind.to_owned(),
                a: side(&piece.a)?,
                b: side(&piece.b)?,
                strength: piece.strength,
                source: piece.source.clone(),
                at: piece.first_at,
                verdict: piece.judgement.verdict.clone(),
            })
        };
        Ok(pieces.iter().filter_map(view).collect())
    }
}

impl Engine {
    /// Decides a conflict: the two sides are one person.
    pub async fn join_conflict(&self, conflict: Uuid, by: By<'_>) -> Result<Decided, DirectiveError> {
        let (a, b) = self.ends_of(conflict).await?;
        self.merge(a.customer, b.customer, by).await
    }

    /// Decides a conflict: the two sides are different people. No evidence joins the two handles again, and nobody is asked
    /// again about them.
    pub async fn part_conflict(&self, conflict: Uuid, by: By<'_>) -> Result<Decided, DirectiveError> {
        let (a, b) = self.ends_of(conflict).await?;
        if a.customer == b.customer {
            return Err(DirectiveError::SameCustomer(a.id, b.id));
        }
        let decision = Decision::Exclude { a: raw(&a), b: raw(&b) };
        self.decide(vec![decision], by, &[a.id, b.id]).await
    }

    async fn ends_of(&self, conflict: Uuid) -> Result<(HandleRow, HandleRow), DirectiveError> {
        let session = self.store.reading();
        let missing = || DirectiveError::NoConflict(conflict);
        let piece = evidence::by_id(&session, conflict).await?.ok_or_else(missing)?;
        let mut rows = session.ask(handles::by_id([piece.a, piece.b])).await?;
        rows.sort_by_key(|row| row.id != piece.a);
        let [a, b] = <[HandleRow; 2]>::try_from(rows).map_err(|_| missing())?;
        Ok((a, b))
    }
}
