//! `trunkctl decode`: a recording in, canonical events as JSON lines out, on stdout, nothing else.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result, anyhow};
use trunkline_connectors::contract::SourceId;
use trunkline_connectors::drive::replay;
use trunkline_events::recording::Line;
use trunkline_events::{Event, Timestamp};

use crate::args::DecodeArgs;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) fn run(args: &DecodeArgs) -> Result<Outcome> {
    let id = SourceId::new(&args.source)?;
    let start: Timestamp = args.start.parse().context("--start takes an instant like 2026-11-21T08:00:00Z")?;
    let known = |name: &String| {
        let kind = trunkline_connectors::kind(name);
        kind.ok_or_else(|| anyhow!("{name:?} is no kind; see 'trunkctl connector kinds'"))
    };
    let kind = args.kind.as_ref().map(known).transpose()?;
    let recording = super::read(&args.file)?;
    let (events, problems) = if Line::begins(&recording) {
        recorded(&recording)
    } else {
        let kind = kind.context("--kind is missing: one of 'trunkctl connector kinds'")?;
        let replay = replay::decode(kind, &id, &recording, start);
        (replay.events, replay.problems.iter().map(ToString::to_string).collect())
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for event in &events {
        let written = out.write_all(&event.to_json()?).and_then(|()| out.write_all(b"\n"));
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Done),
            result => result.context("cannot write to standard output")?,
        }
    }
    out.flush().context("cannot write to standard output")?;
    for problem in &problems {
        eprintln!("trunkctl: {}: {}", args.file.display(), harmless(problem));
    }
    Ok(Outcome::from_answer(problems.is_empty()))
}

/// The events that `trunkctl record` wrote: decoded already.
fn recorded(recording: &[u8]) -> (Vec<Event>, Vec<String>) {
    let (mut events, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(recording.split(|byte| *byte == b'\n')) {
        match Line::parse(line) {
            Ok(Line::Told(_, event)) => events.push(*event),
            Ok(_) => {}
            Err(error) => problems.push(format!("line {number}: {error}")),
        }
    }
    (events, problems)
}
