//! `trunkctl replay`: a recording into a test system, at the speed at which it was made, another, or as fast as it goes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use trunkline_events::recording::{Beginning, Line};
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

use super::{print_json, say};
use crate::args::{Global, ReplayArgs, Speed};
use crate::client::Client;
use crate::outcome::Outcome;
use crate::table::harmless;

/// Bytes of one request: the daemon takes 64 KiB.
const PART: usize = 48 << 10;
/// Events that are due within so long go together.
const TOGETHER: Duration = Duration::from_millis(50);
/// Between two words on how far it is.
const PROGRESS: Duration = Duration::from_secs(2);

pub(super) async fn run(args: &ReplayArgs, global: &Global) -> Result<Outcome> {
    let total = count(&args.file)?;
    let client = Client::at(&args.to, global)?;
    let mut player = Player::new(args, &client, total);
    let mut recording = Reader::open(&args.file)?;
    while let Some((at, event)) = recording.next()? {
        player.add(at, &event).await?;
    }
    player.send().await?;
    player.end(global.json)?;
    if !recording.ended {
        eprintln!("trunkctl: {} broke off: it has no last line; what it holds was played", args.file.display());
    }
    Ok(Outcome::Done)
}

/// How many events there are; a file that is no recording, or is damaged, is refused before anything is played.
fn count(file: &Path) -> Result<u64> {
    let mut recording = Reader::open(file)?;
    let mut events = 0;
    while recording.next()?.is_some() {
        events += 1;
    }
    if events == 0 {
        bail!("{} holds no event", file.display());
    }
    Ok(events)
}

/// A recording, read line by line.
struct Reader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    line: u64,
    ended: bool,
    of: Option<Beginning>,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { path, file: BufReader::new(file), line: 0, ended: false, of: None })
    }

    /// The next event that is of use to another house: books and silences are of the house they were told in.
    fn next(&mut self) -> Result<Option<(Timestamp, Box<Event>)>> {
        loop {
            let mut text = Vec::new();
            let read = self.file.read_until(b'\n', &mut text);
            if read.with_context(|| format!("cannot read {}", self.path.display()))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let place = || format!("{}: line {}", self.path.display(), self.line);
            match Line::parse(&text).with_context(place)? {
                Line::Begins(beginning) => self.of = Some(beginning),
                _ if self.of.is_none() => bail!("{} is no recording of 'trunkctl record'", self.path.display()),
                Line::Told(_, event)
                    if matches!(event.body, Body::LinkBooks(_) | Body::LinkSilent(_) | Body::LinkTalking(_)) => {}
                Line::Told(at, event) => return Ok(Some((at, event))),
                Line::Ends(_) => self.ended = true,
                Line::Empty => {}
            }
        }
    }
}

/// Plays events when they are due.
struct Player<'a> {
    client: &'a Client,
    speed: Speed,
    into_production: bool,
    run: Uuid,
    total: u64,
    begun: Instant,
    first: Option<Timestamp>,
    part: Vec<Value>,
    size: usize,
    played: u64,
    told: Instant,
    shown: bool,
}

impl<'a> Player<'a> {
    fn new(args: &ReplayArgs, client: &'a Client, total: u64) -> Self {
        let now = Instant::now();
        Self {
            client,
            speed: args.speed,
            into_production: args.into_production,
            run: Uuid::now_v7(),
            total,
            begun: now,
            first: None,
            part: Vec::new(),
            size: 0,
            played: 0,
            told: now,
            shown: std::io::stderr().is_terminal(),
        }
    }

    /// Waits until the event is due, and plays it with others that are due at about the same time.
    async fn add(&mut self, at: Timestamp, event: &Event) -> Result<()> {
        let first = *self.first.get_or_insert(at);
        if let Some(after) = due(at.since(first), self.speed) {
            let due = self.begun + after;
            if due > Instant::now() + TOGETHER {
                self.send().await?;
                sleep_until(due).await;
            }
        }
        let json: Value = serde_json::from_slice(&event.to_json()?)?;
        let size = json.to_string().len() + 1;
        if self.size + size > PART {
            self.send().await?;
        }
        self.part.push(json);
        self.size += size;
        Ok(())
    }

    /// Gives what is due to the daemon. A part that is given twice counts once: its numbers are the same.
    async fn send(&mut self) -> Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let body = json!({
            "run": self.run,
            "first": self.played + 1,
            "events": std::mem::take(&mut self.part),
            "into_production": self.into_production,
        });
        self.size = 0;
        let answer = self.client.there(self.client.post("/replay", body).await.map_err(|error| self.broke(&error))?)?;
        self.played += answer["taken"].as_u64().unwrap_or_default();
        if self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            self.progress();
        }
        Ok(())
    }

    fn broke(&self, error: &anyhow::Error) -> anyhow::Error {
        if self.played == 0 {
            anyhow!("{error}")
        } else {
            anyhow!("{error}; {} of {} events are played", self.played, self.total)
        }
    }

    fn progress(&self) {
        let (seconds, percent) = (self.begun.elapsed().as_secs(), self.played * 100 / self.total.max(1));
        let (begin, end) = if self.shown { ("\r", "") } else { ("", "\n") };
        eprint!("{begin}{} of {} events, {percent} %, {seconds} s{end}", self.played, self.total);
    }

    fn end(&self, json: bool) -> Result<()> {
        if self.shown && self.told != self.begun {
            eprintln!();
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        if json {
            return print_json(&json!({"run": self.run, "events": self.played, "seconds": seconds}));
        }
        say(&harmless(&format!(
            "played {} events in {seconds:.1} s; in the books they are epoch {}.",
            self.played, self.run
        )))
    }
}

/// When an event is due after the first one; `None` is at once. What was taken before the first one is due at once too.
fn due(after: time::Duration, speed: Speed) -> Option<Duration> {
    match speed {
        Speed::Max => None,
        Speed::Times(times) => Duration::try_from(after).ok().map(|after| after.div_f64(times)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_as_fast_is_due_after_a_tenth() {
        let minute = time::Duration::minutes(1);
        assert_eq!(due(minute, Speed::Times(1.0)), Some(Duration::from_secs(60)));
        assert_eq!(due(minute, Speed::Times(10.0)), Some(Duration::from_secs(6)));
        assert_eq!(due(minute, Speed::Times(0.5)), Some(Duration::from_secs(120)));
        assert_eq!(due(minute, Speed::Max), None);
        assert_eq!(due(-minute, Speed::Times(1.0)), None, "an event that was taken before the first one");
    }
}
