//! Makes canonical events of what a body told. Pure.
//!
//! Ids: an event has the same id however often and under whichever `webhook-id` it is told, where the chat system names
//! it: a message by its conversation and message id; the opening, assignment and closing of a conversation by its id and
//! the sender's timestamp (so a conversation that is opened again is another opening). The rest, and what has no
//! timestamp, is named by the event's own `id`, or failing that by the `webhook-id` and the place in the body.
//!
//! Time: the sender's timestamp. A day or more off it is flagged; then a time in the future, or before the year 2000,
//! counts for nothing and the event happened when it was received. A late one keeps its time, since a retry after an
//! outage is late by right.

use std::collections::BTreeMap;

use trunkline_events::{Body, Event, EventId, Timestamp, chat, customer, link};

use super::shape::{Author, Content, Message, Tags, Visitor};
use super::wire::{Item, Told};
use crate::digest::{archive_reference, sha256_hex};

/// 2000-01-01 in seconds since 1970.
const YEAR_2000: i64 = 946_684_800;

/// How a connector was configured to name things.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The channel of events that name none.
    pub channel: String,
    /// What visitor ids are unique within.
    pub visitor_scope: String,
    /// What account numbers are unique within.
    pub account_scope: String,
    /// What `crm_id` is unique within.
    pub crm_scope: String,
}

impl Default for Terms {
    fn default() -> Self {
        let empty = String::new;
        Self { channel: "web".to_owned(), visitor_scope: empty(), account_scope: empty(), crm_scope: empty() }
    }
}

/// How far a sender's timestamp is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// A day or more in the past.
    Past,
    /// A day or more in the future.
    Future,
}

/// What one item came to.
#[derive(Debug)]
pub struct Outcome {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The item's JSON is worth keeping under this name.
    pub keep_raw: Option<String>,
    /// Its timestamp is a day or more off.
    pub skew: Option<Skew>,
    /// Its type is not known.
    pub unknown: bool,
}

/// Makes the events of one item.
pub struct Translator<'a> {
    /// The CloudEvents source.
    pub source: &'a str,
    /// Names and scopes.
    pub terms: &'a Terms,
    /// The receive time.
    pub now: Timestamp,
    /// Names items that have no name of their own: the `webhook-id`.
    pub webhook_id: &'a str,
}

/// What the events of one item share.
struct Frame {
    time: Timestamp,
    /// What tells one opening from the next, for ids: the sender's timestamp as it was, or failing that `native`.
    at: String,
    /// What the item is called where the chat system gives nothing better.
    native: String,
}

