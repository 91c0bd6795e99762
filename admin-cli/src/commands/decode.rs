//! `trunkctl decode`: a recording in, canonical events as JSON lines out, on stdout, nothing else.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result, anyhow};
use trunkline_connectors::contract::SourceId;
use trunkline_connectors::drive::replay;
use trunkline_events::Timestamp;

use crate::args::DecodeArgs;
use crate::outcome::Outcome;
use crate::table::harmless;

pub(super) fn run(args: &DecodeArgs) -> Result<Outcome> {
    let kind = trunkline_connectors::kind(&args.kind)
        .ok_or_else(|| anyhow!("{:?} is no kind; see 'trunkctl connector kinds'", args.kind))?;
    let id = SourceId::new(&args.source)?;
    let start: Timestamp = args.start.parse().context("--start takes an instant like 2026-11-21T08:00:00Z")?;
    let recording = super::read(&args.file)?;
    let replay = replay::decode(kind, &id, &recording, start);
    let mut out = BufWriter::new(io::stdout().lock());
    for event in &replay.events {
        let written = out.write_all(&event.to_json()?).and_then(|()| out.write_all(b"\n"));
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Done),
            result => result.context("cannot write to standard output")?,
        }
    }
    out.flush().context("cannot write to standard output")?;
    for problem in &replay.problems {
        eprintln!("trunkctl: {}: {}", args.file.display(), harmless(&problem.to_string()));
    }
    Ok(Outcome::from_answer(replay.problems.is_empty()))
}
