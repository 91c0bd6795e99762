//! One connector at work, and the handle to it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use trunkline_events::Timestamp;
use uuid::Uuid;

use super::archive::{Archive, folder_of};
use super::commands::{CommandCall, Commands};
use super::desk::{Desk, Ending, Trunk, Will};
use super::keep::{self, KeepError, Keeper, Kept, Wanted};
use super::line::Line;
use super::publish::Publisher;
use super::status::{Board, LinkState, LinkStatus};
use super::webhook_inlet::{self, WebhookCall};
use super::{Host, IntakeClosed, http_client, tcp_client, tcp_listener};
use crate::contract::{Built, Command, Input, SourceId, Transport, WebhookReply, WebhookRequest};
use crate::seen::Seen;

/// Commands that wait for the protocol.
const COMMANDS: usize = 64;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The connector or the far side said no; a repeat with the same key is a new try.
    #[error("the command was refused: {reason}")]
    Refused {
        /// Why, in a sentence.
        reason: String,
    },
    /// No answer in time. It may have been carried out; a repeat with the same key is safe.
    #[error("the command was not answered in time")]
    TimedOut,
    /// Too many commands wait, or the link has ended.
    #[error("the connector takes no commands now")]
    Unavailable,
}

/// A running connector. Dropping it ends it at once, as a crash would; [`Link::stop`] ends it in good order.
pub struct Link {
    id: SourceId,
    host: Host,
    will: watch::Sender<Will>,
    webhooks: Option<webhook_inlet::Inlet>,
    commands: mpsc::Sender<CommandCall>,
    status: watch::Receiver<LinkStatus>,
    ended: watch::Receiver<bool>,
    tasks: Vec<AbortHandle>,
}

/// Starts a connector. Reads its kept memory (a small file, blocking) and spawns its tasks; to be called within a tokio
/// runtime, once it is certain that no other daemon holds this link.
pub fn start(id: SourceId, built: Built, host: Host) -> Link {
    let epoch = Uuid::now_v7().to_string();
    let path = host.data_dir.join("checkpoints").join(format!("{}.json", id.name()));
    let board = Board::new(id.name(), &epoch, host.clock);
    let line = Arc::new(Line::new(id.source(), epoch.clone()));
    let kept = kept_memory(&path, &host);
    let (queue, parcels) = mpsc::channel(host.pace.queue.max(1));
    let (will, wills) = watch::channel(Will::Run);
    let (commands, calls) = mpsc::channel(COMMANDS);
    let (wanted, wants) = watch::channel(Wanted::default());
    let (written, durable) = watch::channel(0);
    let labels = [("source", id.name().to_owned())];
    let trunk = Trunk {
        name: id.name().to_owned(),
        host: host.clone(),
        line: Arc::clone(&line),
        board: board.clone(),
        queue,
        will: wills,
        resyncs: kept.resyncs,
        bytes_in: metrics::counter!("trunkline_link_bytes_received_total", &labels),
        bytes_out: metrics::counter!("trunkline_link_bytes_sent_total", &labels),
        losses: metrics::counter!("trunkline_link_losses_total", &labels),
    };
    let keeper = Keeper { path, pace: host.pace.keep_every, wanted: wants, written };
    let publisher = Publisher {
        source: id.source(),
        epoch,
        line,
        board: board.clone(),
        archive: Some(Archive::new(folder_of(&host.data_dir, id.name()), host.pace.archive)),
        kept: Kept { clean: false, ..kept.clone() },
        began: kept.taken_until,
        wanted,
        written: durable,
        events: metrics::counter!("trunkline_link_events_total", &labels),
        number: 0,
        booked: (0, None),
        revision: 0,
        changed: false,
        host: host.clone(),
    };
    let (webhooks, inlet) = webhook_inlet::door(&built.transport, id.name(), host.pace.webhooks);
    let mut desk = Desk::new(trunk, built.protocol, Commands::new(Seen::clone(&kept.done)), calls);
    desk.heard = heard_before(&kept, host.heard_elsewhere);
    let status = board.reader();
    let checkpoint = kept.checkpoint;
    let drive = tokio::spawn(drive(desk, built.transport, inlet, checkpoint));
    let publish = tokio::spawn(publisher.run(parcels));
    let keep = tokio::spawn(keeper.run());
    let (end, ended) = watch::channel(false);
    let mut tasks = vec![drive.abort_handle(), publish.abort_handle(), keep.abort_handle()];
    tasks.push(tokio::spawn(watch_over(id.clone(), board, drive, publish, keep, end)).abort_handle());
    Link { id, host, will, webhooks, commands, status, ended, tasks }
}

/// Until when the far side was surely heard, here or by the daemon that held the link before, and why no longer.
fn heard_before(kept: &Kept, elsewhere: Option<Timestamp>) -> Option<(Timestamp, String)> {
    let reason = match (kept.taken_until, elsewhere) {
        (here, Some(elsewhere)) if here.is_none_or(|here| here < elsewhere) => {
            return Some((elsewhere, "another daemon held the link until then".to_owned()));
        }
        _ if kept.clean => "the connector was stopped",
        _ => "the connector was not running: it had not been stopped in good order",
    };
    kept.taken_until.map(|until| (until, reason.to_owned()))
}

