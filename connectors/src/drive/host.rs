//! What a link needs from the daemon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use trunkline_events::{Event, Timestamp};

/// The one way in for events; the daemon adapts its bus to it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// `Ok` means that every event is durable. Batches keep the order in which their futures are first polled.
    ///
    /// Waits as long as the bus can take nothing (that is what stops the reading of a socket). Called by one task a
    /// link, which has a few batches under way at once; a batch may be given again after a crash, with the same event ids.
    async fn accept(&self, events: Vec<Event>) -> Result<(), IntakeClosed>;
}

/// The bus takes nothing any more in this process; every link ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the intake is closed: {reason}")]
pub struct IntakeClosed {
    /// Why, in a sentence.
    pub reason: String,
}

/// Everything a link may use of the outside.
#[derive(Clone)]
pub struct Host {
    /// Where events go.
    pub intake: Arc<dyn Intake>,
    /// `checkpoints/<connector>.json` and `raw/<connector>/` live here.
    pub data_dir: PathBuf,
    /// The wall clock, for stamps only; waiting is done by a monotonic clock.
    pub clock: fn() -> Timestamp,
    /// How long, how often, how much.
    pub pace: Pace,
    /// Until when another process that held this link heard its far side, as the books say
    /// ([`trunkline_events::link::Books::heard_until`]). Where that is later than the link's own memory, a gap begins
    /// there.
    pub heard_elsewhere: Option<Timestamp>,
}

impl Host {
    /// The system's clock and the usual pace.
    pub fn new(intake: Arc<dyn Intake>, data_dir: impl Into<PathBuf>) -> Self {
        Self { intake, data_dir: data_dir.into(), clock: system_clock, pace: Pace::default(), heard_elsewhere: None }
    }
}

/// The system's wall clock.
pub fn system_clock() -> Timestamp {
    Timestamp::new(time::OffsetDateTime::now_utc())
}

/// Times and bounds of a link; the defaults are those of production.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Until a connection stands, TLS included.
    pub connect_within: Duration,
    /// Longest first wait after a link is lost; waits double from here, each drawn between half and whole.
    pub back_off_first: Duration,
    /// Longest wait between two attempts.
    pub back_off_most: Duration,
    /// A link that stood this long starts the back-off anew.
    pub good_while: Duration,
    /// Wait after the far side refused us.
    pub denied_for: Duration,
    /// How often the books are published when they have changed: a number was given, or the far side was heard again.
    pub books_every: Duration,
    /// How often a checkpoint is written at most.
    pub keep_every: Duration,
    /// A webhook whose events are not durable by then is answered 503.
    pub reply_within: Duration,
    /// A command that is not answered by then has failed.
    pub command_within: Duration,
    /// How long [`crate::drive::Link::stop`] waits for good-bye and the last events.
    pub stop_within: Duration,
    /// Events between the protocol and the intake.
    pub queue: usize,
    /// Webhooks waiting for the protocol; more are answered 429.
    pub webhooks: usize,
    /// Peers of a listener at a time.
    pub peers: usize,
    /// HTTP requests under way at a time; more wait.
    pub requests: usize,
    /// Largest HTTP answer, in bytes.
    pub response_body: usize,
    /// Bytes the far side has not read yet; more resets the link.
    pub unsent: usize,
    /// Raw archive of one connector, in bytes; the oldest file goes first.
    pub archive: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(10),
            back_off_first: Duration::from_millis(500),
            back_off_most: Duration::from_secs(30),
            good_while: Duration::from_mins(1),
            denied_for: Duration::from_mins(5),
            books_every: Duration::from_secs(10),
            keep_every: Duration::from_secs(1),
            reply_within: Duration::from_secs(5),
            command_within: Duration::from_secs(30),
            stop_within: Duration::from_secs(15),
            queue: 4096,
            webhooks: 256,
            peers: 64,
            requests: 16,
            response_body: 8 << 20,
            unsent: 4 << 20,
            archive: 256 << 20,
        }
    }
}
