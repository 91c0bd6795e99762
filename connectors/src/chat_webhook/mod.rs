//! Any web chat that can post signed JSON: Standard Webhooks in, canonical chat and customer events out.
//!
//! `README.md` is the format for those who write the sending side.
//!
//! - `params` checks the configuration.
//! - [`wire`] reads a body ([`shape`] has its members, [`misfit`] says why it does not fit), [`translate`] makes events of
//!   it; all pure.
//! - `protocol` verifies, answers, and remembers what came before.

pub mod misfit;
mod params;
mod protocol;
pub mod shape;
pub mod translate;
pub mod wire;

use crate::contract::{Ability, Built, Flow, Kind, ParamsError, Protocol, Recording, SourceId, Transport};

/// The kind `chat-webhook`.
#[derive(Debug, Clone, Copy)]
pub struct ChatWebhook;

impl Kind for ChatWebhook {
    fn name(&self) -> &'static str {
        "chat-webhook"
    }

    fn flow(&self) -> Flow {
        Flow::In
    }

    fn abilities(&self) -> &'static [Ability] {
        &[]
    }

    fn example(&self) -> &'static str {
        include_str!("example.toml")
    }

    fn build(&self, id: &SourceId, params: &config::Value) -> Result<Built, ParamsError> {
        let params = params::read(params)?;
        let transport = Transport::Webhook { max_body: params.max_body };
        Ok(Built { transport, protocol: Box::new(protocol::Inbox::new(id, params)) })
    }

    fn listener(&self, id: &SourceId) -> Box<dyn Protocol> {
        Box::new(protocol::Inbox::listener(id))
    }

    fn recording(&self) -> Recording {
        Recording::WebhookBodies
    }
}
