//! Answers to questions, in the shapes of [`crate::view`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::chat::Content;
use trunkline_events::customer::RawHandle;
use trunkline_events::pop::{Brief, Certainty};
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

use super::conversations::present;
use super::current::{Current, Declared};
use super::profiles::{Standing, standing};
use super::who::{Asked, presume};
use crate::identity::{Handle, Role};
use crate::profile::{COMPUTED, Chosen, ProfileRules, SetTag, brief, computed, last_contact, owner};
use crate::store::{
    CdrQuery, HandleRow, Held, Session, Store, StoreError, StoredCdr, cdrs, conversations, events, evidence, handles,
    pops, revisions,
};
use crate::view::{
    CdrFilter, CustomerView, FieldView, HandleView, LinkView, LivePopView, MessageView, RevisionView, TagView,
    TimelineEntry, TurnView, Who,
};

/// Records of a customer, the newest, that his preferences and his owner are made of.
const CONSIDERED: u32 = 200;

/// Reads for people and programs. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    pub(super) store: Store,
    pub(super) declared: Arc<Declared>,
    /// What counted when this was made.
    pub(super) current: Arc<Current>,
}

impl Records {
    pub(super) fn new(store: Store, declared: Arc<Declared>) -> Self {
        let current = declared.current();
        Self { store, declared, current }
    }

