//! What people decide and write: merges, splits, their undoing, remarks. Each is an event, applied like any other, so that it
//! is in the archive, in the explanation, and done again when everything is rebuilt.

use std::collections::{BTreeSet, HashMap};

use trunkline_events::cdr::Remarked;
use trunkline_events::customer::{Decision, Directive, RawHandle};
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::apply::EngineError;
use super::{Applied, Engine};
use crate::identity::{Blocked, Handle, Role};
use crate::store::{HandleRow, StoreError, cdrs, evidence, handles};

/// Who tells decisions.
const ADMIN: &str = "/admin";
/// Who tells remarks.
const AGENTS: &str = "/agents";
/// Pairs of handles that one decision may be about.
const MOST_PAIRS: usize = 2_000;

/// What came of a decision.
#[derive(Debug)]
pub struct Decided {
    /// The directives that were stored. Naming any of them to [`Engine::undo`] undoes the whole decision.
    pub directives: Vec<EventId>,
    /// The customers that the handles it was about belong to now.
    pub customers: Vec<Uuid>,
    /// What the engine made of it.
    pub applied: Applied,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DirectiveError {
    /// No customer has, or had, this id.
    #[error("there is no customer {0}")]
    NoCustomer(Uuid),
    /// No conversation has this id.
    #[error("there is no conversation {0}")]
    NoConversation(Uuid),
    /// Retention has removed what its record would be made from.
    #[error("the events of conversation {0} are no longer kept, so its record cannot be changed any more")]
    Sealed(Uuid),
    /// No directive has this id.
    #[error("there is no directive {0}")]
    NoDirective(Uuid),
    /// No evidence has this id.
    #[error("there is no conflict {0}")]
    NoConflict(Uuid),
    /// It is done already.
    #[error("{0} and {1} are one customer already")]
    SameCustomer(Uuid, Uuid),
    /// It is undone already.
    #[error("directive {0} is undone already")]
    Undone(Uuid),
    /// A value that makes no handle.
    #[error("a {scheme} of this value is no handle: {reason}")]
    NoHandle {
        /// Its scheme.
        scheme: String,
        /// Why.
        #[source]
        reason: Blocked,
    },
    /// A handle of somebody else.
    #[error("the {scheme} given is no handle of customer {customer}")]
    NotHis {
        /// Its scheme.
        scheme: String,
        /// Whose it is not.
        customer: Uuid,
    },
    /// A split must leave something on both sides.
    #[error("a split takes some of the customer's handles, and leaves some")]
    NothingToSplit,
    /// More pairs than one decision may be about.
    #[error("this decision is about {0} pairs of handles, more than 2000: take fewer handles at a time")]
    TooMany(usize),
    /// All his handles are other people's too.
    #[error("customer {0} has no handle of his own that something could hang on")]
    NothingOfHisOwn(Uuid),
    /// The rules block one of the handles, so that the decision says nothing.
    #[error("the present rules block a handle of this decision")]
    Ineffective,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine did not apply it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Who decides, why, when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The token's name.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Engine {
    /// Makes two customers one, whatever the rules say.
    pub async fn merge(&self, customer: Uuid, other: Uuid, by: By<'_>) -> Result<Decided, DirectiveError> {
        let session = self.store.reading();
        let mine = self.handles_of(customer).await?;
        let theirs = self.handles_of(other).await?;
        let (first, second) = (root(&mine, customer)?, root(&theirs, other)?);
        if first.id == second.id {
            return Err(DirectiveError::SameCustomer(customer, other));
        }
        // All that is a person's own, not only the two roots: else a rule that stands between the two (both have a CRM id)
        // would take away from either what it had.
        let current = self.declared.current();
        let rules = &current.knowledge.rules;
        let own = |row: &&HandleRow| matches!(rules.role(&row.handle()), Role::Identity | Role::Channel);
        let others = mine.iter().chain(&theirs).filter(own).filter(|row| row.id != first.id && row.id != second.id);
        let mut pairs: Vec<(&HandleRow, &HandleRow)> = vec![(first, second)];
        pairs.extend(others.map(|row| (first, row)));
        // An earlier split holds pairs apart: each of them is decided anew.
        let by_id: HashMap<Uuid, &HandleRow> = mine.iter().chain(&theirs).map(|row| (row.id, row)).collect();
        let sides: BTreeSet<Uuid> = mine.iter().map(|row| row.id).collect();
        for piece in evidence::at_handles(&session, sides.iter().copied()).await? {
            let across = sides.contains(&piece.a) != sides.contains(&piece.b);
            if piece.origin == "exclude"
                && !piece.undone
                && across
                && let (Some(a), Some(b)) = (by_id.get(&piece.a), by_id.get(&piece.b))
            {
                pairs.push((a, b));
            }
        }
        let decisions = pairs.iter().map(|(a, b)| Decision::Include { a: raw(a), b: raw(b) }).collect();
        self.decide(decisions, by, &[first.id, second.id]).await
    }

    /// Takes handles away from a customer; the next event will not bring them back.
    pub async fn split(&self, customer: Uuid, taken: &[RawHandle], by: By<'_>) -> Result<Decided, DirectiveError> {
        let all = self.handles_of(customer).await?;
        root(&all, customer)?;
        let mut chosen = BTreeSet::new();
        let current = self.declared.current();
        let knowledge = &current.knowledge;
        for raw in taken {
            let plan = knowledge.plans.fallback();
            let handle = Handle::new(&raw.scheme, &raw.scope, &raw.value, &knowledge.rules, plan, None)
                .map_err(|reason| DirectiveError::NoHandle { scheme: raw.scheme.clone(), reason })?;
            if !all.iter().any(|row| row.id == handle.id()) {
                return Err(DirectiveError::NotHis { scheme: raw.scheme.clone(), customer });
            }
            chosen.insert(handle.id());
        }
        let (away, left): (Vec<&HandleRow>, Vec<&HandleRow>) = all.iter().partition(|row| chosen.contains(&row.id));
        if away.is_empty() || left.is_empty() {
            return Err(DirectiveError::NothingToSplit);
        }
        let pairs = away.iter().flat_map(|a| left.iter().map(|b| (*a, *b)));
        let decisions = pairs.map(|(a, b)| Decision::Exclude { a: raw(a), b: raw(b) }).collect();
        let about: Vec<Uuid> = all.iter().map(|row| row.id).collect();
        self.decide(decisions, by, &about).await
    }

    /// Makes a decision count no longer: all of it, whichever of its directives is named.
    pub async fn undo(&self, directive: EventId, by: By<'_>) -> Result<Decided, DirectiveError> {
        let named = evidence::of_decisions(&self.store.reading(), [directive]).await?;
        let Some(piece) = named.first() else { return Err(DirectiveError::NoDirective(directive.uuid())) };
        if piece.undone {
            return Err(DirectiveError::Undone(directive.uuid()));
        }
        let decision = piece.decision.unwrap_or(directive);
        let whole = evidence::of_decisions(&self.store.reading(), [decision]).await?;
        let about: Vec<Uuid> = whole.iter().flat_map(|piece| [piece.a, piece.b]).collect();
        self.decide(vec![Decision::Undo { directive: decision }], by, &about).await
    }

    /// Writes a remark on a conversation; it replaces the same author's earlier one.
    pub async fn remark(&self, cdr: Uuid, author: &str, text: &str, at: Timestamp) -> Result<Applied, DirectiveError> {
        match cdrs::of_conversation(&self.store.reading(), cdr).await? {
            None => return Err(DirectiveError::NoConversation(cdr)),
            Some(stored) if stored.sealed => return Err(DirectiveError::Sealed(cdr)),
            Some(_) => {}
        }
        let body = Remarked { cdr, author: author.to_owned(), text: text.to_owned() };
        let event = told(AGENTS, cdr.to_string(), at, Body::CdrRemarked(body));
        Ok(self.apply(&[event]).await?)
    }

    async fn handles_of(&self, customer: Uuid) -> Result<Vec<HandleRow>, DirectiveError> {
        let rows = self.store.reading().ask(handles::of_customers([customer])).await?;
        if rows.is_empty() { Err(DirectiveError::NoCustomer(customer)) } else { Ok(rows) }
    }

    /// Applies one decision, made of one or more directives that share the first one's id.
    pub(super) async fn decide(
        &self,
        decisions: Vec<Decision>,
        by: By<'_>,
        about: &[Uuid],
    ) -> Result<Decided, DirectiveError> {
        if decisions.len() > MOST_PAIRS {
            return Err(DirectiveError::TooMany(decisions.len()));
        }
        let mut events: Vec<Event> = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let body = Directive { decision, actor: by.actor.to_owned(), reason: by.reason.to_owned() };
            let subject = about.first().copied().unwrap_or_default().to_string();
            let mut event = told(ADMIN, subject, by.at, Body::CustomerDirective(body));
            event.causation = events.first().map(|first| first.id);
            events.push(event);
        }
        let applied = self.apply(&events).await?;
        if !applied.rejected.is_empty() {
            return Err(DirectiveError::Ineffective);
        }
        let rows = self.store.reading().ask(handles::by_id(about.iter().copied().collect::<BTreeSet<_>>())).await?;
        let customers: BTreeSet<Uuid> = rows.iter().map(|row| row.customer).collect();
        let directives = events.iter().map(|event| event.id).collect();
        Ok(Decided { directives, customers: customers.into_iter().collect(), applied })
    }
}

fn root(rows: &[HandleRow], customer: Uuid) -> Result<&HandleRow, DirectiveError> {
    rows.iter().find(|row| row.id == row.customer).ok_or(DirectiveError::NoCustomer(customer))
}

pub(super) fn raw(row: &HandleRow) -> RawHandle {
    RawHandle { scheme: row.scheme.clone(), scope: row.scope.clone(), value: row.value.clone(), verified: true }
}

/// A person's event: nothing in it is stable but the person's doing it once.
pub(super) fn told(source: &str, subject: String, at: Timestamp, body: Body) -> Event {
    Event {
        id: EventId::from_uuid(Uuid::now_v7()),
        source: source.to_owned(),
        subject: Some(subject.clone()),
        time: at,
        received: at,
        partition_key: subject,
        causation: None,
        sequence: None,
        body,
    }
}
