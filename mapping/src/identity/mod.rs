//! Which handles are one customer. A pure function of the evidence: shuffled, doubled or split over workers, the same
//! evidence gives the same customers with the same ids.
//!
//! - `Handle` is a canonical `(scheme, scope, value)`.
//! - `Rules` says what each scheme means.
//! - `partition` computes the customers of one connected component of evidence.

mod handle;
