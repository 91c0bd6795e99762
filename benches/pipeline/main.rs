//! How fast the whole way is: DMCC bytes in → confirmed on the bus → identity → record and inbox durable → pop pushed.
//!
//! `cargo bench --bench pipeline` starts a private RabbitMQ and PostgreSQL (fsync on) and the daemon as a process of its
//! own, and plays the telephone system and the agents' pages itself. First it measures the ceiling in the same
//! run: bare lapin, publish with confirm and consume at once, messages of the same size on a queue of the same type. Then,
//! each after the floor of its delay (the same, bare, at that rate), it runs 500 and 2,000 events a second, and as fast as goes with a bounded number of events on their way.
//!
//! `TRUNKLINE_BENCH_SECONDS` (20) is the time of each rate. A table for people; the last line on stdout is one JSON
//! object. Nothing here fails because something is slow.

mod ceiling;
mod daemon;
mod floor;
mod load;
mod machine;
mod pages;
mod processes;
mod report;
mod run;

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;

/// The fixed rates, in events a second.
const RATES: [u32; 2] = [500, 2_000];

fn main() -> Result<()> {
    // A test runner that lists what it could run asks every target; there is nothing to list here.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    // One provider for all TLS of the process; a second install is the only error and cannot happen here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let seconds = std::env::var("TRUNKLINE_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20.0);
    let time = Duration::from_secs_f64(seconds);
    let mut house = daemon::House::start().await?;
    house.say("the daemon runs, all devices are monitored; warming up")?;
    let mut switch = load::Switch::warm_up(&house, time).await?;
    let size = house.mean_body()?;
    house.say(&format!("an event has {size} bytes; measuring the ceiling"))?;
    let ceiling = ceiling::measure(&house.rabbit, size, time).await?;
    let machine = tokio::task::spawn_blocking(machine::measure).await??;
    let (mut floors, mut rates) = (Vec::new(), Vec::new());
    for rate in RATES {
        floors.push(floor::measure(&house, size, rate, time).await?);
        house.say(&format!("the ceiling is {ceiling:.0}/s; now {rate} events a second"))?;
        rates.push(run::at_rate(&mut house, &mut switch, rate, time).await?);
    }
    house.say("now as fast as goes")?;
    let sustained = run::sustained(&mut house, &mut switch, ceiling, time).await?;
    house.stop().await?;
    let mut out = std::io::stdout().lock();
    out.write_all(report::table(ceiling, machine, &floors, &rates, &sustained).as_bytes())?;
    writeln!(out, "{}", report::json(ceiling, machine, &floors, &rates, &sustained))?;
    Ok(())
}
