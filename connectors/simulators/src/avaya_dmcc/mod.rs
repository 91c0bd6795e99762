//! An Avaya Application Enablement Services (AES) server, as a DMCC client sees it.
//!
//! It speaks CSTA XML over TCP (and TLS) to any client that speaks the protocol, serves several sessions at a
//! time, plays scenarios on a small switch, and misbehaves when asked to. Written from the wire facts only.
//!
//! - [`AvayaDmcc`]: the running simulator; tests and the demo drive it call by call.
//! - [`serve`]: the simulator with a scenario, as the command `trunkline simulate avaya-dmcc` runs it.
//! - [`switch`]: the telephone exchange beneath. [`scenario`]: the language a user writes.
//! - [`csta`]: frames and documents. [`server`]: sessions, monitors, connections, the ledger, misbehaviour.
//!
//! Invariant of the ledger: an entry stands for a frame whose last byte was handed to the socket while the
//! connection was up, and for nothing else.

pub mod csta;
pub mod scenario;
pub mod server;
pub mod switch;

mod error;
mod serve;
mod simulator;

pub use error::SimulatorError;
pub use scenario::{Load, Scenario, Template};
pub use serve::{ServeOptions, ServeSummary, serve};
pub use server::{Entry, Ledger, Misbehaviour};
pub use simulator::{AvayaDmcc, Listening, Prepared};
pub use switch::{Stepped, Verb};
