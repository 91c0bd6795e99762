//! Session services of ECMA-354 (avaya.md 1.3).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::avaya_dmcc::csta::{APPLICATION_SESSION, Element, Markup};
use crate::avaya_dmcc::server::Exchange;

/// What is granted when a client does not say.
const USUAL_SESSION_SECONDS: u64 = 180;
const USUAL_CLEANUP_SECONDS: u64 = 60;

impl Exchange {
    pub(super) fn start_session(&mut self, connection: u64, request: &Element) -> String {
        // The schema's name for the block is common, not certain: whatever holds the user's name will do.
        let login = request.find("SessionLoginInfo").unwrap_or(request);
        let said = |name: &str| login.find(name).map(|found| found.text.as_str()).filter(|text| !text.is_empty());
        if self.faults.busy {
            return refused("serverResourcesBusy");
        }
        let user = said("userName").unwrap_or_default().to_owned();
        if !self.knows(&user, said("password").unwrap_or_default()) {
            return refused("invalidApplicationInfo");
        }
        let Some(version) = self.agreed_version(request) else {
            return refused("requestedProtocolVersionNotSupported");
        };
        let duration = self.granted_session(request);
        let cleanup = said("sessionCleanupDelay").and_then(|text| text.parse().ok()).unwrap_or(USUAL_CLEANUP_SECONDS);
        let cleanup = Duration::from_secs(cleanup.min(self.settings.longest_cleanup_seconds));
        let id = match said("sessionID") {
            Some(old) => self.recovered(old, &user, connection, duration),
            None if self.sessions.len() >= self.settings.sessions => return refused("maxNumberSessions"),
            None => Some(self.sessions.open(&user, connection, duration, cleanup, Instant::now())),
        };
        let Some(id) = id else { return refused("invalidApplicationInfo") };
        if let Some(line) = self.line_mut(connection) {
            line.session = Some(id.clone());
        }
        self.changed();
        Markup::document("StartApplicationSessionPosResponse", APPLICATION_SESSION, |m| {
            m.leaf("sessionID", &id);
            m.leaf("actualProtocolVersion", &version);
            m.number("actualSessionDuration", duration.as_secs());
        })
    }

    fn knows(&self, user: &str, password: &str) -> bool {
        let is = |known: &crate::avaya_dmcc::server::User| known.name == user && known.password == password;
        !self.faults.refuse_passwords && self.users.iter().any(is)
    }

    /// The client's first wish that the server speaks.
    fn agreed_version(&self, request: &Element) -> Option<String> {
        let wishes = request.child("requestedProtocolVersions").map(|wishes| wishes.children.as_slice());
        let restricted = &self.settings.protocol_versions;
        let spoken = |wish: &&Element| {
            if restricted.is_empty() { is_a_version(&wish.text) } else { restricted.contains(&wish.text) }
        };
        let agreed = wishes.unwrap_or_default().iter().find(spoken);
        agreed.filter(|_| !self.faults.refuse_versions).map(|wish| wish.text.clone())
    }

    fn granted_session(&self, request: &Element) -> Duration {
        let wish = request.text_at(&["requestedSessionDuration"]).and_then(|text| text.parse().ok());
        let longest = self.settings.longest_session_seconds.max(1);
        Duration::from_secs(wish.unwrap_or(USUAL_SESSION_SECONDS).clamp(1, longest))
    }

    /// A session that its owner takes up again, with all its monitors. A connection it still had is closed.
    fn recovered(&mut self, old: &str, user: &str, connection: u64, duration: Duration) -> Option<Arc<str>> {
        let session = self.sessions.get_mut(old).filter(|session| session.user == user)?;
        let before = session.connection.replace(connection).filter(|before| *before != connection);
        session.reset(duration, Instant::now());
        let id = session.id.clone();
        if let Some(line) = before.and_then(|before| self.line(before)) {
            line.closing.cancel();
        }
        Some(id)
    }

    pub(super) fn reset_session_timer(&mut self, request: &Element) -> String {
        let duration = self.granted_session(request);
        let id = request.text_at(&["sessionID"]).unwrap_or_default();
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.connection.is_some()) else {
            return negative("ResetApplicationSessionTimerNegResponse", "invalidSessionID");
        };
        session.reset(duration, Instant::now());
        self.changed();
        Markup::document("ResetApplicationSessionTimerPosResponse", APPLICATION_SESSION, |m| {
            m.number("actualSessionDuration", duration.as_secs());
        })
    }

    pub(super) fn stop_session(&mut self, request: &Element) -> String {
        let id = request.text_at(&["sessionID"]).unwrap_or_default();
        if self.sessions.get(id).is_none() {
            return negative("StopApplicationSessionNegResponse", "invalidSessionID");
        }
        self.end_session(id, None);
        Markup::document("StopApplicationSessionPosResponse", APPLICATION_SESSION, |_| {})
    }
}

/// A protocol version of any release: `3.0`, or an edition with or without Avaya's private part (avaya.md 1.2).
fn is_a_version(text: &str) -> bool {
    let Some((_, edition)) = text.rsplit_once("/csta/ed") else { return text == "3.0" };
    let (number, private) = edition.split_once("/priv").unwrap_or((edition, "1"));
    let is_number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_private = (1..=2).contains(&private.len()) && private.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_number(number) && is_private
}

fn refused(error: &str) -> String {
    negative("StartApplicationSessionNegResponse", error)
}

fn negative(root: &str, error: &str) -> String {
    Markup::document(root, APPLICATION_SESSION, |m| {
        m.within("errorCode", |m| m.leaf("definedError", error));
    })
}
