//! `trunkctl record`: what a connector tells, masked by the daemon, into a file of bounded size.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use trunkline_events::recording::Line;

use super::{path_id, print_json, say};
use crate::args::RecordArgs;
use crate::client::Client;
use crate::outcome::Outcome;

/// How a recording ended.
enum Ended {
    /// As the daemon says: a sentence.
    Told(String),
    /// The file was full.
    Full,
    /// The connection broke.
    BrokeOff,
}

pub(super) async fn run(args: &RecordArgs, client: &Client, json: bool) -> Result<Outcome> {
    let path = format!("/connectors/{}/record", path_id(&args.connector)?);
    let query = [("seconds", args.how_long.as_secs().to_string())];
    let Some(mut stream) = client.stream(&path, &query).await? else {
        eprintln!("trunkctl: there is no connector {}; see 'trunkctl connector list'", args.connector);
        return Ok(Outcome::No);
    };
    let mut tape = Tape::new(&args.output, args.max_mib << 20)?;
    let ended = loop {
        match stream.next().await {
            Ok(Some(bytes)) => {
                if let Some(ended) = tape.take(&bytes)? {
                    break ended;
                }
            }
            Ok(None) => break Ended::BrokeOff,
            Err(error) => {
                tape.close()?;
                return Err(error.context(format!("the recording broke off after {} events", tape.events)));
            }
        }
    };
    tape.close()?;
    let (reason, whole) = match ended {
        Ended::Told(reason) => (reason, true),
        Ended::Full => (format!("the file has reached {} MiB; --max-mib allows more", args.max_mib), false),
        Ended::BrokeOff => ("the daemon ended it: it stopped, or lost the connector".to_owned(), false),
    };
    let file = args.output.display();
    if json {
        let told = json!({"file": file.to_string(), "events": tape.events, "bytes": tape.written, "whole": whole, "reason": reason});
        print_json(&told)?;
    } else {
        say(&format!("{file}: {} events, {} bytes; ended because {reason}.", tape.events, tape.written))?;
    }
    Ok(Outcome::from_answer(whole))
}

/// The file that is written, line by line: what was cut off is never in it.
struct Tape<'a> {
    path: &'a Path,
    file: BufWriter<File>,
    most: u64,
    written: u64,
    events: u64,
    part: Vec<u8>,
    shown: bool,
}

impl<'a> Tape<'a> {
    fn new(path: &'a Path, most: u64) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                return anyhow!(
                    "{} is there already, and a recording is never written over; name another",
                    path.display()
                );
            }
            anyhow!("cannot write {}: {error}; check the path and its permissions", path.display())
        })?;
        Ok(Self::on(file, path, most))
    }

    fn on(file: File, path: &'a Path, most: u64) -> Self {
        let shown = io::stderr().is_terminal();
        Self { path, file: BufWriter::new(file), most, written: 0, events: 0, part: Vec::new(), shown }
    }

    /// Takes bytes as they come; says when that was the end.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Ended>> {
        self.part.extend_from_slice(bytes);
        while let Some(end) = self.part.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.part.drain(..=end).collect();
            let parsed =
                Line::parse(&line).context("what came is no recording; are trunkctl and daemon of one release?")?;
            if parsed == Line::Empty {
                continue;
            }
            if self.written + line.len() as u64 > self.most {
                return Ok(Some(Ended::Full));
            }
            self.write(&line)?;
            match parsed {
                Line::Told(..) => self.count(),
                Line::Ends(end) => return Ok(Some(Ended::Told(end.reason))),
                Line::Begins(_) | Line::Empty => {}
            }
        }
        Ok(None)
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        // Line by line to the disk's face: an error tells at once what is whole.
        let written = self.file.write_all(line).and_then(|()| self.file.flush());
        written.map_err(|error| self.failed(&error))?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> anyhow::Error {
        let (file, events) = (self.path.display(), self.events);
        if error.kind() == io::ErrorKind::StorageFull {
            return anyhow!(
                "the disk of {file} is full: {events} events are recorded; free some space and record again"
            );
        }
        anyhow!("cannot write {file}: {error}; {events} events are recorded")
    }

    fn count(&mut self) {
        self.events += 1;
        if self.shown && self.events.is_multiple_of(100) {
            eprint!("\r{} events", self.events);
        }
    }

    fn close(&mut self) -> Result<()> {
        if self.shown && self.events >= 100 {
            eprintln!();
        }
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        match synced {
            // A pipe or device has nothing to sync.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => bail!(self.failed(&error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_events::Timestamp;
    use trunkline_events::recording::{Beginning, End, VERSION};

    use super::*;

    fn line(line: &Line) -> Vec<u8> {
        line.to_json().expect("JSON")
    }

    fn begins() -> Vec<u8> {
        let (connector, kind) = ("avaya-bj".to_owned(), "avaya-dmcc".to_owned());
        line(&Line::Begins(Beginning { trunkline_recording: VERSION, connector, kind, began: Timestamp::EPOCH }))
    }

    #[test]
    fn a_full_disk_is_a_sentence() {
        let path = Path::new("/dev/full");
        let file = OpenOptions::new().write(true).open(path).expect("it is there");
        let error = Tape::on(file, path, 1 << 20).take(&begins()).err().expect("no room").to_string();
        assert_eq!(error, "the disk of /dev/full is full: 0 events are recorded; free some space and record again");
    }

    #[test]
    fn a_line_beyond_the_bound_is_not_begun_and_half_a_line_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("recording");
        let most = begins().len() as u64 + 10;
        let mut tape = Tape::new(&path, most).expect("a file");
        let beginning = begins();
        let (first, rest) = beginning.split_at(20);
        assert!(tape.take(first).expect("taken").is_none());
        assert_eq!(std::fs::read(&path).expect("there").len(), 0);
        assert!(tape.take(&[rest, b"\n"].concat()).expect("taken").is_none());
        let end = line(&Line::Ends(End { ended: Timestamp::EPOCH, events: 0, reason: "the time was up".into() }));
        assert!(matches!(tape.take(&end).expect("taken"), Some(Ended::Full)));
        assert_eq!(std::fs::read(&path).expect("there"), begins());
    }
}
