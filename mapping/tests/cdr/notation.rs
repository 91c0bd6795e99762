//! The short notation of events in scenario files; described for people in `tests/scenarios/cdr-notation.md`.

use std::collections::{BTreeMap, HashMap};

use trunkline_events::call::{
    Absent, Answered, CallData, CallRef, Conferenced, DataAttached, Device, Direction, Diverted, Ended, Held, LegEnded,
    Offered, Party, Queued, Resumed, Ringing, Route, Transferred,
};
use trunkline_events::cdr::Remarked;
use trunkline_events::chat::{Assigned, Author, ChatRef, Closed, Content, Message, Opened, Visitor};
use trunkline_events::customer::RawHandle;
use trunkline_events::{Body, Event, EventId, Sequence, Timestamp, agent};
use uuid::Uuid;

pub(crate) const SOURCE: &str = "/connectors/site";
pub(crate) const DAY: &str = "2026-11-20";

/// All events of a scenario, in the order they are written.
pub(crate) fn events(text: &str) -> Vec<Event> {
    let mut reader = Reader::default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(|line| reader.event(line)).collect()
}

/// `10:00:05`, `10:00:05.250`, `00:10:00+1d`, `02:58:00@+02:00` by a clock that is ahead of UTC.
pub(crate) fn instant(text: &str) -> Timestamp {
    if let Some((clock, offset)) = text.split_once('@') {
        return format!("{DAY}T{clock}{offset}").parse().expect("an offset is written 02:58:00@+02:00");
    }
    let (clock, days) = text.split_once('+').unwrap_or((text, "0d"));
    let days: i64 = days.trim_end_matches('d').parse().expect("days are written +1d");
    let midnight: Timestamp = format!("{DAY}T{clock}Z").parse().expect("a time is written 10:00:05");
    midnight.plus(time::Duration::days(days))
}

#[derive(Default)]
struct Reader {
    routes: HashMap<String, Route>,
    number: u64,
}

/// One line, taken apart.
struct Line<'a> {
    at: Timestamp,
    call: &'a str,
    kind: &'a str,
    words: Vec<&'a str>,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let mut parts = line.split_whitespace();
        let mut next = || parts.next().unwrap_or_else(|| panic!("time, call and kind are missing in {line:?}"));
        let (at, call, kind) = (instant(next()), next(), next());
        let (mut words, mut values) = (Vec::new(), BTreeMap::new());
        for part in parts {
            match part.split_once('=') {
                Some((key, value)) => drop(values.insert(key, value)),
                None => words.push(part),
            }
        }
        Self { at, call, kind, words, values }
    }

    fn word(&self, index: usize) -> &'a str {
        self.words.get(index).unwrap_or_else(|| panic!("{} lacks its word {}", self.kind, index + 1))
    }

    fn value(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| (*value).to_owned())
    }

    fn call(&self) -> CallRef {
        CallRef { id: self.call.to_owned(), switch_call_id: None, ucid: self.value("ucid") }
    }

    fn chat(&self) -> ChatRef {
        ChatRef { id: self.call.to_owned(), channel: self.value("channel").unwrap_or_else(|| "web".to_owned()) }
    }

    fn device(&self, index: usize) -> Device {
        Device { extension: self.word(index).to_owned(), agent: self.value("agent") }
    }

    fn from(&self) -> Vec<CallRef> {
        let from = self.values.get("from").copied().unwrap_or_default();
        let ids = from.split(',').filter(|id| !id.is_empty());
        ids.map(|id| CallRef { id: id.to_owned(), switch_call_id: None, ucid: None }).collect()
    }

    fn data(&self) -> CallData {
        CallData { uui_text: self.value("uui"), digits: self.value("digits"), ..CallData::default() }
    }

    fn direction(&self) -> Option<Direction> {
        self.values.get("dir").map(|dir| match *dir {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            "internal" => Direction::Internal,
            other => panic!("dir is inbound, outbound or internal, not {other:?}"),
        })
    }

    fn says(&self, flag: &str) -> bool {
        self.words.contains(&flag)
    }
}

impl Reader {
    fn event(&mut self, text: &str) -> Event {
        let line = Line::read(text);
        self.number += 1;
        let (source, body) = match line.kind {
            "remark" => ("/agents", remark(&line)),
            _ => (SOURCE, self.body(&line)),
        };
        let number = line.values.get("seq").map_or(self.number, |seq| seq.parse().expect("seq is a number"));
        Event {
            id: EventId::derive(source, line.call, line.kind, &self.number.to_string()),
            source: source.to_owned(),
            subject: Some(line.call.to_owned()),
            time: line.at,
            received: line.values.get("received").map_or(line.at, |at| instant(at)),
            partition_key: line.call.to_owned(),
            causation: None,
            sequence: (source == SOURCE).then(|| Sequence { epoch: "run".to_owned(), number }),
            body,
        }
    }

