//! The recorder: hears what links have made durable, masks it, and gives it to whoever records.
//!
//! Nobody records as a rule, and then it costs a look at a number. A reader who is too slow loses his recording, never the
//! link its time: masking is done by the reader's task.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::stream;
use rand::TryRngCore as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use trunkline_connectors::drive::system_clock;
use trunkline_events::Event;
use trunkline_events::recording::{Beginning, End, Line, VERSION};
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::masking::Masker;

use crate::http::figures::Lines;

/// Batches that wait for a reader.
const WAITING: usize = 256;
/// An empty line so often, so that a reader who went away is noticed, and proxies keep the connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The recorder of this process.
pub(crate) struct Recorder {
    masker: Masker,
    ears: Mutex<Vec<Ear>>,
    open: AtomicUsize,
}

/// Somebody who records a source.
struct Ear {
    source: String,
    batches: mpsc::Sender<Vec<Event>>,
}

impl Recorder {
    /// With the key in `<data_dir>/recorder.key`, which is made where there is none. Blocks on a small file.
    pub(crate) fn open(data_dir: &Path, knowledge: &Knowledge) -> anyhow::Result<Self> {
        let file = data_dir.join("recorder.key");
        let key = key(&file).with_context(|| {
            format!(
                "daemon.data_dir: {} is no key of 32 bytes; check it, or remove it to get a new one",
                file.display()
            )
        })?;
        let masker = Masker::new(&key, knowledge.rules.clone(), knowledge.plans.clone())?;
        Ok(Self { masker, ears: Mutex::default(), open: AtomicUsize::new(0) })
    }

    /// Events of one source that are durable. Cheap while nobody records it; never waits.
    pub(crate) fn hear(&self, events: &[Event]) {
        let Some(source) = events.first().map(|event| event.source.as_str()) else { return };
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has gone away, or does not keep up, hears no more.
        ears.retain(|ear| ear.source != source || ear.batches.try_send(events.to_vec()).is_ok());
        self.open.store(ears.len(), Ordering::Release);
    }

    /// Whether anybody records anything.
    pub(crate) fn listens(&self) -> bool {
        self.open.load(Ordering::Acquire) > 0
    }

    /// Records a connector from now on, for so long.
    pub(crate) fn record(self: &Arc<Self>, connector: &str, kind: &str, how_long: Duration) -> Lines {
        let (batches, heard) = mpsc::channel(WAITING);
        let source = format!("/connectors/{connector}");
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.push(Ear { source, batches });
        self.open.store(ears.len(), Ordering::Release);
        let beginning = Beginning {
            trunkline_recording: VERSION,
            connector: connector.to_owned(),
            kind: kind.to_owned(),
            began: system_clock(),
        };
        let tape = Tape { recorder: Arc::clone(self), heard, until: Instant::now() + how_long, events: 0, over: false };
        let first = written(&Line::Begins(beginning));
        Box::pin(stream::unfold((Some(first), tape), |(first, mut tape)| async move {
            let lines = match first {
                Some(first) => first,
                None => tape.next().await?,
            };
            Some((lines, (None, tape)))
        }))
    }
}

/// One recording as it is made.
struct Tape {
    recorder: Arc<Recorder>,
    heard: mpsc::Receiver<Vec<Event>>,
    until: Instant,
    events: u64,
    over: bool,
}

impl Tape {
    /// The next lines; the last one says why it is the last.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let alive = Instant::now() + SIGN_OF_LIFE;
        match timeout_at(alive.min(self.until), self.heard.recv()).await {
            Ok(Some(batch)) => Some(self.masked(&batch)),
            Ok(None) => Some(self.end("the reader was too slow, and a link does not wait for one")),
            Err(_) if Instant::now() >= self.until => Some(self.end("the time was up")),
            Err(_) => Some(written(&Line::Empty)),
        }
    }

    fn masked(&mut self, batch: &[Event]) -> Bytes {
        let mut lines = BytesMut::new();
        for event in batch.iter().filter_map(|event| self.recorder.masker.event(event)) {
            self.events += 1;
            lines.put(written(&Line::Told(event.received, Box::new(event))));
        }
        lines.freeze()
    }

    fn end(&mut self, reason: &str) -> Bytes {
        self.over = true;
        // What is heard from here on is for nobody.
        self.heard.close();
        written(&Line::Ends(End { ended: system_clock(), events: self.events, reason: reason.to_owned() }))
    }
}

/// A line of ours can always be written as JSON.
fn written(line: &Line) -> Bytes {
    line.to_json().unwrap_or_default().into()
}

/// The key of a file; one is made, readable to nobody else, where there is none.
fn key(file: &Path) -> io::Result<[u8; 32]> {
    match std::fs::read(file) {
        Ok(bytes) => bytes.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; 32];
            rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
            let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            to.write_all(&key)?;
            to.sync_all()?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
