//! The raw archive: bytes that were no good or not understood, kept for a person to look at.
//!
//! Daily files `YYYY-MM-DD.NNN.raw` of records `{"reference","at","size"}` LF bytes LF. A process begins a new file, so a
//! record torn by a crash ends its file and spoils nothing behind it. Bounded: the oldest file goes first.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use trunkline_events::Timestamp;

use super::Pace;
use crate::digest::archive_reference;

/// Files of an archive within its bound, so that dropping the oldest drops an eighth.
const FILES: u64 = 8;
/// References that are remembered so that the same bytes again are not written again.
const REMEMBERED: usize = 1024;

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many they are.
    pub size: u64,
    /// When they were taken.
    pub at: Timestamp,
}

/// The line before the bytes.
#[derive(Serialize, Deserialize)]
struct Heading {
    reference: String,
    at: Timestamp,
    size: u64,
}

/// The writing end, owned by one task.
#[derive(Debug)]
pub(super) struct Archive {
    folder: PathBuf,
    bound: u64,
    open: Option<(String, fs::File, u64)>,
    recent: VecDeque<String>,
}

impl Archive {
    pub(super) fn new(folder: PathBuf, bound: u64) -> Self {
        Self { folder, bound, open: None, recent: VecDeque::new() }
    }

    /// Appends one record. Blocking, not synced: the archive is for looking things up, nothing rests on it.
    pub(super) fn append(&mut self, reference: &str, at: Timestamp, bytes: &Bytes) -> io::Result<()> {
        if self.recent.iter().any(|known| known == reference) {
            return Ok(());
        }
        let heading = Heading { reference: reference.to_owned(), at, size: bytes.len() as u64 };
        let mut record = serde_json::to_vec(&heading)?;
        record.push(b'\n');
        record.extend_from_slice(bytes);
        record.push(b'\n');
        let size = record.len() as u64;
        let day = at.to_string().chars().take(10).collect::<String>();
        let file = self.file_for(&day, size)?;
        if let Err(error) = file.write_all(&record) {
            // What follows a half-written record could not be found: the next one opens a new file.
            self.open = None;
            return Err(error);
        }
        if let Some((_, _, written)) = &mut self.open {
            *written += size;
        }
        self.recent.push_back(reference.to_owned());
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        Ok(())
    }

    fn file_for(&mut self, day: &str, size: u64) -> io::Result<&mut fs::File> {
        let most = (self.bound / FILES).max(1);
        let fits = self
            .open
            .as_ref()
            .is_some_and(|(open, _, written)| open == day && (*written == 0 || written + size <= most));
        if !fits {
            self.open = None;
            fs::create_dir_all(&self.folder)?;
            self.make_room(most.max(size))?;
            self.open = Some((day.to_owned(), new_file(&self.folder, day)?, 0));
        }
        match &mut self.open {
            Some((_, file, _)) => Ok(file),
            None => Err(io::Error::other("no archive file is open")),
        }
    }

    /// Removes the oldest files until one more full file fits.
    fn make_room(&self, needed: u64) -> io::Result<()> {
        let files = files(&self.folder)?;
        let mut total = 0;
        for file in &files {
            total += fs::metadata(file)?.len();
        }
        for file in files {
            if total + needed <= self.bound.max(needed) {
                break;
            }
            total -= fs::metadata(&file)?.len();
            fs::remove_file(&file)?;
        }
        Ok(())
    }
}

