//! The wire form: samples, schemas, documents, errors, and what holds for any event.
//!
//! `UPDATE=1 cargo test -p trunkline-events --test events` writes the schemas, the AsyncAPI document and the table of types
//! anew. Samples are never written by a program: they must parse for ever.

#[path = "events/arbitrary.rs"]
mod arbitrary;
#[path = "events/documents.rs"]
mod documents;
#[path = "events/errors.rs"]
mod errors;
#[path = "events/peer.rs"]
mod peer;
#[path = "events/properties.rs"]
mod properties;
#[path = "events/recordings.rs"]
mod recordings;
#[path = "events/samples.rs"]
mod samples;
