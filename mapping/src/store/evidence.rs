//! Evidence that handles belong together, or do not: stored once, never overwritten but for an earlier first time.

use trunkline_events::customer::Strength;
use trunkline_events::{EventId, Timestamp};
use uuid::Uuid;

use super::bundle::Ask;
use super::error::StoreError;
use super::micros;
use super::rows::{Kind, Rows};
use super::session::{Query, Row, Session};
use crate::identity::Question;
use crate::view::TurnView;

/// A piece of evidence, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EvidenceRow {
    pub(crate) id: Uuid,
    pub(crate) a: Uuid,
    pub(crate) b: Uuid,
    pub(crate) strength: Strength,
    /// `observed`, `include` or `exclude`.
    pub(crate) origin: String,
    pub(crate) first_at: Timestamp,
    /// Cut to 30 days.
    pub(crate) last_at: Timestamp,
    pub(crate) source: String,
    pub(crate) event: EventId,
    /// Directives of one decision share its id.
    pub(crate) decision: Option<EventId>,
    pub(crate) actor: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) judgement: Judgement,
    /// Its decision, or its directive, was undone: it counts for nothing. Read, never written here.
    pub(crate) undone: bool,
}

/// What the rules made of a piece of evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) joined: bool,
    pub(crate) verdict: String,
    pub(crate) rule_version: String,
    /// What a person may decide on it.
    pub(crate) question: Option<Question>,
}

fn question_word(question: Question) -> &'static str {
    match question {
        Question::Conflict => "conflict",
        Question::Candidate => "candidate",
    }
}

fn question_of(word: &str) -> Question {
    if word == "conflict" { Question::Conflict } else { Question::Candidate }
}

/// A directive that no longer counts; it may come before the directive itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UndoRow {
    pub(crate) directive: EventId,
    pub(crate) event: EventId,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

fn strength_word(strength: Strength) -> &'static str {
    match strength {
        Strength::Weak => "weak",
        Strength::Medium => "medium",
        Strength::Strong => "strong",
        Strength::Authoritative => "authoritative",
    }
}

fn strength_of(word: &str) -> Strength {
    match word {
        "authoritative" => Strength::Authoritative,
        "strong" => Strength::Strong,
        "medium" => Strength::Medium,
        _ => Strength::Weak,
    }
}

macro_rules! select_evidence {
    ($from:literal) => {
        concat!(
            "SELECT e.id, e.a, e.b, e.strength, e.origin, e.first_at, e.source, e.event, e.decision, e.actor, e.reason, ",
            "e.joined, e.verdict, e.rule_version, e.question, e.last_at, ",
            "EXISTS (SELECT 1 FROM undo n WHERE n.directive = e.event OR n.directive = e.decision) AS undone ",
            $from
        )
    };
}

impl EvidenceRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.uuid(0)?,
            a: row.uuid(1)?,
            b: row.uuid(2)?,
            strength: strength_of(&row.text(3)?),
            origin: row.text(4)?,
            first_at: row.instant(5)?,
            source: row.text(6)?,
            event: row.event(7)?,
            decision: row.maybe_uuid(8)?.map(EventId::from_uuid),
            actor: row.maybe_text(9)?,
            reason: row.maybe_text(10)?,
            judgement: Judgement {
                joined: row.flag(11)?,
                verdict: row.text(12)?,
                rule_version: row.text(13)?,
                question: row.maybe_text(14)?.as_deref().map(question_of),
            },
            last_at: row.instant(15)?,
            undone: row.flag(16)?,
        })
    }
}

