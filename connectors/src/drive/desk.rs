//! A desk runs one protocol: gives it inputs in strict order, carries out its actions, keeps its timers, and passes on
//! what it emits. It knows nothing of sockets; the transports around it do.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::sync::{mpsc, watch};
use trunkline_events::{Body, Event, Timestamp};

use super::commands::{CommandCall, Commands, nothing_done};
use super::line::Line;
use super::publish::Parcel;
use super::status::{Board, LinkState};
use super::timers::{Timers, until};
use super::{Host, back_off::BackOff};
use crate::contract::{
    Action, Actions, Command, Disposition, HttpRequest, Input, Protocol, ProtocolError, WebhookReply,
};
use crate::digest::archive_reference;

/// Skips in a row on one read after which the stream is taken for rubbish.
const MOST_SKIPS: u32 = 10_000;

/// What the far side wrote so shortly before it was last heard may have been on its way, half read, or unread: it is not
/// surely complete.
const ON_ITS_WAY: time::Duration = time::Duration::seconds(1);

/// What the operator wants of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Will {
    /// Work.
    Run,
    /// Close the link and wait.
    Pause,
    /// End.
    Stop,
}

/// Why a link, or one connection of it, ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Open it again after the back-off.
    Lost(String),
    /// Open it again after a long while.
    Denied(String),
    /// Do not open it again.
    Fatal(String),
    /// The operator's will is no longer [`Will::Run`].
    Leave,
}

/// What a desk does between the inputs of its transport.
pub(super) enum Chore {
    Will,
    Tick(&'static str),
    Command(Box<Command>),
    IntakeClosed,
}

/// What every desk of one link shares.
#[derive(Clone)]
pub(super) struct Trunk {
    pub(super) name: String,
    pub(super) host: Host,
    pub(super) line: Arc<Line>,
    pub(super) board: Board,
    pub(super) queue: mpsc::Sender<Parcel>,
    pub(super) will: watch::Receiver<Will>,
    /// This link was seen to read state anew after a gap.
    pub(super) resyncs: bool,
    pub(super) bytes_in: metrics::Counter,
    pub(super) bytes_out: metrics::Counter,
    pub(super) losses: metrics::Counter,
}

impl Trunk {
    pub(super) fn now(&self) -> Timestamp {
        (self.host.clock)()
    }
}

/// One protocol at work.
pub(super) struct Desk {
    pub(super) trunk: Trunk,
    pub(super) protocol: Box<dyn Protocol>,
    pub(super) back_off: BackOff,
    /// Bytes to be sent by the transport.
    pub(super) unsent: BytesMut,
    /// Requests to be sent by the transport.
    pub(super) requests: VecDeque<HttpRequest>,
    /// The answer to the webhook at hand.
    pub(super) reply: Option<WebhookReply>,
    /// Until when the far side was surely heard, and why no longer.
    pub(super) heard: Option<(Timestamp, String)>,
    /// What is said while the link is down is missed.
    pub(super) declares_gaps: bool,
    /// Its checkpoints are kept.
    keeps: bool,
    timers: Timers,
    backlog: VecDeque<Parcel>,
    commands: Commands,
    calls: mpsc::Receiver<CommandCall>,
    marked: Option<Timestamp>,
    told_up: Option<bool>,
}

impl Desk {
    pub(super) fn new(
        trunk: Trunk,
        protocol: Box<dyn Protocol>,
        commands: Commands,
        calls: mpsc::Receiver<CommandCall>,
    ) -> Self {
        Self {
            back_off: BackOff::new(trunk.host.pace),
            trunk,
            protocol,
            unsent: BytesMut::new(),
            requests: VecDeque::new(),
            reply: None,
            heard: None,
            declares_gaps: true,
            keeps: true,
            timers: Timers::default(),
            backlog: VecDeque::new(),
            commands,
            calls,
            marked: None,
            told_up: None,
        }
    }

    /// A desk for one more peer of a listener: no commands, no checkpoints of its own.
    pub(super) fn for_peer(trunk: Trunk, protocol: Box<dyn Protocol>) -> Self {
        let (_, nobody) = mpsc::channel(1);
        Self { keeps: false, ..Self::new(trunk, protocol, Commands::new(nothing_done()), nobody) }
    }

    /// Nothing waits for room in the queue: more may be read.
    pub(super) fn has_room(&self) -> bool {
        self.backlog.is_empty()
    }

    pub(super) fn will(&self) -> Will {
        *self.trunk.will.borrow()
    }

