//! What all handlers share.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use trunkline_events::Timestamp;
use uuid::Uuid;

use super::access::{Caller, Scope, Seat};
use super::guard::Guard;
use super::hub::Hub;
use super::parts::{AuditEntry, CdrFilter, Ingest, Operations, Records};
use super::problem::Problem;
use super::rules::Rules;
use super::settings::Settings;

/// The daemon's parts, as the handlers see them. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    settings: Settings,
    records: Arc<dyn Records>,
    operations: Arc<dyn Operations>,
    rules: Arc<dyn Rules>,
    ingest: Arc<dyn Ingest>,
    hub: Arc<Hub>,
    guard: Guard,
    stop: CancellationToken,
}

impl App {
    /// `stop` ends event streams when it is cancelled.
    pub fn new(
        settings: Settings,
        records: Arc<dyn Records>,
        (operations, rules): (Arc<dyn Operations>, Arc<dyn Rules>),
        ingest: Arc<dyn Ingest>,
        hub: Arc<Hub>,
        stop: CancellationToken,
    ) -> Self {
        let guard = Guard::new(settings.max_failures, settings.failure_window);
        Self(Arc::new(Inner { settings, records, operations, rules, ingest, hub, guard, stop }))
    }

    /// What was set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn records(&self) -> &dyn Records {
        &*self.0.records
    }

    pub(super) fn operations(&self) -> &dyn Operations {
        &*self.0.operations
    }

    pub(super) fn rules(&self) -> &dyn Rules {
        &*self.0.rules
    }

    pub(super) fn ingest(&self) -> &dyn Ingest {
        &*self.0.ingest
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// The wall clock.
    pub(super) fn now() -> Timestamp {
        OffsetDateTime::now_utc().into()
    }

    /// Lets in who has a good token; counts those who have none.
    pub(super) async fn admit(&self, peer: IpAddr, secret: &str) -> Result<Caller, Problem> {
        if let Some(seconds) = self.0.guard.wait(peer, secret) {
            let detail = "too many wrong tokens came from this address; wait";
            return Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, seconds));
        }
        let caller = self.records().verify(secret).await?.map(|token| Caller { token, secret: secret.into() });
        if let Some(caller) = caller.filter(|caller| caller.lasts(Self::now())) {
            self.0.guard.worked(peer, secret);
            return Ok(caller);
        }
        self.0.guard.forget(secret);
        self.0.guard.failed(peer);
        Err(Problem::unauthorized())
    }

    /// Whether a caller who was admitted a while ago still would be. An unreachable store changes nothing.
    pub(super) async fn still_good(&self, caller: &Caller) -> bool {
        match self.records().verify(caller.secret.expose_secret()).await {
            Ok(found) => found.is_some_and(|token| Caller { token, ..caller.clone() }.lasts(Self::now())),
            Err(_) => caller.lasts(Self::now()),
        }
    }

    /// Writes to the audit log; nothing is shown or changed whose entry cannot be written.
    pub(super) async fn audit(&self, caller: &Caller, action: &str, target: &str, detail: &str) -> Result<(), Problem> {
        let entry = AuditEntry {
            at: Self::now(),
            actor: caller.token.name.clone(),
            action: action.into(),
            target: target.into(),
            detail: detail.into(),
        };
        Ok(self.records().log(entry).await?)
    }

    /// 404 unless this caller may see this customer.
    pub(super) async fn may_see(&self, caller: &Caller, customer: Uuid) -> Result<(), Problem> {
        if caller.may(Scope::Desk) || caller.may(Scope::Integrator) {
            return Ok(());
        }
        let seat = caller.seat()?;
        if self.pops_with(&seat, customer).await? || self.recently_with(&seat, customer).await? {
            return Ok(());
        }
        Err(Problem::missing("customer"))
    }

    /// Whether the customer is a candidate of a live pop of this seat.
    async fn pops_with(&self, seat: &Seat, customer: Uuid) -> Result<bool, Problem> {
        let live = self.records().live_pops(seat).await?;
        Ok(live.iter().filter(|live| seat.sees(&live.pop.link, &live.pop.device)).any(|live| {
            let mut candidates = live.pop.candidates.iter();
            candidates.any(|brief| brief.customer == customer)
        }))
    }

    /// Whether this seat had a leg in a conversation with the customer lately.
    async fn recently_with(&self, seat: &Seat, customer: Uuid) -> Result<bool, Problem> {
        let recent = time::Duration::try_from(self.settings().recent).unwrap_or(time::Duration::MAX);
        let since = Some(Self::now().plus(-recent));
        let filter = CdrFilter { customer: Some(customer), since, limit: 50, ..CdrFilter::default() };
        let cdrs = self.records().cdrs(&filter).await?;
        Ok(cdrs.iter().any(|cdr| had_leg(seat, cdr)))
    }
}

/// Whether a conversation has a leg of this seat.
pub(super) fn had_leg(seat: &Seat, cdr: &trunkline_events::cdr::Cdr) -> bool {
    cdr.legs.iter().any(|leg| {
        let device = trunkline_events::call::Device { extension: leg.extension.clone(), agent: leg.agent.clone() };
        seat.sees(&cdr.source, &device)
    })
}
