//! How far the reader got. Losing it costs duplicates, never events.

use std::fs;
use std::path::Path;

use super::SpoolError;

/// A place in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

const NAME: &str = "position";

/// The place that was saved last; the beginning if there is none or it is damaged.
pub(super) fn load(dir: &Path) -> Position {
    let text = fs::read_to_string(dir.join(NAME)).unwrap_or_default();
    parse(&text).unwrap_or_default()
}

fn parse(text: &str) -> Option<Position> {
    let (numbers, crc) = text.trim_end().rsplit_once(' ')?;
    let (segment, offset) = numbers.split_once(' ')?;
    let right = crc.parse() == Ok(crc32fast::hash(numbers.as_bytes()));
    right.then_some(Position { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
}

/// Saves the place by a rename, so that a crash leaves the old one or the new one.
pub(super) fn save(dir: &Path, position: Position) -> Result<(), SpoolError> {
    let numbers = format!("{} {}", position.segment, position.offset);
    let text = format!("{numbers} {}\n", crc32fast::hash(numbers.as_bytes()));
    let new = dir.join("position.new");
    fs::write(&new, text).map_err(SpoolError::io("writing", &new))?;
    fs::rename(&new, dir.join(NAME)).map_err(SpoolError::io("renaming", &new))
}
