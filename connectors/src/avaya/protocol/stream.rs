//! The byte stream: whole frames out of it, and what becomes of one that breaks its form.
//!
//! A length field that is too long makes a frame swallow the messages behind it, while bytes keep coming. So a frame may
//! be unfinished only so long; and whenever the stream turns out to be broken, everything since the last sound message
//! may be missing, though bytes were heard since.

use std::time::Duration;

use trunkline_events::Timestamp;

use super::super::wire::frame::{Frame, FrameError, Frames};
use super::{Dmcc, FRAME};
use crate::contract::{Action, Actions, ProtocolError};

/// How long a frame may be unfinished. The longest takes a fraction of a second on a slow line.
const LONGEST: Duration = Duration::from_secs(10);
/// A frame that is whole at last comes without such a pause, be it byte by byte; one that swallows messages has theirs.
const PAUSE: time::Duration = time::Duration::SECOND;
/// What was begun so shortly before the connection broke is within the driver's gap.
const JUST_BEGUN: time::Duration = time::Duration::SECOND;

/// The stream of one connection.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    frames: Frames,
    /// When the first byte of the frame that is not whole yet came.
    begun: Option<Timestamp>,
    /// When the last byte came.
    last: Option<Timestamp>,
    /// The timer that looks after it runs.
    watched: bool,
    /// When the last well-formed message came.
    sound: Option<Timestamp>,
}

impl Stream {
    /// A message was well-formed.
    pub(crate) fn sound(&mut self, now: Timestamp) {
        self.sound = Some(now);
    }

    fn next(&mut self, now: Timestamp) -> Result<Option<Frame>, FrameError> {
        let frame = self.frames.next()?;
        if frame.is_some() || !self.frames.has_begun() {
            self.begun = None;
        } else {
            self.begun.get_or_insert(now);
        }
        Ok(frame)
    }
}

impl Dmcc {
    /// Takes whole frames. After one that is no good the rest stays, to be taken on the next (empty) input.
    pub(crate) fn bytes(&mut self, bytes: &[u8], out: &mut Actions) -> Result<(), ProtocolError> {
        self.stream.frames.push(bytes);
        if !bytes.is_empty() {
            self.stream.last = Some(out.now());
        }
        loop {
            match self.stream.next(out.now()) {
                Ok(Some(frame)) => self.frame(&frame, out)?,
                Ok(None) => {
                    self.watch_frame(LONGEST, out);
                    return Ok(());
                }
                Err(error) => return Err(self.broken(&format!("the stream is not framed as CSTA XML: {error}"))),
            }
        }
    }

    fn watch_frame(&mut self, after: Duration, out: &mut Actions) {
        if self.stream.begun.is_some() && !self.stream.watched {
            self.stream.watched = true;
            out.push(Action::Timer { timer: FRAME, after: Some(after) });
        }
    }

    /// Looks whether the frame that is not whole yet is the same one for too long.
    pub(crate) fn still_unfinished(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        self.stream.watched = false;
        let Some(begun) = self.stream.begun else { return Ok(()) };
        let left = LONGEST.saturating_sub(out.now().since(begun).try_into().unwrap_or(Duration::ZERO));
        let pauses = self.stream.last.is_none_or(|last| out.now().since(last) >= PAUSE);
        if left.is_zero() && pauses && out.reads() {
            return Err(self.broken("a message was not whole after 10 seconds: its length is wrong"));
        }
        self.watch_frame(left.max(Duration::from_secs(1)), out);
        Ok(())
    }

    /// The stream cannot be trusted since its last sound message.
    fn broken(&mut self, reason: &str) -> ProtocolError {
        self.health.missing_since(self.stream.sound.or(self.stream.begun).or(self.heard), reason);
        self.stream = Stream::default();
        self.dirty = true;
        ProtocolError::reset(reason)
    }

    /// The connection is gone, perhaps in the middle of a frame that has swallowed others.
    pub(crate) fn broke_off(&mut self, now: Timestamp) {
        let begun = std::mem::take(&mut self.stream).begun;
        if let Some(begun) = begun.filter(|begun| now.since(*begun) >= JUST_BEGUN) {
            self.health.missing_since(Some(begun), "the connection broke within a message");
        }
    }
}
