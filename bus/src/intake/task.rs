//! The task that keeps the order of what was accepted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::drain::{self, SharedSpool, with_spool};
use super::{Accept, Intake, SpoolState};
use crate::bus::Carrier;
use crate::link::LinkState;
use crate::spool::SpoolError;
use crate::tasks::Tasks;
use crate::{IntakeError, Outgoing, PublishError};

/// Calls that wait for the task.
const WAITING: usize = 1024;
/// Calls on their way to the transport at once.
const ON_THEIR_WAY: usize = 2048;
/// Events that share one sync of the spool.
const SHARED_SYNC: usize = 4096;

/// One call on its way to the transport.
struct Sent {
    accept: Accept,
    answer: oneshot::Receiver<Result<(), PublishError>>,
    /// After this it goes to the spool.
    deadline: Instant,
}

pub(crate) struct IntakeTask {
    accepts: mpsc::Receiver<Accept>,
    spool: SharedSpool,
    state: watch::Sender<SpoolState>,
    carrier: Carrier,
    slow_after: Duration,
    /// How the link stood ([`LinkState::standing`]) when everything in `sent` was sent.
    standing: u64,
    sent: VecDeque<Sent>,
    /// What the full spool did not take.
    parked: VecDeque<Accept>,
    /// Why the last append failed.
    failing: Option<String>,
    /// Brings spooled events on; there while the task spools.
    draining: Option<JoinHandle<bool>>,
}

impl IntakeTask {
    pub(crate) fn start(
        spool: SharedSpool,
        carrier: Carrier,
        slow_after: Duration,
        tasks: &Tasks,
    ) -> (Intake, watch::Receiver<SpoolState>) {
        let (sender, accepts) = mpsc::channel(WAITING);
        let (state, seen) = watch::channel(SpoolState::default());
        let stop = CancellationToken::new();
        let mut task = Self {
            accepts,
            spool,
            state,
            carrier,
            slow_after,
            standing: 0,
            sent: VecDeque::new(),
            parked: VecDeque::new(),
            failing: None,
            draining: None,
        };
        let stopped = stop.clone();
        tasks.spawn_to_its_end(async move {
            task.run(stopped).await;
        });
        (Intake { accepts: sender, stop }, seen)
    }

    async fn run(&mut self, stop: CancellationToken) {
        self.refresh().await;
        if self.state.borrow().fill.events > 0 {
            self.begin_to_spool();
        }
        loop {
            let open =
                if self.draining.is_some() { self.spool_a_while(&stop).await } else { self.go_direct(&stop).await };
            if !open {
                break;
            }
        }
        self.accepts.close();
        if let Some(draining) = self.draining.take() {
            draining.abort();
            let _ = draining.await;
        }
        self.spill().await;
    }

    /// One event of the direct way. `false` when the bus closes.
    async fn go_direct(&mut self, stop: &CancellationToken) -> bool {
        let mut link = self.carrier.link();
        if self.sent.is_empty() {
            self.standing = link.borrow_and_update().standing;
        }
        let room = self.sent.len() < ON_THEIR_WAY;
        let waiting = !self.sent.is_empty();
        tokio::select! {
            biased;
            answer = first_answer(&mut self.sent) => self.settle_first(answer).await,
            // A blocked broker keeps what was sent to it without a word.
            () = not_ready(&mut link), if waiting => self.spill_and_spool().await,
            accept = self.accepts.recv(), if room => match accept {
                Some(accept) => self.send(accept).await,
                None => return false,
            },
            () = stop.cancelled() => return false,
        }
        true
    }

    async fn send(&mut self, accept: Accept) {
        let started = self.carrier.publisher().start(accept.events.clone(), Some(self.standing)).await;
        match started {
            Ok(answer) => {
                let deadline = Instant::now() + self.slow_after;
                self.sent.push_back(Sent { accept, answer, deadline });
            }
            Err(_) => drop(accept.reply.send(Err(IntakeError::Closed))),
        }
    }

    async fn settle_first(&mut self, answer: Result<(), PublishError>) {
        match answer {
            Ok(()) => {
                if let Some(first) = self.sent.pop_front() {
                    let _ = first.accept.reply.send(Ok(()));
                }
            }
            Err(PublishError::Unroutable { ids }) => {
                let Some(first) = self.sent.pop_front() else { return };
                if drain::bury(&self.carrier, &first.accept.events, &ids).await.is_ok() {
                    let _ = first.accept.reply.send(Ok(()));
                } else {
                    // The drain buries them later.
                    let unanswered = oneshot::channel().1;
                    self.sent.push_front(Sent { answer: unanswered, ..first });
                    self.spill_and_spool().await;
                }
            }
            Err(PublishError::Away { .. } | PublishError::Closed) => self.spill_and_spool().await,
        }
    }

    async fn spill_and_spool(&mut self) {
        self.spill().await;
        self.begin_to_spool();
    }

