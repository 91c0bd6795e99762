//! What stands on the wire between an application and an AES: frames, XML, messages. Pure: bytes in, values out.
//!
//! - [`frame`]: the 8-byte header of "CSTA XML without SOAP".
//! - [`xml`]: a small tolerant tree, read by local name.
//! - [`write`]: XML out, escaped.
//! - [`messages`]: typed requests, answers and events.

pub(crate) mod frame;
pub(crate) mod messages;
pub(crate) mod write;
pub(crate) mod xml;
