//! The daemon's command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use trunkline_config::Sources;

/// Joins a call centre to its online side.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do; `run` when left out.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the daemon until SIGTERM or Ctrl-C.
    Run(RunArguments),
    /// Plays the main job on embedded defaults with a simulated telephone system and web chat.
    Demo(DemoArguments),
    /// Plays an outside system, to try things without one.
    Simulate(SimulateArguments),
    /// Makes an administrator's token in the store and prints its secret, when all others are lost or revoked.
    Token(TokenArguments),
}

impl Default for Command {
    fn default() -> Self {
        Self::Run(RunArguments::default())
    }
}

/// `trunkline run`
#[derive(Debug, Default, Args)]
pub(crate) struct RunArguments {
    /// Configuration file; conf.d/*.toml beside it is read too.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides one key: --set http.listen=0.0.0.0:8080
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    overrides: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| format!("write KEY=VALUE, not {text:?}"))
}

impl From<RunArguments> for Sources {
    fn from(arguments: RunArguments) -> Self {
        Self { file: arguments.config, overrides: arguments.overrides, environment: None }
    }
}

/// `trunkline token`
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// Where the store is.
    #[command(flatten)]
    pub(crate) run: RunArguments,
    /// What it is for; stands in the audit log of what is done with it.
    #[arg(long, default_value = "administrator")]
    pub(crate) name: String,
}

/// `trunkline demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Plays the story through without a person and exits 0 only if it came out right.
    #[arg(long)]
    once: bool,
    /// The summary as JSON on stdout (progress goes to stderr).
    #[arg(long)]
    json: bool,
    /// Address of the pages.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

impl From<DemoArguments> for trunkline::demo::Options {
    fn from(arguments: DemoArguments) -> Self {
        Self { once: arguments.once, json: arguments.json, listen: arguments.listen }
    }
}

/// `trunkline simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// The kind to play: avaya-dmcc, chat-webhook.
    kind: String,
    /// Address to listen on (kinds that are connected to).
    #[arg(long, default_value = "127.0.0.1:4721")]
    listen: SocketAddr,
    /// Address to post to (kinds that send webhooks).
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// Signing secret (kinds that send webhooks).
    #[arg(long, env = "TRUNKLINE_SIMULATE_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// What happens, as TOML.
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
    /// Writes what was sent, as JSON lines.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Ends when the scenario is over, instead of serving on until Ctrl-C.
    #[arg(long)]
    once: bool,
}

impl From<SimulateArguments> for trunkline::simulate::Options {
    fn from(arguments: SimulateArguments) -> Self {
        Self {
            kind: arguments.kind,
            listen: arguments.listen,
            target: arguments.target,
            secret: arguments.secret,
            scenario: arguments.scenario,
            ledger: arguments.ledger,
            once: arguments.once,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
