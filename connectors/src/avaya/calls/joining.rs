//! Transfers and conferences: two calls become one conversation, and the customer stays the customer (rule 20).

use trunkline_events::Body;
use trunkline_events::call::{CallRef, Conferenced, Direction, Transferred};

use super::super::wire::messages::call_events::{CallEvent, CallEventKind};
use super::call::{Call, LegState};
use super::occurrence::Step;
use super::telling::{Stage, Teller};
use super::{Calls, reference};
use crate::contract::Actions;

/// What went into one call.
struct Union {
    /// The call that goes on, with everybody in it.
    call: Call,
    /// The calls that ended in it.
    from: Vec<CallRef>,
    /// The same, also those that were never told.
    gone: Vec<CallRef>,
    /// The joining device had one of the calls on hold.
    held: bool,
}

impl Calls {
    /// Joins the calls of a `TransferedEvent` or `ConferencedEvent`.
    pub(crate) fn join(&mut self, event: &CallEvent<'_>, teller: Teller, out: &mut Actions) {
        let Some(primary) = self.take(event, out) else { return };
        let secondary = event.secondary.map(|id| self.joined.get(id).cloned().unwrap_or_else(|| id.to_owned()));
        let mut olds = vec![primary];
        olds.extend(secondary.and_then(|id| self.open.remove(&id)));
        let goes_on = self.id_that_goes_on(event, &olds);
        olds.extend(self.open.remove(&goes_on));
        let by = event.subject.unwrap_or_default().to_owned();
        let fresh = reference(&goes_on, event.data.ucid, out.now().unix_millis());
        let mut union = unite(olds, fresh, &by);
        for old in union.gone.iter().filter_map(|old| old.switch_call_id.clone()) {
            self.joined.values_mut().filter(|id| **id == old).for_each(|id| id.clone_from(&goes_on));
            self.joined.insert(old, goes_on.clone());
        }
        let mut stage = Stage { site: &self.site, teller: Some(teller), out };
        union.call.learn(event, &mut stage);
        if let Some(original) = event.data.original.as_deref() {
            union.call.take_original(original, &stage.site.plan);
        }
        union.call.offer(&mut stage);
        let over = match event.kind {
            CallEventKind::Transferred => union.transferred(event, &by, &mut stage),
            _ => union.conferenced(event, &by, &mut stage),
        };
        let now = out.now().unix_millis();
        for old in &union.gone {
            self.hung_up.follow(old, &union.call.reference);
        }
        if over {
            self.bury(union.call, now);
        } else {
            self.keep(union.call, now);
        }
    }

    /// The list of new connections says it; else the UCID; else the primary call goes on (as seen of AES).
    fn id_that_goes_on(&self, event: &CallEvent<'_>, olds: &[Call]) -> String {
        if let Some(id) = event.resulting {
            return self.joined.get(id).cloned().unwrap_or_else(|| id.to_owned());
        }
        let named =
            event.data.ucid.and_then(|ucid| olds.iter().find(|old| old.reference.ucid.as_deref() == Some(ucid)));
        named.or(olds.first()).map_or_else(|| event.call.to_owned(), |call| call.switch_id().to_owned())
    }
}

/// Puts everybody into the call that goes on, be it a new one. Its route is that of the oldest call with somebody from outside.
fn unite(mut olds: Vec<Call>, goes_on: CallRef, by: &str) -> Union {
    olds.sort_by_key(|call| (call.route.direction == Direction::Internal, call.since));
    let (route, data, origin) = match olds.first() {
        Some(customer) => (customer.route.clone(), customer.data.clone(), customer.origin.clone()),
        None => Default::default(),
    };
    let held = olds.iter().any(|call| call.state(by) == LegState::Held);
    let position = olds.iter().position(|call| call.reference.switch_call_id == goes_on.switch_call_id);
    let since = olds.iter().map(|call| call.since).min().unwrap_or_default();
    let mut call = position.map_or_else(|| Call::new(goes_on, since), |at| olds.remove(at));
    call.route = route;
    call.data = data;
    call.origin = origin;
    let gone = olds.iter().map(|old| old.reference.clone()).collect();
    let mut from = Vec::new();
    for old in olds {
        call.absorb(&old);
        if old.offered {
            from.push(old.reference);
        }
    }
    Union { call, from, gone, held }
}

impl Call {
    /// Takes over the legs and names of a call that ended in this one.
    fn absorb(&mut self, old: &Self) {
        for leg in &old.legs {
            if self.leg(&leg.extension).is_none_or(|own| own.state < leg.state) {
                self.set(&leg.extension, leg.state, leg.changed);
            }
            if let Some(own) = self.legs.iter_mut().find(|own| own.extension.eq_ignore_ascii_case(&leg.extension)) {
                own.talked |= leg.talked;
            }
        }
        self.offered |= old.offered;
        self.followed |= old.followed;
        self.answered |= old.answered;
        self.since = self.since.min(old.since);
        self.mark = self.mark.or(old.mark);
        self.former_ucids.extend(old.reference.ucid.iter().chain(&old.former_ucids).cloned());
    }
}

impl Union {
    fn transferred(&mut self, event: &CallEvent<'_>, by: &str, stage: &mut Stage<'_>) -> bool {
        let call = &mut self.call;
        let changes = !self.from.is_empty() || call.state(by) != LegState::Gone;
        let to = event.other.unwrap_or_default();
        if let Some(sequence) = call.news(Step::Transferred, by, changes, stage) {
            let transferred = Transferred {
                call: call.reference.clone(),
                from: std::mem::take(&mut self.from),
                transferring: stage.device(by),
                transferred_to: stage.device(to),
                route: call.route.clone(),
            };
            stage.tell(&call.reference, by, &sequence, Body::CallTransferred(transferred));
            if call.leg(by).is_some() {
                call.leg_ended(by, event.cause, stage);
            }
        }
        let plan = &stage.site.plan;
        let out_of_sight = !call.followed && call.is_unwatched(plan) && !plan.is_watched_station(to);
        if out_of_sight {
            call.end(event.cause, stage);
        }
        out_of_sight
    }

    fn conferenced(&mut self, event: &CallEvent<'_>, by: &str, stage: &mut Stage<'_>) -> bool {
        let call = &mut self.call;
        let added = event.other.unwrap_or_default();
        let changes = !self.from.is_empty() || call.leg(added).is_none();
        let Some(sequence) = call.news(Step::Conferenced, added, changes, stage) else { return false };
        let conferenced = Conferenced {
            call: call.reference.clone(),
            from: std::mem::take(&mut self.from),
            conferencing: stage.device(by),
            added: stage.device(added),
            route: call.route.clone(),
        };
        stage.tell(&call.reference, added, &sequence, Body::CallConferenced(conferenced));
        if self.held && call.leg(by).is_some() {
            call.set(by, LegState::Held, stage.now());
            call.resumed(by, stage);
        }
        false
    }
}
