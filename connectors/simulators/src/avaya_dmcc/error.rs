//! Why a simulator did not start, or a step was not done.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::server::TlsError;
use super::switch::SwitchError;

/// Errors of the simulator.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is in use or not ours.
    #[error("cannot listen on {address}: choose another address, or 0 as port for any free one")]
    Listen {
        /// What was wanted.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// TLS files.
    #[error("TLS cannot be offered: {0}")]
    Tls(#[from] TlsError),
    /// A file cannot be read or written.
    #[error("cannot {what} {path}")]
    File {
        /// Read or write.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The scenario is not valid; every problem found, one a line.
    #[error("the scenario cannot be played:\n{}", .0.join("\n"))]
    Scenario(Vec<String>),
    /// A step that the switch refused.
    #[error("{place}: {source}")]
    Step {
        /// Which step.
        place: String,
        /// Why.
        source: SwitchError,
    },
    /// The simulator was stopped meanwhile.
    #[error("the simulator was stopped")]
    Stopped,
}

impl From<SwitchError> for SimulatorError {
    fn from(source: SwitchError) -> Self {
        Self::Step { place: "step".to_owned(), source }
    }
}
