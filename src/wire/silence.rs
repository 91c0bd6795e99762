//! The alarm when a link that usually talks is silent.
//!
//! Once a minute the links of this process are looked at: what they have told goes to the store, which is where habits are
//! learned from, and who is quieter than is likely is told once, as is the end of it. An event costs nothing of this.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use trunkline_bus::{Exchange, Intake, Outgoing};
use trunkline_connectors::drive::{LinkState, LinkStatus, system_clock};
use trunkline_events::{Body, Event, EventId, Timestamp, link};
use trunkline_mapping::counts::{SilenceRule, Usual, Verdict};
use trunkline_mapping::store::{LinkHour, Store, StoreError};
use trunkline_mapping::zone::Zone;

use crate::http::figures::Silent;
use crate::wire::links::Links;

/// A spool that is full must not keep the next look from coming.
const PATIENCE: Duration = Duration::from_secs(10);
/// Habits are learned anew with each hour; hours older than those that count, and a week, are forgotten.
const WEEK: i64 = 168;

/// Which links are silent now. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Silences(Arc<Mutex<BTreeMap<String, Silent>>>);

impl Silences {
    /// Since when a connector of this process is silent.
    pub(crate) fn of(&self, connector: &str) -> Option<Silent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connector).cloned()
    }

    /// Sets how a connector is; what it was before.
    fn set(&self, connector: &str, silent: Option<Silent>) -> Option<Silent> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match silent {
            Some(silent) => all.insert(connector.to_owned(), silent),
            None => all.remove(connector),
        }
    }
}

/// Watches the links of this process.
pub(crate) struct Watch {
    pub(crate) links: Arc<Links>,
    pub(crate) store: Store,
    pub(crate) intake: Intake,
    pub(crate) rule: SilenceRule,
    /// By connector.
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) every: Duration,
    pub(crate) silences: Silences,
    pub(crate) stop: CancellationToken,
}

/// What is known of a link from look to look.
#[derive(Default)]
struct Known {
    epoch: String,
    /// What stands in the store.
    kept: u64,
    /// Its silence is counted from here at the earliest: since then this daemon holds it, and nobody paused it.
    held: Option<Timestamp>,
    /// Its habit, and the hour in which it was learned.
    usual: Option<(i64, Usual)>,
}

impl Watch {
    /// Looks until stopped.
    pub(crate) async fn run(self) {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                _ = ticks.tick() => self.look(&mut known).await,
            }
        }
    }

    async fn look(&self, known: &mut BTreeMap<String, Known>) {
        let now = system_clock();
        let hour = now.into_inner().unix_timestamp().div_euclid(3600);
        let statuses: Vec<(String, Option<LinkStatus>)> = self
            .links
            .list()
            .map(|running| (running.name.to_owned(), running.link.as_ref().map(|link| link.status())))
            .collect();
        if let Err(error) = self.keep(&statuses, known, hour).await {
            return tracing::info!(%error, "what links tell cannot be kept now; it is tried again");
        }
        for (name, status) in statuses {
            let known = known.entry(name.clone()).or_default();
            if let Err(error) = self.judge(&name, status.as_ref(), known, now, hour).await {
                return tracing::info!(%error, "what links usually tell cannot be read now; it is tried again");
            }
        }
    }

    /// Writes what links have told since the last look, all of them at once.
    async fn keep(
        &self,
        statuses: &[(String, Option<LinkStatus>)],
        known: &mut BTreeMap<String, Known>,
        hour: i64,
    ) -> Result<(), StoreError> {
        let mut hours = Vec::new();
        for (name, status) in statuses {
            let Some(status) = status else { continue };
            let known = known.entry(name.clone()).or_default();
            if known.epoch != status.epoch {
                *known = Known { epoch: status.epoch.clone(), held: Some(system_clock()), ..Known::default() };
            }
            if status.told > known.kept {
                let (source, epoch) = (format!("/connectors/{name}"), status.epoch.clone());
                hours.push(LinkHour { source, epoch, hour, told: status.told });
            }
        }
        self.store.keep_link_hours(&hours).await?;
        for kept in hours {
            let name = kept.source.trim_start_matches("/connectors/");
            known.entry(name.to_owned()).or_default().kept = kept.told;
        }
        Ok(())
    }

    async fn judge(
        &self,
        name: &str,
        status: Option<&LinkStatus>,
        known: &mut Known,
        now: Timestamp,
        hour: i64,
    ) -> Result<(), StoreError> {
        let Some(status) = status.filter(|status| status.state != LinkState::Paused) else {
            // Another daemon's link, or quiet by an operator's will.
            known.held = Some(now);
            self.turn(name, None, now, known).await;
            return Ok(());
        };
        let zone = self.zones.get(name).copied().unwrap_or_default();
        if known.usual.as_ref().is_none_or(|(learned, _)| *learned != hour) {
            let first = hour - i64::from(self.rule.weeks) * WEEK;
            let history = self.store.told_by_hour(&format!("/connectors/{name}"), first - 1).await?;
            known.usual = Some((hour, Usual::learn(&history, &zone, &self.rule, now)));
            self.store.forget_link_hours(first - WEEK).await?;
        }
        let since = status.last_told.max(known.held).unwrap_or(now);
        let verdict =
            known.usual.as_ref().map_or(Verdict::Quiet, |(_, usual)| usual.judge(since, now, &zone, &self.rule));
        let silent = match verdict {
            Verdict::Silent { expected } => Some(Silent { since, expected }),
            Verdict::Quiet => None,
        };
        self.turn(name, silent, now, known).await;
        Ok(())
    }

    /// Tells the beginning and the end of a silence, once each.
    async fn turn(&self, name: &str, silent: Option<Silent>, now: Timestamp, known: &mut Known) {
        let gauge = metrics::gauge!("trunkline_link_silent", "source" => name.to_owned());
        gauge.set(if silent.is_some() { 1.0 } else { 0.0 });
        let before = self.silences.set(name, silent.clone());
        let body = match (before, silent) {
            (None, Some(Silent { since, expected })) => {
                tracing::error!(connector = name, %since, expected, "a link that usually talks is silent");
                Body::LinkSilent(link::Silent { since, expected, threshold: self.rule.threshold })
            }
            (Some(Silent { since, .. }), None) => {
                tracing::info!(connector = name, %since, "a silent link is silent no longer");
                Body::LinkTalking(link::Talking { since })
            }
            _ => return,
        };
        let event = told(name, &known.epoch, body, now);
        let Ok(message) = Outgoing::event(Exchange::Events, &event) else { return };
        match timeout(PATIENCE, self.intake.accept(vec![message])).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(connector = name, %error, "a silence was not told to the bus"),
            Err(_) => tracing::warn!(connector = name, "a silence was not told to the bus: it takes nothing"),
        }
    }
}

/// One id for one silence, whoever tells it how often. Not numbered: the connector did not say it.
fn told(name: &str, epoch: &str, body: Body, now: Timestamp) -> Event {
    let source = format!("/connectors/{name}");
    let since = match &body {
        Body::LinkSilent(silent) => silent.since,
        Body::LinkTalking(talking) => talking.since,
        _ => now,
    };
    Event {
        id: EventId::derive(&source, epoch, body.event_type(), &since.to_string()),
        partition_key: source.clone(),
        source,
        subject: None,
        time: now,
        received: now,
        causation: None,
        sequence: None,
        body,
    }
}
