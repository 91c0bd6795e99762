//! The spool as one thing: append at one end, read at the other. Blocking; call it off the async threads.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use super::position::{self, Position};
use super::segment::{self, Writing};
use super::{SpoolError, record};
use crate::{Outgoing, SpoolSettings};

/// A segment is closed at this size, so that read ones can be removed.
const SEGMENT: u64 = 8 * 1024 * 1024;

/// What is in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fill {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) damaged: u64,
}

/// The spool of one process.
#[derive(Debug)]
pub(crate) struct Spool {
    settings: SpoolSettings,
    /// Closed segments that are not read to their end, and the one being written, by number, with their durable bytes.
    segments: Vec<(u64, u64)>,
    writing: Option<Writing>,
    next_segment: u64,
    reader: Position,
    fill: Fill,
    // Held for as long as the spool is open.
    _lock: File,
}

impl Spool {
    /// Opens the directory, made if absent, and counts what waits in it.
    pub(crate) fn open(settings: SpoolSettings) -> Result<Self, SpoolError> {
        let dir = &settings.dir;
        fs::create_dir_all(dir).map_err(SpoolError::io("creating", dir))?;
        let lock = lock(dir)?;
        let mut segments = segment::list(dir)?;
        let mut reader = position::load(dir);
        // Also beyond the saved place, when every segment is read and gone: a number of before would be taken for read.
        let next_segment = segments.last().map_or(0, |(number, _)| *number).max(reader.segment) + 1;
        for (number, _) in segments.iter().filter(|(number, _)| *number < reader.segment) {
            // Read to its end before a crash.
            let _ = fs::remove_file(segment::path(dir, *number));
        }
        segments.retain(|(number, _)| *number >= reader.segment);
        if segments.first().is_none_or(|(number, _)| *number != reader.segment) {
            reader = Position { segment: segments.first().map_or(next_segment, |(number, _)| *number), offset: 0 };
        }
        let mut spool =
            Self { segments, writing: None, next_segment, reader, fill: Fill::default(), _lock: lock, settings };
        spool.fill = spool.count()?;
        Ok(spool)
    }

    pub(crate) fn fill(&self) -> Fill {
        self.fill
    }

    /// Makes all of `events` durable in this order, with one sync; on an error none of them counts.
    pub(crate) fn append(&mut self, events: &[Outgoing]) -> Result<(), SpoolError> {
        let mut bytes = Vec::with_capacity(events.iter().map(Outgoing::size).sum());
        for event in events {
            record::encode(event, &mut bytes);
        }
        let (size, max_bytes) = (bytes.len() as u64, self.settings.max_bytes);
        if size > max_bytes {
            return Err(SpoolError::TooLarge { bytes: size, max_bytes });
        }
        if self.fill.bytes + size > max_bytes {
            return Err(SpoolError::Full { bytes: self.fill.bytes, max_bytes });
        }
        self.writing()?.append(&bytes)?;
        if let Some((_, durable)) = self.segments.last_mut() {
            *durable += size;
        }
        self.fill.bytes += size;
        self.fill.events += events.len() as u64;
        Ok(())
    }

    /// The oldest events, at most `max`, and the place behind them. Empty only if nothing is left.
    pub(crate) fn peek(&mut self, max: usize) -> Result<(Vec<Outgoing>, Position), SpoolError> {
        while let Some((number, durable)) = self.segments.first().copied() {
            let path = segment::path(&self.settings.dir, number);
            let page = segment::read(&path, self.reader.offset, durable, max)?;
            self.fill.damaged += page.damaged;
            if !page.events.is_empty() {
                return Ok((page.events, Position { segment: number, offset: page.next }));
            }
            // Only damage from the reader's place on: it is passed over for good.
            self.reader.offset = page.next;
            if page.exhausted {
                self.remove_first()?;
            }
        }
        // What was counted and never found again was damaged on the disk since.
        self.fill.events = 0;
        Ok((Vec::new(), self.reader))
    }

    /// The events before `position`, `count` of them, are safe elsewhere and will not be read again.
    pub(crate) fn advance(&mut self, position: Position, count: usize) -> Result<(), SpoolError> {
        self.reader = position;
        self.fill.events = self.fill.events.saturating_sub(count as u64);
        let read_to_end = self
            .segments
            .first()
            .is_some_and(|(number, durable)| *number == position.segment && position.offset >= *durable);
        if read_to_end {
            return self.remove_first();
        }
        self.save_position();
        Ok(())
    }

    /// On a full disk the place cannot be saved; that must not stop the drain that makes room.
    fn save_position(&self) {
        if let Err(error) = position::save(&self.settings.dir, self.reader) {
            tracing::debug!(%error, "spool position not saved; a restart now sends some events twice");
        }
    }

    fn remove_first(&mut self) -> Result<(), SpoolError> {
        let (number, durable) = self.segments.remove(0);
        if self.segments.is_empty() {
            self.writing = None;
        }
        self.fill.bytes = self.fill.bytes.saturating_sub(durable);
        let next = self.segments.first().map_or(self.next_segment, |(number, _)| *number);
        self.reader = Position { segment: next, offset: 0 };
        let path = segment::path(&self.settings.dir, number);
        fs::remove_file(&path).map_err(SpoolError::io("removing", &path))?;
        self.save_position();
        Ok(())
    }

    /// The segment to write to: a new one if there is none, it is large enough, or it failed.
    fn writing(&mut self) -> Result<&mut Writing, SpoolError> {
        let roll_at = SEGMENT.min(self.settings.max_bytes / 4).max(1);
        let writing = match self.writing.take() {
            Some(writing) if !writing.broken && writing.durable < roll_at => writing,
            _ => {
                let number = self.next_segment;
                // Taken even if the creation fails: a half-made file must not be met again.
                self.next_segment += 1;
                let writing = Writing::create(&self.settings.dir, number)?;
                if self.segments.is_empty() {
                    self.reader = Position { segment: number, offset: 0 };
                }
                self.segments.push((number, 0));
                writing
            }
        };
        Ok(self.writing.insert(writing))
    }

    /// Reads through everything from the reader's place on.
    fn count(&self) -> Result<Fill, SpoolError> {
        let mut fill = Fill::default();
        for (number, durable) in &self.segments {
            let mut offset = if *number == self.reader.segment { self.reader.offset } else { 0 };
            fill.bytes += durable;
            loop {
                let path = segment::path(&self.settings.dir, *number);
                let page = segment::read(&path, offset, *durable, 4096)?;
                fill.events += page.events.len() as u64;
                offset = page.next;
                if page.exhausted || offset >= *durable {
                    break;
                }
            }
        }
        Ok(fill)
    }
}

fn lock(dir: &Path) -> Result<File, SpoolError> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(SpoolError::io("creating", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Locked { path: dir.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(SpoolError::io("locking", &path)(cause)),
    }
}
