//! What was sent: one entry for each event frame whose last byte went to the socket while the connection was up.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use time::OffsetDateTime;

/// One frame that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts up from 1 over all connections.
    pub seq: u64,
    /// Which TCP connection, from 1.
    pub connection: u64,
    /// Which session.
    pub session: Arc<str>,
    /// Which monitor; empty for what belongs to none.
    pub cross_reference: Arc<str>,
    /// The document's root, for example `DeliveredEvent`.
    pub kind: &'static str,
    /// The call's id at that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<u32>,
    /// The scenario's name for the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Arc<str>>,
    /// The call's UCID, also where the event did not carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ucid: Option<Arc<str>>,
    /// What was wrong with the frame on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// When the last byte had been handed over.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What a frame is, before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) connection: u64,
    pub(crate) session: Arc<str>,
    pub(crate) cross_reference: Arc<str>,
    pub(crate) kind: &'static str,
    pub(crate) call_id: Option<u32>,
    pub(crate) call: Option<Arc<str>>,
    pub(crate) ucid: Option<Arc<str>>,
    pub(crate) fault: Option<&'static str>,
}

impl Note {
    /// A frame that is about no call.
    pub(crate) fn plain(connection: u64, session: &Arc<str>, kind: &'static str) -> Self {
        Self {
            connection,
            session: session.clone(),
            cross_reference: "".into(),
            kind,
            call_id: None,
            call: None,
            ucid: None,
            fault: None,
        }
    }
}

/// The books of one simulator. Cheap to clone; all clones are one ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug)]
struct Pages {
    entries: VecDeque<Entry>,
    most: usize,
    next: u64,
    counts: BTreeMap<&'static str, u64>,
    file: Option<BufWriter<File>>,
    failure: Option<io::Error>,
}

impl Ledger {
    /// Keeps the newest `most` entries in memory.
    pub(crate) fn new(most: usize) -> Self {
        let pages = Pages {
            entries: VecDeque::new(),
            most: most.max(1),
            next: 1,
            counts: BTreeMap::new(),
            file: None,
            failure: None,
        };
        Self { pages: Arc::new(Mutex::new(pages)) }
    }

    /// Writes every entry from now on to a file too, as JSON lines.
    pub(crate) fn write_to(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        self.pages().file = Some(BufWriter::new(file));
        Ok(())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        // A panic while the lock was held leaves whole entries: each is pushed at once.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Books frames that have just been written.
    pub(crate) fn record(&self, notes: impl Iterator<Item = Note>) {
        let at = OffsetDateTime::now_utc();
        let mut pages = self.pages();
        for note in notes {
            pages.book(note, at);
        }
        pages.flush();
    }

    /// Every entry still in memory, in the order of writing.
    pub fn entries(&self) -> Vec<Entry> {
        self.pages().entries.iter().cloned().collect()
    }

    /// How many frames were written, since the beginning.
    pub fn total(&self) -> u64 {
        self.pages().next - 1
    }

    /// How many of each kind were written, since the beginning.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.pages().counts.clone()
    }

    /// The error that stopped the ledger file, if one did.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.pages().failure.take()
    }
}

impl Pages {
    fn book(&mut self, note: Note, at: OffsetDateTime) {
        let seq = self.next;
        self.next += 1;
        *self.counts.entry(note.kind).or_default() += 1;
        let entry = Entry {
            seq,
            connection: note.connection,
            session: note.session,
            cross_reference: note.cross_reference,
            kind: note.kind,
            call_id: note.call_id,
            call: note.call,
            ucid: note.ucid,
            fault: note.fault,
            at,
        };
        if let Some(file) = &mut self.file
            && let Err(error) = write_line(file, &entry)
        {
            self.fail(error);
        }
        if self.entries.len() == self.most {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    fn flush(&mut self) {
        if let Some(Err(error)) = self.file.as_mut().map(Write::flush) {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: io::Error) {
        tracing::error!(%error, "the ledger file cannot be written any more");
        self.file = None;
        self.failure = Some(error);
    }
}

fn write_line(file: &mut BufWriter<File>, entry: &Entry) -> io::Result<()> {
    serde_json::to_writer(&mut *file, entry)?;
    file.write_all(b"\n")
}
