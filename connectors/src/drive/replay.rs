//! A recording in, canonical events out. Pure: the same recording gives the same events.
//!
//! A recording is what the far side said, told apart by its content:
//! - for a kind with a byte stream: those bytes as they are;
//! - for a kind with webhooks: one body a line, or a line `{"at","headers","body"}`;
//! - for both: lines `{"at": RFC 3339, "bytes": base64}` or `{"at": RFC 3339, "text": "…"}`.
//!
//! Without `at` an input happened when the one before it did, the first at the given start.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_events::{Event, Timestamp};

use crate::contract::{
    Action, Actions, Disposition, Input, Kind, Protocol, ProtocolError, Recording, SourceId, WebhookRequest,
};

/// A byte stream is fed in reads of this size.
const READ: usize = 16 << 10;
/// Problems that are told; a recording of something else would have one a message.
const MOST_PROBLEMS: usize = 1000;

/// What a recording says.
#[derive(Debug, Default)]
pub struct Replay {
    /// The events in order, with their source, without a place in any books.
    pub events: Vec<Event>,
    /// What could not be read; it never keeps the rest from being read. At most a thousand.
    pub problems: Vec<Problem>,
}

/// A message of a recording that is no good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {sentence}")]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong with it.
    pub sentence: String,
}

/// A place in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Line number, from 1.
    Line(usize),
    /// The message begins or ends within the read that starts at this byte.
    Offset(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Offset(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// Decodes a recording of `kind` as the connector called `id` would have. What a listener has learned by the end of it
/// (its checkpoint), a second pass knows from the beginning.
pub fn decode(kind: &dyn Kind, id: &SourceId, recording: &[u8], start: Timestamp) -> Replay {
    let first = play(kind, id, recording, start, None);
    match &first.learned {
        Some(learned) => play(kind, id, recording, start, Some(learned)).replay,
        None => first.replay,
    }
}

fn play(kind: &dyn Kind, id: &SourceId, recording: &[u8], start: Timestamp, learned: Option<&[u8]>) -> Player {
    let mut player = Player {
        protocol: kind.listener(id),
        source: id.source(),
        now: start,
        replay: Replay::default(),
        learned: None,
    };
    player.give(Input::Restored(learned), Place::Offset(0));
    player.give(Input::Opened { peer: "recording" }, Place::Offset(0));
    let end = match kind.recording() {
        Recording::Stream if !has_lines_of_ours(recording) => player.stream(recording),
        recorded => Some(player.lines(recording, recorded)),
    };
    if let Some(end) = end {
        player.give(Input::Closed { reason: "the recording ends" }, end);
    }
    player
}

/// A line of a recording that was made with times.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    bytes: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    query: String,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

impl Line<'_> {
    /// The bytes the line stands for, if it is one of ours.
    fn content(&self) -> Option<Result<Bytes, String>> {
        match (&self.bytes, &self.text, self.body) {
            (Some(bytes), None, None) => {
                Some(STANDARD.decode(bytes).map(Bytes::from).map_err(|error| format!("bytes: {error}")))
            }
            (None, Some(text), None) => Some(Ok(text.clone().into())),
            (None, None, Some(body)) => Some(Ok(body_of(body))),
            _ => None,
        }
    }
}

/// A body that is a JSON string is the text in it; any other JSON stands for itself.
fn body_of(body: &RawValue) -> Bytes {
    serde_json::from_str::<String>(body.get()).unwrap_or_else(|_| body.get().to_owned()).into()
}

fn has_lines_of_ours(recording: &[u8]) -> bool {
    let first = recording.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|line| serde_json::from_slice::<Line<'_>>(line).is_ok_and(|line| line.content().is_some()))
}

struct Player {
    protocol: Box<dyn Protocol>,
    source: String,
    now: Timestamp,
    replay: Replay,
    learned: Option<Vec<u8>>,
}

impl Player {
    /// Where it ended; `None` if it could not be read to its end. After an error that would end a link there is no
    /// telling where in a stream the next message begins.
    fn stream(&mut self, recording: &[u8]) -> Option<Place> {
        for (number, read) in recording.chunks(READ).enumerate() {
            let place = Place::Offset(number * READ);
            if self.bytes(read, place).is_some_and(|disposition| disposition != Disposition::Skip) {
                let sentence = format!("the recording is not read beyond this: it has {} bytes", recording.len());
                self.problem(place, sentence);
                return None;
            }
        }
        Some(Place::Offset(recording.len()))
    }

    /// Where it ended.
    fn lines(&mut self, recording: &[u8], recorded: Recording) -> Place {
        let mut end = Place::Line(1);
        for (number, text) in recording.split(|byte| *byte == b'\n').enumerate() {
            let place = Place::Line(number + 1);
            let text = text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            end = place;
            let line = serde_json::from_slice::<Line<'_>>(text).ok();
            let (content, line) = match line.and_then(|line| line.content().map(|content| (content, line))) {
                Some((Ok(content), line)) => (content, Some(line)),
                Some((Err(sentence), _)) => {
                    self.problem(place, sentence);
                    continue;
                }
                None if recorded == Recording::WebhookBodies => (Bytes::copy_from_slice(text), None),
                None => {
                    self.problem(place, "not a line {\"at\",\"bytes\"} or {\"at\",\"text\"}".to_owned());
                    continue;
                }
            };
            self.now = line.as_ref().and_then(|line| line.at).unwrap_or(self.now);
            match recorded {
                Recording::Stream => drop(self.bytes(&content, place)),
                Recording::WebhookBodies => self.webhook(content, line, place),
            }
        }
        end
    }

    fn webhook(&mut self, body: Bytes, line: Option<Line<'_>>, place: Place) {
        let (headers, query) = line.map(|line| (line.headers, line.query)).unwrap_or_default();
        let request = WebhookRequest {
            method: "POST".to_owned(),
            query,
            headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body,
            peer: None,
        };
        self.give(Input::Webhook(&request), place);
    }

    fn bytes(&mut self, bytes: &[u8], place: Place) -> Option<Disposition> {
        let mut next = self.give(Input::Bytes(bytes), place);
        while let Some(Disposition::Skip) = next {
            if self.replay.problems.len() >= MOST_PROBLEMS {
                return next;
            }
            next = self.give(Input::Bytes(&[]), place);
        }
        next
    }

    /// Gives one input; what the protocol thought of it.
    fn give(&mut self, input: Input<'_>, place: Place) -> Option<Disposition> {
        let mut actions = Actions::new(self.now);
        let outcome = self.protocol.on(input, &mut actions);
        let mut reset = None;
        for action in actions.into_list() {
            match action {
                Action::Emit(mut event) => {
                    event.source.clone_from(&self.source);
                    self.replay.events.push(*event);
                }
                Action::Reset { reason } => reset = Some(ProtocolError::reset(reason)),
                Action::Checkpoint(learned) => self.learned = Some(learned),
                // There is no far side, no timer and no store in a recording.
                _ => {}
            }
        }
        let error = outcome.err().or(reset)?;
        let disposition = error.disposition;
        self.problem(place, error.reason);
        if disposition != Disposition::Skip {
            self.open_again(place);
        }
        Some(disposition)
    }

    /// A live link would be opened again; so is a recording.
    fn open_again(&mut self, place: Place) {
        for input in [Input::Closed { reason: "unreadable" }, Input::Opened { peer: "recording" }] {
            let mut actions = Actions::new(self.now);
            if let Err(error) = self.protocol.on(input, &mut actions) {
                self.problem(place, error.reason);
            }
        }
    }

    fn problem(&mut self, place: Place, sentence: String) {
        if self.replay.problems.len() < MOST_PROBLEMS {
            self.replay.problems.push(Problem { place, sentence });
        }
    }
}
