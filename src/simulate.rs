//! `trunkline simulate`: an outside system to try things without one.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tokio_util::sync::CancellationToken;
use trunkline_simulators::avaya_dmcc::{self, ServeOptions};
use trunkline_simulators::web_chat;

use crate::run::runtime;

/// What `trunkline simulate` was asked for.
#[derive(Debug)]
pub struct Options {
    /// `avaya-dmcc` or `chat-webhook`.
    pub kind: String,
    /// Address of kinds that are connected to.
    pub listen: SocketAddr,
    /// Where kinds that send webhooks post to.
    pub target: Option<String>,
    /// What they sign with.
    pub secret: Option<String>,
    /// The scenario file.
    pub scenario: PathBuf,
    /// JSON lines of what was sent.
    pub ledger: Option<PathBuf>,
    /// End when the scenario is over.
    pub once: bool,
}

/// Plays until Ctrl-C, or until the scenario is over.
pub fn run(options: &Options) -> Result<ExitCode> {
    crate::logging::start(&trunkline_config::Log { format: trunkline_config::LogFormat::Text, level: "info".into() });
    runtime()?.block_on(async {
        match options.kind.as_str() {
            "avaya-dmcc" => avaya(options).await,
            "chat-webhook" => chat(options).await,
            other => bail!("there is no simulator of {other:?}; there are avaya-dmcc and chat-webhook"),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn avaya(options: &Options) -> Result<()> {
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let serve = ServeOptions {
        listen: options.listen,
        scenario: options.scenario.clone(),
        ledger: options.ledger.clone(),
        tls: None,
        once: options.once,
    };
    let summary = avaya_dmcc::serve(serve, stop, say_where).await?;
    tracing::info!(events = summary.events, kinds = ?summary.kinds, "sent");
    Ok(())
}

/// One line on stdout, so that a script that asked for port 0 knows where to connect.
fn say_where(address: SocketAddr) {
    let mut out = std::io::stdout();
    let said = writeln!(out, "listening on {address}").and_then(|()| out.flush());
    if let Err(error) = said {
        tracing::warn!(%error, "nobody reads standard output");
    }
}

async fn chat(options: &Options) -> Result<()> {
    let target = options.target.as_deref().context("--target is missing: the URL of /ingest/<connector>")?;
    let secret =
        options.secret.as_deref().context("--secret is missing: the connector's signing secret (whsec_...)")?;
    let scenario = std::fs::read_to_string(&options.scenario)
        .with_context(|| format!("cannot read {}", options.scenario.display()))?;
    let ledger = web_chat::run(&scenario, target, secret, web_chat::Ledger::new()).await?;
    if let Some(path) = &options.ledger {
        let file = std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        ledger.write(file).with_context(|| format!("cannot write {}", path.display()))?;
    }
    tracing::info!(sent = ledger.entries().len(), accepted = ledger.accepted().count(), "sent");
    Ok(())
}
