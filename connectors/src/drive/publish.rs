//! The publishing task of a link: numbers events, hands them to the intake in natural batches, and lets everything that
//! rests on their being durable (replies, checkpoints, marks) happen only afterwards.
//!
//! Numbers are given here, by one task and in the order of the queue, so they have no holes.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;
use trunkline_events::{Body, Event, Sequence, Timestamp};

use super::archive::Archive;
use super::commands::Answer;
use super::keep::{Kept, Wanted};
use super::line::Line;
use super::link::CommandError;
use super::status::Board;
use super::{Host, IntakeClosed};
use crate::contract::WebhookReply;

/// Parcels that are handed in together at most.
const BATCH: usize = 512;
/// Batches that may wait for their confirms at once: the bus works on one while the next is made.
const UNDER_WAY: usize = 4;

/// One thing on its way from a protocol to where it becomes durable.
pub(super) enum Parcel {
    /// To be numbered and taken in.
    Event(Box<Event>),
    /// For the raw archive, before the events that refer to it.
    Archive { reference: String, at: Timestamp, bytes: Bytes },
    /// The protocol's state after everything before it.
    Checkpoint(Vec<u8>),
    /// What the far side said until then stands before this.
    TakenUntil(Timestamp),
    /// To be answered once everything before it is durable.
    Reply(oneshot::Sender<WebhookReply>, WebhookReply),
    /// To be answered once the memory of it is durable.
    CommandDone { key: String, result: Result<(), String>, answers: Vec<Answer> },
}

/// A batch that is durable.
struct Settled {
    /// The number of its last event, if it had any.
    taken: Option<u64>,
    /// How many of its events are the far side's own words.
    told: u64,
    /// What was to happen then.
    later: Vec<Parcel>,
}

/// The state of the publishing task.
pub(super) struct Publisher {
    pub(super) host: Host,
    pub(super) source: String,
    pub(super) epoch: String,
    pub(super) line: Arc<Line>,
    pub(super) board: Board,
    pub(super) archive: Option<Archive>,
    pub(super) kept: Kept,
    /// Until when the source was heard when this run began.
    pub(super) began: Option<Timestamp>,
    pub(super) wanted: watch::Sender<Wanted>,
    pub(super) written: watch::Receiver<u64>,
    pub(super) events: metrics::Counter,
    /// The highest number given.
    pub(super) number: u64,
    /// What stands in published books: the highest number, and until when the source was heard.
    pub(super) booked: (u64, Option<Timestamp>),
    pub(super) revision: u64,
    /// The memory has changed since it was last given to the keeper.
    pub(super) changed: bool,
}