/// Adds evidence; what stands already keeps its earlier first time and its later last time. The caller holds the components' locks.
pub(crate) async fn upsert(session: &Session<'_>, evidence: &[EvidenceRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("a", Kind::Uuid),
        ("b", Kind::Uuid),
        ("strength", Kind::Text),
        ("origin", Kind::Text),
        ("first_at", Kind::Big),
        ("last_at", Kind::Big),
        ("source", Kind::Text),
        ("event", Kind::Uuid),
        ("decision", Kind::OptionalUuid),
        ("actor", Kind::OptionalText),
        ("reason", Kind::OptionalText),
    ]);
    for piece in evidence {
        rows.push([
            piece.id.into(),
            piece.a.into(),
            piece.b.into(),
            strength_word(piece.strength).into(),
            piece.origin.as_str().into(),
            piece.first_at.into(),
            piece.last_at.into(),
            piece.source.as_str().into(),
            piece.event.into(),
            piece.decision.into(),
            piece.actor.as_deref().into(),
            piece.reason.as_deref().into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO evidence (id, a, b, strength, origin, first_at, last_at, source, event, decision, actor, reason, \
         joined, verdict, rule_version) SELECT id, a, b, strength, origin, first_at, last_at, source, event, decision, \
         actor, reason, false, '', '' FROM {rows} WHERE true ON CONFLICT (id) DO UPDATE SET \
         event = CASE WHEN excluded.first_at < evidence.first_at \
         OR (excluded.first_at = evidence.first_at AND excluded.event < evidence.event) \
         THEN excluded.event ELSE evidence.event END, \
         first_at = CASE WHEN excluded.first_at < evidence.first_at THEN excluded.first_at ELSE evidence.first_at END, \
         last_at = CASE WHEN excluded.last_at > evidence.last_at THEN excluded.last_at ELSE evidence.last_at END",
    );
    session.run("write evidence", query.rows(rows)).await.map(drop)
}

/// What is known of the times of evidence.
pub(crate) struct KnownEvidence {
    pub(crate) id: Uuid,
    pub(crate) first_at: Timestamp,
    /// The event of that time.
    pub(crate) event: EventId,
    pub(crate) last_at: Timestamp,
}

/// The times of evidence that is known.
pub(crate) fn known(ids: impl IntoIterator<Item = Uuid>) -> Ask<KnownEvidence> {
    let query = Query::new("SELECT e.id, e.first_at, e.event, e.last_at FROM evidence e WHERE e.id {ids}");
    Ask::new("read evidence", query.ids(ids), 4, |row| {
        let (first_at, last_at) = (row.instant(1)?, row.instant(3)?);
        Ok(KnownEvidence { id: row.uuid(0)?, first_at, event: row.event(2)?, last_at })
    })
}

/// All evidence at handles, undone directives too.
pub(crate) async fn at_handles(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<EvidenceRow>, StoreError> {
    let query = Query::new(select_evidence!("FROM evidence e WHERE e.a {ids} OR e.b {ids}"));
    let found = session.all("read evidence", query.ids(ids)).await?;
    found.iter().map(EvidenceRow::read).collect()
}

/// All evidence on pairs of handles, the smaller id first.
pub(crate) async fn between(session: &Session<'_>, pairs: &[(Uuid, Uuid)]) -> Result<Vec<EvidenceRow>, StoreError> {
    let mut rows = Rows::new(&[("a", Kind::Uuid), ("b", Kind::Uuid)]);
    for (a, b) in pairs {
        rows.push([(*a).into(), (*b).into()]);
    }
    let query = Query::new(select_evidence!("FROM {rows} JOIN evidence e ON e.a = r.a AND e.b = r.b"));
    let found = session.all("read evidence", query.rows(rows)).await?;
    found.iter().map(EvidenceRow::read).collect()
}

/// How many neighbours handles have by observation, counted up to `cap` + 1.
pub(crate) async fn neighbours(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = Uuid>,
    cap: u32,
) -> Result<Vec<(Uuid, u64)>, StoreError> {
    let query = Query::new(
        "SELECT r.id, (SELECT count(*) FROM (SELECT x.b AS o FROM evidence x WHERE x.a = r.id AND x.origin = 'observed' \
         UNION SELECT y.a AS o FROM evidence y WHERE y.b = r.id AND y.origin = 'observed' LIMIT {1}) AS n) FROM {rows}",
    );
    let found = session.all("count evidence", query.rows(Rows::ids(ids)).bind(i64::from(cap) + 1)).await?;
    found.iter().map(|row| Ok((row.uuid(0)?, row.big(1)?.unsigned_abs()))).collect()
}

/// Evidence of directives, by their event ids or the id of the decision that they are part of.
pub(crate) async fn of_decisions(
    session: &Session<'_>,
    ids: impl IntoIterator<Item = EventId>,
) -> Result<Vec<EvidenceRow>, StoreError> {
    let query = Query::new(select_evidence!("FROM evidence e WHERE e.decision {ids} OR e.id {ids}"));
    let found = session.all("read directives", query.ids(ids.into_iter().map(EventId::uuid))).await?;
    found.iter().map(EvidenceRow::read).collect()
}

/// Writes what the rules made of evidence. The caller holds the components' locks.
pub(crate) async fn judge(session: &Session<'_>, judged: &[(Uuid, Judgement)]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("id", Kind::Uuid),
        ("joined", Kind::Bool),
        ("verdict", Kind::Text),
        ("rule_version", Kind::Text),
        ("question", Kind::OptionalText),
    ]);
    for (id, judgement) in judged {
        rows.push([
            (*id).into(),
            judgement.joined.into(),
            judgement.verdict.as_str().into(),
            judgement.rule_version.as_str().into(),
            judgement.question.map(question_word).into(),
        ]);
    }
    let query = Query::new(
        "UPDATE evidence SET joined = CAST(r.joined AS boolean), verdict = r.verdict, rule_version = r.rule_version, \
         question = r.question FROM {rows} WHERE evidence.id = r.id",
    );
    session.run("write verdicts", query.rows(rows)).await.map(drop)
}

