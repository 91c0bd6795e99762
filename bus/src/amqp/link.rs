//! One supervised connection: made again, with a growing pause, for as long as somebody holds the link.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::StreamExt;
use lapin::{Connection, Event};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

use super::{connect, topology};
use crate::link::LinkState;
use crate::tasks::Tasks;
use crate::{AmqpSettings, BusError, Limits};

/// lapin tells of a broken connection by an event, of one closed in order only by its state.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The broker answers within this time, or the attempt is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Declares the topology, then publishes.
    Publish,
    /// Consumes.
    Consume,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Publish => "trunkline publish",
            Self::Consume => "trunkline consume",
        }
    }
}

type Line = Option<(u64, Arc<Connection>)>;

/// A handle on the supervised connection; the last clone dropped ends it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    line: watch::Receiver<Line>,
    state: watch::Receiver<LinkState>,
    shards: watch::Receiver<Option<u16>>,
    /// Counts the times that the topology was declared again on a standing connection.
    redeclared: watch::Sender<u64>,
    wanted: Arc<(AmqpSettings, Limits)>,
    _stop: Arc<DropGuard>,
}

impl Link {
    /// Connects once before it returns; fails if the broker answered with something only a person can mend.
    pub(super) async fn start(
        purpose: Purpose,
        settings: AmqpSettings,
        limits: Limits,
        tasks: &Tasks,
    ) -> Result<Self, BusError> {
        let (line_sender, line) = watch::channel(None);
        let (state_sender, state) = watch::channel(LinkState::starting());
        let (shards_sender, shards) = watch::channel(None);
        let wanted = Arc::new((settings.clone(), limits.clone()));
        let keeper =
            Keeper { purpose, settings, limits, line: line_sender, state: state_sender, shards: shards_sender };
        let first = match keeper.open().await {
            Ok(connection) => Some(connection),
            Err(error @ (BusError::Unreachable { .. } | BusError::Broker { .. })) => {
                keeper.is_down(&error.to_string());
                None
            }
            Err(error) => return Err(error),
        };
        if let Some(connection) = &first {
            keeper.is_up(connection);
        }
        let token = tasks.token();
        let stop = Arc::new(token.clone().drop_guard());
        tasks.spawn(async move {
            token.run_until_cancelled(keeper.run(first)).await;
        });
        Ok(Self { line, state, shards, redeclared: watch::Sender::new(0), wanted, _stop: stop })
    }

    pub(super) fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    pub(super) fn shards(&self) -> watch::Receiver<Option<u16>> {
        self.shards.clone()
    }

    /// Changes when something was missing on the broker and was declared again: bindings may be gone too.
    pub(super) fn redeclared(&self) -> watch::Receiver<u64> {
        self.redeclared.subscribe()
    }

    /// Declares the topology again on a standing connection, since something of it was not there.
    pub(super) async fn redeclare(&self, connection: &Connection) -> Result<(), BusError> {
        let (settings, limits) = &*self.wanted;
        topology::declare(connection, settings, limits).await?;
        self.redeclared.send_modify(|times| *times += 1);
        Ok(())
    }

    /// The connection and its number, as soon as there is one.
    pub(super) async fn connection(&self) -> Result<(u64, Arc<Connection>), BusError> {
        let mut line = self.line.clone();
        let there = line.wait_for(Option::is_some).await.map_err(|_| BusError::Closed)?;
        (*there).clone().ok_or(BusError::Closed)
    }

    /// Returns when this connection is no more.
    pub(super) async fn gone(&self, generation: u64) {
        let mut state = self.state();
        let _ = state.wait_for(|state| !state.connected || state.generation != generation).await;
    }

    /// The bus closes: nothing keeps this connection any more, and there will be no other.
    pub(super) fn ended(&self) -> bool {
        self.state.has_changed().is_err()
    }

