//! Logs go to stderr. Levels say what the operator must do: error now, warn soon, info nothing.

use trunkline_config::{Log, LogFormat};

/// Starts logging for the process; later calls change nothing.
pub fn start(settings: &Log) {
    // The AMQP client logs a returned message with its body, which holds what people said; the bus reports it by id.
    let filter = tracing_subscriber::EnvFilter::try_new(format!("{},lapin::returned_messages=off", settings.level))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,lapin::returned_messages=off"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_target(false).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging runs already");
    }
}

/// The one sentence a process that cannot go on leaves behind.
#[expect(clippy::print_stderr, reason = "the last words of a process go to its terminal, logs may not run yet")]
pub fn last_words(error: &anyhow::Error) {
    eprintln!("trunkline: {error:#}");
}
