//! One client's connection: bytes in, bytes out, until either side ends it.
//!
//! Reading and writing are apart, so that a client that reads slowly can still ask. The ledger is written here,
//! after the socket has taken a frame's last byte.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;

use super::exchange::Line;
use super::misbehaviour::Manners;
use super::outbox::Batch;
use super::{Note, Outbox, Shared};
use crate::avaya_dmcc::csta::Splitter;

/// Most bytes handed to the socket in one go.
const WRITE_SIZE: usize = 256 << 10;
/// How long a closed connection still takes what the client sends, so that the last frames are not reset away.
const LINGER: Duration = Duration::from_millis(500);

/// Serves a connection until it is closed.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite>(stream: S, shared: Shared, closing: CancellationToken) {
    let frozen = CancellationToken::new();
    let outbox = std::sync::Arc::new(Outbox::new(closing.clone()));
    let line = Line { outbox: outbox.clone(), closing: closing.clone(), frozen: frozen.clone(), session: None };
    let connection = shared.lock().connect(line);
    let (reader, writer) = tokio::io::split(stream);
    let wire = Wire { shared, connection, outbox, closing, frozen };
    tokio::join!(wire.read_all(reader), wire.write_all(writer));
    tracing::debug!(connection, "a connection is closed");
}

struct Wire {
    shared: Shared,
    connection: u64,
    outbox: std::sync::Arc<Outbox>,
    closing: CancellationToken,
    frozen: CancellationToken,
}

impl Wire {
    async fn read_all<S: AsyncRead + AsyncWrite>(&self, mut reader: ReadHalf<S>) {
        let ended_by_us = self.read_requests(&mut reader).await;
        self.closing.cancel();
        self.shared.lock().disconnect(self.connection);
        if ended_by_us {
            let mut rest = [0; 4_096];
            let drain = async { while matches!(reader.read(&mut rest).await, Ok(count) if count > 0) {} };
            // Whether the client was done in time makes no difference.
            let _ = tokio::time::timeout(LINGER, drain).await;
        }
    }

    /// Whether it was this side that ended it.
    async fn read_requests<S: AsyncRead + AsyncWrite>(&self, reader: &mut ReadHalf<S>) -> bool {
        let mut splitter = Splitter::default();
        let mut bytes = vec![0; 64 << 10];
        loop {
            let count = tokio::select! {
                () = self.closing.cancelled() => return true,
                () = self.frozen.cancelled() => {
                    self.closing.cancelled().await;
                    return true;
                }
                read = reader.read(&mut bytes) => match read {
                    Ok(count) if count > 0 => count,
                    _ => return false,
                },
            };
            splitter.push(&bytes[..count]);
            loop {
                match splitter.next_frame() {
                    Ok(Some(frame)) => self.shared.lock().request(self.connection, &frame),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(connection = self.connection, %error, "a client's stream is out of step");
                        return true;
                    }
                }
            }
        }
    }

    async fn write_all<S: AsyncRead + AsyncWrite>(&self, mut writer: WriteHalf<S>) {
        loop {
            let batch = tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = self.frozen.cancelled() => {
                    self.closing.cancelled().await;
                    break;
                }
                batch = self.outbox.take(WRITE_SIZE) => batch,
            };
            let Some(batch) = batch else { break };
            if !self.write(batch, &mut writer).await {
                break;
            }
            self.outbox.written();
        }
        if self.outbox.has_overflowed() {
            tracing::warn!(connection = self.connection, "a client did not read for too long and is cut off");
        }
        self.outbox.close();
        // A client that is gone, or that does not read, cannot be told.
        let _ = tokio::time::timeout(LINGER, writer.shutdown()).await;
    }

    /// Writes a batch and books what went out whole. Whether the connection goes on.
    async fn write<S: AsyncRead + AsyncWrite>(&self, mut batch: Batch, writer: &mut WriteHalf<S>) -> bool {
        let manners = self.shared.lock().faults.manners;
        for pause in [manners.delay, manners.merge].into_iter().flatten() {
            if self.closing.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return false;
            }
        }
        if manners.merge.is_some() {
            self.outbox.more(&mut batch, WRITE_SIZE);
        }
        let written = self.put(&batch.bytes, manners, writer).await;
        let whole = batch.ends.iter().take_while(|(end, _)| *end <= written).count();
        let notes: Vec<Note> = batch.ends.drain(..whole).map(|(_, note)| note).collect();
        if !notes.is_empty() {
            self.shared.ledger.record(notes.into_iter());
        }
        written == batch.bytes.len()
    }

    /// How many bytes the socket took before the end of the batch or of the connection.
    async fn put<S: AsyncRead + AsyncWrite>(&self, bytes: &[u8], manners: Manners, writer: &mut WriteHalf<S>) -> usize {
        let piece = manners.split.unwrap_or(bytes.len()).max(1);
        let mut written = 0;
        while written < bytes.len() {
            let end = bytes.len().min(written + piece);
            let taken = tokio::select! {
                biased;
                () = self.closing.cancelled() => return written,
                () = self.frozen.cancelled() => return written,
                taken = writer.write(&bytes[written..end]) => taken,
            };
            match taken {
                Ok(count) if count > 0 => written += count,
                _ => return written,
            }
            if manners.split.is_some() {
                if writer.flush().await.is_err() {
                    return written;
                }
                tokio::task::yield_now().await;
            }
        }
        if writer.flush().await.is_err() {
            tracing::debug!(connection = self.connection, "the client went away while being written to");
        }
        written
    }
}