/// Evidence that awaits a person's decision, the latest first, on from the piece that `after` names.
pub(crate) async fn questions(
    session: &Session<'_>,
    question: Question,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Result<Vec<EvidenceRow>, StoreError> {
    let query = Query::new(select_evidence!(
        "FROM evidence e WHERE e.question = {1} AND (e.first_at < {2} OR (e.first_at = {2} AND e.id < {3})) \
         ORDER BY e.first_at DESC, e.id DESC LIMIT {4}"
    ));
    let (at, id) = after.map_or((i64::MAX, Uuid::max()), |(at, id)| (micros(at), id));
    let query = query.bind(question_word(question)).bind(at).bind(id).bind(i64::from(limit));
    let found = session.all("list conflicts", query).await?;
    found.iter().map(EvidenceRow::read).collect()
}

/// One piece of evidence.
pub(crate) async fn by_id(session: &Session<'_>, id: Uuid) -> Result<Option<EvidenceRow>, StoreError> {
    let query = Query::new(select_evidence!("FROM evidence e WHERE e.id = {1}"));
    session.all("read evidence", query.bind(id)).await?.first().map(EvidenceRow::read).transpose()
}

/// Keeps undone directives; the first undo of a directive stands.
pub(crate) async fn insert_undos(session: &Session<'_>, undos: &[UndoRow]) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("directive", Kind::Uuid),
        ("event", Kind::Uuid),
        ("actor", Kind::Text),
        ("reason", Kind::Text),
        ("at", Kind::Big),
    ]);
    for undo in undos {
        rows.push([
            undo.directive.into(),
            undo.event.into(),
            undo.actor.as_str().into(),
            undo.reason.as_str().into(),
            undo.at.into(),
        ]);
    }
    let query = Query::new(
        "INSERT INTO undo (directive, event, actor, reason, at) SELECT directive, event, actor, reason, at \
         FROM {rows} WHERE true ON CONFLICT (directive) DO NOTHING",
    );
    session.run("write undone directives", query.rows(rows)).await.map(drop)
}

