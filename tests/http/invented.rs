//! Records in memory: invented customers, calls and chats.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use trunkline::http::access::Seat;
use trunkline::http::figures::{Figures, Lines, Period, Play, Played, Queues};
use trunkline::http::parts::{
    Answer, AuditEntry, Books, CdrFilter, Change, ConnectorView, DeadLetterView, Decided, Letters, LettersDone,
    LivePop, NewToken, Operations, PartError, Reconcile, Records, RetentionView, Token,
};
use trunkline::http::rules::{Rehearsed, Rules};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Remark, SwitchRecord};
use trunkline_events::customer::{RawHandle, Strength};
use trunkline_events::pop::{Brief, Certainty, LastContact};
use trunkline_mapping::counts::{HotspotView, Response, ResponseView, Subject};
use trunkline_mapping::engine::Rebuild;
use trunkline_mapping::identity::Question;
use trunkline_mapping::profile::Login;
use trunkline_mapping::rules::{File, Rehearsal};
use trunkline_mapping::view::{
    BooksView, ConflictDetail, ConflictView, CustomerView, EventRulesView, LinkView, QueueBooksView, RebuiltPage,
    ReconciliationView, RehearsalView, RetiredView, RevisionView, RuleVersionView, TimelineEntry, Who,
};
use uuid::Uuid;

/// What is stored.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) customers: Vec<CustomerView>,
    pub(crate) timelines: Vec<(Uuid, TimelineEntry)>,
    pub(crate) live: Vec<LivePop>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) decided: Vec<(String, String)>,
    pub(crate) dead: Vec<DeadLetterView>,
    pub(crate) paused: Vec<String>,
    pub(crate) rebuilt: Vec<Rebuild>,
    pub(crate) switch_records: Vec<SwitchRecord>,
    pub(crate) reconciled: Vec<(Reconcile, bool)>,
    /// Agent and login.
    pub(crate) linked: Vec<(String, Login)>,
    /// Every question is answered so much later.
    pub(crate) slow: Duration,
    /// Every question is answered with an error.
    pub(crate) away: bool,
    /// Nothing can be written to the audit log.
    pub(crate) log_away: bool,
    /// Applied rules, the oldest first.
    pub(crate) rules: Vec<RuleVersionView>,
    /// Why the daemon is not ready.
    pub(crate) unready: Vec<String>,
}

/// The store and the operations of these tests.
#[derive(Default)]
pub(crate) struct Invented(Mutex<Stored>);

pub(crate) fn now() -> Timestamp {
    OffsetDateTime::now_utc().into()
}

impl Invented {
    pub(crate) fn stored(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token(&self, name: &str, scopes: &[&str], extension: Option<&str>, agent: Option<&str>) -> Token {
        let token = Token {
            id: Uuid::now_v7(),
            name: name.into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            agent: agent.map(Into::into),
            extension: extension.map(Into::into),
            created: now(),
            expires: None,
            revoked: None,
        };
        self.stored().tokens.insert(name.into(), token.clone());
        token
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        self.stored().audit.iter().map(|entry| format!("{} {}", entry.actor, entry.action)).collect()
    }

    pub(crate) async fn asked(&self) -> Answer<()> {
        let (slow, away) = {
            let stored = self.stored();
            (stored.slow, stored.away)
        };
        if !slow.is_zero() {
            tokio::time::sleep(slow).await;
        }
        if away {
            return Err(PartError::Unavailable { what: "the store", reason: "postgres://secret@db refused".into() });
        }
        Ok(())
    }
}

fn brief(stored: &Stored, customer: &CustomerView) -> Brief {
    let mut theirs: Vec<_> = stored.timelines.iter().filter(|(owner, _)| *owner == customer.customer).collect();
    theirs.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
    let last_contact = theirs.first().map(|(_, entry)| LastContact {
        at: entry.at,
        channel: entry.cdr.channel.clone(),
        remark: entry.cdr.remarks.last().map(|remark| remark.text.clone()),
    });
    let tags = customer.tags.iter().map(|tag| tag.tag.clone()).collect();
    Brief { customer: customer.customer, name: customer.name.clone(), tags, last_contact }
}

fn report(day: Option<String>) -> ReconciliationView {
    ReconciliationView {
        day,
        zone: None,
        from: now(),
        to: now(),
        matched: 2,
        differing: 0,
        only_in_events: 1,
        only_at_switch: 0,
        differences: Vec::new(),
        events: Vec::new(),
        switch: Vec::new(),
    }
}

fn has(customer: &CustomerView, value: &str) -> bool {
    let digits = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    customer.handles.iter().any(|handle| {
        handle.value == value || (digits(value).len() >= 8 && digits(&handle.value).ends_with(&digits(value)))
    })
}

#[async_trait]
impl Records for Invented {
    async fn customer(&self, id: Uuid) -> Answer<Option<CustomerView>> {
        self.asked().await?;
        Ok(self.stored().customers.iter().find(|customer| customer.customer == id).cloned())
    }

