//! Which connectors run in this process.
//!
//! Two daemons may name the same connector; a lease on the bus decides which of them holds its link. The other waits, and
//! takes over when the holder is gone.
//!
//! A broker that is away takes every lease along, but the link goes on: its events go to the spool, and no other daemon
//! can have the lease either. Only when the broker is back and another daemon was faster is the link given up; what both
//! told meanwhile has the same ids.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_bus::Bus;
use trunkline_config::{Connector, Problem};
use trunkline_connectors::contract::{
    Ability, Kind, ParamProblem, ParamsError, SourceId, Transport, WebhookReply, WebhookRequest,
};
use trunkline_connectors::drive::{self, Host, Link};
use trunkline_events::Timestamp;
use trunkline_mapping::store::Store;

use crate::wire::orphans;

/// The broker holds a lease for a connection that it has not found dead yet; by then it has.
const REGAIN: Duration = Duration::from_secs(20);

/// How often, and after which pauses, the store is asked before a link is opened without its answer.
const ASKED: u32 = 10;
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The connectors of this process, by name.
pub(crate) struct Links {
    slots: BTreeMap<String, Slot>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// One connector: its link while the lease is held, and the operator's wish.
struct Slot {
    kind: &'static str,
    /// Largest webhook body, where the kind takes webhooks.
    webhook_limit: Option<usize>,
    started: Timestamp,
    link: watch::Receiver<Option<Arc<Link>>>,
    paused: watch::Sender<bool>,
}

/// One look at a connector of this process.
pub(crate) struct Running<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) since: Timestamp,
    /// Absent while another daemon holds the lease.
    pub(crate) link: Option<Arc<Link>>,
}

/// One configured connector, checked.
pub(crate) struct Planned {
    id: SourceId,
    kind: &'static dyn Kind,
    params: trunkline_config::Value,
    webhook_limit: Option<usize>,
}

/// Checks every connector's kind and parameters; all problems at once. Only the enabled ones are to run.
pub(crate) fn plan(connectors: &BTreeMap<String, Connector>) -> Result<Vec<Planned>, trunkline_config::Problems> {
    let mut planned = Vec::new();
    let mut problems = Vec::new();
    for (name, connector) in connectors {
        match trunkline_connectors::check(name, &connector.kind, &connector.params) {
            Ok(checked) if connector.enabled => planned.push(Planned {
                webhook_limit: match checked.built.transport {
                    Transport::Webhook { max_body } => Some(max_body),
                    _ => None,
                },
                id: checked.id,
                kind: checked.kind,
                params: connector.params.clone(),
            }),
            Ok(_) => {}
            Err(wrong) => problems.extend(of_connector(name, wrong)),
        }
    }
    if problems.is_empty() { Ok(planned) } else { Err(trunkline_config::Problems(problems)) }
}

/// What is wrong with one connector's kind and parameters.
pub(crate) fn problems(name: &str, connector: &Connector) -> Vec<Problem> {
    let checked = trunkline_connectors::check(name, &connector.kind, &connector.params);
    checked.err().map(|wrong| of_connector(name, wrong)).unwrap_or_default()
}

fn of_connector(name: &str, wrong: ParamsError) -> Vec<Problem> {
    let told = |wrong: ParamProblem| Problem {
        key: format!("connectors.{name}.{}", wrong.key),
        sentence: wrong.problem,
        origin: None,
    };
    wrong.problems.into_iter().map(told).collect()
}

impl Links {
    /// Starts a keeper for each connector; returns at once.
    pub(crate) fn start(planned: Vec<Planned>, bus: &Bus, store: &Store, host: &Host) -> Self {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let mut slots = BTreeMap::new();
        for connector in planned {
            let (paused, paused_seen) = watch::channel(false);
            let (link_set, link) = watch::channel(None);
            let (kind, webhook_limit) = (connector.kind.name(), connector.webhook_limit);
            let started = drive::system_clock();
            slots.insert(connector.id.name().to_owned(), Slot { kind, webhook_limit, started, link, paused });
            let keeper = Keeper {
                connector,
                bus: bus.clone(),
                store: store.clone(),
                host: host.clone(),
                paused: paused_seen,
                link: link_set,
                stop: stop.clone(),
            };
            tasks.spawn(keeper.keep());
        }
        tasks.close();
        Self { slots, stop, tasks }
    }

