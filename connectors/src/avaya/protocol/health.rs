//! How the link to the switch is (rule 13), and what may have been missed. The driver tells of the connection to the
//! AES; here it is about the session on it and the AES's own link to the switch behind it.

use serde::{Deserialize, Serialize};
use trunkline_events::link::{Down, Gap, Resynced, Up};
use trunkline_events::{Body, Timestamp};

use super::super::calls::telling::link_event;
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
    /// It may have said that the switch is back while nobody heard.
    unsure: bool,
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

    /// The connection is gone.
    pub(crate) fn unheard(&mut self) {
        self.unsure = self.switch_lost;
    }
}

impl Dmcc {
    /// The AES tells of its link to the switch; `before` is when the last message before this one came.
    pub(crate) fn switch_link(&mut self, link: SwitchLink, before: Option<Timestamp>, out: &mut Actions) {
        match link {
            SwitchLink::Down if !self.health.switch_lost => {
                self.health.switch_lost = true;
                let reason = "the AES has lost its link to the switch".to_owned();
                tracing::warn!(source = %self.source, "the AES has lost its link to the switch");
                self.health.missing_since(before.or(Some(out.now())), &reason);
                let peer = format!("switch {}", self.settings.switch_name);
                self.tell_link("switch", Body::LinkDown(Down { peer, reason }), out);
            }
            SwitchLink::Up if self.health.switch_lost => {
                self.switch_is_back(out);
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

    /// The link between AES and switch works again.
    pub(crate) fn switch_is_back(&mut self, out: &mut Actions) {
        self.health.unsure = false;
        if std::mem::replace(&mut self.health.switch_lost, false) {
            let peer = format!("switch {}", self.settings.switch_name);
            self.tell_link("switch", Body::LinkUp(Up { peer }), out);
        }
    }

    /// The switch itself was heard. If it was lost and the AES's word that it is back may have been missed, this is it.
    pub(crate) fn switch_speaks(&mut self, out: &mut Actions) {
        if self.health.unsure {
            self.switch_is_back(out);
            if !self.resync.is_running() {
                self.begin_resync_if_running(out);
            }
        }
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
            self.monitors.gap_closes(from);
            let gap = Gap { from, to: out.now(), reason };
            self.tell_link("session", Body::LinkGap(gap), out);
        }
    }

    /// The monitor of one device stands again: what was said of it meanwhile is a gap of its own.
    pub(crate) fn close_gap_of(&mut self, number: usize, vanished: u32, out: &mut Actions) {
        let Some(from) = self.monitors.heard_again(number) else { return };
        let extension = self.monitors.get(number).map(|point| point.extension.clone()).unwrap_or_default();
        let gap = Gap { from, to: out.now(), reason: format!("{extension} was not monitored") };
        self.tell_link(&format!("monitor/{extension}"), Body::LinkGap(gap), out);
        if !self.resync.is_running() {
            self.tell_link(&format!("monitor/{extension}"), Body::LinkResynced(Resynced { read: 1, vanished }), out);
        }
    }

    /// Emits an event of the link; `which` tells the session's from the switch's.
    pub(crate) fn tell_link(&self, which: &str, body: Body, out: &mut Actions) {
        let event = link_event(&self.source, which, body, out.now());
        out.push(Action::Emit(Box::new(event)));
    }
}
