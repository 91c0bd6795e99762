//! The running simulator: what tests, the demo and benchmarks hold in their hands.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::scenario::Calls;
use super::server::{Ledger, ListenError, Misbehaviour, Outbox, Outgoing, Shared, Tape, Tls, listen};
use super::switch::{Stepped, Switch, Verb};
use super::{Load, Scenario, SimulatorError};

/// How long a client may read nothing while it is waited for, before it loses its connection: the others must not
/// lose their events.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most events or verbs between two looks at how much room clients have left, however late a load is.
const MOST_AT_ONCE: usize = 1_000;

/// How many events a rate makes due since the beginning.
fn due_by(begin: Instant, events_per_second: u32) -> u64 {
    let due = begin.elapsed().as_micros() * u128::from(events_per_second) / 1_000_000;
    u64::try_from(due).unwrap_or(u64::MAX)
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// Address; port 0 takes any free one.
    pub address: SocketAddr,
    /// TLS, or plain TCP.
    pub tls: Option<Tls>,
}

impl From<SocketAddr> for Listening {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Listening {
    /// Any free port of the loopback interface, plain.
    pub fn loopback() -> Self {
        Self::from(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

/// A simulated AES that is listening. Dropping it stops it; [`Self::stop`] also waits until it has stopped.
#[derive(Debug)]
pub struct AvayaDmcc {
    address: SocketAddr,
    shared: Shared,
    tracker: TaskTracker,
    stop: CancellationToken,
}

/// Event frames rendered ahead of time by [`AvayaDmcc::prepare`].
#[derive(Debug)]
pub struct Prepared {
    frames: VecDeque<(u64, Outgoing)>,
    calls: u64,
}

impl Prepared {
    /// How many event frames.
    pub fn events(&self) -> usize {
        self.frames.len()
    }

    /// How many calls they belong to.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Cuts off the next frames, at most `most`, to be sent before the rest. They count no calls.
    #[must_use]
    pub fn take(&mut self, most: usize) -> Self {
        Self { frames: self.frames.drain(..most.min(self.frames.len())).collect(), calls: 0 }
    }
}

impl AvayaDmcc {
    /// Starts a simulator with a scenario's switch, users and administration. Steps are played by [`Self::play`]
    /// or given one by one to [`Self::step`].
    pub async fn start(listening: impl Into<Listening>, scenario: &Scenario) -> Result<Self, SimulatorError> {
        let listening = listening.into();
        let mut switch = Switch::new(scenario.switch.clone())?;
        for agent in &scenario.agents {
            switch.install(agent.clone())?;
        }
        let shared = Shared::new(switch, scenario.aes.clone(), scenario.users.clone());
        for misbehaviour in &scenario.always {
            shared.lock().misbehave(misbehaviour);
        }
        let bound = listen(listening.address, listening.tls.as_ref()).await.map_err(|error| match error {
            ListenError::Tls(error) => SimulatorError::Tls(error),
            ListenError::Io(source) => SimulatorError::Listen { address: listening.address, source },
        })?;
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let address = bound.address;
        bound.serve(shared.clone(), &tracker, &stop);
        Ok(Self { address, shared, tracker, stop })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Writes each ledger entry from now on to a file too, as JSON lines.
    pub fn write_ledger_to(&self, path: &Path) -> Result<(), SimulatorError> {
        let failed = |source| SimulatorError::File { what: "write", path: path.to_owned(), source };
        self.shared.ledger.write_to(path).map_err(failed)
    }

    /// What was sent. The handle stays good after [`Self::stop`].
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger.clone()
    }

    /// Does one thing on the switch and queues the events of it for every monitor that sees it.
    /// Waits only while a client's queue is full (4 MiB); a client that reads nothing for 5 s
    /// is cut off.
    pub async fn step(&self, verb: Verb) -> Result<Stepped, SimulatorError> {
        self.room().await;
        Ok(self.shared.lock().step(&verb)?)
    }

    /// Does it wrong from now on, or once.
    pub fn misbehave(&self, misbehaviour: &Misbehaviour) {
        self.shared.lock().misbehave(misbehaviour);
    }

    /// Waits until attached sessions hold at least so many monitors.
    pub async fn wait_monitored(&self, monitors: usize) {
        self.shared.until(|exchange| exchange.live_monitors() >= monitors).await;
    }

    /// Waits until every station, skill and VDN has a monitor of an attached session.
    pub async fn wait_all_monitored(&self) {
        let all_watched = |exchange: &super::server::Exchange| {
            let watched = exchange.watched_devices();
            exchange.switch.devices().all(|device| watched.contains(device) || exchange.switch.is_recorder(device))
        };
        self.shared.until(all_watched).await;
    }

    /// Waits until there are just so many connections.
    pub async fn wait_connections(&self, connections: usize) {
        self.shared.until(|exchange| exchange.connections() == connections).await;
    }

    /// Waits until there are just so many sessions, counting those whose client is away.
    pub async fn wait_sessions(&self, sessions: usize) {
        self.shared.until(|exchange| exchange.sessions.len() == sessions).await;
    }

    /// Waits until the client has answered so many `SystemStatus` requests.
    pub async fn wait_status_answers(&self, answers: u64) {
        self.shared.until(|exchange| exchange.status_answers >= answers).await;
    }

    /// Monitors that attached sessions hold.
    pub fn monitors(&self) -> usize {
        self.shared.lock().live_monitors()
    }

    /// Sessions that exist, also those whose client is away.
    pub fn sessions(&self) -> usize {
        self.shared.lock().sessions.len()
    }

    /// Live calls on the switch.
    pub fn live_calls(&self) -> usize {
        self.shared.lock().switch.calls().count()
    }

    /// Waits until everything queued so far is written or its connection is gone. A connection that went half-open
    /// on request is not waited for, and one whose client reads nothing for 5 s is cut off.
    pub async fn settle(&self) {
        for outbox in self.outboxes() {
            outbox.drained(PATIENCE).await;
        }
    }

    fn outboxes(&self) -> Vec<Arc<Outbox>> {
        let exchange = self.shared.lock();
        exchange.lines().filter(|(_, line)| !line.frozen.is_cancelled()).map(|(_, line)| line.outbox.clone()).collect()
    }

    async fn room(&self) {
        for outbox in self.outboxes() {
            outbox.room(PATIENCE).await;
        }
    }

    /// Plays a scenario's steps and loads to the end.
    pub async fn play(&self, scenario: &Scenario) -> Result<(), SimulatorError> {
        let playing = super::scenario::play(self, scenario);
        self.stop.run_until_cancelled(playing).await.unwrap_or(Err(SimulatorError::Stopped))
    }

    /// Makes calls at a rate until the load is done and its last call has ended. Answers how many calls there were.
    pub async fn load(&self, load: &Load) -> Result<u64, SimulatorError> {
        let begin = Instant::now();
        let mut calls = Calls::new(load, &self.shared.lock().switch);
        while let Some(due) = calls.next_due() {
            tokio::time::sleep_until(begin + due).await;
            self.room().await;
            let now = begin.elapsed();
            let mut exchange = self.shared.lock();
            for _ in 0..MOST_AT_ONCE {
                let Some(verb) = calls.take(now) else { break };
                exchange.step(&verb)?;
            }
        }
        Ok(calls.made())
    }

    /// Renders a whole load for the monitors that stand now, without sending anything. The switch goes on to the end
    /// of the load at once. Memory: about 1.5 KB an event.
    pub fn prepare(&self, load: &Load) -> Result<Prepared, SimulatorError> {
        self.prepare_together(std::slice::from_ref(load))
    }

    /// As [`Self::prepare`], with the calls of several loads among each other as they fall due.
    pub fn prepare_together(&self, loads: &[Load]) -> Result<Prepared, SimulatorError> {
        let mut exchange = self.shared.lock();
        let mut all: Vec<Calls> = loads.iter().map(|load| Calls::new(load, &exchange.switch)).collect();
        exchange.tape = Some(Tape::default());
        let mut done = Ok(());
        while let Some(next) =
            all.iter_mut().filter(|calls| calls.next_due().is_some()).min_by_key(|calls| calls.next_due())
            && let Some(verb) = next.take(Duration::MAX)
        {
            if let Err(error) = exchange.step(&verb) {
                done = Err(error.into());
                break;
            }
        }
        let frames = exchange.tape.take().unwrap_or_default().frames;
        done.map(|()| Prepared { frames: frames.into(), calls: all.iter().map(Calls::made).sum() })
    }

    /// Sends prepared events at a rate, in batches; waits for slow clients instead of dropping anything.
    pub async fn emit(&self, prepared: Prepared, events_per_second: u32) {
        /// Small enough for an even flow, large enough for few wake-ups.
        const BEAT: Duration = Duration::from_millis(5);
        let begin = Instant::now();
        let mut beat = tokio::time::interval(BEAT);
        let mut frames = prepared.frames.into_iter();
        let mut sent = 0_u64;
        while frames.len() > 0 {
            if sent >= due_by(begin, events_per_second) {
                beat.tick().await;
            }
            self.room().await;
            let due = due_by(begin, events_per_second).saturating_sub(sent);
            let due = usize::try_from(due).unwrap_or(usize::MAX).min(MOST_AT_ONCE);
            let mut exchange = self.shared.lock();
            for (connection, frame) in frames.by_ref().take(due) {
                exchange.send_bytes(connection, frame);
                sent += 1;
            }
        }
        self.settle().await;
    }

    /// Closes every connection and waits until nothing of the simulator runs any more.
    pub async fn stop(self) -> Ledger {
        let ledger = self.ledger();
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        ledger
    }
}

impl Drop for AvayaDmcc {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