    pub(super) fn reading(&self) -> Session<'_> {
        self.store.reading()
    }

    /// The customer of any of his ids, former ones too.
    pub async fn customer(&self, id: Uuid) -> Result<Option<CustomerView>, StoreError> {
        let session = self.store.reading();
        let mut rows = session.ask(handles::of_customers([id])).await?;
        let Some(customer) = rows.first().map(|row| row.customer) else { return Ok(None) };
        let fields = &self.current.knowledge.profile;
        let known =
            standing(&session, &BTreeSet::from([customer]), fields).await?.remove(&customer).unwrap_or_default();
        rows.sort_by_cached_key(|row| (self.rank(row), row.seen.first, row.id));
        let name = brief(customer, &known.fields, &known.tags, None, fields).name;
        let past = self.last_records(customer, CONSIDERED).await?;
        let owner = match owner(&fields.owner, &known.fields, &past) {
            Some(found) => Some(self.owner_view(found).await?),
            None => None,
        };
        let mut shown: Vec<FieldView> =
            known.fields.into_iter().chain(computed(&past, fields)).map(|chosen| field_view(chosen, fields)).collect();
        shown.sort_by_cached_key(|field| (fields.rule(&field.name).group, field.name.clone(), field.value.clone()));
        let tag_view = |set: SetTag| TagView { tag: set.tag, source: set.source, at: set.at, known: set.known };
        Ok(Some(CustomerView {
            customer,
            name,
            handles: rows.into_iter().map(handle_view).collect(),
            fields: shown,
            tags: known.tags.into_iter().map(tag_view).collect(),
            owner,
        }))
    }

    /// Systems of record first, then channels, contacts, devices.
    fn rank(&self, row: &HandleRow) -> u8 {
        match self.current.knowledge.rules.role(&row.handle()) {
            Role::Identity => 0,
            Role::Channel => 1,
            Role::Contact => 2,
            Role::Device => 3,
        }
    }

    /// Customers by an exact handle in any spelling, by one of their ids, or by the beginning of a name.
    pub async fn find_customers(&self, text: &str, limit: u32) -> Result<Vec<Brief>, StoreError> {
        let session = self.store.reading();
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        if let Ok(id) = Uuid::parse_str(text) {
            found.extend(session.ask(handles::by_id([id])).await?);
        }
        let spellings = self.spellings(text);
        found.extend(handles::by_value(&session, spellings.iter().map(String::as_str), limit).await?);
        found.extend(handles::by_name(&session, text, limit).await?);
        let mut seen = HashSet::new();
        let mut customers: Vec<Uuid> =
            found.iter().map(|row| row.customer).filter(|customer| seen.insert(*customer)).collect();
        customers.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        self.briefs(&session, &customers).await
    }

    /// What a person may have meant as the value of a handle.
    fn spellings(&self, text: &str) -> BTreeSet<String> {
        let (rules, plan) = (&self.current.knowledge.rules, self.current.knowledge.plans.fallback());
        let canonical = |scheme| Handle::new(scheme, "", text, rules, plan, None).ok();
        let mut spellings: BTreeSet<String> =
            ["phone", "email"].into_iter().filter_map(canonical).map(|handle| handle.value().to_owned()).collect();
        spellings.insert(text.to_owned());
        spellings.insert(text.to_lowercase());
        spellings
    }

    pub(super) async fn briefs(&self, session: &Session<'_>, customers: &[Uuid]) -> Result<Vec<Brief>, StoreError> {
        let fields = &self.current.knowledge.profile;
        let known = standing(session, &customers.iter().copied().collect(), fields).await?;
        let questions: Vec<(Uuid, Uuid, Timestamp)> =
            customers.iter().map(|customer| (*customer, Uuid::nil(), end_of_time())).collect();
        let mut past: HashMap<Uuid, Vec<Cdr>> = HashMap::new();
        for (customer, _, cdr) in session.ask(cdrs::last_before(&questions)).await? {
            past.entry(customer).or_default().push(cdr);
        }
        let nothing = Standing::default();
        Ok(customers
            .iter()
            .map(|customer| {
                let known = known.get(customer).unwrap_or(&nothing);
                let past = past.get(customer).map(Vec::as_slice).unwrap_or_default();
                let last = last_contact(past, end_of_time(), Uuid::nil());
                brief(*customer, &known.fields, &known.tags, last, fields)
            })
            .collect())
    }

    /// Who a handle belongs to. `site` (a connector's source) and `trunk` say how its number is written.
    pub async fn who(&self, raw: &RawHandle, site: &str, trunk: Option<&str>) -> Result<Who, StoreError> {
        let knowledge = &self.current.knowledge;
        let plan = knowledge.plans.of(site);
        let nobody = Who { certainty: Certainty::None, candidates: Vec::new() };
        let Ok(handle) = Handle::new(&raw.scheme, &raw.scope, &raw.value, &knowledge.rules, plan, trunk) else {
            return Ok(nobody);
        };
        let session = self.store.reading();
        let rows = session.ask(handles::by_id([handle.id()])).await?;
        let Some(handle) = rows.first() else { return Ok(nobody) };
        let asked = Asked { conversation: Uuid::nil(), handle, before: end_of_time() };
        let mut answers = presume(&session, &[asked], &knowledge.profile).await?;
        Ok(answers
            .remove(&Uuid::nil())
            .map_or(nobody, |presumed| Who { certainty: presumed.certainty, candidates: presumed.candidates }))
    }

    /// A customer's conversations that started before `before`, the newest first; chats with their messages.
    pub async fn timeline(
        &self,
        customer: Uuid,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        let filter = CdrFilter { customer: Some(customer), until: before, limit, ..CdrFilter::default() };
        let records = self.cdrs(&filter).await?;
        let chats = records.iter().filter(|cdr| cdr.medium == Medium::Chat).map(|cdr| cdr.id);
        let mut messages = self.messages(chats.collect()).await?;
        Ok(records
            .into_iter()
            .map(|cdr| TimelineEntry {
                at: cdr.started.unwrap_or(Timestamp::EPOCH),
                messages: messages.remove(&cdr.id).unwrap_or_default(),
                cdr,
            })
            .collect())
    }

    async fn messages(&self, chats: Vec<Uuid>) -> Result<HashMap<Uuid, Vec<MessageView>>, StoreError> {
        if chats.is_empty() {
            return Ok(HashMap::new());
        }
        let session = self.store.reading();
        let sets = session.ask(conversations::sets_of(chats)).await?;
        let root_of: HashMap<Uuid, Uuid> = sets.iter().map(|row| (row.id, row.root)).collect();
        let told = events::of_conversations(&session, root_of.keys().copied()).await?;
        let mut messages: HashMap<Uuid, Vec<MessageView>> = HashMap::new();
        for (conversation, event, _) in told {
            if let Some(view) = message_view(event) {
                messages.entry(root_of[&conversation]).or_default().push(view);
            }
        }
        for of_one in messages.values_mut() {
            of_one.sort_by(|a, b| (a.at, &a.text).cmp(&(b.at, &b.text)));
        }
        Ok(messages)
    }

    /// The record of the conversation that `id` names now, were it the id of a call that was joined to another.
    pub async fn cdr(&self, id: Uuid) -> Result<Option<Cdr>, StoreError> {
        let session = self.store.reading();
        let found = cdrs::of_conversation(&session, id).await?;
        Ok(with_customers(&session, &self.declared, found.into_iter().collect()).await?.pop())
    }

    /// What was told of a conversation's record, the oldest revision first; empty for an open one.
    pub async fn revisions(&self, id: Uuid) -> Result<Vec<RevisionView>, StoreError> {
        self.store.reading().ask(revisions::of_conversation(id)).await
    }

    /// Conversation records, the newest first.
    pub async fn cdrs(&self, filter: &CdrFilter) -> Result<Vec<Cdr>, StoreError> {
        let session = self.store.reading();
        let mut query = CdrQuery::from(filter);
        if let Some(customer) = filter.customer {
            query.handles = Some(held_by(&session, customer).await?);
        }
        if let Some(number) = &filter.number {
            let spellings = self.spellings(number);
            let rows = handles::by_value(&session, spellings.iter().map(String::as_str), 50).await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            query.handles = Some(match query.handles {
                Some(his) => his.into_iter().filter(|held| ids.contains(&held.handle)).collect(),
                None => ids.into_iter().map(Held::always).collect(),
            });
        }
        let found = cdrs::list(&session, &query).await?;
        with_customers(&session, &self.declared, found).await
    }

    /// Why a customer's handles are one customer, and why others are not: all evidence at them, the oldest first.
    pub async fn explain(&self, customer: Uuid) -> Result<Vec<LinkView>, StoreError> {
        let session = self.store.reading();
        let his = session.ask(handles::of_customers([customer])).await?;
        // At a handle that thousands share there are thousands of pieces that join nobody.
        let own = his.iter().filter(|row| !row.generic).map(|row| row.id);
        let pieces = evidence::at_handles(&session, own).await?;
        let ends: BTreeSet<Uuid> = pieces.iter().flat_map(|piece| [piece.a, piece.b]).collect();
        let rows = session.ask(handles::by_id(ends)).await?;
        let keys: BTreeMap<Uuid, String> = rows.iter().map(|row| (row.id, key_of(row))).collect();
        let key = |id: &Uuid| keys.get(id).cloned().unwrap_or_else(|| id.to_string());
        let mut links: Vec<LinkView> = pieces
            .into_iter()
            .map(|piece| LinkView {
                a: key(&piece.a),
                b: key(&piece.b),
                strength: piece.strength,
                origin: piece.origin,
                event: piece.event.uuid(),
                at: piece.first_at,
                source: piece.source,
                verdict: piece.judgement.verdict,
                rule_version: piece.judgement.rule_version,
                actor: piece.actor,
                reason: piece.reason,
            })
            .collect();
        links.sort_by(|a, b| (a.at, &a.a, &a.b, a.event).cmp(&(b.at, &b.a, &b.b, b.event)));
        Ok(links)
    }

    /// The joins and splits that a customer went through, the newest first.
    pub async fn turns(&self, customer: Uuid) -> Result<Vec<TurnView>, StoreError> {
        let session = self.store.reading();
        let his = session.ask(handles::of_customers([customer])).await?;
        evidence::turns_of(&session, his.iter().map(|row| row.id)).await
    }

    /// Pops of calls that are alive, at this extension or of this agent; all if neither is given. The oldest first.
    pub async fn live_pops(
        &self,
        extension: Option<&str>,
        agent: Option<&str>,
    ) -> Result<Vec<LivePopView>, StoreError> {
        let live = pops::of_agent(&self.store.reading(), extension, agent).await?;
        Ok(live.into_iter().map(|live| LivePopView { pop: live.pop, answered: live.answered }).collect())
    }
}

