//! What was sent, and what the far side accepted: those it has to answer for.

use std::io::{self, Write};

use serde::Serialize;

/// One event and the fate of its deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// From 1, in the order of sending.
    pub seq: u64,
    /// `webhook-id`.
    pub id: String,
    /// The event's type.
    pub kind: String,
    /// The chat it belongs to.
    pub chat: Option<String>,
    /// The message's id.
    pub message: Option<String>,
    /// What was done to it on purpose.
    pub misbehaviour: Option<&'static str>,
    /// The status of each attempt; 0 where there was no answer.
    pub statuses: Vec<u16>,
    /// It was answered 2xx: from here on it must not be lost.
    pub accepted: bool,
}

/// All entries of one run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry and numbers it.
    pub fn add(&mut self, mut entry: Entry) {
        entry.seq = self.entries.len() as u64 + 1;
        self.entries.push(entry);
    }

    /// Everything that was sent.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was answered 2xx.
    pub fn accepted(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.accepted)
    }

    /// One JSON line an entry.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        for entry in &self.entries {
            serde_json::to_writer(&mut to, entry)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}
