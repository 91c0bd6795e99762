//! `trunkline run`: from a configuration to a daemon that stops in order.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use trunkline_config::Sources;

use crate::daemon::Daemon;
use crate::logging;
use crate::wire::{declared, links};

/// Runs until SIGTERM or Ctrl-C, then drains and stops.
pub fn run(sources: &Sources) -> Result<ExitCode> {
    let settings = trunkline_config::load_with(sources, links::problems, declared::problems)?;
    logging::start(&settings.log);
    runtime()?.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let daemon = Daemon::start(settings).await?;
        tracing::info!(address = %daemon.address(), "ready");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        daemon.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The one runtime of a process.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no async runtime")
}
