//! What outlives the process: the session (so that a restart within the clean-up delay keeps it), its monitors, live
//! calls, agents. Written at most once a second; the driver keeps it after the events before it are durable, so it may
//! be behind what was told, never ahead: the ids in [`super::super::calls`] allow for that.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::super::agents::Agents;
use super::super::calls::call::Call;
use super::super::wire::messages::requests::Csta;
use super::Dmcc;
use super::health::OpenGap;
use super::monitors::SavedMonitor;
use crate::contract::{Action, Actions};

/// How long changes are gathered.
pub(crate) const DELAY: Duration = Duration::from_secs(1);
/// The form of the checkpoint; another one is not read.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    form: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    heard: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<OpenGap>,
    monitors: Vec<SavedMonitor>,
    calls: Vec<Call>,
    agents: Agents,
}

/// The same, borrowed.
#[derive(Serialize)]
struct Saving<'a> {
    form: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: &'a Option<String>,
    heard: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: &'a Option<OpenGap>,
    monitors: Vec<SavedMonitor>,
    calls: Vec<&'a Call>,
    agents: &'a Agents,
}

impl Dmcc {
    /// Writes the checkpoint.
    pub(crate) fn save(&mut self, out: &mut Actions) {
        self.dirty = false;
        let saving = Saving {
            form: FORM,
            session: &self.session.id,
            heard: self.heard,
            gap: &self.health.gap,
            monitors: self.monitors.save(),
            calls: self.translation.calls.iter().collect(),
            agents: &self.translation.calls.site.agents,
        };
        match serde_json::to_vec(&saving) {
            Ok(bytes) => out.push(Action::Checkpoint(bytes)),
            Err(error) => tracing::error!(source = %self.source, %error, "the checkpoint cannot be written"),
        }
    }

    /// Takes up where the last process stopped.
    pub(crate) fn restore(&mut self, saved: Option<&[u8]>, out: &mut Actions) {
        self.translation.calls.site.epoch = Some(out.now().unix_millis());
        let Some(bytes) = saved else { return };
        let saved = match serde_json::from_slice::<Saved>(bytes) {
            Ok(saved) if saved.form == FORM => saved,
            Ok(_) | Err(_) => {
                tracing::warn!(source = %self.source, size = bytes.len(), "the checkpoint cannot be read, starting anew");
                return;
            }
        };
        self.session.id = saved.session;
        self.heard = saved.heard;
        self.health.gap = saved.gap;
        self.csta = Csta::default();
        self.translation.calls.site.agents = saved.agents;
        self.translation.calls.restore(saved.calls);
        let strangers = self.monitors.restore(saved.monitors);
        for (number, cross_ref) in self.monitors.set_ones() {
            let follows = self.monitors.get(number).is_some_and(|point| point.kind == super::monitors::PointKind::Vdn);
            self.translation.monitor_started(cross_ref, follows);
        }
        if !strangers.is_empty() {
            // They belong to devices that are no longer configured: a new session is the simplest way to be rid of them.
            tracing::info!(source = %self.source, count = strangers.len(), "monitored devices were taken out of the configuration");
            self.session.id = None;
            self.monitors.forget();
            self.translation.forget_monitors();
            self.health.missing_since(self.heard, "the configuration changed");
        }
    }
}
