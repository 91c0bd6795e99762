//! The store and the engine as the HTTP side sees them.

use async_trait::async_trait;
use trunkline_events::cdr::{Cdr, SwitchRecord};
use trunkline_events::customer::RawHandle;
use trunkline_events::pop::Brief;
use trunkline_events::{EventId, Timestamp};
use trunkline_mapping::engine::{Applied, By, Derivation, DirectiveError, Engine, EngineError, Rebuild, Stretch};
use trunkline_mapping::identity::{Question, Rules};
use trunkline_mapping::store::{self, Minted, StoreError};
use trunkline_mapping::view::{
    self, ConflictDetail, ConflictView, CustomerView, LinkView, RebuiltPage, ReconciliationView, RehearsalView,
    RetiredView, RevisionView, TimelineEntry, Who,
};
use uuid::Uuid;

use crate::http::access::Seat;
use crate::http::parts::{
    Answer, AuditEntry, CdrFilter, Change, Decided, LivePop, NewToken, PartError, Reconcile, Records, RetentionView,
    Token,
};
use crate::wire::nightly::{self, Policy};
use crate::wire::pops::Pops;
use crate::wire::relay::Relay;

/// Reads from the store; what people write goes through the engine like every event.
pub(crate) struct StoreRecords {
    pub(crate) engine: Engine,
    pub(crate) relay: Relay,
    pub(crate) pops: Pops,
    /// Zone, tolerance and retention, as configured.
    pub(crate) policy: Policy,
}

impl StoreRecords {
    /// Passes on what a decision or remark derived, as the pipeline does.
    pub(super) fn tell(&self, applied: Applied) {
        self.tell_all(applied.derived);
    }

    fn tell_all(&self, derived: Vec<Derivation>) {
        for derivation in &derived {
            self.pops.show(&derivation.event);
        }
        self.relay.push(derived);
    }

    fn change(&self, decided: trunkline_mapping::engine::Decided) -> Change {
        self.tell(decided.applied);
        Change { directives: decided.directives.into_iter().map(EventId::uuid).collect(), customers: decided.customers }
    }
}

/// Customers that one request rehearses: some tenths of a second.
const REHEARSED: u32 = 1_000;
/// Changes that one request shows.
const SAMPLES: usize = 20;

pub(super) fn now() -> Timestamp {
    trunkline_connectors::drive::system_clock()
}

fn unavailable(error: &dyn std::fmt::Display) -> PartError {
    PartError::Unavailable { what: "the store", reason: error.to_string() }
}

pub(super) fn stored<T>(result: Result<T, StoreError>) -> Answer<T> {
    result.map_err(|error| unavailable(&error))
}

fn applied<T>(result: Result<T, EngineError>) -> Answer<T> {
    result.map_err(|error| unavailable(&error))
}

pub(super) fn decided(error: &DirectiveError) -> PartError {
    match error {
        DirectiveError::NoCustomer(_)
        | DirectiveError::NoConversation(_)
        | DirectiveError::NoDirective(_)
        | DirectiveError::NoConflict(_) => PartError::Missing(error.to_string()),
        DirectiveError::Store(_) | DirectiveError::Engine(_) => unavailable(error),
        _ => PartError::Conflict(error.to_string()),
    }
}

fn by<'a>(decided: &Decided<'a>) -> By<'a> {
    By { actor: decided.actor, reason: decided.reason, at: now() }
}

#[async_trait]
impl Records for StoreRecords {
    async fn customer(&self, id: Uuid) -> Answer<Option<CustomerView>> {
        let view = stored(self.engine.records().customer(id).await)?;
        Ok(view.map(|view| view.aged(now())))
    }

    async fn find_customers(&self, text: &str, limit: u32) -> Answer<Vec<Brief>> {
        stored(self.engine.records().find_customers(text, limit).await)
    }

    async fn who(&self, handle: &RawHandle) -> Answer<Who> {
        stored(self.engine.records().who(handle, "", None).await)
    }

    async fn timeline(&self, customer: Uuid, before: Option<Timestamp>, limit: u32) -> Answer<Vec<TimelineEntry>> {
        stored(self.engine.records().timeline(customer, before, limit).await)
    }

    async fn cdr(&self, id: Uuid) -> Answer<Option<Cdr>> {
        stored(self.engine.records().cdr(id).await)
    }

    async fn cdrs(&self, filter: &CdrFilter) -> Answer<Vec<Cdr>> {
        let filter = view::CdrFilter {
            customer: filter.customer,
            number: filter.number.clone(),
            agent: filter.agent.clone(),
            extension: filter.extension.clone(),
            source: filter.source.clone(),
            since: filter.since,
            until: filter.until,
            medium: filter.medium,
            after: filter.after,
            limit: filter.limit,
        };
        stored(self.engine.records().cdrs(&filter).await)
    }

    async fn explain(&self, customer: Uuid) -> Answer<Vec<LinkView>> {
        stored(self.engine.records().explain(customer).await)
    }

    async fn live_pops(&self, seat: &Seat) -> Answer<Vec<LivePop>> {
        let extension = seat.extension.as_ref().map(|place| place.value.as_str());
        let agent = seat.agent.as_ref().map(|place| place.value.as_str());
        let live = stored(self.engine.records().live_pops(extension, agent).await)?;
        Ok(live.into_iter().map(|live| LivePop { pop: live.pop, answered: live.answered }).collect())
    }

    async fn remark(&self, cdr: Uuid, author: &str, text: &str) -> Answer<()> {
        let applied = self.engine.remark(cdr, author, text, now()).await.map_err(|error| decided(&error))?;
        self.tell(applied);
        Ok(())
    }

