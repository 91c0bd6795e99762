//! Frames that wait for one connection. Bounded in bytes: a client that does not read is cut off, as AES does.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Note;

/// Above this, whoever makes events should wait for room.
const ROOMY: usize = 4 << 20;
/// Above this, the connection is cut off.
const MOST: usize = 64 << 20;

/// One frame on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) bytes: Vec<u8>,
    /// For the ledger; answers have none.
    pub(crate) note: Option<Note>,
}

/// Frames written in one go.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    /// Where each noted frame ends.
    pub(crate) ends: VecDeque<(usize, Note)>,
}

enum Taken {
    Batch(Batch),
    Nothing,
    Closed,
}

/// The queue of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Ends the connection; whoever writes on it stops.
    closing: CancellationToken,
    queue: Mutex<Queue>,
    filled: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Outgoing>,
    bytes: usize,
    /// Bytes taken by the writer and not yet written.
    in_hand: usize,
    /// Counts batches taken and written: a sign that the client reads.
    moved: u64,
    closed: bool,
    overflowed: bool,
}

impl Outbox {
    /// The queue of a connection that `closing` ends. A closed queue ends the connection, too.
    pub(crate) fn new(closing: CancellationToken) -> Self {
        Self { closing, queue: Mutex::default(), filled: Notify::new(), emptied: Notify::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Every change below is whole before anything could panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame; never waits. A closed outbox forgets it.
    pub(crate) fn push(&self, frame: Outgoing) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        queue.bytes += frame.bytes.len();
        queue.frames.push_back(frame);
        if queue.bytes > MOST {
            queue.overflowed = true;
            queue.close();
            self.closing.cancel();
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Waits for frames and takes up to about `most` bytes of them. `None`: closed.
    pub(crate) async fn take(&self, most: usize) -> Option<Batch> {
        loop {
            let filled = self.filled.notified();
            match self.take_now(most) {
                Taken::Batch(batch) => return Some(batch),
                Taken::Closed => return None,
                Taken::Nothing => filled.await,
            }
        }
    }

    fn take_now(&self, most: usize) -> Taken {
        let mut queue = self.queue();
        if queue.closed {
            return Taken::Closed;
        }
        if queue.frames.is_empty() {
            return Taken::Nothing;
        }
        let mut batch = Batch::default();
        while let Some(frame) = queue.frames.front()
            && (batch.bytes.is_empty() || batch.bytes.len() + frame.bytes.len() <= most)
        {
            let Some(frame) = queue.frames.pop_front() else { break };
            batch.bytes.extend_from_slice(&frame.bytes);
            if let Some(note) = frame.note {
                batch.ends.push_back((batch.bytes.len(), note));
            }
        }
        queue.bytes = queue.bytes.saturating_sub(batch.bytes.len());
        queue.in_hand = batch.bytes.len();
        queue.moved += 1;
        drop(queue);
        self.emptied.notify_waiters();
        Taken::Batch(batch)
    }

    /// Adds what has come since to a batch.
    pub(crate) fn more(&self, batch: &mut Batch, most: usize) {
        let Taken::Batch(more) = self.take_now(most) else { return };
        let before = batch.bytes.len();
        batch.bytes.extend_from_slice(&more.bytes);
        batch.ends.extend(more.ends.into_iter().map(|(end, note)| (before + end, note)));
    }

    /// The batch that was taken is on its way.
    pub(crate) fn written(&self) {
        let mut queue = self.queue();
        queue.in_hand = 0;
        queue.moved += 1;
        drop(queue);
        self.emptied.notify_waiters();
    }

    /// Closes it for a client that does not read.
    fn give_up(&self) {
        self.queue().overflowed = true;
        self.close();
    }

    /// Whether a client did not read for so long that it was cut off.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.queue().overflowed
    }

    /// Nothing more goes out; what waits is forgotten.
    pub(crate) fn close(&self) {
        self.queue().close();
        self.closing.cancel();
        self.filled.notify_one();
        self.emptied.notify_waiters();
    }

    /// Waits until there is room, or nobody needs any. A client that reads nothing for so long is given up.
    pub(crate) async fn room(&self, patience: Duration) {
        self.while_it_reads(patience, |queue| queue.bytes < ROOMY).await;
    }

    /// Waits until everything is written. A client that reads nothing for so long is given up.
    pub(crate) async fn drained(&self, patience: Duration) {
        self.while_it_reads(patience, |queue| queue.bytes == 0 && queue.in_hand == 0).await;
    }

    async fn while_it_reads(&self, patience: Duration, is_so: impl Fn(&Queue) -> bool) {
        loop {
            let before = self.queue().moved;
            if tokio::time::timeout(patience, self.until(&is_so)).await.is_ok() {
                return;
            }
            if self.queue().moved == before {
                self.give_up();
                return;
            }
        }
    }

    fn is(&self, is_so: &impl Fn(&Queue) -> bool) -> bool {
        let queue = self.queue();
        queue.closed || is_so(&queue)
    }

    async fn until(&self, is_so: &impl Fn(&Queue) -> bool) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            // Registered before the look, so that no wake is missed.
            emptied.as_mut().enable();
            if self.is(is_so) {
                return;
            }
            emptied.await;
        }
    }
}

impl Queue {
    fn close(&mut self) {
        self.closed = true;
        self.frames.clear();
        self.bytes = 0;
        self.in_hand = 0;
    }
}
