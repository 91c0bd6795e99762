//! CSTA XML on the wire: frames, documents, events and answers. Pure.
//!
//! Names and child order are those of ECMA-323, ECMA-354 and Avaya's extensions.

mod agent_event;
mod call_event;
mod document;
mod frame;
mod markup;
mod names;

#[cfg(test)]
mod tests;

pub use agent_event::agent_event;
pub use call_event::call_event;
pub(crate) use call_event::{call_linkage, local_connection_info};
pub use document::{DocumentError, Element, parse};
pub use frame::{EVENT_INVOKE_ID, Frame, FrameError, HEADER, LONGEST_FRAME, Splitter, encode};
pub use markup::Markup;
pub use names::{APPLICATION_SESSION, AVAYA, CSTA_ED3, Names};
