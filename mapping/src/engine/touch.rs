//! Touch points: what a batch tells of people besides their calls and chats.

use std::collections::{BTreeMap, HashMap};

use trunkline_events::cdr::Medium;
use trunkline_events::chat::Author;
use trunkline_events::{Body, Event};
use uuid::Uuid;

use super::Knowledge;
use super::conversations::Touched;
use super::inbox::Fresh;
use crate::identity::subject_handle;
use crate::store::{Bundle, StoredCdr, TouchRow, touch_points};
use crate::view::TouchKind;

/// Adds what hangs on a person, and on no conversation.
pub(super) fn of_people(writes: &mut Bundle, fresh: &[Fresh<'_>], knowledge: &Knowledge) {
    let row = |event: &Event| {
        let (kind, medium) = match &event.body {
            Body::MailMessage(_) => (TouchKind::Mail, "mail"),
            Body::TicketChanged(_) => (TouchKind::Ticket, "ticket"),
            Body::PresenceOnline(_) => (TouchKind::Online, "app"),
            Body::PresencePage(_) => (TouchKind::Page, "app"),
            Body::PresenceOffline(_) => (TouchKind::Offline, "app"),
            Body::ContextBreakpoint(_) => (TouchKind::Breakpoint, "app"),
            Body::CustomerTag(_) => (TouchKind::Tag, "tag"),
            _ => return None,
        };
        let handle = subject_handle(event, &knowledge.rules, &knowledge.plans)?;
        Some(touch(event, kind, medium, None).hanging_on(Some(handle.id()), None))
    };
    let touched: Vec<TouchRow> = fresh.iter().filter_map(|one| row(one.event)).collect();
    if !touched.is_empty() {
        touch_points::insert(writes, &touched);
    }
}

/// Adds messages and remarks of conversations, by the handle that each record hangs on; where that is another one than
/// before, what was stored of the conversation moves along.
pub(super) fn of_conversations(
    writes: &mut Bundle,
    fresh: &[Fresh<'_>],
    touched: &[Touched<'_>],
    before: &HashMap<Uuid, StoredCdr>,
    subject: impl Fn(&Touched<'_>) -> Option<Uuid>,
) {
    let (mut of_member, mut moved) = (HashMap::new(), Vec::new());
    for conversation in touched {
        let hangs_on = subject(conversation);
        of_member.extend(conversation.members.iter().map(|id| (*id, (hangs_on, conversation.folded.cdr.medium))));
        let stored = conversation.members.iter().filter_map(|id| before.get(id));
        if stored.clone().any(|stored| stored.subject_handle != hangs_on) {
            moved.push((conversation, hangs_on));
        }
    }
    let row = |one: &Fresh<'_>| {
        let conversation = one.keys.first()?.id();
        let (handle, medium) = of_member.get(&conversation).copied().unwrap_or_default();
        let (kind, agent) = match &one.event.body {
            Body::ChatMessage(said) => {
                let agent = said.author_id.as_deref().filter(|_| said.author == Author::Agent);
                (TouchKind::Message, agent)
            }
            Body::CdrRemarked(remarked) => (TouchKind::Remark, Some(remarked.author.as_str())),
            _ => return None,
        };
        let medium = if medium == Medium::Chat || kind == TouchKind::Message { "chat" } else { "voice" };
        Some(touch(one.event, kind, medium, agent).hanging_on(handle, Some(conversation)))
    };
    let told: Vec<TouchRow> = fresh.iter().filter_map(row).collect();
    if !told.is_empty() {
        touch_points::insert(writes, &told);
    }
    follow(writes, &moved);
}

/// Moves what is stored of conversations along with their records, each to the handle that its record hangs on now.
pub(super) fn follow(writes: &mut Bundle, moved: &[(&Touched<'_>, Option<Uuid>)]) {
    let members = moved.iter().flat_map(|(conversation, to)| conversation.members.iter().map(|id| (*id, *to)));
    let members: BTreeMap<Uuid, Option<Uuid>> = members.collect();
    if !members.is_empty() {
        touch_points::move_to(writes, &members.into_iter().collect::<Vec<_>>());
    }
}

fn touch(event: &Event, kind: TouchKind, medium: &str, agent: Option<&str>) -> TouchRow {
    TouchRow {
        id: event.id.uuid(),
        handle: None,
        conversation: None,
        at: event.time,
        kind: kind.word().to_owned(),
        medium: medium.to_owned(),
        agent: agent.filter(|agent| !agent.is_empty()).map(str::to_owned),
    }
}

impl TouchRow {
    fn hanging_on(self, handle: Option<Uuid>, conversation: Option<Uuid>) -> Self {
        Self { handle, conversation, ..self }
    }
}
