//! From a set of events to the record, and what else the engine wants to know of the conversation.

use trunkline_events::call::{CallData, CallRef, Device, Route};
use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::customer::RawHandle;
use trunkline_events::{Event, Timestamp};

use super::chat::Chat;
use super::key::{call_of, chat_of};
use super::order::{Told, order};
use super::remark::{figures, remarks};
use super::voice::Voice;
use super::wrap_up::wrap_up;

/// A conversation as its events tell it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The record, with `customer` absent, `revision` 0 and nothing `absorbed`: these are the engine's.
    pub cdr: Cdr,
    /// The conversation is over. Later events may still correct the record.
    pub complete: bool,
    /// Whom it was with, as its source wrote it.
    pub customer_handle: Option<CustomerHandle>,
    /// Legs that ring or talk now, in the order they joined; empty once the conversation is over.
    pub live: Vec<LiveLeg>,
}

/// The customer's raw handle with what selects its dial plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerHandle {
    /// A phone number (scheme `phone`), or the handle a chat is known by.
    pub handle: RawHandle,
    /// The site: the connector that told it.
    pub link: String,
    /// Trunk group, where the switch tells it.
    pub trunk: Option<String>,
}

impl CustomerHandle {
    pub(super) fn phone(link: &str, number: &str, trunk: Option<&str>) -> Self {
        let handle =
            RawHandle { scheme: "phone".to_owned(), scope: String::new(), value: number.to_owned(), verified: false };
        Self { handle, link: link.to_owned(), trunk: trunk.map(str::to_owned) }
    }
}

/// A leg that rings, talks or is held now: what a pop is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveLeg {
    /// The connector that saw the call.
    pub link: String,
    /// The call, the one that goes on where calls were joined.
    pub call: CallRef,
    /// The device, and who sits there.
    pub device: Device,
    /// The customer's side of the conversation.
    pub route: Route,
    /// Everything that travels with the conversation.
    pub data: CallData,
    /// Since when it is answered; absent while it rings.
    pub answered: Option<Timestamp>,
    /// When the event that began the leg was taken.
    pub rang: Timestamp,
}

/// Folds the events of one conversation: calls that were joined, or one chat, with its remarks and the states of its agents.
///
/// Takes them in any order, doubled or not; the same set gives the same result. `None` if none of them makes a record:
/// remarks and agent states alone do not. The record's id is that of the [root](super::root) of all keys named.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Folded> {
    let ordered = order(events);
    let told = ordered.told.as_slice();
    let medium = medium(told)?;
    let in_medium = told.iter().filter(|told| match medium {
        Medium::Voice => call_of(&told.event.body).is_some(),
        Medium::Chat => chat_of(&told.event.body).is_some(),
    });
    let started = in_medium.map(|told| told.at).min();
    let (mut cdr, customer_handle, live) = match medium {
        Medium::Voice => {
            let voice = Voice::walk(told);
            let live = voice.live(told);
            (voice.record(), voice.customer_handle(), live)
        }
        Medium::Chat => {
            let chat = Chat::walk(told);
            (chat.record(), chat.customer_handle(), Vec::new())
        }
    };
    cdr.started = started;
    cdr.reconstructed |= ordered.clock_jumped;
    cdr.wrap_up_ms = wrap_up(told, &cdr);
    cdr.remarks = remarks(told);
    cdr.switch = figures(told);
    let complete = cdr.ended.is_some();
    Some(Folded { cdr, complete, customer_handle, live })
}

/// Whether a record says anything else than before, its revision number aside.
pub fn changed(old: &Cdr, new: &Cdr) -> bool {
    // Destructured, so that a new field of the record cannot be forgotten here.
    let Cdr {
        id,
        revision: _,
        medium,
        source,
        direction,
        channel,
        calls,
        ucids,
        customer,
        customer_handle,
        dialled,
        vdn,
        queues,
        started,
        answered,
        ended,
        queue_ms,
        ring_ms,
        talk_ms,
        hold_ms,
        wrap_up_ms,
        outcome,
        legs,
        messages,
        transfers,
        conferences,
        remarks,
        reconstructed,
        absorbed,
        switch,
    } = old;
    let who = *id == new.id
        && *absorbed == new.absorbed
        && *customer == new.customer
        && *customer_handle == new.customer_handle
        && *dialled == new.dialled
        && *vdn == new.vdn;
    let what = *medium == new.medium
        && *source == new.source
        && *direction == new.direction
        && *channel == new.channel
        && *calls == new.calls
        && *ucids == new.ucids
        && *queues == new.queues;
    let when = *started == new.started
        && *answered == new.answered
        && *ended == new.ended
        && (*queue_ms, *ring_ms, *talk_ms) == (new.queue_ms, new.ring_ms, new.talk_ms)
        && (*hold_ms, *wrap_up_ms) == (new.hold_ms, new.wrap_up_ms);
    let how = *outcome == new.outcome
        && *legs == new.legs
        && *messages == new.messages
        && (*transfers, *conferences) == (new.transfers, new.conferences)
        && (remarks, switch) == (&new.remarks, &new.switch)
        && *reconstructed == new.reconstructed;
    !(who && what && when && how)
}

/// Voice if any event speaks of a call, else chat if any speaks of one.
fn medium(told: &[Told<'_>]) -> Option<Medium> {
    if told.iter().any(|told| call_of(&told.event.body).is_some()) {
        Some(Medium::Voice)
    } else if told.iter().any(|told| chat_of(&told.event.body).is_some()) {
        Some(Medium::Chat)
    } else {
        None
    }
}
