//! The one task that writes: what waits is done in one transaction, so that many share one sync.
//!
//! Nothing is answered before its commit. When a commit fails nothing of it counts, everybody is told so, and the task
//! tries the file again until it can be written.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::routes::Routes;
use super::{Bells, dead, failed, schema, store};
use crate::link::LinkState;
use crate::publisher::{PublishReply, PublishRequest};
use crate::{BusError, EmbeddedSettings, Exchange, Outgoing, PublishError, Replayed, Selection};

/// Messages in one transaction.
const BATCH: usize = 4096;
/// Between two attempts to write to a file that failed.
const PAUSE: Duration = Duration::from_millis(250);

/// The answer to an operation: what it gave, or why the file cannot be written.
pub(super) type Reply<T> = oneshot::Sender<Result<T, String>>;

/// What a consumer decided about its messages, by their places.
#[derive(Debug, Default)]
pub(super) struct Settlement {
    pub(super) done: Vec<i64>,
    /// With the instant of the retry, in milliseconds since 1970.
    pub(super) retry: Vec<(i64, i64)>,
    pub(super) dead: Vec<(i64, String)>,
}

impl Settlement {
    /// Everything that was decided about.
    pub(super) fn places(&self) -> impl Iterator<Item = i64> {
        let retry = self.retry.iter().map(|(place, _)| *place);
        let dead = self.dead.iter().map(|(place, _)| *place);
        self.done.iter().copied().chain(retry).chain(dead)
    }
}

/// Something to write, besides messages.
#[derive(Debug)]
pub(super) enum Operation {
    Declare {
        queue: String,
        bindings: Vec<(Exchange, String)>,
        reply: Reply<()>,
    },
    /// A consumer becomes active: whatever its predecessor left is written before this is answered.
    Begin {
        reply: Reply<()>,
    },
    Claim {
        queue: String,
        first: i64,
        last: i64,
        reply: Reply<()>,
    },
    Settle {
        queue: String,
        settlement: Settlement,
        reply: Reply<()>,
    },
    Returned {
        queue: String,
        places: Vec<i64>,
    },
    DropQueue {
        queue: String,
    },
    Bury {
        messages: Vec<Outgoing>,
        reason: String,
        reply: Reply<()>,
    },
    Replay {
        selection: Selection,
        reply: Reply<Replayed>,
    },
    Purge {
        selection: Selection,
        reply: Reply<usize>,
    },
}

impl Operation {
    /// A copy of what nobody waits for, who would ask again after a failure.
    fn unasked(&self) -> Option<Self> {
        match self {
            Self::Returned { queue, places } => Some(Self::Returned { queue: queue.clone(), places: places.clone() }),
            Self::DropQueue { queue } => Some(Self::DropQueue { queue: queue.clone() }),
            _ => None,
        }
    }
}

/// Answers that wait for the commit.
type Answers = Vec<Waiting>;
/// Told how the commit went.
type Waiting = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// The task's own things.
pub(super) struct Writer {
    path: PathBuf,
    connection: SqliteConnection,
    // Held for as long as the file is in use.
    _lock: File,
    routes: Routes,
    state: watch::Sender<LinkState>,
    bells: Arc<Bells>,
    /// What nobody waits for and a failed transaction did not do.
    left: Vec<Operation>,
}

impl Writer {
    pub(super) async fn start(
        mut connection: SqliteConnection,
        lock: File,
        settings: &EmbeddedSettings,
        state: watch::Sender<LinkState>,
        bells: Arc<Bells>,
    ) -> Result<Self, BusError> {
        store::recover(&mut connection).await.map_err(failed("recovering"))?;
        let mut routes = Routes::new(settings.shards);
        for (exchange, pattern, queue) in store::bindings(&mut connection).await.map_err(failed("reading bindings"))? {
            if let Some(exchange) = Exchange::from_name(&exchange) {
                routes.bind(exchange, pattern, queue);
            }
        }
        state.send_modify(LinkState::up);
        Ok(Self { path: settings.path.clone(), connection, _lock: lock, routes, state, bells, left: Vec::new() })
    }

