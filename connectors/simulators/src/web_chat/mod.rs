//! A web chat that posts what happens to it: Standard Webhooks 1.0.0, written from the specification.
//!
//! It is the far side of the `chat-webhook` connector and shares no code with it. It retries like the specification asks
//! (only 2xx is success, 410 ends it, `retry-after` is honoured), and misbehaves on request.
//!
//! - [`run`] plays a scenario in TOML ([`scenario`]); `README.md` in this folder explains the language.
//! - [`Sender`] sends single events, for a demonstration or a test that goes step by step; [`story`] makes them.
//! - [`Ledger`] says what was sent and what was accepted, which is what the far side has to answer for.

mod ledger;
mod play;
pub mod scenario;
mod sender;
mod signature;
pub mod story;

pub use ledger::{Entry, Ledger};
pub use play::run;
pub use sender::{Misbehaviour, Patience, Sender, WebChatError};