    async fn find_customers(&self, text: &str, limit: u32) -> Answer<Vec<Brief>> {
        self.asked().await?;
        let stored = self.stored();
        let named = |customer: &&CustomerView| {
            has(customer, text) || customer.name.as_deref().is_some_and(|name| name.starts_with(text))
        };
        let found = stored.customers.iter().filter(named).take(limit as usize);
        Ok(found.map(|customer| brief(&stored, customer)).collect())
    }

    async fn who(&self, handle: &RawHandle) -> Answer<Who> {
        self.asked().await?;
        let stored = self.stored();
        let found = stored.customers.iter().filter(|customer| has(customer, &handle.value));
        let candidates: Vec<_> = found.map(|customer| brief(&stored, customer)).collect();
        let certainty = match candidates.len() {
            0 => Certainty::None,
            1 => Certainty::One,
            _ => Certainty::Many,
        };
        Ok(Who { certainty, candidates })
    }

    async fn timeline(&self, customer: Uuid, before: Option<Timestamp>, limit: u32) -> Answer<Vec<TimelineEntry>> {
        self.asked().await?;
        let stored = self.stored();
        let of = stored.timelines.iter().filter(|(owner, _)| *owner == customer).map(|(_, entry)| entry);
        let mut entries: Vec<_> = of.filter(|entry| before.is_none_or(|before| entry.at < before)).cloned().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries.truncate(limit as usize);
        Ok(entries)
    }

    async fn cdr(&self, id: Uuid) -> Answer<Option<Cdr>> {
        self.asked().await?;
        Ok(self.stored().timelines.iter().map(|(_, entry)| &entry.cdr).find(|cdr| cdr.id == id).cloned())
    }

    async fn cdrs(&self, filter: &CdrFilter) -> Answer<Vec<Cdr>> {
        self.asked().await?;
        let stored = self.stored();
        let fits = |cdr: &&Cdr| {
            filter.customer.is_none_or(|customer| cdr.customer == Some(customer))
                && filter.since.is_none_or(|since| cdr.started >= Some(since))
        };
        let found = stored.timelines.iter().map(|(_, entry)| &entry.cdr).filter(fits);
        Ok(found.take(filter.limit as usize).cloned().collect())
    }

    async fn explain(&self, customer: Uuid) -> Answer<Vec<LinkView>> {
        self.asked().await?;
        Ok(vec![LinkView {
            a: "phone::+8613800138001".into(),
            b: "account_no:bank:10086".into(),
            strength: Strength::Strong,
            origin: "observed".into(),
            event: customer,
            at: now(),
            source: "/connectors/chat".into(),
            verdict: "joined".into(),
            rule_version: "1".into(),
            actor: None,
            reason: None,
        }])
    }

    async fn live_pops(&self, _: &Seat) -> Answer<Vec<LivePop>> {
        self.asked().await?;
        Ok(self.stored().live.clone())
    }

    async fn remark(&self, cdr: Uuid, author: &str, text: &str) -> Answer<()> {
        self.asked().await?;
        let mut stored = self.stored();
        let remark = Remark { author: author.into(), at: now(), text: text.into() };
        let found = stored.timelines.iter_mut().map(|(_, entry)| &mut entry.cdr).find(|held| held.id == cdr);
        if let Some(held) = found {
            held.remarks.retain(|held| held.author != author);
            held.remarks.push(remark);
        }
        Ok(())
    }

    async fn merge(&self, customer: Uuid, other: Uuid, decided: Decided<'_>) -> Answer<Change> {
        self.asked().await?;
        self.stored().decided.push((decided.actor.into(), decided.reason.into()));
        Ok(Change { directives: vec![other], customers: vec![customer] })
    }

    async fn split(&self, customer: Uuid, _: &[RawHandle], decided: Decided<'_>) -> Answer<Change> {
        self.stored().decided.push((decided.actor.into(), decided.reason.into()));
        Ok(Change { directives: Vec::new(), customers: vec![customer] })
    }

    async fn undo(&self, _: Uuid, _: Decided<'_>) -> Answer<Change> {
        Err(PartError::Missing("there is no directive of this id".into()))
    }

    async fn conflicts(&self, _: Question, _: Option<(Timestamp, Uuid)>, _: u32) -> Answer<Vec<ConflictView>> {
        self.asked().await?;
        Ok(Vec::new())
    }