impl Translator<'_> {
    /// The events of the item that stands at `place` in its body.
    pub fn translate(&self, place: usize, item: Item<'_>) -> Outcome {
        let skew = item.at.and_then(|at| skew(at, self.now));
        let native = item.id.unwrap_or_else(|| format!("{}:{place}", self.webhook_id));
        let frame = Frame {
            time: item.at.filter(|at| is_plausible(*at, skew)).unwrap_or(self.now),
            at: item.at.map_or_else(|| native.clone(), |at| at.to_string()),
            native,
        };
        let mut keep_raw = None;
        let mut unknown = false;
        let events = match item.told {
            Told::Opened(opened) => self.opened(&frame, opened),
            Told::Message(message) => {
                let unsupported = matches!(message.content, Content::Unsupported(_));
                let event = self.message(&frame, item.at, message);
                keep_raw = unsupported.then(|| event.id.to_string());
                vec![event]
            }
            Told::Assigned(assigned) => {
                let chat = self.chat(assigned.chat_id.0, assigned.channel);
                let native = format!("{}/{}", chat.id, assigned.agent_id.0);
                let id = self.id(&native, "chat.assigned", &frame.at);
                let body = chat::Assigned { chat, agent: assigned.agent_id.0, agent_name: assigned.agent_name };
                vec![self.chat_event(&frame, id, &body.chat.id.clone(), Body::ChatAssigned(body))]
            }
            Told::Closed(closed) => {
                let chat = self.chat(closed.chat_id.0, closed.channel);
                let id = self.id(&chat.id, "chat.closed", &frame.at);
                let body = chat::Closed { chat, reason: closed.reason, summary: closed.summary };
                vec![self.chat_event(&frame, id, &body.chat.id.clone(), Body::ChatClosed(body))]
            }
            Told::Profile(about) => vec![self.profile(&frame, &about.visitor)],
            Told::Tags(tags) => self.tags(&frame, &tags),
            Told::Unknown(native_kind) => {
                unknown = true;
                let reference = archive_reference(item.raw.as_bytes());
                let size = item.raw.len() as u64;
                keep_raw = Some(reference.clone());
                let id = self.id(&frame.native, "opaque", "");
                let body = Body::Opaque(link::Opaque { native_kind, raw: Some(reference), size });
                vec![self.event(&frame, id, None, self.source.to_owned(), body)]
            }
        };
        Outcome { events, keep_raw, skew, unknown }
    }

    fn opened(&self, frame: &Frame, opened: super::shape::Opened) -> Vec<Event> {
        let chat = self.chat(opened.chat_id.0, opened.channel);
        let id = self.id(&chat.id, "chat.opened", &frame.at);
        let visitor = chat::Visitor { handles: self.handles(&opened.visitor), name: opened.visitor.name.clone() };
        let chat_id = chat.id.clone();
        let body = Body::ChatOpened(chat::Opened { chat, visitor, queue: opened.queue, page: opened.page });
        let mut events = vec![self.chat_event(frame, id, &chat_id, body)];
        if opened.visitor.fields.as_ref().is_some_and(|fields| !fields.is_empty()) {
            events.push(self.profile(frame, &opened.visitor));
        }
        events
    }

    fn message(&self, frame: &Frame, at: Option<Timestamp>, message: Message) -> Event {
        let chat = self.chat(message.chat_id.0, message.channel);
        let id = self.id(&chat.id, "chat.message", &message.message_id.0);
        let chat_id = chat.id.clone();
        let body = chat::Message {
            chat,
            message_id: message.message_id.0,
            author: match message.author {
                Author::Visitor => chat::Author::Visitor,
                Author::Agent => chat::Author::Agent,
                Author::Bot => chat::Author::Bot,
                Author::System => chat::Author::System,
            },
            author_id: message.author_id.map(|id| id.0),
            content: content(message.content),
            written_at: at.filter(|at| *at != frame.time),
        };
        self.chat_event(frame, id, &chat_id, Body::ChatMessage(body))
    }

    fn profile(&self, frame: &Frame, visitor: &Visitor) -> Event {
        let handles = self.handles(visitor);
        let mut fields: BTreeMap<String, String> = visitor
            .fields
            .iter()
            .flatten()
            .filter_map(|(name, value)| value.as_ref().map(|value| (name.clone(), value.0.clone())))
            .collect();
        if let Some(name) = &visitor.name {
            fields.insert("name".to_owned(), name.clone());
        }
        let id = self.id(&frame.native, "customer.profile", "");
        self.visitor_event(frame, id, visitor, Body::CustomerProfile(customer::Profile { handles, fields }))
    }

    fn tags(&self, frame: &Frame, tags: &Tags) -> Vec<Event> {
        let Some(handle) = self.handles(&tags.visitor).into_iter().next() else { return Vec::new() };
        let told = |list: &Option<Vec<super::shape::Id>>, set: bool| {
            list.iter().flatten().map(|tag| (tag.0.clone(), set)).collect::<Vec<_>>()
        };
        told(&tags.set, true)
            .into_iter()
            .chain(told(&tags.removed, false))
            .map(|(tag, set)| {
                let id = self.id(&frame.native, if set { "tag.set" } else { "tag.removed" }, &tag);
                let body = Body::CustomerTag(customer::Tag { handle: handle.clone(), tag, set });
                self.visitor_event(frame, id, &tags.visitor, body)
            })
            .collect()
    }

    fn chat(&self, id: String, channel: Option<String>) -> chat::ChatRef {
        chat::ChatRef { id, channel: channel.unwrap_or_else(|| self.terms.channel.clone()) }
    }

    fn id(&self, native: &str, kind: &str, sequence: &str) -> EventId {
        EventId::derive(self.source, native, kind, sequence)
    }

    fn chat_event(&self, frame: &Frame, id: EventId, chat: &str, body: Body) -> Event {
        self.event(frame, id, Some(chat.to_owned()), format!("{}/chat/{chat}", self.source), body)
    }

    /// A visitor's events stay in order; the key shows a browser's id, but no number or address.
    fn visitor_event(&self, frame: &Frame, id: EventId, visitor: &Visitor, body: Body) -> Event {
        let subject = visitor.id.as_ref().map(|id| id.0.clone());
        let key = subject.clone().unwrap_or_else(|| {
            let first = self.handles(visitor).into_iter().next().map(|handle| handle.scheme + &handle.value);
            sha256_hex(first.unwrap_or_default().as_bytes())[..16].to_owned()
        });
        self.event(frame, id, subject, format!("{}/visitor/{key}", self.source), body)
    }

    fn event(&self, frame: &Frame, id: EventId, subject: Option<String>, partition_key: String, body: Body) -> Event {
        Event {
            id,
            source: self.source.to_owned(),
            subject,
            time: frame.time,
            received: self.now,
            partition_key,
            causation: None,
            sequence: None,
            body,
        }
    }

    /// The visitor's own id first, then what else is said of the same person, strongest first.
    fn handles(&self, visitor: &Visitor) -> Vec<customer::RawHandle> {
        let handle = |scheme: &str, scope: &str, value: &super::shape::Id, verified: bool| customer::RawHandle {
            scheme: scheme.to_owned(),
            scope: scope.to_owned(),
            value: value.0.clone(),
            verified,
        };
        let terms = self.terms;
        let mut handles = Vec::new();
        handles.extend(visitor.id.iter().map(|id| handle("web_visitor", &terms.visitor_scope, id, false)));
        handles.extend(visitor.crm_id.iter().map(|id| handle("crm_id", &terms.crm_scope, id, true)));
        handles.extend(visitor.crm_ids.iter().flatten().map(|crm| handle("crm_id", &crm.scope, &crm.id, true)));
        let account_verified = visitor.account_verified.unwrap_or(true);
        let account = visitor.account.iter().map(|id| handle("account_no", &terms.account_scope, id, account_verified));
        // A number that the visitor merely typed stands last: whose it is nobody knows.
        let (account, typed) = if account_verified { (Some(account), None) } else { (None, Some(account)) };
        handles.extend(account.into_iter().flatten());
        handles.extend(visitor.phone.iter().map(|id| handle("phone", "", id, visitor.phone_verified == Some(true))));
        handles.extend(visitor.email.iter().map(|id| handle("email", "", id, visitor.email_verified == Some(true))));
        handles.extend(typed.into_iter().flatten());
        handles
    }
}

fn content(content: Content) -> chat::Content {
    match content {
        Content::Text(text) => chat::Content::Text { text },
        Content::Media(media) => chat::Content::Media {
            media_type: media.media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            url: media.url,
            name: media.name,
            size: media.size,
        },
        Content::Location(place) => {
            chat::Content::Location { latitude: place.latitude.0, longitude: place.longitude.0, label: place.label }
        }
        Content::Unsupported(native_kind) => chat::Content::Unsupported { native_kind },
    }
}

/// Whether a timestamp is a day or more off.
fn skew(at: Timestamp, now: Timestamp) -> Option<Skew> {
    let age = now.since(at);
    if age.abs() < time::Duration::DAY {
        None
    } else if age.is_negative() {
        Some(Skew::Future)
    } else {
        Some(Skew::Past)
    }
}

fn is_plausible(at: Timestamp, skew: Option<Skew>) -> bool {
    skew != Some(Skew::Future) && at.unix_millis() >= YEAR_2000 * 1000
}
