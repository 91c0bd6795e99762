//! The simulator as a command: listen, play a scenario, keep the ledger, stay until told to stop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::server::Tls;
use super::{AvayaDmcc, Listening, Scenario, SimulatorError};

/// What `trunkline simulate avaya-dmcc` was asked for.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// `--listen`.
    pub listen: SocketAddr,
    /// `--scenario`.
    pub scenario: PathBuf,
    /// `--ledger`, a file of JSON lines.
    pub ledger: Option<PathBuf>,
    /// TLS instead of plain TCP.
    pub tls: Option<Tls>,
    /// End when the scenario has been played, instead of serving on.
    pub once: bool,
}

/// What was sent in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSummary {
    /// Event frames written.
    pub events: u64,
    /// The same by kind.
    pub kinds: BTreeMap<&'static str, u64>,
}

/// Runs a simulator until `stop`, or until the scenario is over with `once`. `listening` is called with the address
/// as soon as clients can connect. Logs by `tracing`; prints nothing.
pub async fn serve(
    options: ServeOptions,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<ServeSummary, SimulatorError> {
    let scenario = Scenario::read(&options.scenario)?;
    let simulator = AvayaDmcc::start(Listening { address: options.listen, tls: options.tls }, &scenario).await?;
    if let Some(path) = &options.ledger {
        simulator.write_ledger_to(path)?;
    }
    tracing::info!(address = %simulator.addr(), "the simulated AES is listening");
    listening(simulator.addr());
    let played = stop.run_until_cancelled(simulator.play(&scenario)).await;
    if let Some(played) = played {
        played?;
        simulator.settle().await;
        tracing::info!("the scenario is over");
        if !options.once {
            stop.cancelled().await;
        }
    }
    let ledger = simulator.stop().await;
    if let (Some(path), Some(source)) = (options.ledger, ledger.take_failure()) {
        return Err(SimulatorError::File { what: "write", path, source });
    }
    Ok(ServeSummary { events: ledger.total(), kinds: ledger.counts() })
}
