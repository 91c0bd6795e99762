//! Phone numbers: from what a PBX, a CRM or a person wrote to one key. Pure: no IO, no clock.
//!
//! - [`DialPlan`] says how numbers are written at one site, [`DialPlans`] which site an event comes from.
//! - [`Mask`] is a pattern of digits as telephony people write it (`[2-8]XXX`).
//! - [`canonical`] turns any text into a [`Number`]; equal people's numbers give equal keys, and what is no
//!   number of a person (service numbers, extensions, withheld and masked ones) is said to be so.
//!
//! Invariant: `canonical` of a key that `canonical` made is the same number again, under any plan that does not
//! list the number as its own.

mod canonical;
mod line;
mod mask;
mod memo;
mod number;
mod plan;
mod written;

pub use canonical::canonical;
pub use mask::{Mask, MaskError};
pub use number::{Kind, Number, ServiceKind, UnusableReason, Withheld};
pub use plan::{DEFAULT_PLAN, DialPlan, DialPlans, PlanError, Region, Trunk};
