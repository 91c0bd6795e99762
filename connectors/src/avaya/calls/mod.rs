//! The calls at one switch as its events tell them: native messages in, canonical events out. Pure.
//!
//! - [`call`]: one call, its legs, what is known of it.
//! - [`occurrence`]: which report of a transition is news, and which an echo of another monitor.
//! - [`telling`]: how an event is made, and its id.
//! - [`steps`]: ringing, answered, held, … ; [`ending`]: legs and calls that end; [`joining`]: transfers, conferences.
//! - [`origin`]: the route of a call, its direction; [`ledger`]: which call an event is about, reuse of call ids.
//! - [`wrap_up`]: which call an agent's state after a call belongs to.
//! - [`reconcile`]: snapshots against what we believe.
//!
//! # Ids
//! An event's id derives from the connector's source, the call's reference and device, the kind of transition and its
//! *occurrence*: the first hold of this leg, the second hold. So several monitors, a replay, and two daemons that
//! hold the same connector at once give one id for one happening.
//!
//! A connector that starts while calls live cannot know how often something happened before. For such a call
//! (restored from a checkpoint, found by a snapshot, or first seen by an event that cannot be its first):
//! - live transitions carry the instant of the start besides the count (`1@1767225600000`), so they never fall on
//!   the id of another happening that was told before the start;
//! - what a snapshot *asserts* (it rings there, he talks) carries the plain next count: if it was told before the
//!   start, it has the same id and is dropped, else it is new. There is no second ringing either way;
//! - offered and ended happen once in a call's life and never carry the instant.
//!
//! A call's reference is its UCID if the first event tells it, else the call id with the instant of the first event.

pub(crate) mod call;
mod ending;
mod joining;
mod ledger;
mod occurrence;
mod origin;
mod reconcile;
mod steps;
pub(crate) mod telling;
mod wrap_up;

use std::collections::HashMap;

use trunkline_events::call::{CallRef, Party};

use self::call::Call;
use self::ledger::Ended;
use self::telling::{Site, Stage, Teller};
use self::wrap_up::HungUp;
use super::numbers::{Learned, folded};
use super::wire::messages::call_events::{CallEvent, CallEventKind};
use crate::contract::Actions;

pub(crate) use self::reconcile::{Reconciled, Unseen};

/// All live calls, and those that ended just now.
pub(crate) struct Calls {
    /// Source, number plan, agents.
    pub(crate) site: Site,
    /// By the switch's call id.
    open: HashMap<String, Call>,
    /// Call ids that went up in another call, and which.
    joined: HashMap<String, String>,
    ended: Ended,
    /// In which call a station was last seen talking.
    talking: HashMap<String, String>,
    hung_up: HungUp,
    /// Call ids that were made a name without a UCID: at which instant last, and how often at that instant.
    named: HashMap<String, (i64, u32)>,
    /// The instant of the first event, and whether there was another: a recording may be without times.
    began: Option<i64>,
    clock_runs: bool,
}

/// What is to be asked of the switch after an event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The UCID of this call, seen from this device.
    pub(crate) linkage: Option<(String, Option<String>)>,
    /// A device that cannot be in all the calls it seems to be in.
    pub(crate) suspect: Option<String>,
}

impl Calls {
    /// No calls yet.
    pub(crate) fn new(site: Site) -> Self {
        Self {
            site,
            open: HashMap::new(),
            joined: HashMap::new(),
            ended: Ended::default(),
            talking: HashMap::new(),
            hung_up: HungUp::default(),
            named: HashMap::new(),
            began: None,
            clock_runs: false,
        }
    }

    /// Takes one event.
    pub(crate) fn apply(&mut self, event: &CallEvent<'_>, teller: Teller, out: &mut Actions) -> Wishes {
        let now = out.now().unix_millis();
        self.clock_runs |= *self.began.get_or_insert(now) != now;
        self.learn_plan(event);
        if self.is_recorders_doing(event) {
            return Wishes::default();
        }
        if matches!(event.kind, CallEventKind::Transferred | CallEventKind::Conferenced) {
            self.join(event, teller, out);
            return Wishes::default();
        }
        let Some(mut call) = self.take(event, out) else { return Wishes::default() };
        let mut stage = Stage { site: &self.site, teller: Some(teller), out };
        call.learn(event, &mut stage);
        // Off hook is no call yet, and what ends without having been one was none.
        let silent = [CallEventKind::ServiceInitiated, CallEventKind::ConnectionCleared, CallEventKind::CallCleared];
        if !silent.contains(&event.kind) {
            call.offer(&mut stage);
        }
        let over = call.step(event, &mut stage);
        if over {
            self.bury(call, out.now().unix_millis());
            return Wishes::default();
        }
        let wishes = self.wishes(&mut call, event);
        self.keep(call, out.now().unix_millis());
        wishes
    }

