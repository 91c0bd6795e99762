//! Recordings: a file of what a connector told, line by line, to be played again.
//!
//! Each line is a JSON object. The first begins the recording (`{"trunkline_recording":1,"connector",…}`), each further one is
//! an event with the instant at which it was taken (`{"at","event"}`), the last one ends it (`{"ended","events","reason"}`);
//! where that is missing the recording broke off. Empty lines mean nothing.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Event, EventError, Timestamp};

/// The form of the file that this release writes and reads.
pub const VERSION: u32 = 1;

/// What a recording is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// [`VERSION`].
    pub trunkline_recording: u32,
    /// The connector: `avaya-bj`.
    pub connector: String,
    /// Its kind: `avaya-dmcc`.
    pub kind: String,
    /// When recording began.
    pub began: Timestamp,
}

/// How a recording ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub ended: Timestamp,
    /// Events that were recorded.
    pub events: u64,
    /// Why, in a sentence.
    pub reason: String,
}

/// One line of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The first.
    Begins(Beginning),
    /// An event, and when it was taken.
    Told(Timestamp, Box<Event>),
    /// The last.
    Ends(End),
    /// Nothing.
    Empty,
}

/// Why a line is none of a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Not an object of the three forms.
    #[error("no line of a recording: {0}")]
    Form(#[source] serde_json::Error),
    /// Written by another release.
    #[error("a recording of version {0}; this release reads version 1")]
    Version(u32),
    /// What it holds is no event of ours.
    #[error("no event: {0}")]
    Event(#[from] EventError),
}

#[derive(Serialize, Deserialize)]
struct Told<'l> {
    at: Timestamp,
    #[serde(borrow)]
    event: &'l RawValue,
}

impl Line {
    /// The line with its line feed.
    pub fn to_json(&self) -> Result<Vec<u8>, RecordingError> {
        let json = match self {
            Self::Begins(beginning) => serde_json::to_vec(beginning),
            Self::Ends(end) => serde_json::to_vec(end),
            Self::Empty => Ok(Vec::new()),
            Self::Told(at, event) => {
                let json = event.to_json()?;
                let raw: Result<&RawValue, _> = serde_json::from_slice(&json);
                raw.and_then(|event| serde_json::to_vec(&Told { at: *at, event }))
            }
        };
        let mut line = json.map_err(RecordingError::Form)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads one line, with or without its line feed.
    pub fn parse(line: &[u8]) -> Result<Self, RecordingError> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(Self::Empty);
        }
        if let Ok(told) = serde_json::from_slice::<Told<'_>>(line) {
            return Ok(Self::Told(told.at, Box::new(Event::from_json(told.event.get().as_bytes())?)));
        }
        if let Ok(end) = serde_json::from_slice::<End>(line) {
            return Ok(Self::Ends(end));
        }
        match serde_json::from_slice::<Beginning>(line) {
            Ok(beginning) if beginning.trunkline_recording != VERSION => {
                Err(RecordingError::Version(beginning.trunkline_recording))
            }
            Ok(beginning) => Ok(Self::Begins(beginning)),
            Err(error) => Err(RecordingError::Form(error)),
        }
    }

    /// Whether a text begins as recordings do, so that other files are told apart.
    pub fn begins(text: &[u8]) -> bool {
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice::<Beginning>(first).is_ok()
    }
}
