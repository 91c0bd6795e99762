//! One call: who is in it, what is known of it, and how it tells that.

use serde::{Deserialize, Serialize};
use trunkline_events::Body;
use trunkline_events::call::{CallData, CallRef, DataAttached, Offered, Route};

use super::occurrence::{Occurrences, Report, Step};
use super::telling::Stage;

/// One device of ours in a call. A leg that is gone is kept: a late word about it must not bring it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) extension: String,
    pub(crate) state: LegState,
    /// When it last changed, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) changed: i64,
    /// The device talked in the call and has not been noted as having hung up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) talked: bool,
}

/// How a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LegState {
    Gone,
    Ringing,
    Held,
    Connected,
}

/// One call at the switch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a call, not the states of one machine")]
pub(crate) struct Call {
    /// Its names; `id` never changes.
    pub(crate) reference: CallRef,
    /// When it was first seen, in milliseconds since 1970.
    pub(crate) since: i64,
    /// Set if the call may have told things before this process listened: the instant that its sequences carry.
    #[serde(skip)]
    pub(crate) mark: Option<i64>,
    /// Whether `call.offered` was told.
    pub(crate) offered: bool,
    /// Whether anybody answered.
    pub(crate) answered: bool,
    /// The device of ours that dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    pub(crate) route: Route,
    #[serde(default)]
    pub(crate) data: CallData,
    pub(crate) legs: Vec<Leg>,
    pub(crate) occurrences: Occurrences,
    /// A monitor follows it through all its parties and will tell its end.
    pub(crate) followed: bool,
    /// The queue it waits in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waiting_in: Option<String>,
    /// Why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
    /// UCIDs of calls that went up in this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) former_ucids: Vec<String>,
    /// When anything was last heard of it, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) touched: i64,
    /// Its UCID was asked for, once.
    #[serde(skip)]
    pub(crate) linkage_asked: bool,
}

impl Call {
    /// Seen for the first time.
    pub(crate) fn new(reference: CallRef, now: i64) -> Self {
        Self {
            reference,
            since: now,
            mark: None,
            offered: false,
            answered: false,
            origin: None,
            route: Route::default(),
            data: CallData::default(),
            legs: Vec::new(),
            occurrences: Occurrences::default(),
            followed: false,
            waiting_in: None,
            failure: None,
            former_ucids: Vec::new(),
            touched: now,
            linkage_asked: false,
        }
    }

    /// Whether a reference names this call, or one that went up in it.
    pub(crate) fn goes_by(&self, reference: &CallRef) -> bool {
        let former = |ucid: &String| self.former_ucids.contains(ucid);
        self.reference.id == reference.id
            || reference.ucid.as_ref().is_some_and(|ucid| self.reference.ucid.as_ref() == Some(ucid) || former(ucid))
    }

    /// The switch's own call id.
    pub(crate) fn switch_id(&self) -> &str {
        self.reference.switch_call_id.as_deref().unwrap_or(&self.reference.id)
    }

    /// The leg of a device, be it gone.
    pub(crate) fn leg(&self, extension: &str) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.extension.eq_ignore_ascii_case(extension))
    }

    /// The state of a device's leg; gone if it never had one.
    pub(crate) fn state(&self, extension: &str) -> LegState {
        self.leg(extension).map_or(LegState::Gone, |leg| leg.state)
    }

    /// Legs that live.
    pub(crate) fn live_legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().filter(|leg| leg.state != LegState::Gone)
    }

    /// Whether a device talks in this call now.
    pub(crate) fn talks(&self, extension: &str) -> bool {
        self.state(extension) == LegState::Connected
    }

    /// Whether the device dialled this call.
    pub(crate) fn is_origin(&self, extension: &str) -> bool {
        self.origin.as_deref().is_some_and(|origin| origin.eq_ignore_ascii_case(extension))
    }

    /// Sets the state of a leg, making it if need be.
    pub(crate) fn set(&mut self, extension: &str, state: LegState, now: i64) {
        match self.legs.iter_mut().find(|leg| leg.extension.eq_ignore_ascii_case(extension)) {
            Some(leg) => {
                leg.state = state;
                leg.changed = now;
            }
            None => self.legs.push(Leg { extension: extension.to_owned(), state, changed: now, talked: false }),
        }
    }

    /// The device, and with it who dialled, talks: what the agents do after it is the wrap-up of this call.
    pub(crate) fn talks_now(&mut self, extension: &str) {
        let origin = self.origin.as_deref();
        let dialled = |leg: &Leg| origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&leg.extension));
        for leg in &mut self.legs {
            leg.talked |= leg.extension.eq_ignore_ascii_case(extension) || dialled(leg) && leg.state != LegState::Gone;
        }
    }

    /// All monitors are new.
    pub(crate) fn new_monitors(&mut self) {
        self.occurrences.new_monitors();
    }

    /// The sequence for a transition's event if it is news.
    pub(crate) fn news(&mut self, step: Step, device: &str, changes: bool, stage: &Stage<'_>) -> Option<String> {
        let number = self.occurrences.news(Report {
            step,
            device,
            monitor: stage.teller.map(|teller| teller.monitor),
            changes,
            now: stage.now(),
            window: stage.site.window,
        })?;
        Some(match (self.mark, stage.teller) {
            (Some(mark), Some(_)) => format!("{number}@{mark}"),
            _ => number.to_string(),
        })
    }

    /// Tells that the call is there, once.
    pub(crate) fn offer(&mut self, stage: &mut Stage<'_>) {
        if self.offered {
            return;
        }
        self.offered = true;
        let device = self.origin.as_deref().map(|origin| stage.device(origin));
        let offered =
            Offered { call: self.reference.clone(), route: self.route.clone(), device, data: self.data.clone() };
        stage.tell(&self.reference, "", "1", Body::CallOffered(offered));
    }

    /// Takes a UCID that became known. It is told as attached data if the call was told without it.
    pub(crate) fn name(&mut self, ucid: &str, stage: &mut Stage<'_>) {
        if self.reference.ucid.is_some() {
            if self.reference.ucid.as_deref() != Some(ucid) && !self.former_ucids.iter().any(|former| former == ucid) {
                self.former_ucids.push(ucid.to_owned());
            }
            return;
        }
        self.reference.ucid = Some(ucid.to_owned());
        if self.offered {
            self.attach(CallData::default(), stage);
        }
    }

    /// Takes the UCID that the call has from now on: two calls became one. The former stays one of its names.
    pub(crate) fn rename(&mut self, ucid: &str, stage: &mut Stage<'_>) {
        match self.reference.ucid.replace(ucid.to_owned()) {
            Some(former) if former == ucid => {}
            Some(former) => {
                self.former_ucids.retain(|known| known != ucid);
                if !self.former_ucids.contains(&former) {
                    self.former_ucids.push(former);
                }
            }
            None => {
                self.reference.ucid = None;
                self.name(ucid, stage);
            }
        }
    }

    /// Tells data that became known.
    pub(crate) fn attach(&mut self, data: CallData, stage: &mut Stage<'_>) {
        if let Some(sequence) = self.news(Step::DataAttached, "", true, stage) {
            let attached = DataAttached { call: self.reference.clone(), data };
            stage.tell(&self.reference, "", &sequence, Body::CallDataAttached(attached));
        }
    }
}
