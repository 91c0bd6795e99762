//! The partition of handles into customers.
//!
//! Invariant: the answer depends on the *set* of sightings and evidence alone; order, duplicates and how a set is cut into
//! its components change nothing. So it is computed, never patched.
//!
//! - `ground`: handles and evidence numbered, one piece of evidence counts per pair and origin, in the one order.
//! - `recycled`: contacts that were given to somebody else, whose evidence from before does not count.
//! - `generic`: contacts and devices that too many share, whose evidence does not count.
//! - `clusters`: what is joined so far, and what no join may break.
//! - `policy`: what observed evidence of which strength may join.
//! - `proof`: a second, independent contact joins what one contact could not.
//! - `standing`: who is shared by whom in the end.

mod clusters;
mod generic;
mod ground;
mod policy;
mod proof;
mod recycled;
mod standing;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use trunkline_events::Timestamp;
use uuid::Uuid;

use self::clusters::Clusters;
use self::ground::Ground;
pub use self::verdict::{Question, Verdict};
use super::{Evidence, Handle, Origin, Rules, Sighting};

/// The customers of a set of handles, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// All customers, by id. Each handle stands in exactly one.
    pub customers: Vec<Customer>,
    /// Each handle, by id.
    pub standings: BTreeMap<Uuid, Standing>,
    /// Each piece of evidence, by id, unless one of its handles is not among the sightings.
    pub verdicts: BTreeMap<Uuid, Verdict>,
}

/// One customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The id of his root: the handle that was seen first.
    pub id: Uuid,
    /// His handles, in order.
    pub handles: Vec<Handle>,
    /// Customers that evidence points to without proving it: to be shown, never joined.
    pub candidates: BTreeSet<Uuid>,
}

/// Where a handle stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is: the id of the customer's root.
    pub customer: Uuid,
    /// Too many share it, so it joins nobody.
    pub generic: bool,
    /// A contact that other identified customers have as well: all are offered, none is chosen.
    pub shared: bool,
    /// The other customers of a shared contact.
    pub also: BTreeSet<Uuid>,
    /// Times in which a contact was other people's, in order; what was said of it and what hangs on it from then is theirs.
    pub former: Vec<Tenure>,
}

/// A contact was somebody's until it was given to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenure {
    /// The end; the beginning is the end of the tenure before, or of all time.
    pub until: Timestamp,
    /// A handle of his, if it was one person's.
    pub owner: Option<Uuid>,
}

/// Computes the customers. Evidence about a handle that is not among the sightings only counts as a neighbour.
///
/// Takes time in proportion to the evidence (n log n); ten handles are a matter of microseconds.
pub fn partition(sightings: &[Sighting], evidence: &[Evidence], rules: &Rules) -> Partition {
    let mut ground = Ground::new(sightings, evidence, rules);
    let groups = generic::groups(&ground);
    let generic = generic::find(&ground, &groups, rules);
    let former = recycled::find(&ground, &groups, &generic, rules);
    ground.set_former_aside(&former);
    let mut clusters = Clusters::new(&ground, rules);
    let mut judge = |piece| match ground.set_aside(piece, &generic) {
        Some(verdict) => verdict,
        None if piece.origin == Origin::Exclude => Verdict::Excluding,
        None => clusters.consider(piece),
    };
    let mut verdicts: Vec<Verdict> = ground.pieces.iter().map(&mut judge).collect();
    proof::join_by_second(&ground, &mut clusters, &mut verdicts);
    standing::tell(&ground, &generic, former, &clusters, verdicts)
}
