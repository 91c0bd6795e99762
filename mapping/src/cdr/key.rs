//! What an event belongs to: the call or chat it speaks of, and the calls it joins to that.

use trunkline_events::call::CallRef;
use trunkline_events::chat::ChatRef;
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

/// Namespace of all conversation ids, drawn once; never to change.
const NAMESPACE: Uuid = Uuid::from_u128(0x3f0e_9a52_6d1c_5b7e_9c28_51f4_a7d0_6e13);

/// Names one call or chat at one source. A conversation has one or more of them; its root's id is the record's id.
///
/// Equal ids mean equal keys: a key made [from an id](Self::from_id) is equal to the key it was taken from.
#[derive(Debug, Clone)]
pub struct ConversationKey {
    id: Uuid,
    text: String,
}

impl ConversationKey {
    /// The key of a call or chat by its source and the source's id; text form `<source>|<id>`.
    pub fn new(source: &str, call_or_chat: &str) -> Self {
        let mut text = String::with_capacity(source.len() + call_or_chat.len() + 1);
        text.push_str(source);
        text.push('|');
        text.push_str(call_or_chat);
        Self { id: Uuid::new_v5(&NAMESPACE, text.as_bytes()), text }
    }

    /// The key that a record's id stands for, where the call itself is not named (a remark names its record).
    pub fn from_id(id: Uuid) -> Self {
        Self { id, text: String::new() }
    }

    /// UUIDv5 of the text: the record's id, if this key is the root of its conversation.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// `<source>|<call or chat id>`; `None` for a key that is known by its id alone.
    pub fn text(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(self.text.as_str())
    }
}

impl PartialEq for ConversationKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for ConversationKey {}

impl std::hash::Hash for ConversationKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The conversation keys an event touches: its own call or chat first, then the calls that it says are the same
/// conversation. Empty for events that belong to no conversation (customers, links, agents' states without a call).
pub fn conversation_keys(event: &Event) -> Vec<ConversationKey> {
    let source = event.source.as_str();
    match &event.body {
        Body::CdrRemarked(body) => vec![ConversationKey::from_id(body.cdr)],
        Body::CdrReconciled(body) => vec![ConversationKey::from_id(body.cdr)],
        body => match (call_of(body), chat_of(body)) {
            (Some((call, from)), _) => {
                let mut keys = vec![ConversationKey::new(source, &call.id)];
                for other in from {
                    let key = ConversationKey::new(source, &other.id);
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                keys
            }
            (None, Some(chat)) => vec![ConversationKey::new(source, &chat.id)],
            (None, None) => wrapped_up(body).map(|call| ConversationKey::new(source, &call.id)).into_iter().collect(),
        },
    }
}

/// When a conversation was there at the latest, if `event` belongs to it: at the event's time, but remarks, the switch's records and agents'
/// states come after a conversation and never begin one.
pub fn known_from(event: &Event) -> Timestamp {
    match &event.body {
        Body::CdrRemarked(_) | Body::CdrReconciled(_) | Body::AgentState(_) => {
            Timestamp::EPOCH.plus(time::Duration::MAX)
        }
        _ => event.time,
    }
}

/// Which key of a joined set names the record: the one with the earliest event, by text where two began together.
///
/// The time of a key is the earliest [`known_from`] of the events whose [`conversation_keys`] hold it. A key that is known by its id
/// alone never wins over one that is named. `None` for an empty set.
pub fn root<'a>(keys: impl IntoIterator<Item = (&'a ConversationKey, Timestamp)>) -> Option<&'a ConversationKey> {
    keys.into_iter()
        .min_by(|(a, a_first), (b, b_first)| {
            (a.text.is_empty(), a_first, &a.text, a.id).cmp(&(b.text.is_empty(), b_first, &b.text, b.id))
        })
        .map(|(key, _)| key)
}

/// The call an event speaks of and the calls that ended in it, for the events of the call family.
pub(crate) fn call_of(body: &Body) -> Option<(&CallRef, &[CallRef])> {
    let call = match body {
        Body::CallOffered(body) => &body.call,
        Body::CallQueued(body) => &body.call,
        Body::CallRinging(body) => &body.call,
        Body::CallAnswered(body) => &body.call,
        Body::CallHeld(body) => &body.call,
        Body::CallResumed(body) => &body.call,
        Body::CallTransferred(body) => return Some((&body.call, &body.from)),
        Body::CallConferenced(body) => return Some((&body.call, &body.from)),
        Body::CallDiverted(body) => &body.call,
        Body::CallDataAttached(body) => &body.call,
        Body::CallLegEnded(body) => &body.call,
        Body::CallEnded(body) => &body.call,
        _ => return None,
    };
    Some((call, &[]))
}

/// The call that an agent's state belongs to: his wrap-up, or what ends it.
fn wrapped_up(body: &Body) -> Option<&CallRef> {
    match body {
        Body::AgentState(state) => state.call.as_ref(),
        _ => None,
    }
}

/// The chat an event speaks of, for the events of the chat family.
pub(super) fn chat_of(body: &Body) -> Option<&ChatRef> {
    match body {
        Body::ChatOpened(body) => Some(&body.chat),
        Body::ChatAssigned(body) => Some(&body.chat),
        Body::ChatMessage(body) => Some(&body.chat),
        Body::ChatClosed(body) => Some(&body.chat),
        _ => None,
    }
}
