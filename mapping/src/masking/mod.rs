//! Masks for recordings: personal data leave the house as something of the same kind, the same person always as the same.
//! Pure: no IO, no clock.
//!
//! - A phone number in any spelling becomes a valid number of the same country, kind and length, in that spelling.
//! - Names, addresses, accounts and ids become others of their shape; texts that people wrote become `x` and `某`.
//! - What names nobody stays: service numbers, extensions, agents' log-ins, queues, call ids, tags, blocked values.
//!
//! Invariant: the masked events give the same partition of handles into customers as the events themselves, mask by mask:
//! two handles are equal after masking just if they were before, and what the rules say of a handle (role, blocked, claim)
//! stays. One thing may fall otherwise: two pieces of evidence of the same strength at the same instant are weighed in the
//! order of ids, and ids are other ones. (So are two steps of a call that have no number in the books; recorded ones have.)

mod event;
mod handle;
mod shape;

use crate::identity::Rules;
use crate::numbers::DialPlans;
use shape::Secret;

/// Masks what one recorder writes. Cheap to clone.
#[derive(Clone)]
pub struct Masker {
    secret: Secret,
    rules: Rules,
    plans: DialPlans,
}

/// A key that makes no mask; no key of 32 bytes is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the recorder's key is no good: it has to be 32 random bytes")]
pub struct KeyError;

impl Masker {
    /// `key`: 32 random bytes that stay with the recorder; who has them can undo masks. Rules and plans are those of the
    /// house, so that what is equal to mapping is equal here.
    pub fn new(key: &[u8; 32], rules: Rules, plans: DialPlans) -> Result<Self, KeyError> {
        Ok(Self { secret: Secret::new(key).ok_or(KeyError)?, rules, plans })
    }
}
