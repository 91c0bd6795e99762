//! The promises of the bus, each kept by both transports: the same functions run over RabbitMQ and over SQLite.
//!
//! `harness` gives a test its stage: a fresh vhost of a private broker behind a proxy, or a fresh file.

mod amqp_faults;
mod amqp_missing;
mod consuming;
mod dead_letters;
mod harness;
mod intake;
mod outages;
mod peer;
mod publishing;
mod settings;
mod sharing;