    /// Waits for the next thing to do besides the transport's own inputs. Cancel-safe. While the queue is full only
    /// timers and the operator come through.
    pub(super) async fn chore(&mut self) -> Chore {
        loop {
            let due = self.timers.next();
            let room = self.backlog.is_empty();
            tokio::select! {
                biased;
                _ = self.trunk.will.changed() => return Chore::Will,
                () = self.trunk.queue.closed() => return Chore::IntakeClosed,
                () = until(due) => {
                    if let Some(timer) = self.timers.take_due() {
                        return Chore::Tick(timer);
                    }
                }
                // `closed` above tells when there will be no more room.
                Ok(permit) = self.trunk.queue.reserve(), if !room => {
                    if let Some(parcel) = self.backlog.pop_front() {
                        permit.send(parcel);
                    }
                }
                Some(call) = self.calls.recv(), if room => {
                    if let Some(command) = self.commands.begin(call) {
                        return Chore::Command(Box::new(command));
                    }
                }
            }
        }
    }

    /// Does a chore.
    pub(super) fn attend(&mut self, chore: &Chore) -> Result<(), Ending> {
        match chore {
            Chore::Will if self.will() == Will::Run => Ok(()),
            Chore::Will => Err(Ending::Leave),
            Chore::Tick(timer) => self.give(Input::Tick { timer }),
            Chore::Command(command) => self.give(Input::Command(command)),
            Chore::IntakeClosed => Err(Ending::Fatal("the bus takes nothing any more".to_owned())),
        }
    }

    /// Does chores until `work` is done.
    pub(super) async fn attend_while<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Ending> {
        let mut work = std::pin::pin!(work);
        loop {
            let chore = tokio::select! {
                biased;
                chore = self.chore() => chore,
                done = &mut work => return Ok(done),
            };
            self.attend(&chore)?;
        }
    }

    /// Gives one input and carries out what follows.
    pub(super) fn give(&mut self, input: Input<'_>) -> Result<(), Ending> {
        let stream = matches!(input, Input::Bytes(_));
        let mut outcome = self.turn(input);
        if stream {
            let mut skips = 1;
            while let Ok(Turn::Skipped) = outcome {
                skips += 1;
                if skips > MOST_SKIPS {
                    outcome = Err(Ending::Lost("nothing but unreadable messages".to_owned()));
                    break;
                }
                outcome = self.turn(Input::Bytes(&[]));
            }
        }
        self.pass_on();
        outcome.map(|_| ())
    }

    fn turn(&mut self, input: Input<'_>) -> Result<Turn, Ending> {
        let kind = name_of(&input);
        let mut actions = Actions::new(self.trunk.now()).reading(self.has_room());
        let result = self.protocol.on(input, &mut actions);
        let now = actions.now();
        let mut reset = None;
        for action in actions.into_list() {
            self.carry_out(action, now, &mut reset);
        }
        let turn = match result {
            Ok(()) => Turn::Done,
            Err(error) => match error.disposition {
                Disposition::Skip => {
                    self.skip(error, kind, now);
                    Turn::Skipped
                }
                Disposition::Reset => return Err(Ending::Lost(error.reason)),
                Disposition::Denied => return Err(Ending::Denied(error.reason)),
                Disposition::Fatal => return Err(Ending::Fatal(error.reason)),
            },
        };
        reset.map_or(Ok(turn), |reason| Err(Ending::Lost(reason)))
    }

    fn carry_out(&mut self, action: Action, now: Timestamp, reset: &mut Option<String>) {
        match action {
            Action::Send(bytes) => self.unsent.extend_from_slice(&bytes),
            Action::Request(request) => self.requests.push_back(request),
            Action::Emit(event) => self.emit(event),
            Action::Reply(reply) => self.reply = Some(reply),
            Action::CommandDone { key, result } => {
                let answers = self.commands.finish(&key, result.is_ok());
                self.backlog.push_back(Parcel::CommandDone { key, result, answers });
            }
            Action::Timer { timer, after } => self.timers.set(timer, after),
            Action::Checkpoint(state) if self.keeps => self.backlog.push_back(Parcel::Checkpoint(state)),
            Action::Checkpoint(_) => {}
            Action::Reset { reason } => *reset = Some(reason),
            Action::Archive { reference, bytes } => {
                self.backlog.push_back(Parcel::Archive { reference, at: now, bytes });
            }
        }
    }

    /// Passes an event on; a gap that the protocol tells, and the end of it, show in the link's state.
    pub(super) fn emit(&mut self, event: Box<Event>) {
        match &event.body {
            Body::LinkGap(_) if self.trunk.resyncs && self.trunk.board.is(&LinkState::Up) => {
                self.trunk.board.state(LinkState::Resyncing);
            }
            Body::LinkResynced(_) => {
                self.trunk.resyncs = true;
                if self.trunk.board.is(&LinkState::Resyncing) {
                    self.trunk.board.state(LinkState::Up);
                }
            }
            _ => {}
        }
        self.backlog.push_back(Parcel::Event(event));
    }

