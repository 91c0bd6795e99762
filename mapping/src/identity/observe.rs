//! What an event tells about handles. One reading for every family, so that a chat and a CRM mean the same by the same words.

use trunkline_events::call::{Direction, Party, Route};
use trunkline_events::customer::{Decision, Directive, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId};

use super::{Blocked, Evidence, Handle, Origin, Role, Rules, Sighting};
use crate::numbers::{DialPlan, DialPlans};

/// What one event tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations {
    /// Handles that it names, each once; all ends of its evidence are among them.
    pub sightings: Vec<Sighting>,
    /// What it tells of two handles.
    pub evidence: Vec<Evidence>,
    /// The handle that a record of this event hangs on; see [`subject_handle`].
    pub subject: Option<Handle>,
    /// The directive that no longer counts.
    pub undone: Option<EventId>,
    /// What it names that identifies nobody.
    pub blocked: Vec<BlockedHandle>,
    /// Schemes that the rules do not name; their handles count by careful defaults.
    pub unknown_schemes: Vec<String>,
}

/// A value that makes no handle. The value itself stays in the event: it may be a number, and it is of no use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedHandle {
    /// Its scheme, as the source wrote it.
    pub scheme: String,
    /// Why.
    pub reason: Blocked,
}

/// Handles and evidence that the event carries. Pure and cheap: no more than a few number parses.
pub fn observe(event: &Event, rules: &Rules, plans: &DialPlans) -> Observations {
    let mut told = Observations::default();
    let view = View::of(event);
    let named = view.read(event, rules, plans, &mut told);
    for (handle, _) in &named {
        told.sight(handle, event, rules);
    }
    match (view, named.as_slice()) {
        (View::Said(strength, ..), [(a, _), (b, _)]) => {
            told.evidence.push(Evidence::observed(&event.source, a, b, strength, event.time));
        }
        (View::Decided(origin, ..), [(a, _), (b, _)]) => {
            told.evidence.push(Evidence::decided(event.id, origin, a, b, event.time));
        }
        (View::Undone(directive), _) => told.undone = Some(directive),
        (View::Named(_) | View::Dialled(..), _) => told.link(&named, event, rules),
        _ => {}
    }
    told.evidence.retain(|evidence| evidence.a != evidence.b);
    told
}

/// The handle that a record of this event (a call, a chat, a profile) hangs on: the strongest one that identifies
/// somebody; never a number of a system of record that was merely typed. Evidence and decisions about two handles are nobody's record.
pub fn subject_handle(event: &Event, rules: &Rules, plans: &DialPlans) -> Option<Handle> {
    observe(event, rules, plans).subject
}

/// What kind of statement an event makes about whom.
enum View<'e> {
    /// Nothing.
    Silent,
    /// A number of the outside party, on a trunk.
    Dialled(&'e str, Option<&'e str>),
    /// One person, named by several handles: the session's own first.
    Named(&'e [RawHandle]),
    /// Two handles belong together, so strongly.
    Said(Strength, &'e RawHandle, &'e RawHandle),
    /// A person's decision.
    Decided(Origin, &'e RawHandle, &'e RawHandle),
    /// An earlier decision no longer counts.
    Undone(EventId),
}

impl<'e> View<'e> {
    fn of(event: &'e Event) -> Self {
        match &event.body {
            Body::CallOffered(call) => Self::of_call(&call.route),
            Body::CallQueued(call) => Self::of_call(&call.route),
            Body::CallRinging(call) => Self::of_call(&call.route),
            Body::CallAnswered(call) => Self::of_call(&call.route),
            Body::CallTransferred(call) => Self::of_call(&call.route),
            Body::CallConferenced(call) => Self::of_call(&call.route),
            Body::ChatOpened(chat) => Self::Named(&chat.visitor.handles),
            Body::MailMessage(mail) => Self::Named(&mail.handles),
            Body::TicketChanged(ticket) => Self::Named(&ticket.handles),
            Body::PresenceOnline(presence) => Self::Named(&presence.handles),
            Body::PresencePage(presence) => Self::Named(&presence.handles),
            Body::PresenceOffline(presence) => Self::Named(&presence.handles),
            Body::ContextBreakpoint(context) => Self::Named(&context.handles),
            Body::CustomerProfile(profile) => Self::Named(&profile.handles),
            Body::CustomerTag(tag) => Self::Named(std::slice::from_ref(&tag.handle)),
            Body::CustomerEvidence(said) => Self::Said(said.strength, &said.a, &said.b),
            Body::CustomerDirective(directive) => Self::of_directive(directive),
            _ => Self::Silent,
        }
    }

