//! Avaya Aura Application Enablement Services: Device, Media and Call Control (CSTA III XML), kind `avaya-dmcc`.
//!
//! - `wire`: frames, XML, messages; pure.
//! - `translate`, `calls`, `agents`: native message → canonical events; pure.
//! - `protocol`: session, monitors, recovery; sans-IO. `listener`: the same for a recording.
//! - `params`, `numbers`: what an administrator sets.
//!
//! `README.md` has the wire facts and says which test shows which rule.

mod agents;
mod calls;
mod listener;
mod numbers;
mod params;
mod protocol;
mod translate;
mod wire;

use self::listener::Listener;
use self::params::Params;
use self::protocol::Dmcc;
use crate::contract::{Ability, Built, Flow, Kind, ParamsError, Protocol, Recording, SourceId, Transport};

/// The kind `avaya-dmcc`.
#[derive(Debug)]
pub struct AvayaDmcc;

impl Kind for AvayaDmcc {
    fn name(&self) -> &'static str {
        "avaya-dmcc"
    }

    fn flow(&self) -> Flow {
        Flow::In
    }

    fn abilities(&self) -> &'static [Ability] {
        &[Ability::CheckCalls]
    }

    fn example(&self) -> &'static str {
        include_str!("example.toml")
    }

    fn build(&self, id: &SourceId, params: &config::Value) -> Result<Built, ParamsError> {
        let Params { host, port, others, tls, settings } = Params::read(params)?;
        let transport = Transport::TcpClient { host, port, others, tls };
        Ok(Built { transport, protocol: Box::new(Dmcc::new(id, settings)) })
    }

    fn listener(&self, id: &SourceId) -> Box<dyn Protocol> {
        Box::new(Listener::new(id))
    }

    fn recording(&self) -> Recording {
        Recording::Stream
    }
}

#[cfg(test)]
mod tests;
