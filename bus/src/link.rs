//! How the transport stands, as everybody in this crate sees it.

use trunkline_events::Timestamp;

/// The state of the way to the broker (or to the embedded file).
#[derive(Debug, Clone)]
pub(crate) struct LinkState {
    pub(crate) connected: bool,
    /// The broker has stopped taking what we publish, and why (memory or disk alarm).
    pub(crate) blocked: Option<String>,
    /// Counts the connections; what was sent under an older number may be lost.
    pub(crate) generation: u64,
    /// Counts the connections, and the times that the broker stopped or began taking what we publish: two messages sent
    /// under one number were both sent or both refused.
    pub(crate) standing: u64,
    /// When `connected` or `blocked` last changed.
    pub(crate) since: Timestamp,
    /// Why it is not connected.
    pub(crate) reason: String,
}

impl LinkState {
    pub(crate) fn starting() -> Self {
        Self {
            connected: false,
            blocked: None,
            generation: 0,
            standing: 0,
            since: now(),
            reason: "not connected yet".to_owned(),
        }
    }

    pub(crate) fn ready(&self) -> bool {
        self.connected && self.blocked.is_none()
    }

    pub(crate) fn why_not(&self) -> String {
        match &self.blocked {
            Some(blocked) if self.connected => format!("the broker takes nothing: {blocked}"),
            _ => self.reason.clone(),
        }
    }

    pub(crate) fn up(&mut self) {
        (self.connected, self.blocked) = (true, None);
        self.generation += 1;
        self.standing += 1;
        self.since = now();
        self.reason.clear();
    }

    pub(crate) fn down(&mut self, reason: String) {
        if self.connected {
            self.since = now();
        }
        (self.connected, self.blocked) = (false, None);
        self.reason = reason;
    }

    pub(crate) fn block(&mut self, reason: Option<String>) {
        self.standing += 1;
        self.since = now();
        self.blocked = reason;
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::new(time::OffsetDateTime::now_utc())
}
