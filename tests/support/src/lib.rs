//! Real parts for tests: private brokers and databases on free loopback ports, and a proxy that cuts links.
//!
//! - [`rabbit`] starts a private RabbitMQ. [`postgres`] starts a private PostgreSQL. [`chaos`] is a TCP proxy that can
//!   cut, stall and split. [`daemon`] runs the program under test; [`config`] says with what.
//!
//! Each is stopped and its files removed when the value is dropped. Only processes started here are ended, by pid.

mod certificates;
pub mod chaos;
pub mod config;
pub mod daemon;
mod keeper;
mod ports;
pub mod postgres;
pub mod rabbit;