    fn body(&mut self, line: &Line<'_>) -> Body {
        let call = line.call();
        match line.kind {
            "offered" => self.offered(line),
            "queued" => Body::CallQueued(Queued {
                call,
                queue: line.word(0).to_owned(),
                route: self.route(line),
                calls_in_front: None,
            }),
            "ringing" => Body::CallRinging(Ringing {
                call,
                device: line.device(0),
                route: self.route(line),
                redirected_from: None,
                data: line.data(),
            }),
            "answered" => Body::CallAnswered(Answered {
                call,
                device: line.device(0),
                route: self.route(line),
                data: line.data(),
                voicemail: line.says("voicemail"),
            }),
            "held" => Body::CallHeld(Held { call, device: line.device(0) }),
            "resumed" => Body::CallResumed(Resumed { call, device: line.device(0) }),
            "transferred" => Body::CallTransferred(Transferred {
                call,
                from: line.from(),
                transferring: line.device(0),
                transferred_to: line.device(2),
                route: self.route(line),
            }),
            "conferenced" => Body::CallConferenced(Conferenced {
                call,
                from: line.from(),
                conferencing: line.device(0),
                added: line.device(2),
                route: self.route(line),
            }),
            "diverted" => Body::CallDiverted(Diverted {
                call,
                from: line.device(0),
                to: line.value("to"),
                cause: line.value("cause"),
            }),
            "data" => Body::CallDataAttached(DataAttached { call, data: line.data() }),
            "leg_ended" => {
                let reconstructed = line.says("reconstructed");
                Body::CallLegEnded(LegEnded { call, device: line.device(0), cause: None, reconstructed })
            }
            "ended" => {
                let (failure, reconstructed) = (line.value("failure"), line.says("reconstructed"));
                Body::CallEnded(Ended { call, cause: None, failure, reconstructed })
            }
            "state" => state(line),
            _ => chat_body(line),
        }
    }

    fn offered(&mut self, line: &Line<'_>) -> Body {
        assert_eq!(line.word(1), ">", "offered is written: offered CALLING > CALLED");
        let direction = line.direction().unwrap_or_default();
        let route = Route {
            direction,
            calling: party(line.word(0)),
            called: party(line.word(2)),
            vdn: line.value("vdn"),
            queue: None,
            trunk: line.value("trunk"),
        };
        self.routes.insert(line.call.to_owned(), route.clone());
        let device = line.value("device").map(|extension| Device { extension, agent: line.value("agent") });
        Body::CallOffered(Offered { call: line.call(), route, device, data: line.data() })
    }

    /// The route by which the call was offered; one may be written anew as `calling=… called=… dir=…`.
    fn route(&mut self, line: &Line<'_>) -> Route {
        let mut route = self.routes.get(line.call).cloned().unwrap_or_default();
        if let (Some(calling), Some(called)) = (line.values.get("calling"), line.values.get("called")) {
            (route.calling, route.called) = (party(calling), party(called));
        }
        route.direction = line.direction().unwrap_or(route.direction);
        if line.kind == "ringing" {
            route.queue = line.value("queue");
        }
        route
    }
}

fn party(number: &str) -> Party {
    match number {
        "withheld" => Party { absent: Some(Absent::Restricted), ..Party::default() },
        number => Party { number: Some(number.to_owned()), ..Party::default() },
    }
}

fn remark(line: &Line<'_>) -> Body {
    let text = line.words[1..].join(" ");
    Body::CdrRemarked(Remarked { cdr: Uuid::nil(), author: line.word(0).to_owned(), text })
}

fn state(line: &Line<'_>) -> Body {
    let state = match line.word(1) {
        "ready" => agent::WorkState::Ready,
        "not_ready" => agent::WorkState::NotReady,
        "busy" => agent::WorkState::Busy,
        "after_call" => agent::WorkState::AfterCall,
        other => panic!("unknown state {other:?}"),
    };
    let extension = line.value("extension");
    let call = (line.call != "-").then(|| line.call());
    Body::AgentState(agent::State { agent: line.word(0).to_owned(), extension, state, reason: None, queue: None, call })
}

fn chat_body(line: &Line<'_>) -> Body {
    let chat = line.chat();
    match line.kind {
        "opened" => {
            let value = line.word(0).to_owned();
            let handle = RawHandle { scheme: "web_visitor".to_owned(), scope: String::new(), value, verified: false };
            let visitor = Visitor { handles: vec![handle], name: None };
            Body::ChatOpened(Opened { chat, visitor, queue: line.value("queue"), page: None })
        }
        "assigned" => Body::ChatAssigned(Assigned { chat, agent: line.word(0).to_owned(), agent_name: None }),
        "message" => {
            let author = match line.word(0) {
                "visitor" => Author::Visitor,
                "agent" => Author::Agent,
                "bot" => Author::Bot,
                "system" => Author::System,
                other => panic!("unknown author {other:?}"),
            };
            Body::ChatMessage(Message {
                chat,
                message_id: line.value("id").unwrap_or_else(|| format!("{}-{}", line.call, line.at)),
                author,
                author_id: line.value("by"),
                content: Content::Text { text: line.words[1..].join(" ") },
                written_at: None,
            })
        }
        "closed" => Body::ChatClosed(Closed { chat, reason: None, summary: None }),
        other => panic!("unknown kind {other:?}"),
    }
}