fn new_file(folder: &Path, day: &str) -> io::Result<fs::File> {
    for number in 0..100_000_u32 {
        let path = folder.join(format!("{day}.{number:05}.raw"));
        match fs::OpenOptions::new().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    Err(io::Error::other("the archive has too many files of one day"))
}

/// The files of an archive, oldest first; none if there is no such folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "raw") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Keeps bytes in the archive of connector `name` and gives their reference. Blocking; for what is rare, since each call
/// begins a file.
pub fn keep(data_dir: &Path, name: &str, at: Timestamp, bytes: &Bytes) -> io::Result<String> {
    let reference = archive_reference(bytes);
    Archive::new(folder_of(data_dir, name), Pace::default().archive).append(&reference, at, bytes)?;
    Ok(reference)
}

/// Where the bytes called `reference` stand in the archive of connector `name` under `data_dir`. Blocking; reads the
/// headings of all files, newest file first.
pub fn find(data_dir: &Path, name: &str, reference: &str) -> io::Result<Option<Place>> {
    for file in files(&folder_of(data_dir, name))?.into_iter().rev() {
        if let Some(place) = find_in(&file, reference)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// The bytes at a place. Blocking.
pub fn fetch(place: &Place) -> io::Result<Bytes> {
    let mut file = fs::File::open(&place.file)?;
    file.seek(SeekFrom::Start(place.offset))?;
    let mut bytes = Vec::new();
    file.take(place.size).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

pub(super) fn folder_of(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join("raw").join(name)
}

fn find_in(path: &Path, reference: &str) -> io::Result<Option<Place>> {
    let mut reader = BufReader::new(fs::File::open(path)?);
    let length = reader.get_ref().metadata()?.len();
    let mut position = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(64 << 10).read_until(b'\n', &mut line)?;
        // A torn or foreign line ends the file.
        let Ok(heading) = serde_json::from_slice::<Heading>(&line) else { return Ok(None) };
        let offset = position + read as u64;
        let Some(next) = offset.checked_add(heading.size).and_then(|end| end.checked_add(1)) else { return Ok(None) };
        if next > length {
            return Ok(None);
        }
        if heading.reference == reference {
            return Ok(Some(Place { file: path.to_owned(), offset, size: heading.size, at: heading.at }));
        }
        position = next;
        reader.seek(SeekFrom::Start(position))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-03-01T08:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn a_record_is_found_by_its_reference_also_behind_a_torn_one() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = folder_of(data.path(), "avaya-bj");
        let mut first = Archive::new(folder.clone(), 1 << 20);
        first.append("a", at(), &Bytes::from_static(b"one\ntwo\0")).expect("written");
        first.append("b", at(), &Bytes::from_static(b"bee")).expect("written");
        let torn = files(&folder).expect("files")[0].clone();
        let length = fs::metadata(&torn).expect("there").len();
        fs::OpenOptions::new().write(true).open(&torn).expect("open").set_len(length - 2).expect("cut");

        let mut second = Archive::new(folder, 1 << 20);
        second.append("c", at(), &Bytes::from_static(b"sea")).expect("written");

        let place = find(data.path(), "avaya-bj", "a").expect("read").expect("found");
        assert_eq!(fetch(&place).expect("read"), &b"one\ntwo\0"[..]);
        assert_eq!(find(data.path(), "avaya-bj", "b").expect("read"), None, "torn");
        assert!(find(data.path(), "avaya-bj", "c").expect("read").is_some());
        assert_eq!(find(data.path(), "nobody", "c").expect("read"), None);
    }

    #[test]
    fn the_archive_stays_within_its_bound_and_the_oldest_goes_first() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = folder_of(data.path(), "chat");
        let mut archive = Archive::new(folder.clone(), 8 << 10);
        for number in 0..100 {
            archive.append(&number.to_string(), at(), &Bytes::from(vec![b'x'; 500])).expect("written");
        }
        let total: u64 =
            files(&folder).expect("files").iter().map(|file| fs::metadata(file).expect("there").len()).sum();
        assert!(total <= 8 << 10, "{total}");
        assert!(find(data.path(), "chat", "99").expect("read").is_some());
        assert!(find(data.path(), "chat", "0").expect("read").is_none());
    }

    #[test]
    fn the_same_bytes_again_are_written_once() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = folder_of(data.path(), "chat");
        let mut archive = Archive::new(folder.clone(), 1 << 20);
        archive.append("same", at(), &Bytes::from_static(b"x")).expect("written");
        let size = fs::metadata(&files(&folder).expect("files")[0]).expect("there").len();
        archive.append("same", at(), &Bytes::from_static(b"x")).expect("written");
        assert_eq!(fs::metadata(&files(&folder).expect("files")[0]).expect("there").len(), size);
    }
}
