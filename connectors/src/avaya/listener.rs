//! A recording of what a server said: events are translated as a session would have done, what it says of its links and
//! sessions is told. Other answers are passed over, and so are a client's frames in between; but a start of a monitor and
//! the answer to it say whose the cross reference is.
//!
//! A recording has no configuration: monitors and the number plan show themselves in the events. If a device turned out to
//! be something else than it was taken for, what was learned is the checkpoint at the end, and a second pass begins with
//! that.

use std::collections::HashMap;

use bytes::Bytes;
use trunkline_events::link::{Down, Gap, Up};
use trunkline_events::{Body, Timestamp};

use super::agents::Agents;
use super::calls::Calls;
use super::calls::telling::{Site, link_event};
use super::numbers::{Learned, Plan};
use super::translate::{Translation, Trust};
use super::wire::frame::{EVENT, Frame, Frames};
use super::wire::messages::answers::{SwitchLink, started, switch_link};
use super::wire::messages::party::device;
use super::wire::xml::{Document, Element};
use crate::contract::{Action, Actions, Input, Protocol, ProtocolError, SourceId};

/// Milliseconds; recordings without times have none to tell an echo by, so only counts and states do.
const WINDOW: i64 = 5_000;

/// Listens to a recording.
pub(crate) struct Listener {
    source: String,
    frames: Frames,
    translation: Translation,
    /// Starts of monitors without their answer: by invoke id, whether calls are followed.
    starts: HashMap<u16, bool>,
    /// The link that is down, and the last instant before that.
    down: Option<(&'static str, Timestamp)>,
    heard: Option<Timestamp>,
}

impl Listener {
    /// For a connector called `id`.
    pub(crate) fn new(id: &SourceId) -> Self {
        Self {
            source: id.source(),
            frames: Frames::default(),
            translation: Translation::new(Calls::new(site(id.source(), Learned::default()))),
            starts: HashMap::new(),
            down: None,
            heard: None,
        }
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Actions) -> Result<(), ProtocolError> {
        self.frames.push(bytes);
        loop {
            match self.frames.next() {
                Ok(Some(frame)) => self.frame(&frame, out)?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.frames.clear();
                    return Err(ProtocolError::reset(format!("the stream is not framed as CSTA XML: {error}")));
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame, out: &mut Actions) -> Result<(), ProtocolError> {
        let document = Document::parse(&frame.body)
            .map_err(|error| ProtocolError::skip(format!("a message is refused: {error}"), frame.body.clone()))?;
        let root = document.root();
        let before = self.heard.replace(out.now()).unwrap_or(out.now());
        match root.name() {
            name if name.ends_with("Response") => self.answer(frame.invoke, root, out),
            "MonitorStart" => {
                let follows = root.text_of("monitorType").is_some_and(|kind| kind.eq_ignore_ascii_case("call"));
                self.starts.insert(frame.invoke, follows);
                let watched = root.path(&["monitorObject", "deviceObject"]).and_then(device);
                if let (true, Some(learned), Some(vdn)) = (follows, self.translation.calls.site.plan.learned(), watched)
                {
                    learned.likely_vdn(vdn);
                }
            }
            "ApplicationSessionTerminated" => self.lost("session", "the AES ended the session", before, out),
            // From the server it is the end of a monitor; a recording of both sides holds the client's own, too.
            "MonitorStop" if self.starts.is_empty() => self.translation.keep(root.name(), &frame.body, out),
            name if frame.invoke == EVENT || name.ends_with("Event") || name == "SystemStatus" => {
                return self.event(root, &frame.body, before, out);
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, invoke: u16, root: Element<'_>, out: &mut Actions) {
        match (root.name(), root.text_of("monitorCrossRefID")) {
            ("MonitorStartResponse", Some(cross_ref)) => {
                if let Some(follows) = self.starts.get(&invoke) {
                    self.translation.monitor_started(cross_ref, *follows);
                }
            }
            ("StartApplicationSessionPosResponse", _) if started(root).is_some() => self.back("session", out),
            _ => {}
        }
    }

    fn event(
        &mut self,
        root: Element<'_>,
        raw: &Bytes,
        before: Timestamp,
        out: &mut Actions,
    ) -> Result<(), ProtocolError> {
        match switch_link(root) {
            Some(SwitchLink::Down) => self.lost("switch", "the AES has lost its link to the switch", before, out),
            Some(SwitchLink::Up) => self.back("switch", out),
            Some(SwitchLink::MessagesLost) => {
                let reason = "the AES lost messages of the switch".to_owned();
                self.tell("switch", Body::LinkGap(Gap { from: before, to: out.now(), reason }), out);
            }
            Some(SwitchLink::Strained) => self.translation.keep(root.name(), raw, out),
            None => drop(self.translation.hear(root, raw, Trust::Anyone, out)?),
        }
        Ok(())
    }

    fn lost(&mut self, peer: &'static str, reason: &str, before: Timestamp, out: &mut Actions) {
        if self.down.is_none() {
            self.down = Some((peer, before));
            self.tell(peer, Body::LinkDown(Down { peer: peer.to_owned(), reason: reason.to_owned() }), out);
        }
    }

    /// What was lost is back: from then to now events may be missing.
    fn back(&mut self, peer: &'static str, out: &mut Actions) {
        let Some((_, from)) = self.down.take_if(|(lost, _)| *lost == peer) else { return };
        self.tell(peer, Body::LinkUp(Up { peer: peer.to_owned() }), out);
        let reason = format!("the {peer} was lost");
        self.tell(peer, Body::LinkGap(Gap { from, to: out.now(), reason }), out);
    }

    fn tell(&self, which: &str, body: Body, out: &mut Actions) {
        let event = link_event(&self.source, which, body, out.now());
        out.push(Action::Emit(Box::new(event)));
    }

    /// The end of the recording: what was learned, and what is left over.
    fn end(&mut self, out: &mut Actions) -> Result<(), ProtocolError> {
        if let Some(learned) = self.translation.calls.site.plan.learned().filter(|learned| learned.has_erred())
            && let Ok(bytes) = serde_json::to_vec(learned)
        {
            out.push(Action::Checkpoint(bytes));
        }
        let left_over = self.frames.left_over();
        self.frames.clear();
        match left_over {
            0 => Ok(()),
            bytes => Err(ProtocolError::skip(
                format!("it ends within a message: the last {bytes} bytes are not read"),
                Bytes::new(),
            )),
        }
    }
}

fn site(source: String, learned: Learned) -> Site {
    Site { source, plan: Plan::learning(learned), agents: Agents::default(), window: WINDOW, epoch: None }
}

impl Protocol for Listener {
    fn on(&mut self, input: Input<'_>, out: &mut Actions) -> Result<(), ProtocolError> {
        match input {
            Input::Restored(Some(saved)) => {
                if let Ok(learned) = serde_json::from_slice(saved) {
                    self.translation = Translation::new(Calls::new(site(self.source.clone(), learned)));
                }
                Ok(())
            }
            Input::Bytes(bytes) => self.bytes(bytes, out),
            Input::Closed { .. } => self.end(out),
            _ => Ok(()),
        }
    }
}