/// Later than anything that happens.
pub(super) fn end_of_time() -> Timestamp {
    Timestamp::EPOCH.plus(time::Duration::MAX)
}

/// What hangs on what, and since when, is a customer's: his handles that are his alone, and contacts that were his once.
async fn held_by(session: &Session<'_>, customer: Uuid) -> Result<Vec<Held>, StoreError> {
    let rows = session.ask(handles::of_customers([customer])).await?;
    let mut held = session.ask(handles::formerly_of(rows.iter().map(|row| row.id))).await?;
    let own = rows.iter().filter(|row| !row.shared && !row.generic);
    held.extend(own.map(|row| Held { from: row.since(), ..Held::always(row.id) }));
    Ok(held)
}

/// Records as they are now, with whose they are.
pub(super) async fn with_customers(
    session: &Session<'_>,
    declared: &Declared,
    found: Vec<StoredCdr>,
) -> Result<Vec<Cdr>, StoreError> {
    let found = present(session, declared, found).await?;
    let ids: BTreeSet<Uuid> = found.iter().filter_map(|stored| stored.subject_handle).collect();
    let mut rows: HashMap<Uuid, HandleRow> =
        session.ask(handles::by_id(ids)).await?.into_iter().map(|row| (row.id, row)).collect();
    let owners: BTreeSet<Uuid> = former_owners(&rows);
    if !owners.is_empty() {
        rows.extend(session.ask(handles::by_id(owners)).await?.into_iter().map(|row| (row.id, row)));
    }
    Ok(found
        .into_iter()
        .map(|stored| {
            let customer = stored.subject_handle.and_then(|id| customer_at(&rows, id, stored.cdr.started));
            Cdr { customer, ..stored.cdr }
        })
        .collect())
}

