//! Pops: what changed between the legs that were alive and those that are.
//!
//! A pop is told only for a leg that lives now, so history that comes late, or twice, rings nowhere.

use std::collections::{BTreeMap, HashMap};

use trunkline_events::call::Direction;
use trunkline_events::pop::{Brief, Certainty, Pop, PopEnded};
use trunkline_events::{Body, EventId, Timestamp};
use uuid::Uuid;

use super::conversations::Touched;
use super::derive::Derived;
use crate::cdr::LiveLeg;
use crate::store::{Bundle, LivePop, StoreError, micros, pops};

/// Who it may be, for one conversation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Presumed {
    pub(super) certainty: Certainty,
    pub(super) candidates: Vec<Brief>,
}

/// One per call and device, the same for ringing, answered and ended.
fn pop_id(leg: &LiveLeg) -> Uuid {
    EventId::derive(&leg.link, &leg.call.id, "pop", &leg.device.extension).uuid()
}

/// Legs that a person is shown: those of calls with somebody outside.
pub(super) fn shown<'t>(conversation: &'t Touched<'_>) -> impl Iterator<Item = &'t LiveLeg> {
    conversation.folded.live.iter().filter(|leg| leg.route.direction != Direction::Internal)
}

/// Conversations that will ring at a device they did not ring at before: whose customers must be looked up.
pub(super) fn new_here<'t, 'e>(touched: &'t [Touched<'e>], standing: &[LivePop]) -> Vec<&'t Touched<'e>> {
    let known = |leg: &LiveLeg| standing.iter().any(|live| live.pop.pop == pop_id(leg));
    touched.iter().filter(|conversation| shown(conversation).any(|leg| !known(leg))).collect()
}

/// Tells what began, was answered and ended, and keeps what lives.
pub(super) fn turn(
    writes: &mut Bundle,
    touched: &[Touched<'_>],
    standing: Vec<LivePop>,
    presumed: &HashMap<Uuid, Presumed>,
    derived: &mut Derived,
) -> Result<(), StoreError> {
    let mut before: BTreeMap<Uuid, LivePop> = standing.into_iter().map(|live| (live.pop.pop, live)).collect();
    let mut kept = Vec::new();
    for conversation in touched {
        for leg in shown(conversation) {
            let old = before.remove(&pop_id(leg));
            let new = live_pop(conversation, leg, old.as_ref(), presumed.get(&conversation.root));
            if old.as_ref() != Some(&new) {
                tell(conversation, old.as_ref(), &new, derived);
                kept.push(new);
            }
        }
    }
    for ended in before.values() {
        tell_end(touched, ended, derived);
    }
    if !before.is_empty() {
        pops::delete(writes, before.into_keys());
    }
    if kept.is_empty() { Ok(()) } else { pops::upsert(writes, &kept) }
}

fn live_pop(conversation: &Touched<'_>, leg: &LiveLeg, old: Option<&LivePop>, who: Option<&Presumed>) -> LivePop {
    // Who it is was looked up as it began to ring; the panel follows `customer.changed` from there.
    let (certainty, candidates) = match (old, who) {
        (Some(old), _) => (old.pop.certainty, old.pop.candidates.clone()),
        (None, Some(who)) => (who.certainty, who.candidates.clone()),
        (None, None) => (Certainty::None, Vec::new()),
    };
    let pop = Pop {
        pop: pop_id(leg),
        link: leg.link.clone(),
        call: leg.call.clone(),
        cdr: conversation.root,
        device: leg.device.clone(),
        route: leg.route.clone(),
        data: leg.data.clone(),
        certainty,
        candidates,
        rang: leg.rang,
    };
    let at = leg.answered.unwrap_or(leg.rang);
    LivePop { pop, conversation: conversation.root, answered: leg.answered.is_some(), at }
}

fn tell(conversation: &Touched<'_>, old: Option<&LivePop>, new: &LivePop, derived: &mut Derived) {
    let subject = new.pop.pop.to_string();
    let turn = turn_of(new.pop.rang);
    let rang_before = old.is_some_and(|old| old.pop.rang == new.pop.rang);
    if !rang_before && (!new.answered || new.pop.route.direction == Direction::Inbound) {
        derived.tell(conversation.cause, &subject, &turn, Body::PopRinging(new.pop.clone()));
    }
    if new.answered && !(rang_before && old.is_some_and(|old| old.answered)) {
        derived.tell(conversation.cause, &subject, &turn, Body::PopAnswered(new.pop.clone()));
    }
}

fn tell_end(touched: &[Touched<'_>], ended: &LivePop, derived: &mut Derived) {
    let Some(conversation) = touched.iter().find(|one| one.members.contains(&ended.conversation)) else { return };
    let body = PopEnded { pop: ended.pop.pop, link: ended.pop.link.clone(), device: ended.pop.device.clone() };
    derived.tell(conversation.cause, &body.pop.to_string(), &turn_of(ended.pop.rang), Body::PopEnded(body));
}

/// The same device may ring twice for one call: each time is a turn of its own.
fn turn_of(rang: Timestamp) -> String {
    micros(rang).to_string()
}