    async fn merge(&self, customer: Uuid, other: Uuid, why: Decided<'_>) -> Answer<Change> {
        let done = self.engine.merge(customer, other, by(&why)).await.map_err(|error| decided(&error))?;
        Ok(self.change(done))
    }

    async fn split(&self, customer: Uuid, handles: &[RawHandle], why: Decided<'_>) -> Answer<Change> {
        let done = self.engine.split(customer, handles, by(&why)).await.map_err(|error| decided(&error))?;
        Ok(self.change(done))
    }

    async fn undo(&self, directive: Uuid, why: Decided<'_>) -> Answer<Change> {
        let directive = EventId::from_uuid(directive);
        let done = self.engine.undo(directive, by(&why)).await.map_err(|error| decided(&error))?;
        Ok(self.change(done))
    }

    async fn conflicts(
        &self,
        question: Question,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Answer<Vec<ConflictView>> {
        stored(self.engine.records().conflicts(question, after, limit).await)
    }

    async fn conflict(&self, id: Uuid) -> Answer<Option<ConflictDetail>> {
        stored(self.engine.records().conflict(id).await)
    }

    async fn decide_conflict(&self, id: Uuid, is_one: bool, why: Decided<'_>) -> Answer<Change> {
        let done = if is_one {
            self.engine.join_conflict(id, by(&why)).await
        } else {
            self.engine.part_conflict(id, by(&why)).await
        };
        Ok(self.change(done.map_err(|error| decided(&error))?))
    }

    async fn rehearse(&self, rules: &str, after: Option<Uuid>) -> Answer<RehearsalView> {
        let rules = Rules::from_toml(rules).map_err(|error| PartError::Conflict(error.to_string()))?;
        stored(self.engine.records().rehearse(&rules, after, REHEARSED, SAMPLES).await)
    }

    async fn log(&self, entry: AuditEntry) -> Answer<()> {
        let AuditEntry { at, actor, action, target, detail } = entry;
        stored(self.engine.store().log_action(&store::AuditEntry { at, actor, action, target, detail }).await)
    }

    async fn audit_log(&self, before: Option<Timestamp>, limit: u32) -> Answer<Vec<AuditEntry>> {
        let entries = stored(self.engine.store().actions(before, limit).await)?;
        Ok(entries
            .into_iter()
            .map(|store::AuditEntry { at, actor, action, target, detail }| AuditEntry {
                at,
                actor,
                action,
                target,
                detail,
            })
            .collect())
    }

    async fn verify(&self, secret: &str) -> Answer<Option<Token>> {
        Ok(stored(self.engine.store().verify_token(secret, now()).await)?.map(token))
    }

    async fn tokens(&self) -> Answer<Vec<Token>> {
        Ok(stored(self.engine.store().tokens().await)?.into_iter().map(token).collect())
    }

    async fn create_token(&self, id: Uuid, new: &NewToken) -> Answer<(Token, String)> {
        let new = store::NewToken {
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            agent: new.agent.clone(),
            extension: new.extension.clone(),
            expires: new.expires,
        };
        let minted = stored(Minted::new(id))?;
        let made = stored(self.engine.store().keep_token(&minted, &new, now()).await)?;
        Ok((token(made), minted.secret))
    }

    async fn revoke_token(&self, id: Uuid) -> Answer<bool> {
        stored(self.engine.store().revoke_token(id, now()).await)
    }

    async fn revisions(&self, id: Uuid) -> Answer<Vec<RevisionView>> {
        stored(self.engine.records().revisions(id).await)
    }

    async fn rebuild(&self, asked: &Rebuild) -> Answer<RebuiltPage> {
        let (page, derived) = applied(self.engine.rebuild(asked).await)?;
        self.tell_all(derived);
        Ok(page)
    }

    async fn keep_switch_records(&self, records: &[SwitchRecord]) -> Answer<u64> {
        stored(self.engine.store().keep_switch_records(records).await)
    }

    async fn reconcile(&self, when: &Reconcile, dry_run: bool) -> Answer<ReconciliationView> {
        let (zone, tolerance) = (self.policy.zone, self.policy.tolerance);
        let (view, derived) = match when {
            Reconcile::Day(day) => {
                let day = nightly::date(day).map_err(PartError::Conflict)?;
                if !dry_run {
                    let done = applied(self.engine.report_day(day, zone, tolerance, now(), true).await)?;
                    self.tell_all(done.1);
                    return Ok(done.0);
                }
                let (from, to) = zone.bounds(day);
                (stored(self.engine.compare(&Stretch { from, to, tolerance }).await)?.view, Vec::new())
            }
            Reconcile::Stretch(from, to) => {
                let compared = stored(self.engine.compare(&Stretch { from: *from, to: *to, tolerance }).await)?;
                let told = if dry_run {
                    Applied::default()
                } else {
                    applied(self.engine.tell_matches(&compared, now()).await)?
                };
                (compared.view, told.derived)
            }
        };
        self.tell_all(derived);
        Ok(view)
    }

    async fn report(&self, day: &str) -> Answer<Option<ReconciliationView>> {
        stored(self.engine.store().report(day).await)
    }

    async fn old(&self) -> Answer<RetentionView> {
        let old = stored(self.engine.old(&self.policy.retention(now())).await)?;
        let days = self.policy.days;
        Ok(RetentionView {
            events_days: days.events_days,
            messages_days: days.messages_days,
            records_days: days.records_days,
            switch_records_days: days.switch_records_days,
            old,
        })
    }

    async fn retire(&self) -> Answer<RetiredView> {
        applied(self.engine.retire(&self.policy.retention(now()), nightly::BATCH).await)
    }
}

fn token(token: store::Token) -> Token {
    let store::Token { id, name, scopes, agent, extension, created, expires, revoked } = token;
    Token { id, name, scopes, agent, extension, created, expires, revoked }
}
