//! What a batch says of handles, each said once.

use std::collections::{BTreeMap, HashMap};

use trunkline_events::{Body, Event, EventId};
use uuid::Uuid;

use super::{Seeds, is_directive};
use crate::engine::Knowledge;
use crate::engine::inbox::Fresh;
use crate::identity::{Evidence, Origin, observe};
use crate::store::evidence::KnownEvidence;
use crate::store::{Bundle, EvidenceRow, HandleRow, Judgement, Place, UndoRow, evidence, handles};

/// Handles, evidence and undone directives of a batch.
#[derive(Default)]
pub(in crate::engine) struct Heard<'e> {
    /// By id, as new rows: each a customer of its own.
    pub(super) handles: BTreeMap<Uuid, HandleRow>,
    /// By id. After [`Heard::forget_known_evidence`] only what says something new.
    pub(super) evidence: BTreeMap<Uuid, EvidenceRow>,
    pub(super) undos: Vec<UndoRow>,
    /// The event that named a handle, or decided on it.
    causes: HashMap<Uuid, &'e Event>,
    last: Option<&'e Event>,
}

/// Where the store's answers stand.
pub(in crate::engine) struct AskedOf {
    pub(super) handles: Option<Place<HandleRow>>,
    pub(super) evidence: Option<Place<KnownEvidence>>,
}

impl<'e> Heard<'e> {
    pub(in crate::engine) fn of(fresh: &[Fresh<'e>], knowledge: &Knowledge) -> Self {
        let mut heard = Self::default();
        for event in fresh.iter().map(|one| one.event) {
            heard.hear(event, knowledge);
        }
        heard
    }

    fn hear(&mut self, event: &'e Event, knowledge: &Knowledge) {
        let told = observe(event, &knowledge.rules, &knowledge.plans);
        for sighting in told.sightings {
            let handle = &sighting.handle;
            let new = HandleRow {
                id: handle.id(),
                scheme: handle.scheme().to_owned(),
                scope: handle.scope().to_owned(),
                value: handle.value().to_owned(),
                customer: handle.id(),
                seen: sighting.seen,
                generic: false,
                shared: false,
                former: Vec::new(),
            };
            self.causes.entry(new.id).or_insert(event);
            if let Some(known) = self.handles.get_mut(&new.id) {
                known.seen.add(&new.seen);
            } else {
                self.handles.insert(new.id, new);
            }
        }
        for piece in told.evidence {
            self.piece(event, piece);
        }
        if let (Some(directive), Body::CustomerDirective(body)) = (told.undone, &event.body) {
            let (actor, reason) = (body.actor.clone(), body.reason.clone());
            self.undos.push(UndoRow { directive, event: event.id, actor, reason, at: event.time });
            self.last = Some(event);
        }
    }

    fn piece(&mut self, event: &'e Event, piece: Evidence) {
        for end in [piece.a, piece.b] {
            self.causes.insert(end, event);
        }
        let directive = match &event.body {
            Body::CustomerDirective(directive) => Some(directive),
            _ => None,
        };
        let new = EvidenceRow {
            id: piece.id,
            a: piece.a,
            b: piece.b,
            strength: piece.strength,
            origin: origin_word(piece.origin).to_owned(),
            first_at: piece.at,
            last_at: piece.last,
            source: event.source.clone(),
            event: event.id,
            decision: is_directive(event).then(|| event.causation.unwrap_or(event.id)),
            actor: directive.map(|directive| directive.actor.clone()),
            reason: directive.map(|directive| directive.reason.clone()),
            judgement: Judgement::default(),
            undone: false,
        };
        let known = self.evidence.entry(new.id).or_insert_with(|| new.clone());
        let last_at = known.last_at.max(new.last_at);
        if (new.first_at, new.event) < (known.first_at, known.event) {
            *known = new;
        }
        known.last_at = last_at;
    }

    /// Drops evidence that the store has from the same time or earlier, and from the same time or later.
    pub(super) fn forget_known_evidence(&mut self, known: Vec<KnownEvidence>) {
        for KnownEvidence { id, first_at, event, last_at } in known {
            let says_nothing =
                |heard: &EvidenceRow| (first_at, event) <= (heard.first_at, heard.event) && last_at >= heard.last_at;
            if self.evidence.get(&id).is_some_and(says_nothing) {
                self.evidence.remove(&id);
            }
        }
    }

    /// Asks for what the store has of all this.
    pub(in crate::engine) fn ask(&self, bundle: &mut Bundle) -> AskedOf {
        let (named, pieces) = (self.handles.keys().copied(), self.evidence.keys().copied());
        AskedOf {
            handles: (!self.handles.is_empty()).then(|| bundle.ask(handles::by_id(named))),
            evidence: (!self.evidence.is_empty()).then(|| bundle.ask(evidence::known(pieces))),
        }
    }

    /// Handles from which customers must be computed anew: ends of new evidence, what was seen earlier than known, and what
    /// was silent at other times than known.
    pub(super) fn seeds(&self, known: &HashMap<Uuid, HandleRow>) -> Seeds {
        let ends = self.evidence.values().flat_map(|piece| [piece.a, piece.b]);
        let otherwise = |named: &&HandleRow| {
            let row = known.get(&named.id);
            row.is_some_and(|row| named.seen.first < row.seen.first || row.seen.clone().add(&named.seen))
        };
        let seen_otherwise = self.handles.values().filter(otherwise).map(|named| named.id);
        let mut seeds: Seeds = ends.chain(seen_otherwise).collect();
        // An undone directive's ends are found under its lock; until then the directive stands for them.
        seeds.extend(self.undos.iter().map(|undo| undo.directive.uuid()));
        seeds
    }

    /// What is locked besides people: decisions, so that one and its undo see each other.
    pub(super) fn decisions(&self) -> impl Iterator<Item = Uuid> {
        let made = self.evidence.values().filter_map(|piece| piece.decision).map(EventId::uuid);
        let directives = self.evidence.values().filter(|piece| piece.decision.is_some()).map(|piece| piece.id);
        made.chain(directives).chain(self.undos.iter().map(|undo| undo.directive.uuid()))
    }

    /// The event that is the reason for a change at a handle.
    pub(super) fn cause(&self, handle: Uuid) -> Option<&'e Event> {
        self.causes.get(&handle).copied()
    }

    /// The event that is the reason for a change at one of these handles, or for any.
    pub(super) fn cause_of_any(&self, handles: impl IntoIterator<Item = Uuid>) -> Option<&'e Event> {
        let named = handles.into_iter().find_map(|handle| self.cause(handle));
        named.or(self.last).or_else(|| self.causes.values().copied().min_by_key(|event| event.id))
    }
}

fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Observed => "observed",
        Origin::Include => "include",
        Origin::Exclude => "exclude",
    }
}

/// The origin that a row's word means.
pub(super) fn origin_of(word: &str) -> Origin {
    match word {
        "include" => Origin::Include,
        "exclude" => Origin::Exclude,
        _ => Origin::Observed,
    }
}