    /// The outside party alone: agents and internal calls are nobody's.
    fn of_call(route: &'e Route) -> Self {
        let outside: &Party = match route.direction {
            Direction::Inbound => &route.calling,
            Direction::Outbound => &route.called,
            Direction::Internal => return Self::Silent,
        };
        match &outside.number {
            Some(number) if outside.absent.is_none() => Self::Dialled(number, route.trunk.as_deref()),
            _ => Self::Silent,
        }
    }

    fn of_directive(directive: &'e Directive) -> Self {
        match &directive.decision {
            Decision::Include { a, b } => Self::Decided(Origin::Include, a, b),
            Decision::Exclude { a, b } => Self::Decided(Origin::Exclude, a, b),
            Decision::Undo { directive } => Self::Undone(*directive),
        }
    }

    /// The handles named, in order, with how much each claims; blocked ones are told.
    fn read(
        &self,
        event: &Event,
        rules: &Rules,
        plans: &DialPlans,
        told: &mut Observations,
    ) -> Vec<(Handle, Strength)> {
        let plan = plans.of(&event.source);
        match self {
            Self::Silent | Self::Undone(_) => Vec::new(),
            Self::Dialled(number, trunk) => {
                let raw = RawHandle {
                    scheme: "phone".into(),
                    scope: String::new(),
                    value: (*number).into(),
                    verified: false,
                };
                told.read(&raw, rules, plan, *trunk).into_iter().collect()
            }
            Self::Said(_, a, b) | Self::Decided(_, a, b) => {
                [*a, *b].into_iter().filter_map(|raw| told.read(raw, rules, plan, None)).collect()
            }
            Self::Named(raw) => {
                let mut named: Vec<(Handle, Strength)> = Vec::with_capacity(raw.len());
                for (place, raw) in raw.iter().enumerate() {
                    let Some((handle, claim)) = told.read(raw, rules, plan, None) else { continue };
                    // The session is its own handle's, beyond doubt. A contact is only written there, and so is a
                    // number in a system of record that its visitor typed.
                    let is_session =
                        place == 0 && rules.role(&handle) != Role::Contact && !is_hearsay(rules.role(&handle), claim);
                    let claim = if is_session { Strength::Authoritative } else { claim };
                    match named.iter_mut().find(|(known, _)| *known == handle) {
                        Some((_, known)) => *known = claim.max(*known),
                        None => named.push((handle, claim)),
                    }
                }
                named
            }
        }
    }
}

impl Observations {
    fn read(
        &mut self,
        raw: &RawHandle,
        rules: &Rules,
        plan: &DialPlan,
        trunk: Option<&str>,
    ) -> Option<(Handle, Strength)> {
        match Handle::new(&raw.scheme, &raw.scope, &raw.value, rules, plan, trunk) {
            Ok(handle) => {
                let claim = rules.claim(&handle, raw.verified);
                Some((handle, claim))
            }
            Err(reason) => {
                self.blocked.push(BlockedHandle { scheme: raw.scheme.clone(), reason });
                None
            }
        }
    }

    fn sight(&mut self, handle: &Handle, event: &Event, rules: &Rules) {
        if !rules.knows(handle.scheme()) && !self.unknown_schemes.iter().any(|known| known == handle.scheme()) {
            self.unknown_schemes.push(handle.scheme().to_owned());
        }
        if !self.sightings.iter().any(|known| known.handle == *handle) {
            self.sightings.push(Sighting::new(handle.clone(), event.time));
        }
    }

    /// Everything hangs on the strongest handle, not on the session's: what a second person types at a shared device
    /// then belongs to him, and not to the device.
    fn link(&mut self, named: &[(Handle, Strength)], event: &Event, rules: &Rules) {
        let Some(hub) = strongest(named, rules) else { return };
        let (center, claimed) = &named[hub];
        self.subject = Some(center.clone());
        for (handle, claim) in named.iter().filter(|(handle, _)| handle != center) {
            let strength = *claim.min(claimed);
            self.evidence.push(Evidence::observed(&event.source, center, handle, strength, event.time));
        }
    }
}

/// Whether somebody is said to be known to a system of record, and it proves next to nothing: anybody can type a number.
fn is_hearsay(role: Role, claim: Strength) -> bool {
    role == Role::Identity && claim == Strength::Weak
}

/// Identity before channel before device before contact; then what claims more, then what is named first. `None` if all
/// there is was hearsay.
fn strongest(named: &[(Handle, Strength)], rules: &Rules) -> Option<usize> {
    let rank = |place: &usize| {
        let (handle, claim) = &named[*place];
        let role = match rules.role(handle) {
            Role::Identity => 0,
            Role::Channel => 1,
            Role::Device => 2,
            Role::Contact => 3,
        };
        (handle.is_raw(rules), role, std::cmp::Reverse(*claim), *place)
    };
    let proves = |place: &usize| !is_hearsay(rules.role(&named[*place].0), named[*place].1);
    (0..named.len()).filter(proves).min_by_key(rank)
}
