//! One event on the disk: magic, length, CRC-32 of length and payload, payload. Pure.
//!
//! The reader can start anywhere: a damaged record is passed over by looking for the next magic whose CRC is right.
//! JSON bodies hold no raw zero byte, so no body can pretend to be a record (a length's high byte is zero).

use bytes::Bytes;
use trunkline_events::Sequence;
use uuid::Uuid;

use crate::{Exchange, Outgoing};

const MAGIC: [u8; 4] = *b"TLr1";
/// Bytes before the payload.
pub(super) const HEADER: usize = 12;
/// No record is longer; a length above it is damage.
pub(super) const MAX_RECORD: usize = 64 * 1024 * 1024;
const MANDATORY: u8 = 1;
const NUMBERED: u8 = 2;

/// What stands at one place of a segment.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// A whole record; the next one begins at `end`.
    Record { outgoing: Box<Outgoing>, end: usize },
    /// No record; the next place to look at is `next`.
    Damaged { next: usize },
    /// The bytes end within what may be a record.
    Incomplete,
    /// Nothing more.
    End,
}

/// Appends the record of `outgoing` to `out`.
pub(super) fn encode(outgoing: &Outgoing, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; 8]);
    out.push(exchange_code(outgoing.exchange));
    let mandatory = if outgoing.mandatory { MANDATORY } else { 0 };
    let numbered = if outgoing.sequence.is_some() { NUMBERED } else { 0 };
    out.push(mandatory | numbered);
    out.extend_from_slice(outgoing.id.as_bytes());
    put(out, outgoing.routing_key.as_bytes());
    put(out, outgoing.partition_key.as_bytes());
    put(out, outgoing.source.as_bytes());
    if let Some(sequence) = &outgoing.sequence {
        put(out, sequence.epoch.as_bytes());
        out.extend_from_slice(&sequence.number.to_le_bytes());
    }
    put(out, &outgoing.body);
    let payload = start + HEADER;
    let length = u32::try_from(out.len() - payload).unwrap_or(u32::MAX).to_le_bytes();
    out[start + 4..start + 8].copy_from_slice(&length);
    let crc = checksum(length, &out[payload..]).to_le_bytes();
    out[start + 8..payload].copy_from_slice(&crc);
}

/// Looks at `bytes[at..]`.
pub(super) fn read(bytes: &[u8], at: usize) -> Found {
    let rest = &bytes[at..];
    if rest.is_empty() {
        return Found::End;
    }
    let seen = rest.len().min(MAGIC.len());
    if rest[..seen] != MAGIC[..seen] {
        return damaged(bytes, at);
    }
    if rest.len() < HEADER {
        return Found::Incomplete;
    }
    let length_bytes = [rest[4], rest[5], rest[6], rest[7]];
    let length = u32::from_le_bytes(length_bytes) as usize;
    if length > MAX_RECORD {
        return damaged(bytes, at);
    }
    let Some(payload) = rest.get(HEADER..HEADER + length) else { return Found::Incomplete };
    let crc = u32::from_le_bytes([rest[8], rest[9], rest[10], rest[11]]);
    if crc != checksum(length_bytes, payload) {
        return damaged(bytes, at);
    }
    match decode(payload) {
        Some(outgoing) => Found::Record { outgoing: Box::new(outgoing), end: at + HEADER + length },
        None => damaged(bytes, at),
    }
}

/// The next place after `at` where a record may begin.
pub(super) fn damaged(bytes: &[u8], at: usize) -> Found {
    let from = at + 1;
    let next = bytes[from..].windows(MAGIC.len()).position(|window| window == MAGIC);
    // A magic may be cut in two by the end of `bytes`.
    let tail = bytes.len().saturating_sub(MAGIC.len() - 1).max(from);
    Found::Damaged { next: next.map_or(tail, |offset| from + offset) }
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn decode(mut payload: &[u8]) -> Option<Outgoing> {
    let rest = &mut payload;
    let exchange = exchange_of(take(rest, 1)?[0])?;
    let flags = take(rest, 1)?[0];
    let id = Uuid::from_slice(take(rest, 16)?).ok()?;
    let routing_key = text(rest)?;
    let partition_key = text(rest)?;
    let source = text(rest)?;
    let sequence = if flags & NUMBERED == 0 {
        None
    } else {
        Some(Sequence { epoch: text(rest)?, number: u64::from_le_bytes(take(rest, 8)?.try_into().ok()?) })
    };
    let body = Bytes::copy_from_slice(part(rest)?);
    let mandatory = flags & MANDATORY != 0;
    rest.is_empty().then_some(Outgoing { exchange, routing_key, partition_key, id, source, sequence, mandatory, body })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    take(rest, length as usize)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(part(rest)?.to_vec()).ok()
}

fn exchange_code(exchange: Exchange) -> u8 {
    match exchange {
        Exchange::Events => 0,
        Exchange::Unified => 1,
        Exchange::Commands => 2,
        Exchange::Pages => 3,
    }
}

fn exchange_of(code: u8) -> Option<Exchange> {
    Exchange::ALL.into_iter().find(|exchange| exchange_code(*exchange) == code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_outgoing()(
            exchange in 0_usize..3, routing_key in ".{0,40}", partition_key in ".{0,40}", source in ".{0,40}",
            id in any::<u128>(), sequence in proptest::option::of((".{0,40}", any::<u64>())),
            mandatory in any::<bool>(), body in proptest::collection::vec(any::<u8>(), 0..300),
        ) -> Outgoing {
            Outgoing {
                exchange: Exchange::ALL[exchange], routing_key, partition_key, source, mandatory,
                id: Uuid::from_u128(id),
                sequence: sequence.map(|(epoch, number)| Sequence { epoch, number }),
                body: body.into(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(messages in proptest::collection::vec(any_outgoing(), 1..5)) {
            let mut bytes = Vec::new();
            for message in &messages {
                encode(message, &mut bytes);
            }
            let mut at = 0;
            for message in &messages {
                let Found::Record { outgoing, end } = read(&bytes, at) else { panic!("no record at {at}") };
                prop_assert_eq!(outgoing.as_ref(), message);
                at = end;
            }
            prop_assert_eq!(read(&bytes, at), Found::End);
        }

        #[test]
        fn any_bytes_are_read_without_panic_and_always_forward(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut at = 0;
            loop {
                match read(&bytes, at) {
                    Found::Record { end, .. } => at = end,
                    Found::Damaged { next } => {
                        prop_assert!(next > at && next <= bytes.len());
                        at = next;
                    }
                    Found::Incomplete | Found::End => break,
                }
            }
        }
    }
}
