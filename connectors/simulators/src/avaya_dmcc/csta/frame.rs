//! The 8-byte frame header of "CSTA XML without SOAP" (ECMA-323 annex J; annex G in older editions).
//!
//! Two zero bytes, total length including the header (unsigned, big endian), four ASCII digits of invoke id.

/// Header bytes before a body.
pub const HEADER: usize = 8;
/// The longest frame that the length field can say.
pub const LONGEST_FRAME: usize = 65_535;
/// Reserved for events.
pub const EVENT_INVOKE_ID: u16 = 9_999;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// 0 to 9999.
    pub invoke_id: u16,
    /// The XML document's bytes.
    pub body: Vec<u8>,
}

/// Why a byte stream cannot be read on. The connection has to be closed: the stream is out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not CSTA XML without SOAP.
    #[error("format indicator is {0:#06x}, not 0")]
    Indicator(u16),
    /// Shorter than its own header.
    #[error("length field says {0}, less than the header")]
    Length(u16),
    /// Not four digits.
    #[error("invoke id is not four digits")]
    InvokeId,
    /// The body is too long to be framed.
    #[error("a body of {0} bytes is longer than a frame can carry")]
    TooLong(usize),
}

/// Puts a header before a body.
pub fn encode(invoke_id: u16, body: &[u8]) -> Result<Vec<u8>, FrameError> {
    let total = HEADER + body.len();
    let length = u16::try_from(total).map_err(|_| FrameError::TooLong(body.len()))?;
    let mut bytes = Vec::with_capacity(total);
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&digits(invoke_id));
    bytes.extend_from_slice(body);
    Ok(bytes)
}

fn digits(invoke_id: u16) -> [u8; 4] {
    let mut digits = [b'0'; 4];
    let mut rest = invoke_id % 10_000;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    digits
}

/// Collects bytes and gives whole frames, however the bytes were cut.
#[derive(Debug, Default)]
pub struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Adds bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(header) = self.pending.first_chunk::<HEADER>() else { return Ok(None) };
        let indicator = u16::from_be_bytes([header[0], header[1]]);
        if indicator != 0 {
            return Err(FrameError::Indicator(indicator));
        }
        let length = u16::from_be_bytes([header[2], header[3]]);
        let total = usize::from(length);
        if total < HEADER {
            return Err(FrameError::Length(length));
        }
        let mut invoke_id = 0;
        for digit in &header[4..] {
            if !digit.is_ascii_digit() {
                return Err(FrameError::InvokeId);
            }
            invoke_id = invoke_id * 10 + u16::from(digit - b'0');
        }
        if self.pending.len() < total {
            return Ok(None);
        }
        let rest = self.pending.split_off(total);
        let mut body = std::mem::replace(&mut self.pending, rest);
        body.drain(..HEADER);
        Ok(Some(Frame { invoke_id, body }))
    }
}
