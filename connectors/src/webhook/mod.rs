//! What connectors that take webhooks share.
//!
//! - [`standard`] signs and verifies by the Standard Webhooks specification.
//! - [`json`] refuses JSON that no store can keep or that nests too deep, before it is read.

pub mod json;
pub mod standard;