    async fn conflict(&self, _: Uuid) -> Answer<Option<ConflictDetail>> {
        self.asked().await?;
        Ok(None)
    }

    async fn decide_conflict(&self, _: Uuid, _: bool, decided: Decided<'_>) -> Answer<Change> {
        self.stored().decided.push((decided.actor.into(), decided.reason.into()));
        Err(PartError::Missing("there is no conflict of this id".into()))
    }

    async fn rehearse(&self, _: &str, _: Option<Uuid>) -> Answer<RehearsalView> {
        self.asked().await?;
        Ok(RehearsalView::default())
    }

    async fn log(&self, entry: AuditEntry) -> Answer<()> {
        self.asked().await?;
        if self.stored().log_away {
            return Err(PartError::Unavailable { what: "the store", reason: "read-only".into() });
        }
        self.stored().audit.push(entry);
        Ok(())
    }

    async fn audit_log(&self, _: Option<Timestamp>, _: u32) -> Answer<Vec<AuditEntry>> {
        Ok(self.stored().audit.clone())
    }

    async fn verify(&self, secret: &str) -> Answer<Option<Token>> {
        let token = self.stored().tokens.get(secret).cloned();
        Ok(token.filter(|token| token.revoked.is_none()))
    }

    async fn tokens(&self) -> Answer<Vec<Token>> {
        Ok(self.stored().tokens.values().cloned().collect())
    }

    async fn create_token(&self, id: Uuid, new: &NewToken) -> Answer<(Token, String)> {
        let scopes: Vec<_> = new.scopes.iter().map(String::as_str).collect();
        let token = self.token(&new.name, &scopes, new.extension.as_deref(), new.agent.as_deref());
        let token = Token { id, ..token };
        self.stored().tokens.insert(new.name.clone(), token.clone());
        Ok((token, new.name.clone()))
    }

    async fn revoke_token(&self, id: Uuid) -> Answer<bool> {
        let mut stored = self.stored();
        let found = stored.tokens.values_mut().find(|token| token.id == id && token.revoked.is_none());
        Ok(found.map(|token| token.revoked = Some(now())).is_some())
    }

    async fn revisions(&self, id: Uuid) -> Answer<Vec<RevisionView>> {
        let why = "trunkline.call.ended.v1".into();
        Ok(vec![RevisionView { record: id, revision: 1, at: now(), cause: None, why, changes: Vec::new() }])
    }

    async fn rebuild(&self, asked: &Rebuild) -> Answer<RebuiltPage> {
        self.stored().rebuilt.push(asked.clone());
        Ok(RebuiltPage { looked: 1, same: 1, ..RebuiltPage::default() })
    }

    async fn keep_switch_records(&self, records: &[SwitchRecord]) -> Answer<u64> {
        self.stored().switch_records.extend_from_slice(records);
        Ok(records.len() as u64)
    }

    async fn reconcile(&self, when: &Reconcile, dry_run: bool) -> Answer<ReconciliationView> {
        self.stored().reconciled.push((when.clone(), dry_run));
        Ok(report(None))
    }

    async fn report(&self, day: &str) -> Answer<Option<ReconciliationView>> {
        Ok((day == "2026-11-20").then(|| report(Some(day.into()))))
    }

    async fn old(&self) -> Answer<RetentionView> {
        let old = RetiredView { events: 3, ..RetiredView::default() };
        Ok(RetentionView { events_days: 90, old, ..RetentionView::default() })
    }

    async fn retire(&self) -> Answer<RetiredView> {
        Ok(RetiredView { events: 3, ..RetiredView::default() })
    }
}

#[async_trait]
impl Operations for Invented {
    async fn unready(&self) -> Vec<String> {
        self.stored().unready.clone()
    }

    fn metrics(&self) -> String {
        "trunkline_events_total 1\n".into()
    }

    async fn connectors(&self) -> Answer<Vec<ConnectorView>> {
        assert!(!self.stored().away, "the panic of these tests");
        Ok(Vec::new())
    }

    async fn pause(&self, connector: &str) -> Answer<()> {
        if connector != "avaya-bj" {
            return Err(PartError::Missing("there is no connector of this name".into()));
        }
        self.stored().paused.push(connector.into());
        Ok(())
    }

    async fn resume(&self, connector: &str) -> Answer<()> {
        self.stored().paused.retain(|paused| paused != connector);
        Ok(())
    }

    async fn books(&self, period: Period) -> Answer<Books> {
        let source = "/connectors/avaya-bj".into();
        let day = period.since.to_string()[..10].to_owned();
        let items = vec![BooksView { source, day, taken: 2, stored: 2, ..BooksView::default() }];
        Ok(Books { items, backlog: None })
    }