/// Keeps a join or a split for the explanation of how a customer came to be.
pub(crate) async fn remember(
    session: &Session<'_>,
    turns: &[(Timestamp, &'static str, Uuid, String, Option<EventId>)],
    rule_version: &str,
) -> Result<(), StoreError> {
    let mut rows = Rows::new(&[
        ("at", Kind::Big),
        ("kind", Kind::Text),
        ("customer", Kind::Uuid),
        ("others", Kind::Text),
        ("cause", Kind::OptionalUuid),
    ]);
    for (at, kind, customer, others, cause) in turns {
        rows.push([(*at).into(), (*kind).into(), (*customer).into(), others.as_str().into(), (*cause).into()]);
    }
    let query = Query::new(
        "INSERT INTO history (at, kind, customer, others, cause, rule_version) SELECT at, kind, customer, others, cause, \
         {1} FROM {rows}",
    );
    session.run("write history", query.rows(rows).bind(rule_version)).await.map(drop)
}

/// The customers that a shared or generic handle was seen with, its own included, the latest seen first.
pub(crate) async fn partners(session: &Session<'_>, handle: Uuid, limit: u32) -> Result<Vec<Uuid>, StoreError> {
    let query = Query::new(
        "SELECT h.customer, max(h.last_seen) AS seen FROM (SELECT x.b AS id FROM evidence x WHERE x.a = {1} \
         AND x.origin <> 'exclude' UNION SELECT y.a AS id FROM evidence y WHERE y.b = {1} AND y.origin <> 'exclude') \
         AS s JOIN handle h ON h.id = s.id GROUP BY h.customer \
         ORDER BY seen DESC, h.customer LIMIT {2}",
    );
    let found = session.all("read candidates", query.bind(handle).bind(i64::from(limit))).await?;
    found.iter().map(|row| row.uuid(0)).collect()
}

/// All directives at a handle, and the observations of it with some neighbours: with `cap` of them, if it has so many.
pub(crate) async fn some_at(session: &Session<'_>, id: Uuid, cap: u32) -> Result<Vec<EvidenceRow>, StoreError> {
    let query = Query::new(select_evidence!(
        "FROM (SELECT x.id FROM evidence x WHERE x.a = {1} AND x.origin <> 'observed' UNION \
         SELECT y.id FROM evidence y WHERE y.b = {1} AND y.origin <> 'observed' UNION \
         SELECT k.id FROM (SELECT v.b AS other FROM evidence v WHERE v.a = {1} AND v.origin = 'observed' UNION \
         SELECT w.a AS other FROM evidence w WHERE w.b = {1} AND w.origin = 'observed' ORDER BY other LIMIT {2}) AS o \
         JOIN evidence k ON (k.a = {1} AND k.b = o.other) OR (k.b = {1} AND k.a = o.other)) AS s \
         JOIN evidence e ON e.id = s.id"
    ));
    let found = session.all("read evidence", query.bind(id).bind(i64::from(cap))).await?;
    found.iter().map(EvidenceRow::read).collect()
}

/// Joins and splits of customers that one of these handles is, or was, the root of; the newest first.
pub(crate) async fn turns_of(
    session: &Session<'_>,
    handles: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<TurnView>, StoreError> {
    let query = Query::new(
        "SELECT t.at, t.kind, t.customer, t.others, t.cause, t.rule_version FROM history t \
         WHERE t.customer {ids} ORDER BY t.seq DESC",
    );
    let found = session.all("read history", query.ids(handles)).await?;
    found
        .iter()
        .map(|row| {
            let others = row.text(3)?;
            Ok(TurnView {
                at: row.instant(0)?,
                kind: row.text(1)?,
                customer: row.uuid(2)?,
                others: others.split_whitespace().filter_map(|id| Uuid::parse_str(id).ok()).collect(),
                cause: row.maybe_uuid(4)?,
                rule_version: row.text(5)?,
            })
        })
        .collect()
}
