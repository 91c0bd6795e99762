//! One connection: bytes to the protocol, bytes from it. Reading stops while the queue is full; writing and timers do
//! not.

use std::convert::Infallible;
use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::desk::{Desk, Ending};
use crate::contract::Input;

/// Bytes read at a time.
const READ: usize = 64 << 10;

/// Runs an open connection until it ends, and says good-bye on it where that is possible. The desk has been told that
/// it is open; the caller tells that it is closed.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(desk: &mut Desk, stream: S, peer: &str) -> Ending {
    let (mut reader, writer) = tokio::io::split(stream);
    let mut outlet = Outlet { writer, pending: BytesMut::new(), unflushed: false };
    let ending = match talk(desk, &mut reader, &mut outlet, peer).await {
        Ok(never) => match never {},
        Err(ending) => ending,
    };
    if ending == Ending::Leave {
        // The link closes now whatever the protocol answers.
        let _ = desk.give(Input::Stopping);
    }
    outlet.pending.unsplit(desk.unsent.split());
    // What a protocol sent before it gave up (a refusal, a good-bye) still goes out if the far side takes it at once.
    let _ = tokio::time::timeout(desk.trunk.host.pace.connect_within / 4, outlet.finish()).await;
    ending
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    desk: &mut Desk,
    reader: &mut tokio::io::ReadHalf<S>,
    outlet: &mut Outlet<tokio::io::WriteHalf<S>>,
    peer: &str,
) -> Result<Infallible, Ending> {
    let mut buffer = BytesMut::with_capacity(READ);
    desk.opened(peer)?;
    loop {
        outlet.pending.unsplit(desk.unsent.split());
        if outlet.pending.len() > desk.trunk.host.pace.unsent {
            return Err(Ending::Lost("the far side does not read what it is sent".to_owned()));
        }
        let (room, sending) = (desk.has_room(), outlet.has_work());
        tokio::select! {
            biased;
            chore = desk.chore() => desk.attend(&chore)?,
            sent = outlet.progress(), if sending => {
                desk.trunk.bytes_out.increment(sent.map_err(|error| lost(&error))? as u64);
            }
            read = reader.read_buf(&mut buffer), if room => {
                match read.map_err(|error| lost(&error))? {
                    0 => return Err(Ending::Lost("the far side closed the connection".to_owned())),
                    size => desk.trunk.bytes_in.increment(size as u64),
                }
                desk.give(Input::Bytes(&buffer))?;
                desk.mark_heard();
                buffer.clear();
            }
        }
    }
}

fn lost(error: &io::Error) -> Ending {
    Ending::Lost(format!("the connection broke: {error}"))
}

/// The writing half and what is still to be written. Each step is cancel-safe.
struct Outlet<W> {
    writer: W,
    pending: BytesMut,
    unflushed: bool,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    fn has_work(&self) -> bool {
        !self.pending.is_empty() || self.unflushed
    }

    /// Writes some, or flushes when all is written (TLS holds bytes back until then). How many bytes were written.
    async fn progress(&mut self) -> io::Result<usize> {
        if self.pending.is_empty() {
            self.writer.flush().await?;
            self.unflushed = false;
            return Ok(0);
        }
        let written = self.writer.write(&self.pending).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.pending.advance(written);
        self.unflushed = true;
        Ok(written)
    }

    async fn finish(&mut self) -> io::Result<()> {
        while self.has_work() {
            self.progress().await?;
        }
        self.writer.shutdown().await
    }
}

#[cfg(test)]
mod tests;
