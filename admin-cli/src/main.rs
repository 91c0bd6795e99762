//! `trunkctl`, the administrator's tool. Works against the daemon's HTTP API; what needs no daemon works without one.

mod args;
mod client;
mod commands;
mod export;
mod outcome;
mod table;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    // One provider for all TLS of the process; a second install is the only error and cannot happen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match commands::run(cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            eprintln!("trunkctl: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::args::Cli::command().debug_assert();
    }
}