    async fn dead_letters(&self, _: u32) -> Answer<Vec<DeadLetterView>> {
        Ok(self.stored().dead.iter().cloned().map(|letter| DeadLetterView { body: None, ..letter }).collect())
    }

    async fn dead_letter(&self, id: Uuid) -> Answer<Option<DeadLetterView>> {
        Ok(self.stored().dead.iter().find(|letter| letter.id == id).cloned())
    }

    async fn replay(&self, letters: Letters) -> Answer<LettersDone> {
        self.purge(letters).await
    }

    async fn purge(&self, letters: Letters) -> Answer<LettersDone> {
        let mut stored = self.stored();
        let before = stored.dead.len();
        stored.dead.retain(|letter| match &letters {
            Letters::All => false,
            Letters::Ids(ids) => !ids.contains(&letter.id),
        });
        Ok(LettersDone { done: (before - stored.dead.len()) as u64, kept: 0 })
    }
}

#[async_trait]
impl Figures for Invented {
    async fn hotspots(&self, day: Option<&str>, by: Option<Subject>) -> Answer<Vec<HotspotView>> {
        let (by, day) = (by.unwrap_or(Subject::Tag), day.unwrap_or("2026-11-21").to_owned());
        Ok(vec![HotspotView { by, word: "refund".into(), day, count: 60, before: 20, spike: true }])
    }

    async fn response(&self, period: Period, queue: Option<&str>) -> Answer<Vec<ResponseView>> {
        let mut response = Response::of(queue);
        response.add(&Cdr { started: Some(period.since), queues: vec!["cards".into()], ..Cdr::default() });
        Ok(response.finish())
    }

    async fn queues(&self, _: Period) -> Answer<Queues> {
        let (queue, source) = ("cards".into(), "/connectors/avaya-bj".into());
        let items = vec![QueueBooksView { queue, source, told: 1, answered: 1, ..QueueBooksView::default() }];
        Ok(Queues { items, bus: None })
    }

    async fn record(&self, connector: &str, how_long: Duration) -> Answer<Lines> {
        let line = format!("{connector} for {} s\n", how_long.as_secs());
        Ok(Box::pin(futures_util::stream::iter([line.into()])))
    }

    async fn play(&self, part: Play) -> Answer<Played> {
        if !part.into_production {
            return Err(PartError::Conflict("this daemon is no test system".into()));
        }
        Ok(Played { taken: part.events.len() as u64 })
    }
}

#[async_trait]
impl Rules for Invented {
    async fn versions(&self, limit: u32) -> Answer<Vec<RuleVersionView>> {
        let bare = |view: &RuleVersionView| RuleVersionView { files: None, ..view.clone() };
        Ok(self.stored().rules.iter().rev().take(limit as usize).map(bare).collect())
    }

    async fn version(&self, number: Option<i64>) -> Answer<Option<RuleVersionView>> {
        let stored = self.stored();
        Ok(stored.rules.iter().rev().find(|view| number.is_none_or(|number| view.version == number)).cloned())
    }

    async fn of_event(&self, event: Uuid) -> Answer<Option<EventRulesView>> {
        let (identity, dial_plans) = ("i".into(), "d".into());
        Ok((event == Uuid::from_u128(7)).then_some(EventRulesView { event, identity, dial_plans, mapping: 1 }))
    }

    async fn rehearse(&self, _: &[File], on: Rehearsed) -> Answer<Rehearsal> {
        Ok(Rehearsal { events: u64::from(on.last), ..Rehearsal::default() })
    }

    async fn apply(&self, files: &[File], base: Option<i64>, decided: Decided<'_>) -> Answer<RuleVersionView> {
        let mut stored = self.stored();
        let counts = i64::try_from(stored.rules.len()).expect("few");
        if base.is_some_and(|base| base != counts) {
            return Err(PartError::Conflict(format!("version {counts} counts now")));
        }
        if files.is_empty() {
            return Err(PartError::Senseless("crm.toml:1: nothing there".into()));
        }
        let view = RuleVersionView {
            version: counts + 1,
            hash: "h".into(),
            applied: now(),
            actor: decided.actor.into(),
            note: decided.reason.into(),
            restored: None,
            active: true,
            files: Some(files.to_vec()),
        };
        stored.rules.push(view.clone());
        Ok(view)
    }

    async fn restore(&self, version: i64, decided: Decided<'_>) -> Answer<RuleVersionView> {
        let found = self.stored().rules.iter().find(|view| view.version == version).and_then(|view| view.files.clone());
        let Some(files) = found else { return Err(PartError::Missing(format!("there is no version {version}"))) };
        self.apply(&files, None, decided).await
    }
}
