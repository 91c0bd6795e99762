//! Frames of "CSTA XML without SOAP" (ECMA-323 annex G.2, J.2 in later editions).
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 2 | indicator, binary zero |
//! | 2 | 2 | length of header and body, unsigned, big-endian |
//! | 4 | 4 | invoke id, four ASCII digits; 9999 marks an event |
//! | 8 | n | an XML document in UTF-8 |
//!
//! A stream that breaks this form cannot be trusted again: there is no scanning for the next header.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes before each body.
pub(crate) const HEADER: usize = 8;
/// The invoke id of what the server says unasked.
pub(crate) const EVENT: u16 = 9999;

/// One message as it stood on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Ties an answer to its request; [`EVENT`] for events.
    pub(crate) invoke: u16,
    /// The XML document, not looked at yet.
    pub(crate) body: Bytes,
}

/// The stream, or a message to be sent, is not framed as the annex says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// The first two bytes are not zero.
    #[error("a frame begins with {found:#06x} instead of 0x0000")]
    Indicator {
        /// What stood there.
        found: u16,
    },
    /// The length does not even cover the header.
    #[error("a frame of {found} bytes is shorter than its header of 8")]
    Length {
        /// What stood there.
        found: u16,
    },
    /// The invoke id is not four decimal digits.
    #[error("an invoke id is not four decimal digits")]
    Invoke,
    /// A body that the length field, which counts the header too, cannot tell.
    #[error("a message of {found} bytes exceeds 65527")]
    TooLong {
        /// Its bytes in UTF-8.
        found: usize,
    },
}

/// Puts frames together from a byte stream that is cut anywhere. Holds at most one unfinished frame
/// beyond what was pushed last, if [`Frames::next`] is called until it gives `None`.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: BytesMut,
}

impl Frames {
    /// Adds what was read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets everything: the stream is another one now.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Whether a frame has begun and is not whole.
    pub(crate) fn has_begun(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Bytes of the frame that has begun.
    pub(crate) fn left_over(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole frame, `None` until more bytes are pushed. After an error the stream is lost.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(length) = self.length()? else { return Ok(None) };
        let Some(digits) = self.buffer.get(4..HEADER) else { return Ok(None) };
        let invoke = invoke_id(digits)?;
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut whole = self.buffer.split_to(length);
        whole.advance(HEADER);
        Ok(Some(Frame { invoke, body: whole.freeze() }))
    }

    /// Checks the indicator and reads the length as soon as they are there.
    fn length(&self) -> Result<Option<usize>, FrameError> {
        let field = |at: usize| {
            self.buffer.get(at..at + 2).map(|two| two.iter().fold(0_u16, |high, low| high << 8 | u16::from(*low)))
        };
        match field(0) {
            None => return Ok(None),
            Some(0) => {}
            Some(found) => return Err(FrameError::Indicator { found }),
        }
        match field(2) {
            None => Ok(None),
            Some(found) if usize::from(found) < HEADER => Err(FrameError::Length { found }),
            Some(length) => Ok(Some(usize::from(length))),
        }
    }
}

fn invoke_id(digits: &[u8]) -> Result<u16, FrameError> {
    digits.iter().try_fold(0_u16, |number, digit| match digit {
        b'0'..=b'9' => Ok(number * 10 + u16::from(digit - b'0')),
        _ => Err(FrameError::Invoke),
    })
}

/// One frame around `body`; its length is counted in UTF-8 bytes.
pub(crate) fn frame(invoke: u16, body: &str) -> Result<Bytes, FrameError> {
    let length = match u16::try_from(body.len() + HEADER) {
        Ok(length) if invoke <= EVENT => length,
        Ok(_) => return Err(FrameError::Invoke),
        Err(_) => return Err(FrameError::TooLong { found: body.len() }),
    };
    let mut out = BytesMut::with_capacity(usize::from(length));
    out.put_u16(0);
    out.put_u16(length);
    out.put_slice(format!("{invoke:04}").as_bytes());
    out.put_slice(body.as_bytes());
    Ok(out.freeze())
}
