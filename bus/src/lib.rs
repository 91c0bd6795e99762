//! The bus: one surface over RabbitMQ and an embedded queue.
mod amqp;
mod dead;
mod error;
mod health;
mod link;
mod message;
mod publisher;
mod retry;
mod route;
mod settings;
mod spool;
pub use dead::{DeadLetter, Replayed, Selection};
pub use error::{BusError, IntakeError, PublishError};
pub use health::{Health, QueueDepth};
pub use message::{Answer, Delivery, Exchange, Outgoing, Queue, Tag};
pub use publisher::Publisher;
pub use settings::{AmqpSettings, EmbeddedSettings, Limits, Settings, SpoolSettings, TlsSettings, Transport};
pub use spool::SpoolError;
/// x
pub struct Subscription;
/// x
pub struct Bus;
