//! A recording of what a server said: answers are passed over, events are translated, as a session would have done.
//! A client's frames in between are passed over too. Monitors and the number plan show themselves in the events.

use super::agents::Agents;
use super::calls::Calls;
use super::calls::telling::Site;
use super::numbers::Plan;
use super::translate::{Translation, Trust};
use super::wire::frame::{EVENT, Frames};
use super::wire::messages::answers::switch_link;
use super::wire::xml::Document;
use crate::contract::{Actions, Input, Protocol, ProtocolError, SourceId};

/// Milliseconds; recordings without times have none to tell an echo by, so only counts and states do.
const WINDOW: i64 = 5_000;

/// Listens to a recording.
pub(crate) struct Listener {
    frames: Frames,
    translation: Translation,
}

impl Listener {
    /// For a connector called `id`.
    pub(crate) fn new(id: &SourceId) -> Self {
        let site = Site {
            source: id.source(),
            plan: Plan::learning(),
            agents: Agents::default(),
            window: WINDOW,
            epoch: None,
        };
        Self { frames: Frames::default(), translation: Translation::new(Calls::new(site)) }
    }
}

impl Protocol for Listener {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        let Input::Bytes(bytes) = input else { return Ok(()) };
        self.frames.push(bytes);
        loop {
            let frame = match self.frames.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.frames.clear();
                    return Err(ProtocolError::reset(format!("the stream is not framed as CSTA XML: {error}")));
                }
            };
            let document = Document::parse(&frame.body)
                .map_err(|error| ProtocolError::skip(format!("a message is refused: {error}"), frame.body.clone()))?;
            let root = document.root();
            let is_event = frame.invoke == EVENT || root.name().ends_with("Event");
            let of_session =
                switch_link(root).is_some() || matches!(root.name(), "MonitorStop" | "ApplicationSessionTerminated");
            if is_event && !of_session {
                self.translation.hear(root, &frame.body, Trust::Anyone, out)?;
            }
        }
    }
}
