//! Nothing is lost: the whole daemon beside a real RabbitMQ and a real PostgreSQL, under calls and chats, while something
//! is killed, cut or full. What each test promises stands in docs/faults.md.
//!
//! After each, [`verify`] holds the product's own books against what the simulated systems wrote down themselves.
//! `TRUNKLINE_FAULTS_SEED` repeats a run's random choices; a failure names the seed.
//!
//! - [`house`]: everything that runs. [`absence`]: when the link was away. [`load`]: calls and chats. [`settle`]: waits until nothing waits. [`dice`]: seeded
//!   chance.

mod absence;
mod broker;
mod daemon_killed;
mod database;
mod dice;
mod house;
mod link;
mod load;
mod poison;
mod settle;
mod stopping;
mod verify;

/// One house at a time: each has a broker, a database and a daemon, and all of them share the machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
