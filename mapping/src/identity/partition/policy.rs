//! What observed evidence may join: the stronger, the more.

use trunkline_events::customer::Strength;

use super::Verdict;
use crate::identity::Role;

/// One end of a piece of evidence, and the cluster it is in.
pub(super) struct Side {
    /// What the handle is to its person.
    pub(super) role: Role,
    /// A system of record knows somebody in the cluster.
    pub(super) identified: bool,
    /// The cluster is contacts and nothing else.
    pub(super) contacts_only: bool,
}

/// Why evidence of this strength does not join; `None` if it may.
pub(super) fn policy(strength: Strength, a: &Side, b: &Side) -> Option<Verdict> {
    let device = a.role == Role::Device || b.role == Role::Device;
    if device && a.identified && b.identified {
        return Some(Verdict::SharedDevice);
    }
    match strength {
        Strength::Medium if a.identified && b.identified => Some(Verdict::BothIdentified),
        Strength::Medium if names_contact_of(a, b) || names_contact_of(b, a) => Some(Verdict::ContactOfIdentified),
        Strength::Medium | Strength::Strong | Strength::Authoritative => None,
        Strength::Weak => (a.identified || b.identified).then_some(Verdict::TooWeak),
    }
}

/// Somebody unknown (who is more than a contact himself) named a contact of a known customer.
fn names_contact_of(known: &Side, unknown: &Side) -> bool {
    known.identified && known.role == Role::Contact && !unknown.identified && !unknown.contacts_only
}
