//! `trunkctl` without a daemon: what it prints, where, and how it ends.

mod command;
mod config;
mod decode;
mod identity;
mod mapping;
mod masks;
mod refusals;
