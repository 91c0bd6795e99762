//! How the link to the switch is (rule 13), and what may have been missed. The driver tells of the connection to the
//! AES; here it is about the session on it and the AES's own link to the switch behind it.

use serde::{Deserialize, Serialize};
use trunkline_events::link::{Down, Gap, Up};
use trunkline_events::{Body, Event, EventId, Timestamp};

use super::super::wire::messages::answers::SwitchLink;
use super::Dmcc;
use crate::contract::{Action, Actions};

/// A gap that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGap {
    /// The last instant that is surely complete.
    pub(crate) from: Timestamp,
    /// What happened, in a sentence.
    pub(crate) reason: String,
}

/// What is known of the link.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// The AES has lost the switch.
    switch_lost: bool,
    pub(crate) gap: Option<OpenGap>,
}

impl Health {
    /// Events may be missing since then. An earlier gap that is still open covers it. Without any instant nothing
    /// was ever heard, so nothing is missing.
    pub(crate) fn missing_since(&mut self, from: Option<Timestamp>, reason: &str) {
        if let (None, Some(from)) = (&self.gap, from) {
            self.gap = Some(OpenGap { from, reason: reason.to_owned() });
        }
    }
}

impl Dmcc {
    /// The AES tells of its link to the switch; `before` is when the last message before this one came.
    pub(crate) fn switch_link(&mut self, link: SwitchLink, before: Option<Timestamp>, out: &mut Actions) {
        let peer = format!("switch {}", self.settings.switch_name);
        match link {
            SwitchLink::Down if !self.health.switch_lost => {
                self.health.switch_lost = true;
                let reason = "the AES has lost its link to the switch".to_owned();
                tracing::warn!(source = %self.source, "the AES has lost its link to the switch");
                self.health.missing_since(before.or(Some(out.now())), &reason);
                self.tell_link("switch", Body::LinkDown(Down { peer, reason }), out);
            }
            SwitchLink::Up if self.health.switch_lost => {
                self.health.switch_lost = false;
                self.tell_link("switch", Body::LinkUp(Up { peer }), out);
                self.begin_resync_if_running(out);
            }
            SwitchLink::MessagesLost => {
                self.health.missing_since(before.or(Some(out.now())), "the AES lost messages of the switch");
                self.begin_resync_if_running(out);
            }
            SwitchLink::Down | SwitchLink::Up | SwitchLink::Strained => {}
        }
        self.dirty = true;
    }

    fn begin_resync_if_running(&mut self, out: &mut Actions) {
        if self.session.is_running() {
            self.begin_resync(out);
        }
    }

    /// The gap ends here, unless the switch is still lost.
    pub(crate) fn close_gap(&mut self, out: &mut Actions) {
        if self.health.switch_lost {
            return;
        }
        if let Some(OpenGap { from, reason }) = self.health.gap.take() {
            let gap = Gap { from, to: out.now(), reason };
            self.tell_link("session", Body::LinkGap(gap), out);
        }
    }

    /// Emits an event of the link; `which` tells the session's from the switch's.
    pub(crate) fn tell_link(&self, which: &str, body: Body, out: &mut Actions) {
        let now = out.now();
        let sequence = now.unix_millis().to_string();
        out.push(Action::Emit(Box::new(Event {
            id: EventId::derive(&self.source, &format!("link/{which}"), body.event_type(), &sequence),
            source: self.source.clone(),
            subject: None,
            time: now,
            received: now,
            partition_key: format!("{}:link", self.source),
            causation: None,
            sequence: None,
            body,
        })));
    }
}