fn kept_memory(path: &std::path::Path, host: &Host) -> Kept {
    match keep::read(path) {
        Ok(kept) => kept,
        Err(error) => {
            tracing::error!(%error, "the memory of a connector cannot be read");
            let heard_until = match error {
                KeepError::Damaged { heard_until, .. } => heard_until,
                // Nothing is known of what was heard, only that there was something.
                KeepError::Io { .. } => Some((host.clock)()),
            };
            Kept { taken_until: heard_until, ..Kept::default() }
        }
    }
}

/// The one task that owns the protocol.
async fn drive(
    mut desk: Desk,
    transport: Transport,
    inlet: Option<mpsc::Receiver<WebhookCall>>,
    checkpoint: Option<bytes::Bytes>,
) -> Option<String> {
    let restored = desk.give(Input::Restored(checkpoint.as_deref()));
    let ending = match restored {
        Err(Ending::Fatal(reason)) => Ending::Fatal(reason),
        // Nothing is open yet that could be reset or denied.
        _ => match transport {
            Transport::TcpClient { host, port, others, tls } => {
                let hosts = std::iter::once((host, port)).chain(others).collect();
                tcp_client::run(&mut desk, hosts, tls.as_ref()).await
            }
            Transport::TcpListener { listen, allow } => tcp_listener::run(&mut desk, listen, &allow).await,
            Transport::HttpClient { base_url, tls } => http_client::run(&mut desk, &base_url, tls.as_ref()).await,
            Transport::Webhook { .. } => webhook_inlet::run(&mut desk, inlet).await,
        },
    };
    let failed = match ending {
        Ending::Fatal(reason) => Some(reason),
        _ => None,
    };
    if let Some(reason) = &failed {
        desk.trunk.board.state(LinkState::Failed { reason: reason.clone() });
        tracing::error!(
            connector = desk.trunk.name,
            reason,
            "the connector has failed; mend its configuration and start it again"
        );
    }
    desk.hand_over().await;
    failed
}

/// Waits for the tasks in the order in which they end, and says how it went.
async fn watch_over(
    id: SourceId,
    board: Board,
    drive: tokio::task::JoinHandle<Option<String>>,
    publish: tokio::task::JoinHandle<Result<(), IntakeClosed>>,
    keep: tokio::task::JoinHandle<()>,
    end: watch::Sender<bool>,
) {
    let mut failed = match drive.await {
        Ok(failed) => failed,
        Err(error) if error.is_panic() => Some("the protocol panicked".to_owned()),
        Err(_) => Some("the link was dropped".to_owned()),
    };
    match publish.await {
        Ok(Ok(())) => {}
        Ok(Err(closed)) => failed = Some(closed.to_string()),
        Err(error) => failed = Some(format!("the publishing task ended: {error}")),
    }
    if let Err(error) = keep.await {
        tracing::error!(connector = id.name(), %error, "the checkpoint task ended");
    }
    match failed {
        None => board.state(LinkState::Stopped),
        Some(reason) => {
            tracing::error!(connector = id.name(), reason, "the link has ended");
            board.state(LinkState::Failed { reason });
        }
    }
    end.send_replace(true);
}

impl Link {
    /// The connector's name.
    pub fn id(&self) -> &SourceId {
        &self.id
    }

    /// One look at it.
    pub fn status(&self) -> LinkStatus {
        self.status.borrow().clone()
    }

    /// To wait for a state.
    pub fn statuses(&self) -> watch::Receiver<LinkStatus> {
        self.status.clone()
    }

    /// Gives one webhook to the protocol. Answers once its events are durable, and 503 if they are not in time; then
    /// the sender's repeat is safe, since the events' ids stay the same.
    pub async fn webhook(&self, request: WebhookRequest) -> WebhookReply {
        let Some(inlet) = &self.webhooks else {
            return WebhookReply::problem(404, "not found", "this connector takes no webhooks");
        };
        if !matches!(self.status.borrow().state, LinkState::Up | LinkState::Resyncing) {
            return inlet.unavailable();
        }
        inlet.ask(request, self.host.pace.reply_within).await
    }

    /// Has the protocol carry out a command. A key that was done before answers again without doing it again.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        self.commands.try_send(CommandCall { command, answer }).map_err(|_| CommandError::Unavailable)?;
        match tokio::time::timeout(self.host.pace.command_within, answered).await {
            Err(_) => Err(CommandError::TimedOut),
            Ok(answer) => answer.unwrap_or(Err(CommandError::Unavailable)),
        }
    }

    /// Closes the link until [`Link::resume`]; what is said meanwhile is declared as a gap.
    pub fn pause(&self) {
        self.wish(Will::Pause);
    }

    /// Opens a paused link again.
    pub fn resume(&self) {
        self.wish(Will::Run);
    }

    /// Says good-bye, hands every event over, keeps the memory. Returns when that is done, or after the pace's
    /// `stop_within` has passed and the rest was given up. A second call waits for the same end.
    pub async fn stop(&self) {
        self.wish(Will::Stop);
        let mut ended = self.ended.clone();
        let good_bye = tokio::time::timeout(self.host.pace.stop_within, ended.wait_for(|ended| *ended)).await;
        if good_bye.is_err() {
            tracing::warn!(
                connector = self.id.name(),
                "the link did not end in time and was cut; the next start declares a gap"
            );
            self.cut();
        }
    }

    fn wish(&self, wish: Will) {
        self.will.send_if_modified(|will| {
            let changes = *will != wish && *will != Will::Stop;
            if changes {
                *will = wish;
            }
            changes
        });
    }

    fn cut(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cut();
    }
}