impl Publisher {
    /// Runs until the queue's other end is dropped and everything in it is settled, or the intake is closed.
    /// A run that ends well is kept as such.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Parcel>) -> Result<(), IntakeClosed> {
        let mut batch = Vec::new();
        let mut under_way = FuturesOrdered::new();
        let mut books = tokio::time::interval(self.host.pace.books_every);
        books.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut books_due = false;
        loop {
            if books_due && under_way.is_empty() {
                self.publish_books().await?;
                books_due = false;
            }
            let room = under_way.len() < UNDER_WAY && !books_due;
            tokio::select! {
                biased;
                // First, so that a batch is given to the intake before the next is made.
                Some(settled) = under_way.next(), if !under_way.is_empty() => {
                    self.settled(settled?);
                    self.board.change(|status| status.queued = queue.len());
                }
                _ = books.tick() => books_due = true,
                taken = queue.recv_many(&mut batch, BATCH), if room => {
                    if taken == 0 {
                        break;
                    }
                    self.board.change(|status| status.queued = taken + queue.len());
                    under_way.push_back(self.hand_in(std::mem::take(&mut batch)).await);
                }
            }
        }
        while let Some(settled) = under_way.next().await {
            self.settled(settled?);
        }
        self.publish_books().await?;
        self.kept.clean = true;
        self.keep(true);
        Ok(())
    }

    /// Numbers a batch; what is given back brings it to the intake and resolves when it is durable.
    async fn hand_in(&mut self, batch: Vec<Parcel>) -> impl Future<Output = Result<Settled, IntakeClosed>> + use<> {
        let mut events = Vec::new();
        let mut records = Vec::new();
        let mut later = Vec::new();
        for parcel in batch {
            match parcel {
                Parcel::Event(event) => events.push(self.stamped(*event)),
                Parcel::Archive { reference, at, bytes } => records.push((reference, at, bytes)),
                other => later.push(other),
            }
        }
        self.archive_records(records).await;
        let told = events.iter().filter(|event| is_told_by_the_far_side(&event.body)).count() as u64;
        let taken = (!events.is_empty()).then_some(self.number);
        self.events.increment(events.len() as u64);
        let intake = Arc::clone(&self.host.intake);
        async move {
            if taken.is_some() {
                intake.accept(events).await?;
            }
            Ok(Settled { taken, told, later })
        }
    }

    /// Everything of a batch is durable, and all before it.
    fn settled(&mut self, settled: Settled) {
        if let Some(number) = settled.taken {
            let now = (self.host.clock)();
            self.board.change(|status| {
                status.taken = number;
                status.last_event = Some(now);
                if settled.told > 0 {
                    status.told += settled.told;
                    status.last_told = Some(now);
                }
            });
        }
        for parcel in settled.later {
            self.after(parcel);
        }
        if self.changed {
            self.keep(false);
        }
    }

    fn stamped(&mut self, mut event: Event) -> Event {
        self.number += 1;
        event.source.clone_from(&self.source);
        event.sequence = Some(Sequence { epoch: self.epoch.clone(), number: self.number });
        if matches!(event.body, Body::LinkResynced(_)) {
            self.kept.resyncs = true;
        }
        event
    }

    /// What was to happen once the events before it are durable.
    fn after(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Event(_) | Parcel::Archive { .. } => {}
            Parcel::Checkpoint(state) => {
                self.kept.checkpoint = Some(state.into());
                self.changed = true;
            }
            Parcel::TakenUntil(at) => {
                self.kept.taken_until = Some(at);
                self.changed = true;
            }
            // A sender who has gone away asks again by himself.
            Parcel::Reply(waiting, reply) => drop(waiting.send(reply)),
            Parcel::CommandDone { key, result, answers } => self.command_done(key, result, answers),
        }
    }

    fn command_done(&mut self, key: String, result: Result<(), String>, answers: Vec<Answer>) {
        if let Err(reason) = result {
            for answer in answers {
                let _ = answer.send(Err(CommandError::Refused { reason: reason.clone() }));
            }
            return;
        }
        Arc::make_mut(&mut self.kept.done).add(key);
        self.keep(true);
        let (mut written, revision) = (self.written.clone(), self.revision);
        tokio::spawn(async move {
            // If the keeper is gone the command is done all the same; it may then be asked for once more.
            let _ = written.wait_for(|written| *written >= revision).await;
            for answer in answers {
                let _ = answer.send(Ok(()));
            }
        });
    }

    fn keep(&mut self, urgent: bool) {
        self.changed = false;
        self.revision += 1;
        let (kept, revision) = (self.kept.clone(), self.revision);
        let written = *self.written.borrow();
        self.wanted.send_modify(|wanted| {
            // Somebody may still wait for what this replaces.
            let urgent = urgent || (wanted.urgent && wanted.revision > written);
            *wanted = Wanted { kept, revision, urgent };
        });
    }

    /// Books are not numbered themselves: they are about the numbers, all of which are durable by now. While the far side
    /// is heard they are told although no number was given: another daemon that takes over the link begins its gap there.
    async fn publish_books(&mut self) -> Result<(), IntakeClosed> {
        let now = (self.number, self.kept.taken_until);
        // A run that has neither numbered nor heard anything has nothing to tell.
        if self.booked == now || (self.number == 0 && now.1 == self.began) {
            return Ok(());
        }
        let books = self.line.books((self.host.clock)(), self.number, self.kept.taken_until);
        self.host.intake.accept(vec![*books]).await?;
        self.booked = now;
        Ok(())
    }

    async fn archive_records(&mut self, records: Vec<(String, Timestamp, Bytes)>) {
        if records.is_empty() {
            return;
        }
        let Some(mut archive) = self.archive.take() else { return };
        let task = tokio::task::spawn_blocking(move || {
            let written = records.iter().try_for_each(|(reference, at, bytes)| archive.append(reference, *at, bytes));
            (archive, written)
        });
        match task.await {
            Ok((archive, written)) => {
                self.archive = Some(archive);
                if let Err(error) = written {
                    tracing::warn!(source = self.source, %error, "the raw archive cannot be written; events go on without it");
                }
            }
            Err(error) => {
                tracing::error!(source = self.source, %error, "the raw archive broke; it is off until the next start");
            }
        }
    }
}

/// Up, down, gaps and books are ours to tell: a link that is lost and opened again all day says nothing by that.
fn is_told_by_the_far_side(body: &Body) -> bool {
    !matches!(body, Body::LinkUp(_) | Body::LinkDown(_) | Body::LinkGap(_) | Body::LinkResynced(_) | Body::LinkBooks(_))
}
