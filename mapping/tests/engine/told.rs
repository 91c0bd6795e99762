//! Events as a switch and a chat desk would tell them. All people and numbers are invented.

use std::sync::atomic::{AtomicU64, Ordering};

use trunkline_events::agent::{self, WorkState};
use trunkline_events::call::{self, CallRef, Device, Direction, Party, Route};
use trunkline_events::cdr::Remarked;
use trunkline_events::chat::{self, Author, ChatRef, Content, Visitor};
use trunkline_events::customer::{self, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId, Sequence, Timestamp};
use uuid::Uuid;

/// 2026-11-21T08:00:00Z
pub(crate) const MORNING: i64 = 1_795_248_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(MORNING + seconds).expect("valid")
}

/// A connector: numbers what it tells.
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) epoch: &'static str,
    next: AtomicU64,
}

impl Source {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, epoch: "epoch-1", next: AtomicU64::new(1) }
    }

    /// What happened at `seconds`; `native` is what makes its id.
    pub(crate) fn tell(&self, seconds: i64, native: &str, body: Body) -> Event {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Event {
            id: EventId::derive(self.name, native, body.event_type(), &seconds.to_string()),
            source: self.name.to_owned(),
            subject: Some(native.to_owned()),
            time: at(seconds),
            received: at(seconds),
            partition_key: native.to_owned(),
            causation: None,
            sequence: Some(Sequence { epoch: self.epoch.to_owned(), number }),
            body,
        }
    }
}

pub(crate) fn avaya() -> Source {
    Source::new("/connectors/avaya-bj")
}

pub(crate) fn web() -> Source {
    Source::new("/connectors/web")
}

pub(crate) fn call_ref(id: &str) -> CallRef {
    CallRef { id: id.to_owned(), switch_call_id: None, ucid: None }
}

pub(crate) fn route(ani: &str) -> Route {
    let party = |number: &str| Party { number: Some(number.to_owned()), ..Party::default() };
    Route {
        direction: Direction::Inbound,
        calling: party(ani),
        called: party("4008001234"),
        vdn: Some("3001".to_owned()),
        ..Route::default()
    }
}

pub(crate) fn device(extension: &str, agent: &str) -> Device {
    Device { extension: extension.to_owned(), agent: Some(agent.to_owned()) }
}

pub(crate) fn offered(source: &Source, seconds: i64, id: &str, ani: &str) -> Event {
    let body = call::Offered { call: call_ref(id), route: route(ani), device: None, data: call::CallData::default() };
    source.tell(seconds, id, Body::CallOffered(body))
}

pub(crate) fn ringing(source: &Source, seconds: i64, id: &str, ani: &str, extension: &str) -> Event {
    let body = call::Ringing {
        call: call_ref(id),
        device: device(extension, "2001"),
        route: route(ani),
        redirected_from: None,
        data: call::CallData::default(),
    };
    source.tell(seconds, id, Body::CallRinging(body))
}

pub(crate) fn answered(source: &Source, seconds: i64, id: &str, ani: &str, extension: &str) -> Event {
    let body = call::Answered {
        call: call_ref(id),
        device: device(extension, "2001"),
        route: route(ani),
        data: call::CallData::default(),
        voicemail: false,
    };
    source.tell(seconds, id, Body::CallAnswered(body))
}

pub(crate) fn queued(source: &Source, seconds: i64, id: &str, ani: &str, queue: &str) -> Event {
    let body = call::Queued { call: call_ref(id), queue: queue.to_owned(), route: route(ani), calls_in_front: None };
    source.tell(seconds, id, Body::CallQueued(body))
}

pub(crate) fn held(source: &Source, seconds: i64, id: &str, extension: &str) -> Event {
    let body = call::Held { call: call_ref(id), device: device(extension, "2001") };
    source.tell(seconds, id, Body::CallHeld(body))
}

pub(crate) fn resumed(source: &Source, seconds: i64, id: &str, extension: &str) -> Event {
    let body = call::Resumed { call: call_ref(id), device: device(extension, "2001") };
    source.tell(seconds, id, Body::CallResumed(body))
}

pub(crate) fn remarked(source: &Source, seconds: i64, record: Uuid, author: &str, text: &str) -> Event {
    let body = Remarked { cdr: record, author: author.to_owned(), text: text.to_owned() };
    source.tell(seconds, &format!("{record}-{author}"), Body::CdrRemarked(body))
}

/// The same event with the trunk group named.
pub(crate) fn on_trunk(mut event: Event, trunk: &str) -> Event {
    let route = match &mut event.body {
        Body::CallQueued(body) => &mut body.route,
        Body::CallRinging(body) => &mut body.route,
        Body::CallAnswered(body) => &mut body.route,
        other => panic!("{} names no trunk here", other.event_type()),
    };
    route.trunk = Some(trunk.to_owned());
    event
}

