//! `trunkline`, the daemon: reads its arguments, installs the one TLS provider, and hands over.

mod args;

use std::process::ExitCode;

use clap::Parser;
use trunkline::{demo, logging, run, simulate, token};

use crate::args::{Arguments, Command};

/// An event is many small allocations, made in one thread and freed in another: the system's allocator spent a sixth of the
/// daemon's time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One provider for all TLS of the process; a second install is the only error and cannot happen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match arguments.command.unwrap_or_default() {
        Command::Run(sources) => run::run(&sources.into()),
        Command::Demo(options) => demo::run(&options.into()),
        Command::Simulate(options) => simulate::run(&options.into()),
        Command::Token(arguments) => token::run(&arguments.run.into(), &arguments.name),
    };
    result.unwrap_or_else(|error| {
        logging::last_words(&error);
        ExitCode::from(2)
    })
}
