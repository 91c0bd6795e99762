//! Masks of whole events. Every field of every type is named here: a new type does not compile before somebody has said
//! what of it is personal.

use trunkline_events::call::{CallData, Party, Route};
use trunkline_events::cdr::Remarked;
use trunkline_events::chat::{self, Author, ChatRef, Content};
use trunkline_events::customer::RawHandle;
use trunkline_events::{Body, Event, EventId, activity, call, customer, link};
use uuid::Builder;

use super::Masker;
use super::shape::blank;

impl Masker {
    /// The event with personal data masked; `None` for what no connector tells: what mapping derived.
    ///
    /// Source, times and the place in the books stay. Its id becomes another, the same for every telling.
    pub fn event(&self, event: &Event) -> Option<Event> {
        let body = self.body(&event.body, &event.source)?;
        let of_a_person = names_a_person(&event.body);
        let partition_key = if of_a_person { self.key(&event.partition_key) } else { event.partition_key.clone() };
        let subject =
            event.subject.as_ref().map(|subject| if of_a_person { self.id(subject) } else { subject.clone() });
        Some(Event {
            id: self.event_id(event.id),
            source: event.source.clone(),
            subject,
            time: event.time,
            received: event.received,
            partition_key,
            causation: event.causation.map(|id| self.event_id(id)),
            sequence: event.sequence.clone(),
            body,
        })
    }

