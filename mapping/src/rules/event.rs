//! From an event to what it says by name, and back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use trunkline_events::call::{CallData, Route};
use trunkline_events::{Body, Event};

use super::content::{About, Content};
use super::run::RuleFailure;
use super::set::RuleSet;

/// The field that a chat's display name is kept in.
pub const CHAT_NAME: &str = "name";

/// What an event says of the person that it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Profile fields; an empty value empties the field.
    pub fields: BTreeMap<String, String>,
    /// Tags: set, or taken away.
    pub tags: BTreeMap<String, bool>,
}

impl Said {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.tags.is_empty()
    }

    /// What the event itself says, without rules.
    pub fn by(event: &Event) -> Self {
        match &event.body {
            Body::CustomerProfile(profile) => Self { fields: profile.fields.clone(), tags: BTreeMap::new() },
            Body::CustomerTag(tag) => Self { fields: BTreeMap::new(), tags: [(tag.tag.clone(), tag.set)].into() },
            Body::ChatOpened(opened) => {
                let name = opened.visitor.name.iter().filter(|name| !name.trim().is_empty());
                Self { fields: name.map(|name| (CHAT_NAME.to_owned(), name.clone())).collect(), tags: BTreeMap::new() }
            }
            _ => Self::default(),
        }
    }
}

/// An event as the rest of mapping sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped<'e> {
    /// The event with the attributes of its call or chat mapped; borrowed where nothing changed. Its id, source, times
    /// and handles are always those that came.
    pub event: Cow<'e, Event>,
    /// What it says of its person, in place of what its body says.
    pub said: Said,
    /// Rules that could not be carried out on it.
    pub failures: Vec<RuleFailure>,
}

impl RuleSet {
    /// Maps an event: a function of the event and these rules, whenever and wherever it is done.
    pub fn map<'e>(&self, event: &'e Event) -> Mapped<'e> {
        let said = Said::by(event);
        if !self.concerns(&event.source) {
            return Mapped { event: Cow::Borrowed(event), said, failures: Vec::new() };
        }
        let Some(before) = content(event, said.clone()) else {
            return Mapped { event: Cow::Borrowed(event), said, failures: Vec::new() };
        };
        let (after, failures) = self.outcome(&about(event), before.clone());
        let event = if (&after.attributes, &after.data) == (&before.attributes, &before.data) {
            Cow::Borrowed(event)
        } else {
            Cow::Owned(with(event, &before, &after))
        };
        Mapped { event, said: Said { fields: after.fields, tags: after.tags }, failures }
    }
}

/// What the event is, for rules.
pub(super) fn about(event: &Event) -> About {
    let event_type = event.event_type().trim_start_matches("trunkline.");
    let event_type = event_type.rsplit_once(".v").map_or(event_type, |(name, _)| name);
    About { source: event.source.clone(), event_type: event_type.to_owned(), time: event.time }
}

/// What the event says by name; `None` if it is of a type that rules have nothing to do with.
pub(super) fn content(event: &Event, said: Said) -> Option<Content> {
    let mut content = Content { fields: said.fields, tags: said.tags, ..Content::default() };
    match &event.body {
        Body::CustomerProfile(_) | Body::CustomerTag(_) => {}
        Body::ChatOpened(opened) => {
            content.attribute("queue", opened.queue.as_ref());
            content.attribute("page", opened.page.as_ref());
        }
        Body::CallOffered(call) => content.call(&call.route, Some(&call.data)),
        Body::CallQueued(call) => {
            content.call(&call.route, None);
            content.attribute("queue", Some(&call.queue));
        }
        Body::CallRinging(call) => content.call(&call.route, Some(&call.data)),
        Body::CallAnswered(call) => content.call(&call.route, Some(&call.data)),
        Body::CallTransferred(call) => content.call(&call.route, None),
        Body::CallConferenced(call) => content.call(&call.route, None),
        Body::CallDataAttached(call) => content.travels(&call.data),
        _ => return None,
    }
    (!content.is_empty()).then_some(content)
}

impl Content {
    fn attribute(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.attributes.insert(name.to_owned(), value.clone());
        }
    }

    fn call(&mut self, route: &Route, data: Option<&CallData>) {
        self.attribute("queue", route.queue.as_ref());
        self.attribute("vdn", route.vdn.as_ref());
        if let Some(data) = data {
            self.travels(data);
        }
    }

    fn travels(&mut self, data: &CallData) {
        self.attribute("uui", data.uui_text.as_ref());
        self.attribute("digits", data.digits.as_ref());
        self.data.clone_from(&data.pairs);
    }
}

/// The event with other attributes.
fn with(event: &Event, before: &Content, after: &Content) -> Event {
    let mut event = event.clone();
    let attribute = |name: &str| after.attributes.get(name).filter(|value| !value.is_empty()).cloned();
    let route = |route: &mut Route| {
        // A queue event names the queue apart from its route, which may know of another or none.
        if route.queue.as_ref() == before.attributes.get("queue") {
            route.queue = attribute("queue");
        }
        route.vdn = attribute("vdn");
    };
    let travels = |data: &mut CallData| {
        let text = attribute("uui");
        if data.uui_text != text {
            // The raw bytes are of a text that no longer counts.
            data.uui_hex = None;
        }
        (data.uui_text, data.digits) = (text, attribute("digits"));
        data.pairs.clone_from(&after.data);
    };
    match &mut event.body {
        Body::ChatOpened(opened) => (opened.queue, opened.page) = (attribute("queue"), attribute("page")),
        Body::CallOffered(call) => (route(&mut call.route), travels(&mut call.data)).1,
        Body::CallQueued(call) => {
            route(&mut call.route);
            call.queue = attribute("queue").unwrap_or_default();
        }
        Body::CallRinging(call) => (route(&mut call.route), travels(&mut call.data)).1,
        Body::CallAnswered(call) => (route(&mut call.route), travels(&mut call.data)).1,
        Body::CallTransferred(call) => route(&mut call.route),
        Body::CallConferenced(call) => route(&mut call.route),
        Body::CallDataAttached(call) => travels(&mut call.data),
        _ => {}
    }
    event
}
