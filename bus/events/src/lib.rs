//! The canonical event model: what happened at a call centre, a chat desk or a CRM, in one vocabulary.
//!
//! Pure: no IO, no clock, no tokio. The wire form is CloudEvents 1.0 structured JSON
//! (`application/cloudevents+json`), so any CloudEvents library reads our bus.
//!
//! - [`Event`] is the envelope: identity, source, times, partition key, [`Body`].
//! - [`Body`] lists every event type once, with the type name it has on the wire.
//! - One file a family: [`call`], [`chat`], [`agent`], [`customer`], [`cdr`], [`pop`], [`link`], [`activity`], [`delivery`].
//!
//! - [`recording`] is a file of them, to be played again.
//! - [`event_schema`] and [`asyncapi`] describe the same for the world outside; [`routing_key`] says how to subscribe.
//!
//! Changes are additive only; a breaking one is a new `.v2` type. `samples/` holds a committed sample of
//! every type which must parse for ever, `schemas/` the JSON Schema of every type.

pub mod activity;
pub mod agent;
mod asyncapi;
mod body;
pub mod call;
pub mod cdr;
pub mod chat;
pub mod customer;
pub mod delivery;
mod event;
mod id;
pub mod link;
pub mod pop;
pub mod recording;
mod schema;
mod timestamp;

pub use asyncapi::asyncapi;
pub use body::{Body, EventType};
pub use event::{BATCH_CONTENT_TYPE, CONTENT_TYPE, Event, EventError, Sequence};
pub use id::EventId;
pub use schema::{event_schema, is_derived, routing_key};
pub use timestamp::{Timestamp, TimestampError};