    fn wishes(&mut self, call: &mut Call, event: &CallEvent<'_>) -> Wishes {
        let mut wishes = Wishes::default();
        if call.reference.ucid.is_none() && !call.linkage_asked {
            call.linkage_asked = true;
            let device = event.connection.or(event.subject).map(str::to_owned);
            wishes.linkage = Some((call.switch_id().to_owned(), device));
        }
        if let (CallEventKind::Established, Some(at)) = (event.kind, event.subject.or(event.connection)) {
            let former = self.talking.insert(folded(at).into_owned(), call.switch_id().to_owned());
            let elsewhere = former.filter(|id| id != call.switch_id()).and_then(|id| self.open.get(&id));
            if elsewhere.is_some_and(|other| other.talks(at)) {
                wishes.suspect = Some(at.to_owned());
            }
        }
        wishes
    }

    /// A UCID that was asked for.
    pub(crate) fn linkage(&mut self, call_id: &str, ucid: &str, out: &mut Actions) {
        let id = self.joined.get(call_id).map_or(call_id, String::as_str);
        if let Some(call) = self.open.get_mut(id) {
            call.name(ucid, &mut Stage { site: &self.site, teller: None, out });
        }
    }

    /// Whether a call is alive.
    pub(crate) fn get(&self, call_id: &str) -> Option<&Call> {
        self.open.get(self.joined.get(call_id).map_or(call_id, String::as_str))
    }

    /// Live calls.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Call> {
        self.open.values()
    }

    /// Puts calls back that a checkpoint held; their live transitions carry the instant of this start.
    pub(crate) fn restore(&mut self, calls: Vec<Call>) {
        for mut call in calls {
            call.mark = self.site.epoch;
            call.new_monitors();
            self.open.insert(call.switch_id().to_owned(), call);
        }
    }

    /// All monitors are new: their counts begin where we stand, and those that follow calls take hold of new ones only.
    pub(crate) fn new_monitors(&mut self) {
        for call in self.open.values_mut() {
            call.new_monitors();
            call.followed = false;
        }
    }

    /// Rule 24: a recorder that joins, leaves or rings is no party.
    fn is_recorders_doing(&self, event: &CallEvent<'_>) -> bool {
        let recorder = |device: Option<&str>| device.is_some_and(|device| self.site.plan.is_recorder(device));
        match event.kind {
            CallEventKind::Conferenced => {
                event.cause == Some("silentParticipation") || recorder(event.other) || recorder(event.subject)
            }
            CallEventKind::Transferred | CallEventKind::CallCleared => false,
            CallEventKind::ConnectionCleared => recorder(event.connection.or(event.subject)),
            _ => recorder(event.subject.or(event.connection)),
        }
    }

    /// A recording has no configuration: VDNs, skills and stations show themselves.
    fn learn_plan(&mut self, event: &CallEvent<'_>) {
        let Some(learned) = self.site.plan.learned() else { return };
        event.data.vdn.inspect(|vdn| learned.vdn(vdn));
        event.data.queue.inspect(|skill| learned.skill(skill));
        if let Some(at) = event.subject {
            learn_device(event, at, learned);
        }
        let number = |party: &Option<Party>| party.as_ref().and_then(|party| party.number.clone());
        let parties = number(&event.calling).into_iter().chain(number(&event.called));
        let devices = [event.subject, event.data.distributing].into_iter().flatten().map(str::to_owned);
        parties.chain(devices).for_each(|device| learned.judge(&device));
    }

    /// Puts a live call back into the books.
    fn keep(&mut self, mut call: Call, now: i64) {
        self.hung_up.note(&mut call, now);
        self.open.insert(call.switch_id().to_owned(), call);
    }

    fn bury(&mut self, mut call: Call, now: i64) {
        self.hung_up.note(&mut call, now);
        self.joined.retain(|_, goes_on| *goes_on != call.reference.switch_call_id.as_deref().unwrap_or_default());
        self.ended.add(call, now);
    }
}

/// What an event shows of the device it happened at.
fn learn_device(event: &CallEvent<'_>, at: &str, learned: &mut Learned) {
    match event.kind {
        CallEventKind::Queued => learned.skill(at),
        CallEventKind::Delivered if event.cause == Some("enteringDistribution") => learned.vdn(at),
        CallEventKind::Delivered if seems_to_enter(event, at) => learned.likely_vdn(at),
        CallEventKind::Established
        | CallEventKind::Held
        | CallEventKind::Retrieved
        | CallEventKind::ServiceInitiated
        | CallEventKind::Originated
        | CallEventKind::Transferred
        | CallEventKind::Conferenced => learned.station(at),
        _ => {}
    }
}

/// Whether a call seems to have come to a VDN rather than to a station, judged by the event alone.
fn seems_to_enter(event: &CallEvent<'_>, at: &str) -> bool {
    let called = event.called.as_ref().and_then(|called| called.number.as_deref());
    event.local_state.is_none() && event.cause == Some("newCall") && called == Some(at)
}

/// The reference of a call that is seen for the first time.
fn reference(call_id: &str, ucid: Option<&str>, now: i64) -> CallRef {
    CallRef {
        id: ucid.map_or_else(|| format!("{call_id}-{now}"), str::to_owned),
        switch_call_id: Some(call_id.to_owned()),
        ucid: ucid.map(str::to_owned),
    }
}