    /// All of them.
    pub(crate) fn list(&self) -> impl Iterator<Item = Running<'_>> {
        self.slots.iter().map(|(name, slot)| Running {
            name,
            kind: slot.kind,
            since: slot.started,
            link: slot.link.borrow().clone(),
        })
    }

    /// Largest webhook body of a connector that takes webhooks.
    pub(crate) fn webhook_limit(&self, name: &str) -> Option<usize> {
        self.slots.get(name)?.webhook_limit
    }

    /// Hands a webhook to its connector; `None` when there is no such connector.
    pub(crate) async fn webhook(&self, name: &str, request: WebhookRequest) -> Option<WebhookReply> {
        let link = self.slots.get(name)?.link.borrow().clone();
        if let Some(link) = link {
            return Some(link.webhook(request).await);
        }
        let detail = "another daemon holds this connector, or the broker is away";
        Some(WebhookReply::problem(503, "Service Unavailable", detail).retry_after(5))
    }

    /// Pauses or resumes; `false` when there is no such connector. Idempotent.
    pub(crate) fn turn(&self, name: &str, paused: bool) -> bool {
        self.slots.get(name).is_some_and(|slot| slot.paused.send(paused).is_ok())
    }

    /// Says good-bye on every link and waits until what was taken is durable.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Holds one connector's lease and its link.
struct Keeper {
    connector: Planned,
    bus: Bus,
    store: Store,
    host: Host,
    paused: watch::Receiver<bool>,
    link: watch::Sender<Option<Arc<Link>>>,
    stop: CancellationToken,
}

impl Keeper {
    async fn keep(mut self) {
        let name = self.connector.id.name().to_owned();
        while !self.stop.is_cancelled() {
            let lease = tokio::select! {
                () = self.stop.cancelled() => return,
                lease = self.bus.lease(&name) => lease,
            };
            match lease {
                Ok(lease) => self.hold(lease).await,
                Err(error) => {
                    tracing::warn!(connector = name, %error, "no lease yet; trying again");
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_secs(2)) => {}
                    }
                }
            }
        }
    }

    /// Runs the link until the lease is lost for good or the daemon stops.
    async fn hold(&mut self, mut lease: trunkline_bus::Lease) {
        let Planned { id, kind, params, .. } = &self.connector;
        let built = match kind.build(id, params) {
            Ok(built) => built,
            Err(error) => {
                tracing::error!(connector = id.name(), %error, "the connector's parameters do not build");
                return self.stop.cancelled().await;
            }
        };
        let heard = tokio::select! {
            () = self.stop.cancelled() => return lease.release().await,
            heard = self.last_heard() => heard,
        };
        let link = Arc::new(drive::start(id.clone(), built, Host { heard_elsewhere: heard, ..self.host.clone() }));
        self.link.send_replace(Some(Arc::clone(&link)));
        while let Some(again) = self.run(&link, &lease).await {
            lease = again;
        }
        link.stop().await;
        self.link.send_replace(None);
        lease.release().await;
    }

    /// Until when the source was heard by whoever held the link last. A store that is away must not keep the link down:
    /// then only this daemon's own memory tells of a gap.
    async fn last_heard(&self) -> Option<Timestamp> {
        let id = &self.connector.id;
        for _ in 0..ASKED {
            match self.store.last_heard(&id.source()).await {
                Ok(heard) => return heard,
                Err(error) => tracing::debug!(connector = id.name(), %error, "the store does not answer"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        tracing::error!(
            connector = id.name(),
            "the store does not say until when the link was held elsewhere; if it was, no gap is declared for that"
        );
        None
    }

    /// Lets the link run on one lease. The next lease when this one was lost and regained; `None` when the link must end.
    async fn run(&self, link: &Link, lease: &trunkline_bus::Lease) -> Option<trunkline_bus::Lease> {
        let name = self.connector.id.name();
        let regained = async {
            lease.lost().await;
            tracing::warn!(connector = name, "the lease is lost; the link goes on until another daemon has it");
            self.bus.ready().await.ok()?;
            tokio::time::timeout(REGAIN, self.bus.lease(name)).await.ok()?.ok()
        };
        tokio::select! {
            () = self.stop.cancelled() => None,
            regained = regained => {
                if regained.is_none() {
                    tracing::warn!(connector = name, "another daemon has the lease; the link ends here");
                }
                regained
            }
            never = self.obey(link) => match never {},
            never = self.look_after(link) => match never {},
        }
    }

    /// Pauses and resumes as the operator wishes.
    async fn obey(&self, link: &Link) -> std::convert::Infallible {
        let mut paused = self.paused.clone();
        loop {
            if *paused.borrow_and_update() {
                link.pause();
            } else {
                link.resume();
            }
            if paused.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn look_after(&self, link: &Link) -> std::convert::Infallible {
        if self.connector.kind.abilities().contains(&Ability::CheckCalls) {
            return orphans::look_after(link, &self.store).await;
        }
        std::future::pending().await
    }
}
