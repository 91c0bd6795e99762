//! Books, counters, series, recordings on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

/// `trunkctl audit`
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Day in UTC, 2026-11-21; today when left out.
    #[arg(long, value_name = "DATE", conflicts_with_all = ["since", "until"])]
    pub(crate) day: Option<String>,
    /// From this day or instant (RFC 3339) on, instead of a day.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Up to the end of this day, or to this instant; now when left out.
    #[arg(long, value_name = "WHEN", requires = "since")]
    pub(crate) until: Option<String>,
    /// One line a connector, or the books of queues, instead of one line a connector and day.
    #[arg(long)]
    pub(crate) by: Option<BooksBy>,
}

/// Whose books.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BooksBy {
    /// Of each connector, over the whole period.
    Connector,
    /// Of each queue of a call centre or chat desk; and what waits in the queues of the bus.
    Queue,
}

/// `trunkctl hotspot`
#[derive(Debug, Subcommand)]
pub(crate) enum HotspotCommand {
    /// How often each came, and on the day before; spikes first.
    List {
        /// Day by the house's calendar, 2026-11-21; today when left out.
        #[arg(long, value_name = "DATE")]
        day: Option<String>,
        /// What is counted; all when left out.
        #[arg(long)]
        by: Option<SubjectArg>,
    },
}

/// What is counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SubjectArg {
    /// Tags that were set.
    Tag,
    /// Declared words in what customers write and agents remark.
    Keyword,
    /// Conversations that passed a queue.
    Queue,
}

/// `trunkctl series`
#[derive(Debug, Subcommand)]
pub(crate) enum SeriesCommand {
    /// From a conversation's beginning to its first answer, by the hour in which it began.
    Response {
        /// From this day or instant (RFC 3339) on.
        #[arg(long, value_name = "WHEN")]
        since: String,
        /// Up to the end of this day, or to this instant; now when left out.
        #[arg(long, value_name = "WHEN")]
        until: Option<String>,
        /// Conversations that passed this queue.
        #[arg(long)]
        queue: Option<String>,
    },
}

/// `trunkctl record`
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The connector's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) connector: String,
    /// How long: 90s, 10m, 2h; a day at most.
    #[arg(long = "for", value_name = "TIME", value_parser = how_long)]
    pub(crate) how_long: Duration,
    /// The file to be written; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Largest file, in MiB; recording ends there.
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(crate) max_mib: u64,
}

/// `trunkctl replay`
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording.
    pub(crate) file: PathBuf,
    /// How fast: 1x as it was, 10x, 0.5x, or max.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = speed)]
    pub(crate) speed: Speed,
    /// Address of the daemon that it is played into; a test system. Instead of --server, so that none is meant by mistake.
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// Play although the daemon is no test system: the recording's people will stand among its customers.
    #[arg(long)]
    pub(crate) into_production: bool,
}

/// How fast a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// As fast as it goes.
    Max,
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let times = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    let times = times.filter(|times| (0.001..=100_000.0).contains(times));
    times.map(Speed::Times).ok_or_else(|| "write 1x, 10x, 0.5x or max".to_owned())
}

fn how_long(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let seconds =
        units.iter().find_map(|(unit, seconds)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*seconds));
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "write a time of 1s to 24h, like 90s, 10m or 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_speeds_are_written_as_people_write_them() {
        let seconds = |text: &str| how_long(text).ok().map(|time| time.as_secs());
        assert_eq!(["90s", "10m", "2h", "1d"].map(seconds), [Some(90), Some(600), Some(7200), Some(86_400)]);
        assert_eq!(["", "10", "0s", "25h", "-1m", "18446744073709551615d"].map(seconds), [None; 6]);
        assert_eq!(
            (speed("10x"), speed("0.5"), speed("max")),
            (Ok(Speed::Times(10.0)), Ok(Speed::Times(0.5)), Ok(Speed::Max))
        );
        assert!(["0x", "-1x", "fast", "NaNx", "infx"].iter().all(|text| speed(text).is_err()));
    }
}