    /// Ids are made of what a source says, and what is short can be guessed from them.
    fn event_id(&self, id: EventId) -> EventId {
        let digest = self.secret.digest("event", id.uuid().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        EventId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Keys are only compared.
    fn key(&self, key: &str) -> String {
        let digest = self.secret.digest("key", key.as_bytes());
        digest[..16].iter().fold(String::from("masked:"), |text, byte| format!("{text}{byte:02x}"))
    }

    fn body(&self, body: &Body, source: &str) -> Option<Body> {
        Some(match body {
            Body::CallOffered(_)
            | Body::CallQueued(_)
            | Body::CallRinging(_)
            | Body::CallAnswered(_)
            | Body::CallHeld(_)
            | Body::CallResumed(_)
            | Body::CallTransferred(_)
            | Body::CallConferenced(_)
            | Body::CallDiverted(_)
            | Body::CallDataAttached(_)
            | Body::CallLegEnded(_)
            | Body::CallEnded(_) => self.call(body, source),
            Body::ChatOpened(_) | Body::ChatAssigned(_) | Body::ChatMessage(_) | Body::ChatClosed(_) => {
                self.chat(body, source)
            }
            Body::MailMessage(_)
            | Body::TicketChanged(_)
            | Body::PresenceOnline(_)
            | Body::PresencePage(_)
            | Body::PresenceOffline(_)
            | Body::ContextBreakpoint(_) => self.activity(body, source),
            Body::CustomerEvidence(_)
            | Body::CustomerProfile(_)
            | Body::CustomerTag(_)
            | Body::CustomerDirective(_) => self.customer(body, source),
            Body::CdrRemarked(remarked) => self.remark(remarked),
            // Who works where, and how a link is: log-ins, devices and sentences without personal data.
            Body::AgentState(_)
            | Body::AgentLogin(_)
            | Body::LinkUp(_)
            | Body::LinkDown(_)
            | Body::LinkGap(_)
            | Body::LinkResynced(_)
            | Body::LinkBooks(_)
            | Body::LinkSilent(_)
            | Body::LinkTalking(_) => body.clone(),
            Body::Opaque(opaque) => Body::Opaque(link::Opaque { raw: None, ..opaque.clone() }),
            Body::CustomerCreated(_)
            | Body::CustomerMerged(_)
            | Body::CustomerSplit(_)
            | Body::CustomerChanged(_)
            | Body::CustomerTagWanted(_)
            | Body::CdrCompleted(_)
            | Body::CdrRevised(_)
            | Body::CdrReconciled(_)
            | Body::CdrReport(_)
            | Body::PopRinging(_)
            | Body::PopAnswered(_)
            | Body::PopEnded(_)
            | Body::DeliveryAttempted(_) => return None,
        })
    }

    fn remark(&self, remarked: &Remarked) -> Body {
        let (author, text) = (self.name(&remarked.author), blank(&remarked.text));
        Body::CdrRemarked(Remarked { author, text, ..remarked.clone() })
    }

    fn call(&self, body: &Body, source: &str) -> Body {
        let mut body = body.clone();
        match &mut body {
            Body::CallOffered(call::Offered { route, device, data, .. }) => {
                self.route(route, source);
                if let Some(device) = device {
                    self.number_in(&mut device.extension, source);
                }
                self.data(data);
            }
            Body::CallQueued(queued) => self.route(&mut queued.route, source),
            Body::CallRinging(call::Ringing { route, device, redirected_from, data, .. }) => {
                self.route(route, source);
                self.number_in(&mut device.extension, source);
                change(redirected_from.iter_mut(), |number| self.number(number, source, None));
                self.data(data);
            }
            Body::CallAnswered(call::Answered { route, device, data, .. }) => {
                self.route(route, source);
                self.number_in(&mut device.extension, source);
                self.data(data);
            }
            Body::CallHeld(call::Held { device, .. })
            | Body::CallResumed(call::Resumed { device, .. })
            | Body::CallLegEnded(call::LegEnded { device, .. }) => self.number_in(&mut device.extension, source),
            Body::CallTransferred(call::Transferred { route, transferring: one, transferred_to: two, .. })
            | Body::CallConferenced(call::Conferenced { route, conferencing: one, added: two, .. }) => {
                self.route(route, source);
                self.number_in(&mut one.extension, source);
                self.number_in(&mut two.extension, source);
            }
            Body::CallDiverted(call::Diverted { from, to, .. }) => {
                self.number_in(&mut from.extension, source);
                change(to.iter_mut(), |number| self.number(number, source, None));
            }
            Body::CallDataAttached(attached) => self.data(&mut attached.data),
            _ => {}
        }
        body
    }

    fn route(&self, route: &mut Route, source: &str) {
        let trunk = route.trunk.clone();
        for Party { number, name, .. } in [&mut route.calling, &mut route.called] {
            change(number.iter_mut(), |number| self.number(number, source, trunk.as_deref()));
            change(name.iter_mut(), |name| self.name(name));
        }
    }

    /// A device's number, which is on no trunk.
    fn number_in(&self, number: &mut String, source: &str) {
        *number = self.number(number, source, None);
    }

    /// What a desktop or an IVR attached: of any kind, so all of it may be personal.
    fn data(&self, data: &mut CallData) {
        let CallData { uui_hex, uui_text, digits, pairs } = data;
        if let Some(hex) = uui_hex {
            let length = hex.len();
            *hex = self.hex(hex).chars().cycle().take(length).collect();
        }
        for text in uui_text.iter_mut().chain(digits) {
            *text = self.id(text);
        }
        for value in pairs.values_mut() {
            *value = self.id(value);
        }
    }

    fn hex(&self, content: &str) -> String {
        let digest = self.secret.digest("bytes", content.as_bytes());
        digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02X}"))
    }

    fn chat(&self, body: &Body, source: &str) -> Body {
        let mut body = body.clone();
        match &mut body {
            Body::ChatOpened(chat::Opened { chat, visitor, page, .. }) => {
                self.chat_ref(chat);
                self.handles(&mut visitor.handles, source);
                change(visitor.name.iter_mut(), |name| self.name(name));
                change(page.iter_mut(), |page| self.page(page));
            }
            Body::ChatAssigned(chat::Assigned { chat, agent_name, .. }) => {
                self.chat_ref(chat);
                change(agent_name.iter_mut(), |name| self.name(name));
            }
            Body::ChatMessage(chat::Message { chat, message_id, author, author_id, content, .. }) => {
                self.chat_ref(chat);
                *message_id = self.id(message_id);
                if *author == Author::Visitor {
                    change(author_id.iter_mut(), |id| self.id(id));
                }
                self.content(content);
            }
            Body::ChatClosed(chat::Closed { chat, reason, summary }) => {
                self.chat_ref(chat);
                change(reason.iter_mut().chain(summary), blank);
            }
            _ => {}
        }
        body
    }

    fn chat_ref(&self, chat: &mut ChatRef) {
        chat.id = self.id(&chat.id);
    }

    fn content(&self, content: &mut Content) {
        match content {
            Content::Text { text } => *text = blank(text),
            Content::Media { url, name, .. } => {
                *url = format!("https://masked.example/{}", self.key(url).replace("masked:", ""));
                change(name.iter_mut(), blank);
            }
            Content::Location { latitude, longitude, label } => {
                "0".clone_into(latitude);
                "0".clone_into(longitude);
                *label = None;
            }
            Content::Unsupported { .. } => {}
        }
    }

    fn activity(&self, body: &Body, source: &str) -> Body {
        let mut body = body.clone();
        match &mut body {
            Body::MailMessage(activity::MailMessage { thread, message_id, handles, subject, text, .. }) => {
                self.handles(handles, source);
                (*thread, *message_id) = (self.id(thread), self.id(message_id));
                (*subject, *text) = (blank(subject), blank(text));
            }
            Body::TicketChanged(activity::TicketChanged { ticket, handles, title, .. }) => {
                self.handles(handles, source);
                (*ticket, *title) = (self.id(ticket), blank(title));
            }
            Body::PresenceOnline(activity::PresenceOnline { handles, .. })
            | Body::PresenceOffline(activity::PresenceOffline { handles, .. })
            | Body::ContextBreakpoint(activity::ContextBreakpoint { handles, .. }) => self.handles(handles, source),
            Body::PresencePage(activity::PresencePage { handles, page, title, search, .. }) => {
                self.handles(handles, source);
                *page = self.page(page);
                change(title.iter_mut().chain(search), blank);
            }
            _ => {}
        }
        body
    }

    fn customer(&self, body: &Body, source: &str) -> Body {
        let mut body = body.clone();
        match &mut body {
            Body::CustomerEvidence(customer::Evidence { a, b, .. }) => {
                (*a, *b) = (self.handle(a, source, None), self.handle(b, source, None));
            }
            Body::CustomerProfile(customer::Profile { handles, fields }) => {
                self.handles(handles, source);
                change(fields.values_mut(), |value| self.name(value));
            }
            Body::CustomerTag(customer::Tag { handle, .. }) => *handle = self.handle(handle, source, None),
            Body::CustomerDirective(directive) => {
                directive.actor = self.name(&directive.actor);
                directive.reason = blank(&directive.reason);
                match &mut directive.decision {
                    customer::Decision::Include { a, b } | customer::Decision::Exclude { a, b } => {
                        (*a, *b) = (self.handle(a, source, None), self.handle(b, source, None));
                    }
                    customer::Decision::Undo { directive } => *directive = self.event_id(*directive),
                }
            }
            _ => {}
        }
        body
    }

    fn handles(&self, handles: &mut [RawHandle], source: &str) {
        for raw in handles {
            *raw = self.handle(raw, source, None);
        }
    }

    /// A name, or a value of a profile field.
    fn name(&self, name: &str) -> String {
        self.secret.permute("name", name)
    }

    /// A page's site stays, its path becomes another, what follows a `?` or `#` goes.
    fn page(&self, page: &str) -> String {
        let page = page.split(['?', '#']).next().unwrap_or_default();
        let site = page.find("://").and_then(|at| page[at + 3..].find('/').map(|path| at + 3 + path));
        let (site, path) = page.split_at(site.unwrap_or(if page.contains("://") { page.len() } else { 0 }));
        format!("{site}{}", self.secret.permute("page", path))
    }
}

/// Puts each text's mask in its place.
fn change<'t>(texts: impl Iterator<Item = &'t mut String>, mask: impl Fn(&str) -> String) {
    for text in texts {
        *text = mask(text);
    }
}

/// Whether subject and partition key may hold a person's id: not those of calls, agents and links.
fn names_a_person(body: &Body) -> bool {
    let event_type = body.event_type();
    !["trunkline.call.", "trunkline.agent.", "trunkline.link."].iter().any(|family| event_type.starts_with(family))
}
