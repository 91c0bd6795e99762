//! Simulated outside systems: what stands at the far end of a connector, for tests, the demo and first tries.
//!
//! Each is written from the wire facts and shares no code with our own connectors, so that a mistake in a
//! decoder cannot hide behind the same mistake in an encoder.
//!
//! - [`avaya_dmcc`]: an Avaya Application Enablement Services server with a small switch beneath it.
//! - [`web_chat`]: a chat desk that posts signed webhooks.

pub mod avaya_dmcc;
pub mod web_chat;
