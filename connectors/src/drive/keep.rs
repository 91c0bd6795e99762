//! What a link remembers over a restart: the protocol's checkpoint, until when it surely heard everything, which
//! commands are done. One small file, written whole (temporary file, fsync, rename, fsync of the folder), so a reader
//! finds either the former or the new one. Its first line is the SHA-256 of the rest.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use trunkline_events::Timestamp;

use super::commands::nothing_done;
use super::timers::until;
use crate::digest::sha256_hex;
use crate::seen::Seen;

/// The link's memory. Cheap to clone: that happens with every batch.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// What the protocol gave last.
    pub(super) checkpoint: Option<Bytes>,
    /// Everything the far side said until then is durable.
    pub(super) taken_until: Option<Timestamp>,
    /// The link was stopped in good order.
    pub(super) clean: bool,
    /// This link reads state anew after a gap.
    pub(super) resyncs: bool,
    /// Commands that were carried out.
    pub(super) done: Arc<Seen>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { checkpoint: None, taken_until: None, clean: false, resyncs: false, done: Arc::new(nothing_done()) }
    }
}

/// The kept memory as JSON.
#[derive(Serialize, Deserialize)]
struct Page {
    version: u32,
    #[serde(default)]
    checkpoint: Option<String>,
    #[serde(default)]
    taken_until: Option<Timestamp>,
    #[serde(default)]
    clean: bool,
    #[serde(default)]
    resyncs: bool,
    #[serde(default)]
    commands_done: Vec<String>,
}

/// Why the memory of a link cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: io::Error },
    #[error("{path} is damaged ({what}); it was set aside as .damaged and the link starts without its memory")]
    Damaged { path: PathBuf, what: &'static str, heard_until: Option<Timestamp> },
}

/// Reads the memory of a link; an empty one if there is none yet.
pub(super) fn read(path: &Path) -> Result<Kept, KeepError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(cause) => return Err(KeepError::Io { path: path.to_owned(), cause }),
    };
    parse(&text).map_err(|what| {
        let modified = fs::metadata(path).and_then(|about| about.modified()).ok();
        let heard_until = modified.map(|modified| Timestamp::new(modified.into()));
        // Kept for the operator; if even that fails the next write replaces it, which is what it is good for anyway.
        let _ = fs::rename(path, path.with_extension("damaged"));
        KeepError::Damaged { path: path.to_owned(), what, heard_until }
    })
}

fn parse(text: &[u8]) -> Result<Kept, &'static str> {
    let end = text.iter().position(|byte| *byte == b'\n').ok_or("no first line")?;
    let (digest, page) = (&text[..end], &text[end + 1..]);
    if digest != sha256_hex(page).as_bytes() {
        return Err("its checksum does not fit");
    }
    let page: Page = serde_json::from_slice(page).map_err(|_| "not JSON of ours")?;
    if page.version != 1 {
        return Err("it was written by another version");
    }
    let checkpoint = match page.checkpoint {
        None => None,
        Some(text) => Some(Bytes::from(STANDARD.decode(text).map_err(|_| "its checkpoint is not base64")?)),
    };
    Ok(Kept {
        checkpoint,
        taken_until: page.taken_until,
        clean: page.clean,
        resyncs: page.resyncs,
        done: Arc::new(remembered(page.commands_done)),
    })
}

fn remembered(keys: Vec<String>) -> Seen {
    let mut done = nothing_done();
    done.extend(keys);
    done
}

/// Writes the memory durably. Blocking.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let page = Page {
        version: 1,
        checkpoint: kept.checkpoint.as_ref().map(|bytes| STANDARD.encode(bytes)),
        taken_until: kept.taken_until,
        clean: kept.clean,
        resyncs: kept.resyncs,
        commands_done: kept.done.names().map(str::to_owned).collect(),
    };
    let page = serde_json::to_vec(&page)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(sha256_hex(&page).as_bytes())?;
    file.write_all(b"\n")?;
    file.write_all(&page)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(folder)?.sync_all()
}

/// What the publishing task wants written: the newest counts, older ones may be left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) kept: Kept,
    /// Counts changes.
    pub(super) revision: u64,
    /// Somebody waits for it.
    pub(super) urgent: bool,
}

/// Writes what is wanted, at most once every `pace`, at once when it is urgent, and once more at the end.
pub(super) struct Keeper {
    pub(super) path: PathBuf,
    pub(super) pace: std::time::Duration,
    pub(super) wanted: watch::Receiver<Wanted>,
    /// The revision that is durable.
    pub(super) written: watch::Sender<u64>,
}

impl Keeper {
    /// Runs until the wanting end is dropped.
    pub(super) async fn run(mut self) {
        let mut last = None::<Instant>;
        let mut failing = false;
        loop {
            let going_on = self.wanted.changed().await.is_ok();
            if going_on {
                self.await_turn(last).await;
            }
            let wanted = self.wanted.borrow_and_update().clone();
            if wanted.revision > *self.written.borrow() {
                failing = self.write(wanted, failing).await;
                last = Some(Instant::now());
            }
            if !going_on {
                return;
            }
        }
    }

    /// Waits until the pace allows a write, something urgent comes, or it is the end.
    async fn await_turn(&mut self, last: Option<Instant>) {
        let turn = last.map(|last| last + self.pace);
        let Some(turn) = turn.filter(|turn| *turn > Instant::now()) else { return };
        tokio::select! {
            () = until(Some(turn)) => {}
            // Urgent, or the other end is gone: either way it is time.
            _ = self.wanted.wait_for(|wanted| wanted.urgent) => {}
        }
    }

    /// Whether writing fails now. A failure is told once; the next change tries again.
    async fn write(&self, wanted: Wanted, failing: bool) -> bool {
        let path = self.path.clone();
        let revision = wanted.revision;
        let outcome = tokio::task::spawn_blocking(move || write(&path, &wanted.kept)).await;
        let error = match outcome {
            Ok(Ok(())) => {
                self.written.send_replace(revision);
                return false;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        if !failing {
            tracing::error!(path = %self.path.display(), error, "a checkpoint cannot be written; a restart would take older state and declare a longer gap");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            checkpoint: Some(Bytes::from_static(b"\0\xffsession")),
            taken_until: Some(Timestamp::EPOCH),
            clean: true,
            resyncs: true,
            done: Arc::new(remembered(vec!["k1".to_owned()])),
        }
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoints/chat.json");
        assert!(read(&path).expect("nothing yet").checkpoint.is_none());
        write(&path, &kept()).expect("written");
        let back = read(&path).expect("read");
        assert_eq!(back.checkpoint, kept().checkpoint);
        assert_eq!(back.taken_until, kept().taken_until);
        assert!(back.clean && back.resyncs && back.done.holds("k1"));
    }

    #[test]
    fn any_cut_or_flipped_byte_is_noticed_and_the_file_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("chat.json");
        write(&path, &kept()).expect("written");
        let good = fs::read(&path).expect("read");
        for at in 0..good.len() {
            let mut flipped = good.clone();
            flipped[at] ^= 0x20;
            assert!(parse(&flipped).is_err(), "flipped byte {at}");
            assert!(parse(&good[..at]).is_err(), "cut at {at}");
        }
        fs::write(&path, b"rubbish").expect("written");
        let error = read(&path).expect_err("damaged");
        assert!(matches!(error, KeepError::Damaged { heard_until: Some(_), .. }));
        assert!(path.with_extension("damaged").exists() && !path.exists());
    }
}
