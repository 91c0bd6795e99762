//! The bus: one surface over RabbitMQ and an embedded queue.
//!
//! - [`Bus`] connects; [`Settings`] say where to.
//! - [`Intake`] takes events from connectors and returns when they are durable, on the transport or on the disk spool.
//! - [`Publisher`] publishes with confirms, for those who can try again themselves.
//! - [`Subscription`] consumes a [`Queue`] in batches; each [`Delivery`] gets an [`Answer`].
//! - [`DeadLetters`] holds what was given up. [`Lease`] says which process may do a thing.
//!
//! Delivery is at least once: consumers know an event by its id. Order is kept per partition key, but for what asked for
//! a retry. Nothing here reads a body.

mod amqp;
mod bus;
mod dead;
mod embedded;
mod error;
mod health;
mod intake;
mod link;
mod message;
mod publisher;
mod retry;
mod route;
mod settings;
mod spool;
mod tasks;

pub use bus::{Bus, DeadLetters, Lease, Subscription};
pub use dead::{DeadLetter, Replayed, Selection};
pub use error::{BusError, IntakeError, PublishError};
pub use health::{Health, QueueDepth};
pub use intake::Intake;
pub use message::{Answer, Delivery, Exchange, Outgoing, Queue, Tag};
pub use publisher::Publisher;
pub use settings::{AmqpSettings, EmbeddedSettings, Limits, Settings, SpoolSettings, TlsSettings, Transport};
pub use spool::SpoolError;