    /// Whatever is on its way and not confirmed goes to the spool, in its order.
    async fn spill(&mut self) {
        let mut unconfirmed = Vec::new();
        for mut sent in std::mem::take(&mut self.sent) {
            match sent.answer.try_recv() {
                Ok(Ok(())) => drop(sent.accept.reply.send(Ok(()))),
                _ => unconfirmed.push(sent.accept),
            }
        }
        self.append(unconfirmed).await;
    }

    fn begin_to_spool(&mut self) {
        if self.draining.is_none() {
            self.draining = Some(tokio::spawn(drain::step(self.spool.clone(), self.carrier.clone())));
        }
    }

    /// One event of the way over the disk. `false` when the bus closes.
    async fn spool_a_while(&mut self, stop: &CancellationToken) -> bool {
        let Some(draining) = self.draining.as_mut() else { return true };
        let room = self.parked.is_empty();
        tokio::select! {
            biased;
            accept = self.accepts.recv(), if room => match accept {
                Some(accept) => {
                    let together = self.gather(accept);
                    self.append(together).await;
                }
                None => return false,
            },
            drained = draining => {
                let more = drained.unwrap_or(true);
                self.draining = None;
                let parked = std::mem::take(&mut self.parked);
                self.append(parked.into()).await;
                if more || self.state.borrow().fill.events > 0 || !self.parked.is_empty() {
                    self.begin_to_spool();
                } else if self.failing.take().is_some() {
                    self.refresh().await;
                }
            }
            () = stop.cancelled() => return false,
        }
        true
    }

    /// What waits already shares the sync.
    fn gather(&mut self, first: Accept) -> Vec<Accept> {
        let mut count = first.events.len();
        let mut together = vec![first];
        while count < SHARED_SYNC
            && let Ok(accept) = self.accepts.try_recv()
        {
            count += accept.events.len();
            together.push(accept);
        }
        together
    }

    /// Appends with one sync if all fit, else one by one for as long as they fit.
    async fn append(&mut self, accepts: Vec<Accept>) {
        // A caller that has gone does not count on its events any more.
        let mut accepts: VecDeque<Accept> = accepts.into_iter().filter(|accept| !accept.reply.is_closed()).collect();
        let together: Vec<Arc<Vec<Outgoing>>> = accepts.iter().map(|accept| accept.events.clone()).collect();
        if !together.is_empty() && self.append_all(together).await.is_ok() {
            self.failing = None;
            // Before the answers, so that who is answered sees it.
            self.refresh().await;
            accepts.drain(..).for_each(|accept| drop(accept.reply.send(Ok(()))));
        }
        while let Some(accept) = accepts.pop_front() {
            match self.append_all(vec![accept.events.clone()]).await {
                Ok(()) => {
                    self.failing = None;
                    let _ = accept.reply.send(Ok(()));
                }
                Err(error) if error.is_full() => {
                    tracing::error!(%error, "the spool has no room; connectors wait");
                    self.parked.push_back(accept);
                    self.parked.append(&mut accepts);
                }
                Err(SpoolError::TooLarge { bytes, max_bytes }) => {
                    let _ = accept.reply.send(Err(IntakeError::TooLarge { bytes, max_bytes }));
                }
                Err(error) => {
                    if self.failing.is_none() {
                        tracing::error!(%error, "the spool's disk fails; events are refused");
                    }
                    self.failing = Some(error.to_string());
                    let _ = accept.reply.send(Err(IntakeError::Spool(Arc::new(error))));
                }
            }
        }
        self.refresh().await;
    }

    async fn append_all(&self, groups: Vec<Arc<Vec<Outgoing>>>) -> Result<(), SpoolError> {
        let events: Vec<Outgoing> = groups.iter().flat_map(|group| group.iter().cloned()).collect();
        let count = events.len() as u64;
        let appended = with_spool(&self.spool, move |spool| spool.append(&events)).await;
        match appended {
            Some(Ok(())) => {
                metrics::counter!("trunkline_spool_written_events_total").increment(count);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err(SpoolError::Closed),
        }
    }

    async fn refresh(&self) {
        if let Some(fill) = with_spool(&self.spool, |spool| spool.fill()).await {
            self.state.send_replace(SpoolState { fill, full: !self.parked.is_empty(), failing: self.failing.clone() });
        }
    }
}

async fn not_ready(link: &mut watch::Receiver<LinkState>) {
    // A closing bus is no reason to spool.
    if link.wait_for(|state| !state.ready()).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The answer to the oldest call, or that it took too long. Cancel-safe.
async fn first_answer(sent: &mut VecDeque<Sent>) -> Result<(), PublishError> {
    let Some(first) = sent.front_mut() else { return std::future::pending().await };
    match timeout_at(first.deadline, &mut first.answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(PublishError::Closed),
        Err(_) => Err(PublishError::Away { reason: "no confirm in time".to_owned() }),
    }
}