pub(crate) fn leg_ended(source: &Source, seconds: i64, id: &str, extension: &str) -> Event {
    let body =
        call::LegEnded { call: call_ref(id), device: device(extension, "2001"), cause: None, reconstructed: false };
    source.tell(seconds, id, Body::CallLegEnded(body))
}

pub(crate) fn ended(source: &Source, seconds: i64, id: &str) -> Event {
    let body = call::Ended { call: call_ref(id), cause: None, failure: None, reconstructed: false };
    source.tell(seconds, id, Body::CallEnded(body))
}

/// What agent 2001 does after a call, or what ends that.
pub(crate) fn wraps_up(source: &Source, seconds: i64, id: &str, state: WorkState) -> Event {
    let body = agent::State {
        agent: "2001".to_owned(),
        extension: Some("1001".to_owned()),
        state,
        reason: None,
        queue: None,
        call: Some(call_ref(id)),
    };
    source.tell(seconds, &format!("agent/2001/{id}"), Body::AgentState(body))
}

/// Offered, ringing after 1 s, answered after 4 s, over after 60 s.
pub(crate) fn whole_call(source: &Source, start: i64, id: &str, ani: &str) -> Vec<Event> {
    vec![
        offered(source, start, id, ani),
        ringing(source, start + 1, id, ani, "1001"),
        answered(source, start + 4, id, ani, "1001"),
        leg_ended(source, start + 60, id, "1001"),
        ended(source, start + 60, id),
    ]
}

pub(crate) fn transferred(source: &Source, seconds: i64, id: &str, from: &str, ani: &str) -> Event {
    let body = call::Transferred {
        call: call_ref(id),
        from: vec![call_ref(from)],
        transferring: device("1001", "2001"),
        transferred_to: device("1002", "2002"),
        route: route(ani),
    };
    source.tell(seconds, id, Body::CallTransferred(body))
}

pub(crate) fn handle(scheme: &str, value: &str) -> RawHandle {
    RawHandle { scheme: scheme.to_owned(), scope: String::new(), value: value.to_owned(), verified: false }
}

pub(crate) fn verified(scheme: &str, value: &str) -> RawHandle {
    RawHandle { verified: true, ..handle(scheme, value) }
}

fn chat_ref(id: &str) -> ChatRef {
    ChatRef { id: id.to_owned(), channel: "web".to_owned() }
}

pub(crate) fn opened(source: &Source, seconds: i64, id: &str, handles: Vec<RawHandle>, name: Option<&str>) -> Event {
    let visitor = Visitor { handles, name: name.map(str::to_owned) };
    let body = chat::Opened { chat: chat_ref(id), visitor, queue: None, page: None };
    source.tell(seconds, id, Body::ChatOpened(body))
}

pub(crate) fn message(source: &Source, seconds: i64, id: &str, author: Author, text: &str) -> Event {
    let body = chat::Message {
        chat: chat_ref(id),
        message_id: format!("{id}-{seconds}"),
        author,
        author_id: None,
        content: Content::Text { text: text.to_owned() },
        written_at: None,
    };
    source.tell(seconds, id, Body::ChatMessage(body))
}

pub(crate) fn assigned(source: &Source, seconds: i64, id: &str, agent: &str) -> Event {
    let body = chat::Assigned { chat: chat_ref(id), agent: agent.to_owned(), agent_name: None };
    source.tell(seconds, id, Body::ChatAssigned(body))
}

pub(crate) fn closed(source: &Source, seconds: i64, id: &str) -> Event {
    let body = chat::Closed { chat: chat_ref(id), reason: None, summary: None };
    source.tell(seconds, id, Body::ChatClosed(body))
}

pub(crate) fn evidence(source: &Source, seconds: i64, a: RawHandle, b: RawHandle, strength: Strength) -> Event {
    let native = format!("{}-{}", a.value, b.value);
    source.tell(seconds, &native, Body::CustomerEvidence(customer::Evidence { a, b, strength }))
}

pub(crate) fn profile(source: &Source, seconds: i64, whose: RawHandle, fields: &[(&str, &str)]) -> Event {
    let native = whose.value.clone();
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    source.tell(seconds, &native, Body::CustomerProfile(customer::Profile { handles: vec![whose], fields }))
}

pub(crate) fn tag(source: &Source, seconds: i64, whose: RawHandle, tag: &str, set: bool) -> Event {
    let native = format!("{}-{tag}", whose.value);
    source.tell(seconds, &native, Body::CustomerTag(customer::Tag { handle: whose, tag: tag.to_owned(), set }))
}
