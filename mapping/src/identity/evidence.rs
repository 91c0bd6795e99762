//! Evidence: two handles were seen together, or a person decided on them. Stored for ever, judged anew each time.

use time::Duration;
use trunkline_events::customer::Strength;
use trunkline_events::{EventId, Timestamp};
use uuid::Uuid;

use super::presence::floor;
use super::{Handle, Presence};

/// Namespace of evidence ids, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x91d0_53ce_3f6b_5f7a_8c2d_e41a_5b90_66d8);

/// What the last time of evidence is cut to, so that one source's evidence is written once a month and not each time it is
/// seen. Much shorter than a silence: so it is still sure on which side of one the evidence was seen.
pub(crate) const GRAIN: Duration = Duration::days(30);

/// Where evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A source saw the two together.
    Observed,
    /// A person said that they are one customer.
    Include,
    /// A person said that they are not.
    Exclude,
}

/// One piece of evidence about two handles, by their ids; `a` is the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// Names it: from its content for what was observed, the directive's event id for what was decided.
    pub id: Uuid,
    /// One handle.
    pub a: Uuid,
    /// The other.
    pub b: Uuid,
    /// How much it proves. Means nothing for directives.
    pub strength: Strength,
    /// When it was first seen, or decided.
    pub at: Timestamp,
    /// When it was last seen, cut to 30 days: see [`Evidence::was_seen_since`].
    pub last: Timestamp,
    /// Where it comes from.
    pub origin: Origin,
}

/// A handle, and when it was seen (by the clocks of the sources).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sighting {
    /// The handle.
    pub handle: Handle,
    /// Whenever an event named it.
    pub seen: Presence,
}

impl Sighting {
    /// One event named the handle.
    pub fn new(handle: Handle, at: Timestamp) -> Self {
        Self { handle, seen: Presence::at(at) }
    }
}

impl Evidence {
    /// What a source saw. The id is the same each time the source sees it, so `at` is to be kept at its earliest, `last` at
    /// its latest.
    pub fn observed(source: &str, a: &Handle, b: &Handle, strength: Strength, at: Timestamp) -> Self {
        let (a, b) = ordered(a, b);
        let mut content = Vec::with_capacity(34 + source.len());
        content.extend_from_slice(a.as_bytes());
        content.extend_from_slice(b.as_bytes());
        content.push(strength as u8);
        content.extend_from_slice(source.as_bytes());
        Self {
            id: Uuid::new_v5(&NAMESPACE, &content),
            a,
            b,
            strength,
            at,
            last: floor(at, GRAIN),
            origin: Origin::Observed,
        }
    }

    /// What a person decided. `directive` is the event that says so, which an undo names.
    pub fn decided(directive: EventId, origin: Origin, a: &Handle, b: &Handle, at: Timestamp) -> Self {
        let (a, b) = ordered(a, b);
        Self { id: directive.uuid(), a, b, strength: Strength::Authoritative, at, last: floor(at, GRAIN), origin }
    }

    /// Whether it was seen since a silence ended, at `end`.
    pub(super) fn was_seen_since(&self, end: Timestamp) -> bool {
        self.last.plus(GRAIN) > end
    }
}

fn ordered(a: &Handle, b: &Handle) -> (Uuid, Uuid) {
    (a.id().min(b.id()), a.id().max(b.id()))
}
