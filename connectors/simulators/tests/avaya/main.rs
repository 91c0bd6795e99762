//! The simulated AES over real sockets: as a small client of these tests sees it, and as one in Python does.

mod client;
mod misbehaviour;
mod monitors;
mod peer;
mod scenarios;
mod sessions;