    /// Work with this connection, given up when it is no more.
    ///
    /// What is asked of a connection in the very moment it breaks may never be answered by lapin.
    pub(super) async fn while_up<T>(
        &self,
        generation: u64,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        tokio::select! {
            done = tokio::time::timeout(PATIENCE, work) => done.unwrap_or_else(|_| {
                Err(BusError::Away { reason: "the broker does not answer".to_owned() })
            }),
            () = self.gone(generation) => Err(BusError::Away { reason: self.state.borrow().why_not() }),
        }
    }

    /// The connection and its number, if there is one now.
    pub(super) fn connection_now(&self) -> Result<(u64, Arc<Connection>), BusError> {
        let line = self.line.borrow().clone();
        line.ok_or_else(|| BusError::Away { reason: self.state.borrow().why_not() })
    }
}

/// The task's side of a link.
struct Keeper {
    purpose: Purpose,
    settings: AmqpSettings,
    limits: Limits,
    line: watch::Sender<Line>,
    state: watch::Sender<LinkState>,
    shards: watch::Sender<Option<u16>>,
}

impl Keeper {
    async fn run(self, first: Option<Arc<Connection>>) {
        let mut current = first;
        loop {
            if let Some(connection) = current.take() {
                let ended = self.watch(&connection).await;
                self.is_down(&ended);
            }
            let connection = self.reopen().await;
            self.is_up(&connection);
            current = Some(connection);
        }
    }

    async fn open(&self) -> Result<Arc<Connection>, BusError> {
        let connection = connect::open(&self.settings, self.purpose.name()).await?;
        if self.purpose == Purpose::Publish {
            let declaring = topology::declare(&connection, &self.settings, &self.limits);
            let shards = tokio::time::timeout(PATIENCE, declaring).await.map_err(|_| BusError::Unreachable {
                address: format!("{}:{}", self.settings.host, self.settings.port),
                cause: "no answer to a declaration".to_owned(),
            })??;
            self.shards.send_replace(Some(shards));
        }
        Ok(Arc::new(connection))
    }

    /// Tries until it succeeds.
    async fn reopen(&self) -> Arc<Connection> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(10))
            .with_jitter()
            .without_max_times()
            .build();
        for pause in pauses {
            match self.open().await {
                Ok(connection) => return connection,
                Err(error) => self.is_down(&error.to_string()),
            }
            tokio::time::sleep(pause).await;
        }
        // The pauses have no end.
        std::future::pending().await
    }

    /// Returns, with the reason, when the connection is no more.
    async fn watch(&self, connection: &Connection) -> String {
        let mut events = Box::pin(connection.events_listener());
        loop {
            let event = tokio::time::timeout(LOOK_AGAIN, events.next()).await;
            match event {
                Ok(Some(Event::ConnectionBlocked(reason))) => {
                    tracing::warn!(%reason, "the broker takes no messages; events go to the spool until it does");
                    self.state.send_modify(|state| state.block(Some(reason.clone())));
                }
                Ok(Some(Event::ConnectionUnblocked)) => {
                    tracing::info!("the broker takes messages again");
                    self.state.send_modify(|state| state.block(None));
                }
                Ok(Some(Event::Error(error))) if !connection.status().connected() => return error.to_string(),
                Ok(None) => return "the connection ended".to_owned(),
                Ok(Some(_)) | Err(_) => {
                    if !connection.status().connected() {
                        return "the broker closed the connection".to_owned();
                    }
                }
            }
        }
    }

    fn is_up(&self, connection: &Arc<Connection>) {
        self.state.send_modify(LinkState::up);
        let generation = self.state.borrow().generation;
        self.line.send_replace(Some((generation, connection.clone())));
        tracing::info!(purpose = self.purpose.name(), generation, "connected to the broker");
    }

    /// Logs a reason once, however often it is met.
    fn is_down(&self, reason: &str) {
        if self.state.borrow().reason != reason {
            tracing::warn!(purpose = self.purpose.name(), reason, "no connection to the broker; trying again");
        }
        self.line.send_replace(None);
        self.state.send_modify(|state| state.down(reason.to_owned()));
    }
}
