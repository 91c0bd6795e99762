//! One file of the spool. Files are numbered; higher numbers are later events.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::SpoolError;
use super::record::{self, Found, HEADER, MAX_RECORD};
use crate::Outgoing;

/// The first bite of a read; grown when a record is longer.
const CHUNK: usize = 1024 * 1024;

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.spool"))
}

/// The segments of `dir` by number, each with its length.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, u64)>, SpoolError> {
    let failed = |cause| SpoolError::io("listing", dir)(cause);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".spool")).and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.metadata().map_err(failed)?.len()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Writing {
    file: File,
    path: PathBuf,
    /// Bytes that are known to be durable; what is behind them does not count.
    pub(super) durable: u64,
    /// After a failed write or fsync the file is not written to again: what the kernel kept of it is unknown.
    pub(super) broken: bool,
}

impl Writing {
    /// Makes segment `number`, durable as a name in its directory.
    pub(super) fn create(dir: &Path, number: u64) -> Result<Self, SpoolError> {
        let path = path(dir, number);
        let open = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = open.map_err(SpoolError::io("creating", &path))?;
        File::open(dir).and_then(|directory| directory.sync_all()).map_err(SpoolError::io("syncing", dir))?;
        Ok(Self { file, path, durable: 0, broken: false })
    }

    /// Writes and syncs; on an error nothing of `bytes` counts.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.durable += bytes.len() as u64;
                Ok(())
            }
            Err(cause) => {
                self.broken = true;
                // Best effort: what stays behind is read again as events that were never accepted, which is harmless.
                let _ = self.file.set_len(self.durable);
                Err(SpoolError::io("writing", &self.path)(cause))
            }
        }
    }
}

/// What one read of a segment gave.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) events: Vec<Outgoing>,
    /// Where to read on.
    pub(super) next: u64,
    /// Damaged stretches that were passed over.
    pub(super) damaged: u64,
    /// The bytes up to the limit were read.
    pub(super) exhausted: bool,
}

/// Reads up to `max` events of the file from `offset` on, never beyond `limit`.
///
/// An incomplete record at `limit` is a torn write (never accepted); it is passed over and not counted as damage.
pub(super) fn read(path: &Path, offset: u64, limit: u64, max: usize) -> Result<Page, SpoolError> {
    let file = File::open(path).map_err(SpoolError::io("opening", path))?;
    let mut size = CHUNK;
    loop {
        let left = limit.saturating_sub(offset);
        let whole = usize::try_from(left).is_ok_and(|left| left <= size);
        let mut bytes = vec![0; if whole { usize::try_from(left).unwrap_or(size) } else { size }];
        let got = read_fully(&file, &mut bytes, offset).map_err(SpoolError::io("reading", path))?;
        let short = got < bytes.len();
        bytes.truncate(got);
        let mut page = parse(&bytes, whole || short, max);
        if page.next == 0 && !page.exhausted && size < MAX_RECORD + HEADER {
            size *= 8;
            continue;
        }
        page.next += offset;
        return Ok(page);
    }
}

fn parse(bytes: &[u8], whole: bool, max: usize) -> Page {
    let mut page = Page::default();
    let mut at = 0;
    let mut in_damage = false;
    while page.events.len() < max {
        let found = match record::read(bytes, at) {
            // At the true end this is no record; look behind its header, a flipped length may hide later ones.
            Found::Incomplete if whole => match record::damaged(bytes, at) {
                Found::Damaged { next } if next + HEADER < bytes.len() => Found::Damaged { next },
                _ => Found::End,
            },
            other => other,
        };
        match found {
            Found::Record { outgoing, end } => {
                page.events.push(*outgoing);
                (at, in_damage) = (end, false);
            }
            Found::Damaged { next } => {
                page.damaged += u64::from(!in_damage);
                (at, in_damage) = (next, true);
                if !whole && bytes.len() - at < HEADER {
                    break;
                }
            }
            Found::Incomplete => break,
            Found::End => {
                page.exhausted = whole;
                if whole {
                    at = bytes.len();
                }
                break;
            }
        }
    }
    page.next = at as u64;
    page
}

fn read_fully(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < bytes.len() {
        match file.read_at(&mut bytes[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