    /// Until the last [`super::Embedded`] and the last publisher are gone.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<PublishRequest>,
        mut operations: mpsc::Receiver<Operation>,
    ) {
        loop {
            if !self.left.is_empty() {
                self.write(Vec::new(), Vec::new()).await;
                continue;
            }
            let mut publishes = Vec::new();
            let mut others = Vec::new();
            tokio::select! {
                Some(request) = requests.recv() => publishes.push(request),
                Some(operation) = operations.recv() => others.push(operation),
                else => return,
            }
            let mut waiting: usize = publishes.iter().map(|request| request.messages.len()).sum();
            while waiting < BATCH
                && let Ok(request) = requests.try_recv()
            {
                waiting += request.messages.len();
                publishes.push(request);
            }
            while let Ok(operation) = operations.try_recv() {
                others.push(operation);
            }
            self.write(publishes, others).await;
        }
    }

    /// One transaction.
    async fn write(&mut self, publishes: Vec<PublishRequest>, operations: Vec<Operation>) {
        let operations: Vec<Operation> = std::mem::take(&mut self.left).into_iter().chain(operations).collect();
        let unasked: Vec<Operation> = operations.iter().filter_map(Operation::unasked).collect();
        let mut answers: Answers = Vec::new();
        let mut touched = BTreeSet::new();
        let outcome = self.transact(publishes, operations, &mut answers, &mut touched).await;
        match &outcome {
            Ok(()) => touched.iter().for_each(|queue| self.bells.of(queue).notify_waiters()),
            Err(error) => {
                let reason = format!("the embedded queue cannot be written: {error}");
                tracing::warn!(%error, "the embedded queue cannot be written; trying again");
                self.state.send_modify(|state| state.down(reason));
            }
        }
        let reason = self.state.borrow().reason.clone();
        for answer in answers {
            answer(if outcome.is_ok() { Ok(()) } else { Err(&reason) });
        }
        if outcome.is_err() {
            self.left = unasked;
            self.reconnect().await;
        }
    }

    async fn transact(
        &mut self,
        publishes: Vec<PublishRequest>,
        operations: Vec<Operation>,
        answers: &mut Answers,
        touched: &mut BTreeSet<String>,
    ) -> sqlx::Result<()> {
        let standing = self.state.borrow().standing;
        let mut begun = self.connection.begin_with("begin immediate").await;
        let mut failure = None;
        // Everything is taken apart even after a failure, so that everybody gets an answer.
        for operation in operations {
            match &mut begun {
                Ok(transaction) if failure.is_none() => {
                    let result = apply(transaction, &mut self.routes, operation, answers, touched).await;
                    failure = result.err();
                }
                _ => refuse(operation, answers),
            }
        }
        for request in publishes {
            match &mut begun {
                Ok(transaction) if failure.is_none() => {
                    let result = publish(transaction, &self.routes, standing, request, answers, touched).await;
                    failure = result.err();
                }
                _ => answers.push(publish_answer(request.reply, Vec::new())),
            }
        }
        match (begun, failure) {
            (Ok(transaction), None) => transaction.commit().await,
            (_, Some(error)) | (Err(error), None) => Err(error),
        }
    }

    /// Tries until the file can be written. Meanwhile requests wait in their bounded queues.
    async fn reconnect(&mut self) {
        loop {
            match self.try_again().await {
                Ok(()) => {
                    self.state.send_modify(LinkState::up);
                    tracing::info!("the embedded queue can be written again");
                    return;
                }
                Err(error) => tracing::debug!(%error, "the embedded queue still cannot be written"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_again(&mut self) -> sqlx::Result<()> {
        let mut connection = schema::connect(&self.path).await?;
        connection.begin_with("begin immediate").await?.rollback().await?;
        self.connection = connection;
        Ok(())
    }
}

async fn publish(
    connection: &mut SqliteConnection,
    routes: &Routes,
    standing: u64,
    request: PublishRequest,
    answers: &mut Answers,
    touched: &mut BTreeSet<String>,
) -> sqlx::Result<()> {
    let PublishRequest { messages, standing: wanted, reply } = request;
    if wanted.is_some_and(|wanted| wanted != standing) {
        let reason = "the file was opened anew".to_owned();
        let _ = reply.send(Err(PublishError::Away { reason }));
        return Ok(());
    }
    let mut rows = Vec::with_capacity(messages.len());
    let mut unroutable = Vec::new();
    for message in messages.iter() {
        let queues = routes.queues(message);
        if queues.is_empty() && message.mandatory {
            unroutable.push(message.id);
        }
        for queue in queues {
            touched.insert(queue.clone());
            rows.push((queue, message));
        }
    }
    answers.push(publish_answer(reply, unroutable));
    store::insert(connection, &rows).await
}

fn publish_answer(reply: PublishReply, unroutable: Vec<Uuid>) -> Waiting {
    Box::new(move |outcome| {
        let answer = match outcome {
            Err(reason) => Err(PublishError::Away { reason: reason.to_owned() }),
            Ok(()) if unroutable.is_empty() => Ok(()),
            Ok(()) => Err(PublishError::Unroutable { ids: unroutable }),
        };
        let _ = reply.send(answer);
    })
}

fn after_commit<T: Send + 'static>(reply: Reply<T>, value: T) -> Waiting {
    Box::new(move |outcome| {
        let _ = reply.send(outcome.map(|()| value).map_err(str::to_owned));
    })
}

async fn apply(
    connection: &mut SqliteConnection,
    routes: &mut Routes,
    operation: Operation,
    answers: &mut Answers,
    touched: &mut BTreeSet<String>,
) -> sqlx::Result<()> {
    match operation {
        Operation::Declare { queue, bindings, reply } => {
            answers.push(after_commit(reply, ()));
            for (exchange, pattern) in bindings {
                store::bind(connection, &queue, exchange, &pattern).await?;
                routes.bind(exchange, pattern, queue.clone());
            }
        }
        Operation::Begin { reply } => answers.push(after_commit(reply, ())),
        Operation::Claim { queue, first, last, reply } => {
            answers.push(after_commit(reply, ()));
            store::claim(connection, &queue, first, last).await?;
        }
        Operation::Settle { queue, settlement, reply } => {
            answers.push(after_commit(reply, ()));
            settle(connection, settlement).await?;
            touched.insert(queue);
        }
        Operation::Returned { queue, places } => store::returned(connection, &queue, &places).await?,
        Operation::DropQueue { queue } => {
            routes.forget(&queue);
            store::drop_queue(connection, &queue).await?;
        }
        Operation::Bury { messages, reason, reply } => {
            answers.push(after_commit(reply, ()));
            store::bury(connection, &messages, &reason).await?;
        }
        Operation::Replay { selection, reply } => {
            let replayed = dead::replay(connection, routes, &selection, touched).await?;
            answers.push(after_commit(reply, replayed));
        }
        Operation::Purge { selection, reply } => {
            let purged = dead::purge(connection, &selection).await?;
            answers.push(after_commit(reply, purged));
        }
    }
    Ok(())
}

async fn settle(connection: &mut SqliteConnection, settlement: Settlement) -> sqlx::Result<()> {
    store::remove(connection, &settlement.done).await?;
    for (place, visible_at) in settlement.retry {
        store::hide(connection, place, visible_at).await?;
    }
    for (place, reason) in settlement.dead {
        store::kill(connection, place, &reason).await?;
    }
    Ok(())
}

/// The transaction failed before this operation had its turn.
fn refuse(operation: Operation, answers: &mut Answers) {
    match operation {
        Operation::Declare { reply, .. }
        | Operation::Begin { reply }
        | Operation::Claim { reply, .. }
        | Operation::Settle { reply, .. }
        | Operation::Bury { reply, .. } => answers.push(after_commit(reply, ())),
        Operation::Replay { reply, .. } => answers.push(after_commit(reply, Replayed::default())),
        Operation::Purge { reply, .. } => answers.push(after_commit(reply, 0)),
        // Nobody waits; the writer does them later.
        Operation::Returned { .. } | Operation::DropQueue { .. } => {}
    }
}
