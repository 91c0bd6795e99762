//! Application sessions (ECMA-354): their timer, and their afterlife during the clean-up delay.
//!
//! A session is attached to one connection or to none. Attached, it ends when its timer is not reset; detached, it
//! and its monitors wait for their owner until the clean-up delay is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) user: String,
    pub(crate) connection: Option<u64>,
    pub(crate) duration: Duration,
    pub(crate) cleanup: Duration,
    /// When it ends unless its timer is reset or its owner comes back.
    pub(crate) ends: Instant,
    /// The registration for system status, where there is one.
    pub(crate) status_registration: Option<String>,
    window: (Instant, u32),
}

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: BTreeMap<Arc<str>, Session>,
    opened: u64,
}

impl Session {
    /// Counts a request against a limit of so many a second; whether it is within.
    pub(crate) fn admits(&mut self, per_second: u32, now: Instant) -> bool {
        if per_second == 0 {
            return true;
        }
        if now.duration_since(self.window.0) >= Duration::from_secs(1) {
            self.window = (now, 0);
        }
        self.window.1 = self.window.1.saturating_add(1);
        self.window.1 <= per_second
    }

    /// Starts the timer again.
    pub(crate) fn reset(&mut self, duration: Duration, now: Instant) {
        self.duration = duration;
        self.ends = now + duration;
    }
}

impl Sessions {
    /// Opens a session on a connection. Ids look like AES's: 32 hex digits, a dash, a counter.
    pub(crate) fn open(
        &mut self,
        user: &str,
        connection: u64,
        duration: Duration,
        cleanup: Duration,
        now: Instant,
    ) -> Arc<str> {
        let id: Arc<str> = format!("{:X}-{}", Uuid::new_v4().simple(), self.opened).into();
        self.opened += 1;
        let session = Session {
            id: id.clone(),
            user: user.to_owned(),
            connection: Some(connection),
            duration,
            cleanup,
            ends: now + duration,
            status_registration: None,
            window: (now, 0),
        };
        self.all.insert(id.clone(), session);
        id
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Session> {
        self.all.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.all.get_mut(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.all.values()
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Session> {
        self.all.remove(id)
    }

    /// The connection is gone: its sessions wait for their owner.
    pub(crate) fn detach(&mut self, connection: u64, now: Instant) {
        for session in self.all.values_mut().filter(|session| session.connection == Some(connection)) {
            session.connection = None;
            session.ends = now + session.cleanup;
        }
    }

    /// Sessions whose time is over.
    pub(crate) fn over(&self, now: Instant) -> Vec<Arc<str>> {
        self.all.values().filter(|session| session.ends <= now).map(|session| session.id.clone()).collect()
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.all.values().map(|session| session.ends).min()
    }
}
