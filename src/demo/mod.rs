//! `trunkline demo`: the main job on the embedded default, with nothing to install.
//!
//! A simulated Avaya and a simulated web chat speak their real wire protocols over loopback sockets to the real connectors;
//! [`story`] plays what happens between Ms Wang and two agents, and looks at it through the same HTTP API that people use.
//! [`summary`] says what came of it.

mod desk;
mod house;
mod story;
mod summary;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::run::runtime;
use house::House;
use story::{Pace, Story};

/// How to play.
#[derive(Debug)]
pub struct Options {
    /// Play through, say what came of it, end.
    pub once: bool,
    /// The summary as JSON.
    pub json: bool,
    /// Address of the pages.
    pub listen: SocketAddr,
}

/// Plays the story; without `once` again and again until Ctrl-C. Exit code 0 only if it came out right.
pub fn run(options: &Options) -> Result<ExitCode> {
    let level = if options.once { "warn" } else { "warn,trunkline=info" };
    crate::logging::start(&trunkline_config::Log { format: trunkline_config::LogFormat::Text, level: level.into() });
    runtime()?.block_on(async {
        // `--once` listens anywhere, so that it works beside a running daemon.
        let listen = if options.once { SocketAddr::from(([127, 0, 0, 1], 0)) } else { options.listen };
        let house = House::open(listen).await?;
        let played = if options.once { once(&house, options.json).await } else { again_and_again(&house).await };
        house.close().await;
        played
    })
}

async fn once(house: &House, json: bool) -> Result<ExitCode> {
    let mut story = Story::new(house, Pace::Quick)?;
    story.play().await?;
    let summary = summary::of(house, story.pops_seen()).await?;
    let problems = summary.problems();
    if json {
        say(&serde_json::to_string(&summary)?);
    } else {
        tell(&summary.to_string());
    }
    for problem in &problems {
        tell(&format!("not right: {problem}"));
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn again_and_again(house: &House) -> Result<ExitCode> {
    tell(&format!("\nThe voice agent's panel:  http://{}/panel", house.address()));
    tell(&format!("The online agent's page:  http://{}/desk?scheme=account_no&value=wang.mei", house.address()));
    tell(&format!("trunkctl:                 export TRUNKLINE_TOKEN_FILE={}", house.admin_token_file().display()));
    tell("Ctrl-C ends the demo and removes its data.\n");
    loop {
        let mut story = Story::new(house, Pace::Watched)?;
        tokio::select! {
            played = story.play() => played?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("cannot listen for Ctrl-C")?;
                return Ok(ExitCode::SUCCESS);
            }
        }
        tell("\nThe story begins again in 20 seconds.\n");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(20)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Progress goes to stderr, so that stdout holds the summary alone.
#[expect(clippy::print_stderr, reason = "the demo talks to the person at the terminal")]
fn tell(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the summary is the demo's output")]
fn say(text: &str) {
    println!("{text}");
}
