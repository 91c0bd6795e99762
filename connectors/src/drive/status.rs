//! What a link tells of itself.

use serde::Serialize;
use tokio::sync::watch;
use trunkline_events::Timestamp;

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// An attempt to connect is under way.
    Connecting,
    /// It works.
    Up,
    /// It works, and state is read anew after a gap.
    Resyncing,
    /// It is lost; the next attempt follows by itself.
    Down {
        /// Why, in a sentence.
        reason: String,
    },
    /// The far side refuses us; the next attempt follows after a long while.
    Denied {
        /// What it said, in a sentence.
        reason: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// An operator paused it.
    Paused,
    /// It cannot work until it is configured otherwise or the daemon is started anew.
    Failed {
        /// Why, in a sentence.
        reason: String,
    },
    /// It was stopped in good order.
    Stopped,
}

/// One look at a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkStatus {
    /// How it stands.
    #[serde(flatten)]
    pub state: LinkState,
    /// The far side, without secrets; empty before the first connection.
    pub peer: String,
    /// When it came into this state.
    pub since: Timestamp,
    /// The run whose books these are.
    pub epoch: String,
    /// Events numbered and made durable in this epoch.
    pub taken: u64,
    /// Parcels that wait for the intake.
    pub queued: usize,
    /// When the last event was made durable.
    pub last_event: Option<Timestamp>,
    /// Of the events taken in this epoch, those in which the far side told something: not our own word on the link.
    pub told: u64,
    /// When the last of these was made durable.
    pub last_told: Option<Timestamp>,
    /// Messages skipped as no good.
    pub skipped: u64,
    /// Times the link was lost.
    pub losses: u64,
}

/// The writing end, shared by the tasks of a link.
#[derive(Clone)]
pub(super) struct Board {
    status: watch::Sender<LinkStatus>,
    clock: fn() -> Timestamp,
    up: metrics::Gauge,
}

impl Board {
    pub(super) fn new(source: &str, epoch: &str, clock: fn() -> Timestamp) -> Self {
        let status = LinkStatus {
            state: LinkState::Connecting,
            peer: String::new(),
            since: clock(),
            epoch: epoch.to_owned(),
            taken: 0,
            queued: 0,
            last_event: None,
            told: 0,
            last_told: None,
            skipped: 0,
            losses: 0,
        };
        let up = metrics::gauge!("trunkline_link_up", "source" => source.to_owned());
        Self { status: watch::Sender::new(status), clock, up }
    }

    pub(super) fn reader(&self) -> watch::Receiver<LinkStatus> {
        self.status.subscribe()
    }

    /// Another state; the same state again leaves `since` alone.
    pub(super) fn state(&self, state: LinkState) {
        self.up.set(if matches!(state, LinkState::Up | LinkState::Resyncing) { 1.0 } else { 0.0 });
        let now = (self.clock)();
        self.status.send_if_modified(|status| {
            if status.state == state {
                return false;
            }
            status.state = state;
            status.since = now;
            true
        });
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut LinkStatus)) {
        self.status.send_modify(change);
    }

    pub(super) fn is(&self, state: &LinkState) -> bool {
        self.status.borrow().state == *state
    }
}