/// Whose handles must be known to say whose some handles were.
pub(super) fn former_owners(rows: &HashMap<Uuid, HandleRow>) -> BTreeSet<Uuid> {
    rows.values().flat_map(|row| row.former.iter().filter_map(|tenure| tenure.owner)).collect()
}

/// Whose a record is that hangs on a handle. One on a handle that several share is nobody's.
pub(super) fn customer_at(rows: &HashMap<Uuid, HandleRow>, handle: Uuid, started: Option<Timestamp>) -> Option<Uuid> {
    let holder = rows.get(&handle)?.holder(started.unwrap_or(Timestamp::EPOCH))?;
    rows.get(&holder).map(|row| row.customer)
}

fn field_view(chosen: Chosen, rules: &ProfileRules) -> FieldView {
    let group = rules.rule(&chosen.field).group.word().to_owned();
    let rule = if chosen.source == COMPUTED { COMPUTED } else { rules.strategy(&chosen.field).word() }.to_owned();
    let Chosen { field: name, value, source, at } = chosen;
    FieldView { name, value, source, at, group, rule, age_s: None }
}

fn handle_view(row: HandleRow) -> HandleView {
    HandleView {
        scheme: row.scheme,
        scope: row.scope,
        value: row.value,
        first_seen: row.seen.first,
        last_seen: row.seen.last,
        generic: row.generic,
        shared: row.shared,
    }
}

pub(super) fn key_of(row: &HandleRow) -> String {
    row.handle().key()
}

fn message_view(event: Event) -> Option<MessageView> {
    let Body::ChatMessage(message) = event.body else { return None };
    Some(MessageView {
        at: message.written_at.unwrap_or(event.time),
        author: message.author,
        text: said_in(&message.content),
        author_id: message.author_id,
    })
}

/// A message in a line: its text, or a word for what it is (`[image/png]`).
pub(super) fn said_in(content: &Content) -> String {
    match content {
        Content::Text { text } => text.clone(),
        Content::Media { media_type, name: Some(name), .. } => format!("[{media_type}] {name}"),
        Content::Media { media_type, .. } => format!("[{media_type}]"),
        Content::Location { label: Some(label), .. } => format!("[location] {label}"),
        Content::Location { latitude, longitude, .. } => format!("[location] {latitude}, {longitude}"),
        Content::Unsupported { native_kind } => format!("[{native_kind}]"),
    }
}
