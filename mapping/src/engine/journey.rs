//! A customer's whole journey, a page at a time.

use std::collections::{BTreeSet, HashMap};

use trunkline_events::activity::{PresencePage, TicketChanged};
use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::records::{Records, end_of_time, said_in, with_customers};
use crate::store::{
    Answers, Bundle, PageQuery, StoreError, StoredCdr, TouchRow, agents, events, handles, touch_points,
};
use crate::view::{Place, TimelineFilter, TimelinePage, TouchKind, TouchPoint};

/// Entries of a page where nobody says how many, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 200;

impl Records {
    /// A page of everything that happened with a customer, the newest first; `None` for an id that is nobody's.
    ///
    /// Pages follow one another by place and not by number: what comes in meanwhile moves nothing. Reads no more of each of
    /// the customer's handles than the page has, but where an agent or a medium is asked for that is rare.
    pub async fn journey(&self, customer: Uuid, filter: &TimelineFilter) -> Result<Option<TimelinePage>, StoreError> {
        let session = self.store.reading();
        if session.ask(handles::by_id([customer])).await?.is_empty() {
            return Ok(None);
        }
        let limit = if filter.limit == 0 { USUAL } else { filter.limit.min(MOST) };
        let asked = self.page_query(customer, filter, limit + 1).await?;
        let wants = |conversation: bool| {
            filter.kinds.is_empty() || filter.kinds.iter().any(|kind| kind.is_conversation() == conversation)
        };
        let mut bundle = Bundle::new("read a journey");
        let touched = wants(false).then(|| bundle.ask(touch_points::page(&asked, session.is_postgres())));
        let talked = wants(true).then(|| bundle.ask(touch_points::records(&asked, session.is_postgres())));
        let mut answers = self.in_order(bundle).await?;
        let mut entries: Vec<Entry> = Vec::new();
        if let Some(place) = touched {
            entries.extend(answers.take(&place)?.into_iter().map(Entry::Told));
        }
        if let Some(place) = talked {
            entries.extend(answers.take(&place)?.into_iter().map(|stored| Entry::Talked(Box::new(stored))));
        }
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.place()));
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let next = entries.last().filter(|_| more).map(|last| Place::from(last.place()).to_string());
        Ok(Some(TimelinePage { items: self.told(entries).await?, next }))
    }

    async fn page_query(&self, customer: Uuid, filter: &TimelineFilter, limit: u32) -> Result<PageQuery, StoreError> {
        let mut logins = BTreeSet::new();
        if let Some(agent) = &filter.agent {
            logins.insert(agent.clone());
            let his = self.store.reading().ask(agents::logins(Some(agent))).await?;
            logins.extend(his.into_iter().map(|row| row.login));
        }
        let until = filter.until.map(|until| (until, Uuid::nil()));
        let after = filter.after.map(|Place { at, id }| (at, id));
        Ok(PageQuery {
            customer,
            before: until.into_iter().chain(after).min().unwrap_or((end_of_time(), Uuid::max())),
            since: filter.since.unwrap_or_else(beginning_of_time),
            kinds: filter.kinds.iter().map(|kind| kind.word().to_owned()).collect(),
            medium: filter.medium.clone().unwrap_or_default(),
            agents: logins,
            limit,
        })
    }

    /// The last records of a customer that started before `before`, the newest first.
    pub(super) async fn last_records(&self, customer: Uuid, limit: u32) -> Result<Vec<Cdr>, StoreError> {
        let session = self.store.reading();
        let asked = self.page_query(customer, &TimelineFilter::default(), limit).await?;
        let mut bundle = Bundle::new("read last records");
        let found = bundle.ask(touch_points::records(&asked, session.is_postgres()));
        let found = self.in_order(bundle).await?.take(&found)?;
        Ok(found.into_iter().map(|stored| stored.cdr).collect())
    }

    async fn in_order(&self, bundle: Bundle) -> Result<Answers, StoreError> {
        let transaction = self.store.begin_reading_in_order().await?;
        let answers = transaction.session().together(bundle).await?;
        transaction.rollback().await?;
        Ok(answers)
    }

    async fn told(&self, entries: Vec<Entry>) -> Result<Vec<TouchPoint>, StoreError> {
        let session = self.store.reading();
        let (mut ids, mut records) = (Vec::new(), Vec::new());
        for entry in &entries {
            match entry {
                Entry::Told(row) => ids.push(EventId::from_uuid(row.id)),
                Entry::Talked(stored) => records.push((**stored).clone()),
            }
        }
        let events = if ids.is_empty() { Vec::new() } else { events::by_id(&session, ids).await? };
        let events: Vec<_> = events.into_iter().map(|(event, set)| ((), event, set)).collect();
        let events = self.declared.map_again(&session, events).await?;
        let events: HashMap<Uuid, Event> = events.into_iter().map(|((), event)| (event.id.uuid(), event)).collect();
        let records = with_customers(&session, &self.declared, records).await?;
        let mut records: HashMap<Uuid, Cdr> = records.into_iter().map(|cdr| (cdr.id, cdr)).collect();
        let point = |entry: Entry| match entry {
            Entry::Told(row) => told(row, &events),
            Entry::Talked(stored) => records.remove(&stored.cdr.id).map(|cdr| talked(began(&stored), cdr)),
        };
        Ok(entries.into_iter().filter_map(point).collect())
    }
}

