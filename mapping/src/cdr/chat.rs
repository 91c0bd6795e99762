//! The walk over the events of a chat.
//!
//! A leg is an agent: it "rings" from his assignment, is answered by his first message, and ends when another agent
//! gets the chat or the chat is closed.

use time::Duration;
use trunkline_events::cdr::{Cdr, Leg, Medium};
use trunkline_events::chat::{Author, ChatRef, Visitor};
use trunkline_events::{Body, Timestamp};

use super::fold::CustomerHandle;
use super::key::{ConversationKey, chat_of};
use super::leg::{millis, span};
use super::order::Told;
use super::outcome::of_chat;

/// What the walk has gathered.
pub(super) struct Chat<'a> {
    source: &'a str,
    /// One, unless the caller folds what was never joined.
    chats: Vec<&'a ChatRef>,
    visitor: Option<&'a Visitor>,
    queues: Vec<&'a str>,
    waiting_since: Option<Timestamp>,
    queue_wait: Duration,
    assigned: bool,
    transfers: u32,
    messages: Vec<&'a str>,
    legs: Vec<Leg>,
    ended: Option<Timestamp>,
}

impl<'a> Chat<'a> {
    /// Walks over the events in their order; the end is the first close after the last opening.
    pub(super) fn walk(told: &[Told<'a>]) -> Self {
        let mut chat = Self {
            source: "",
            chats: Vec::new(),
            visitor: None,
            queues: Vec::new(),
            waiting_since: None,
            queue_wait: Duration::ZERO,
            assigned: false,
            transfers: 0,
            messages: Vec::new(),
            legs: Vec::new(),
            ended: None,
        };
        let last_opening = told.iter().rposition(|told| matches!(told.event.body, Body::ChatOpened(_)));
        for (place, told) in told.iter().enumerate() {
            chat.sight(told);
            chat.step(told, last_opening.is_none_or(|opening| place > opening));
        }
        chat.messages.sort_unstable();
        chat.messages.dedup();
        chat
    }

    fn sight(&mut self, told: &Told<'a>) {
        let Some(chat) = chat_of(&told.event.body) else { return };
        if self.chats.is_empty() {
            self.source = &told.event.source;
        }
        if !self.chats.iter().any(|known| known.id == chat.id) {
            self.chats.push(chat);
        }
    }

    fn step(&mut self, told: &Told<'a>, may_end: bool) {
        let at = told.at;
        match &told.event.body {
            Body::ChatOpened(body) => {
                self.visitor.get_or_insert(&body.visitor);
                if let Some(queue) = body.queue.as_deref().filter(|queue| !self.queues.contains(queue)) {
                    self.queues.push(queue);
                }
                if self.open_leg().is_none() && self.ended.is_none() {
                    self.waiting_since.get_or_insert(at);
                }
            }
            Body::ChatMessage(body) => {
                if body.author != Author::System {
                    self.messages.push(&body.message_id);
                }
                if body.author == Author::Agent && self.ended.is_none() {
                    self.agent_wrote(body.author_id.as_deref(), at);
                }
            }
            Body::ChatAssigned(body) if self.ended.is_none() => self.assign(&body.agent, at),
            Body::ChatClosed(_) if may_end && self.ended.is_none() => self.close(at),
            _ => {}
        }
    }

    fn assign(&mut self, agent: &str, at: Timestamp) {
        self.assigned = true;
        self.stop_waiting(at);
        if self.open_leg().is_some_and(|leg| leg.extension == agent) {
            return;
        }
        if self.finish_leg(at, "transferred") {
            self.transfers += 1;
        }
        self.begin_leg(agent, Some(at));
    }

    fn agent_wrote(&mut self, author: Option<&str>, at: Timestamp) {
        self.stop_waiting(at);
        let speaks_already = self.open_leg().is_some_and(|leg| author.is_none_or(|author| leg.extension == author));
        if !speaks_already {
            if self.finish_leg(at, "transferred") {
                self.transfers += 1;
            }
            self.begin_leg(author.unwrap_or_default(), None);
        }
        if let Some(leg) = self.open_leg()
            && leg.answered.is_none()
        {
            leg.answered = Some(at);
            leg.ring_ms = leg.ringing.map_or(0, |rang| millis(span(rang, at)));
        }
    }

    fn close(&mut self, at: Timestamp) {
        self.ended = Some(at);
        self.stop_waiting(at);
        self.finish_leg(at, "hung_up");
    }

    fn stop_waiting(&mut self, at: Timestamp) {
        if let Some(since) = self.waiting_since.take() {
            self.queue_wait += span(since, at);
        }
    }

    fn begin_leg(&mut self, agent: &str, assigned: Option<Timestamp>) {
        self.legs.push(Leg {
            extension: agent.to_owned(),
            agent: (!agent.is_empty()).then(|| agent.to_owned()),
            ringing: assigned,
            ..Leg::default()
        });
    }

    fn open_leg(&mut self) -> Option<&mut Leg> {
        self.legs.last_mut().filter(|leg| leg.ended.is_none())
    }

    /// Ends the open leg, if there is one.
    fn finish_leg(&mut self, at: Timestamp, end: &str) -> bool {
        let Some(leg) = self.open_leg() else { return false };
        leg.ended = Some(at);
        leg.end = Some(end.to_owned());
        match (leg.answered, leg.ringing) {
            (Some(answered), _) => leg.talk_ms = millis(span(answered, at)),
            (None, Some(rang)) => leg.ring_ms = millis(span(rang, at)),
            (None, None) => {}
        }
        true
    }

    /// The record; its start and remarks are the caller's.
    pub(super) fn record(&self) -> Cdr {
        let sum = |of: fn(&Leg) -> u64| self.legs.iter().map(of).sum();
        let answered = self.legs.iter().filter_map(|leg| leg.answered).min();
        let outcome = self.ended.map(|_| of_chat(answered.is_some(), !self.queues.is_empty(), self.assigned));
        let id = self.chats.first().map(|chat| ConversationKey::new(self.source, &chat.id).id());
        Cdr {
            id: id.unwrap_or_default(),
            medium: Medium::Chat,
            source: self.source.to_owned(),
            channel: self.chats.first().map(|chat| chat.channel.clone()).unwrap_or_default(),
            calls: self.chats.iter().map(|chat| chat.id.clone()).collect(),
            customer_handle: self.visitor.and_then(|visitor| Some(visitor.handles.first()?.value.clone())),
            queues: self.queues.iter().map(|queue| (*queue).to_owned()).collect(),
            answered,
            ended: self.ended,
            queue_ms: millis(self.queue_wait),
            ring_ms: sum(|leg| leg.ring_ms),
            talk_ms: sum(|leg| leg.talk_ms),
            outcome: outcome.unwrap_or_default(),
            messages: u32::try_from(self.messages.len()).unwrap_or(u32::MAX),
            transfers: self.transfers,
            legs: self.legs.clone(),
            ..Cdr::default()
        }
    }

    /// The handle the chat's visitor is known by.
    pub(super) fn customer_handle(&self) -> Option<CustomerHandle> {
        let handle = self.visitor?.handles.first()?.clone();
        Some(CustomerHandle { handle, link: self.source.to_owned(), trunk: None })
    }
}