    pub(super) fn push(&mut self, parcel: Parcel) {
        self.backlog.push_back(parcel);
        self.pass_on();
    }

    /// Moves what fits from the backlog to the queue.
    pub(super) fn pass_on(&mut self) {
        while !self.backlog.is_empty() {
            let Ok(permit) = self.trunk.queue.try_reserve() else { return };
            if let Some(parcel) = self.backlog.pop_front() {
                permit.send(parcel);
            }
        }
    }

    /// Waits until everything is in the queue; the queue's end closed ends it too.
    pub(super) async fn hand_over(&mut self) {
        while let Some(parcel) = self.backlog.pop_front() {
            if self.trunk.queue.send(parcel).await.is_err() {
                return;
            }
        }
    }

    /// The far side was heard now; the mark follows what it said.
    pub(super) fn mark_heard(&mut self) {
        let now = self.trunk.now();
        if let Some((heard, _)) = &mut self.heard {
            *heard = now;
        }
        let stale = self.marked.is_none_or(|marked| {
            let age = now.since(marked);
            age.is_negative() || age >= self.trunk.host.pace.keep_every
        });
        if stale {
            self.mark(now);
        }
    }

    fn mark(&mut self, now: Timestamp) {
        self.heard = Some((now, String::new()));
        self.marked = Some(now);
        self.push(Parcel::TakenUntil(now));
    }

    /// The link stands: told as `link.up`, after a loss with the gap, and to the protocol.
    pub(super) fn opened(&mut self, peer: &str) -> Result<(), Ending> {
        let now = self.trunk.now();
        self.trunk.board.change(|status| peer.clone_into(&mut status.peer));
        self.trunk.board.state(LinkState::Up);
        self.told_up = Some(true);
        self.emit(self.trunk.line.up(now, peer));
        if self.declares_gaps {
            if let Some((from, reason)) = self.heard.take() {
                self.emit(self.trunk.line.gap(from.plus(-ON_ITS_WAY), now, &reason));
            }
            self.mark(now);
        }
        tracing::info!(connector = self.trunk.name, "the link is up");
        self.give(Input::Opened { peer })
    }

    /// The link is gone. Told to the protocol, and once as `link.down`.
    pub(super) fn closed(&mut self, peer: &str, reason: &str) -> Result<(), Ending> {
        let outcome = if self.told_up == Some(true) { self.give(Input::Closed { reason }) } else { Ok(()) };
        self.unsent.clear();
        self.requests.clear();
        if self.told_up == Some(true)
            && let Some((from, _)) = self.heard.take()
        {
            self.push(Parcel::TakenUntil(from));
            self.heard = Some((from, reason.to_owned()));
        }
        if self.told_up != Some(false) {
            self.told_up = Some(false);
            self.trunk.losses.increment(1);
            self.trunk.board.change(|status| status.losses += 1);
            let down = self.trunk.line.down(self.trunk.now(), peer, reason);
            self.push(Parcel::Event(down));
            tracing::warn!(connector = self.trunk.name, reason, "the link is down");
        }
        outcome
    }

    /// Counts a message that is no good and keeps its bytes.
    fn skip(&mut self, error: ProtocolError, input: &'static str, at: Timestamp) {
        let labels = [("source", self.trunk.name.clone()), ("input", input.to_owned())];
        metrics::counter!("trunkline_messages_skipped_total", &labels).increment(1);
        self.trunk.board.change(|status| status.skipped += 1);
        let bytes = error.raw.unwrap_or_default();
        let reference = archive_reference(&bytes);
        tracing::warn!(
            connector = self.trunk.name,
            input,
            reason = error.reason,
            reference,
            size = bytes.len(),
            "a message was skipped"
        );
        self.backlog.push_back(Parcel::Archive { reference, at, bytes });
    }
}

enum Turn {
    Done,
    Skipped,
}

fn name_of(input: &Input<'_>) -> &'static str {
    match input {
        Input::Restored(_) => "checkpoint",
        Input::Opened { .. } => "opened",
        Input::Bytes(_) => "bytes",
        Input::Response { .. } => "response",
        Input::Webhook(_) => "webhook",
        Input::Command(_) => "command",
        Input::Tick { .. } => "tick",
        Input::Closed { .. } => "closed",
        Input::Stopping => "stopping",
    }
}