fn beginning_of_time() -> Timestamp {
    Timestamp::EPOCH.plus(time::Duration::MIN)
}

/// One entry before its text is read.
enum Entry {
    Told(TouchRow),
    Talked(Box<StoredCdr>),
}

impl Entry {
    fn place(&self) -> (Timestamp, Uuid) {
        match self {
            Self::Told(row) => (row.at, row.id),
            Self::Talked(stored) => (began(stored), stored.cdr.id),
        }
    }
}

/// As it is sorted by; a record that is folded anew may say otherwise.
fn began(stored: &StoredCdr) -> Timestamp {
    stored.cdr.started.unwrap_or(Timestamp::EPOCH)
}

fn talked(at: Timestamp, cdr: Cdr) -> TouchPoint {
    let (kind, medium) = match cdr.medium {
        Medium::Voice => (TouchKind::Call, "voice"),
        Medium::Chat => (TouchKind::Chat, "chat"),
    };
    let agent = cdr.legs.iter().rev().find_map(|leg| leg.agent.clone());
    let last_remark = cdr.remarks.iter().max_by_key(|remark| remark.at).map(|remark| remark.text.clone());
    TouchPoint {
        at,
        id: cdr.id,
        kind,
        medium: medium.to_owned(),
        source: cdr.source.clone(),
        agent,
        text: last_remark.unwrap_or_default(),
        conversation: Some(cdr.id),
        cdr: Some(cdr),
    }
}

/// An event that is gone from the archive has nothing to be shown.
fn told(row: TouchRow, events: &HashMap<Uuid, Event>) -> Option<TouchPoint> {
    let event = events.get(&row.id)?;
    Some(TouchPoint {
        at: row.at,
        id: row.id,
        kind: TouchKind::from_word(&row.kind)?,
        medium: row.medium,
        source: event.source.clone(),
        agent: row.agent,
        text: text(&event.body),
        conversation: row.conversation,
        cdr: None,
    })
}

/// What happened, in a line.
fn text(body: &Body) -> String {
    match body {
        Body::ChatMessage(said) => said_in(&said.content),
        Body::CdrRemarked(remarked) => remarked.text.clone(),
        Body::MailMessage(mail) => format!("{} {}", if mail.inbound { "from him:" } else { "to him:" }, mail.subject),
        Body::TicketChanged(TicketChanged { ticket, status, title, .. }) => format!("{ticket} {status}: {title}"),
        Body::PresenceOnline(there) => there.channel.clone(),
        Body::PresenceOffline(gone) => gone.channel.clone(),
        Body::PresencePage(page) => looked_at(page),
        Body::ContextBreakpoint(left) => format!("{}: {}", left.flow, left.step),
        Body::CustomerTag(tag) => format!("{}{}", if tag.set { '+' } else { '-' }, tag.tag),
        _ => String::new(),
    }
}

fn looked_at(page: &PresencePage) -> String {
    let name = page.title.as_ref().unwrap_or(&page.page);
    let searched = page.search.as_ref().map_or(String::new(), |search| format!(" (searched: {search})"));
    let stayed = page.dwell_ms.map_or(String::new(), |dwell| format!(" ({} s)", dwell / 1000));
    format!("{name}{searched}{stayed}")
}
