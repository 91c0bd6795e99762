//! Which handles are one customer. A pure function of the evidence: shuffled, doubled or split over workers, the same
//! evidence gives the same customers with the same ids. No IO, no clock. Written up in `docs/adr/0003-identity.md`.
//!
//! - [`Handle`] is a canonical `(scheme, scope, value)`; [`Handle::new`] alone makes one, or says why not ([`Blocked`]).
//! - [`Rules`] says what each scheme means; TOML over the embedded default.
//! - [`Evidence`] says that two handles were seen together, or that a person decided so.
//! - [`partition`] computes the customers; a [`Verdict`] for each piece of evidence says why.
//! - [`Region`] says what must be read from a store so that `partition` of that alone is right.
//! - [`observe`] and [`subject_handle`] say what an event tells about handles.
//! - [`resolve_lines`] is the same over a file of evidence.

mod evidence;
mod handle;
mod observe;
mod own;
mod partition;
mod presence;
mod region;
mod resolve;
mod rules;
mod scheme;

pub use evidence::{Evidence, Origin, Sighting};
pub use handle::{Blocked, Handle};
pub use observe::{BlockedHandle, Observations, observe, subject_handle};
pub use own::OwnPeople;
pub use partition::{Customer, Partition, Question, Standing, Tenure, Verdict, partition};
pub use presence::{Presence, Silence};
pub use region::Region;
pub use resolve::{LineError, LineNote, Resolved, resolve_lines};
pub use rules::{DEFAULT_RULES, Rules, RulesError};
pub use scheme::{Form, Patterns, Role, Scheme};
