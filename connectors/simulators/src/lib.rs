//! Simulated outside systems, each written from the wire facts and from no decoder of ours.
//!
//! - [`web_chat`] posts signed webhooks.

pub mod web_chat;
