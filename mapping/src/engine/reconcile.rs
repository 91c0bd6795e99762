//! Our records of a stretch of time held against the switches', and what was found told to the records.

use std::collections::{BTreeMap, HashMap, HashSet};

use time::{Date, Duration};
use trunkline_events::cdr::{Cdr, Reconciled, Report, SwitchFigures};
use trunkline_events::{Body, Event, EventId, Timestamp};
use uuid::Uuid;

use super::apply::{EngineError, post};
use super::derive::Derived;
use super::{Applied, Derivation, Engine};
use crate::cdr::{Match, Recorded, Seen, Tolerance, reconcile};
use crate::store::{Bundle, StoreError, StoredCdr, cdrs, switch_records};
use crate::view::{MatchView, ReconciliationView, SeenView, UnseenView};
use crate::zone::Zone;

/// Who tells that a record of a switch was found.
const SOURCE: &str = "/reconciliation";
/// Records of ours that are read in one statement.
const PAGE: u32 = 2_000;
/// Events that are applied in one transaction.
const BATCH: usize = 200;
/// Records that a report names one by one, of each kind; their numbers are told in full.
const NAMED: usize = 1_000;

/// What to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Calls that ended then or later.
    pub from: Timestamp,
    /// Calls that ended before.
    pub to: Timestamp,
    /// How far both sides may be apart.
    pub tolerance: Tolerance,
}

/// A comparison, and what it says to the records that it matched.
#[derive(Debug, Clone)]
pub struct Compared {
    /// For people.
    pub view: ReconciliationView,
    /// Not known to the records yet.
    news: Vec<Reconciled>,
}

impl Engine {
    /// Compares the calls of a stretch of time; changes nothing. Holds the stretch's records in memory: a day at a time is
    /// meant, some hundred bytes a call.
    pub async fn compare(&self, stretch: &Stretch) -> Result<Compared, StoreError> {
        // What ends just outside may be the other half of a pair.
        let (from, to) = (stretch.from.plus(-stretch.tolerance.end), stretch.to.plus(stretch.tolerance.end));
        let theirs = self.store.switch_records(from, to).await?;
        let (mut ours, mut figures) = (Vec::new(), HashMap::new());
        let mut after = None;
        loop {
            let page = cdrs::ended_between(&self.store.reading(), from, to, after, PAGE).await?;
            after = page.last().and_then(|stored| Some((stored.cdr.ended?, stored.cdr.id)));
            let last = page.len() < PAGE as usize;
            for StoredCdr { cdr, sealed, .. } in page {
                ours.push(Seen::from(&cdr));
                figures.insert(cdr.id, Known::of(&cdr, sealed));
            }
            if last {
                break;
            }
        }
        Ok(assemble(stretch, &ours, &theirs, &figures))
    }

    /// Tells the matched records the switch's figures: each gets its next revision. Gives what was derived.
    /// Doing it again tells nothing new.
    pub async fn tell_matches(&self, compared: &Compared, now: Timestamp) -> Result<Applied, EngineError> {
        let mut all = Applied::default();
        let events: Vec<Event> = compared.news.iter().map(|news| found(news, now)).collect();
        for batch in events.chunks(BATCH) {
            let applied = self.apply(batch).await?;
            all.new += applied.new;
            all.derived.extend(applied.derived);
        }
        Ok(all)
    }

    /// Compares a day of a zone, tells the matches, keeps the report and tells the bus of it once. `replace` for a report
    /// that a person asked for: it takes the place of an earlier one.
    pub async fn report_day(
        &self,
        day: Date,
        zone: Zone,
        tolerance: Tolerance,
        now: Timestamp,
        replace: bool,
    ) -> Result<(ReconciliationView, Vec<Derivation>), EngineError> {
        let (from, to) = zone.bounds(day);
        let compared = self.compare(&Stretch { from, to, tolerance }).await.map_err(EngineError::Unavailable)?;
        let mut derived = self.tell_matches(&compared, now).await?.derived;
        let mut view = compared.view;
        (view.day, view.zone) = (Some(day.to_string()), Some(zone.to_string()));
        derived.extend(self.keep(&view, now, replace).await.map_err(EngineError::Unavailable)?);
        Ok((view, derived))
    }

    async fn keep(
        &self,
        view: &ReconciliationView,
        now: Timestamp,
        replace: bool,
    ) -> Result<Vec<Derivation>, StoreError> {
        let day = view.day.as_deref().unwrap_or_default();
        let transaction = self.store.begin().await?;
        if !switch_records::keep_report(&transaction.session(), day, now, view, replace).await? {
            transaction.rollback().await?;
            return Ok(Vec::new());
        }
        let report = Report {
            day: day.to_owned(),
            zone: view.zone.clone().unwrap_or_default(),
            matched: view.matched,
            differing: view.differing,
            only_in_events: view.only_in_events,
            only_at_switch: view.only_at_switch,
        };
        let turn = format!("{} {} {} {}", view.matched, view.differing, view.only_in_events, view.only_at_switch);
        let mut derived = Derived::default();
        derived.report(day, &turn, now, Body::CdrReport(report));
        let told = post(&transaction.session(), Bundle::new("tell of a report"), derived).await?;
        transaction.commit().await?;
        self.outbox.notify_one();
        Ok(told)
    }
}

/// What a record of ours knows of the switch's already.
struct Known {
    switch: Option<(Uuid, u8)>,
    /// It can learn nothing more.
    sealed: bool,
}

impl Known {
    fn of(cdr: &Cdr, sealed: bool) -> Self {
        Self { switch: cdr.switch.as_ref().map(|figures| (figures.id, figures.confidence)), sealed }
    }
}

fn assemble(stretch: &Stretch, ours: &[Seen], theirs: &[Recorded], known: &HashMap<Uuid, Known>) -> Compared {
    let done = reconcile(ours, theirs, &stretch.tolerance);
    let within = |ended: Option<Timestamp>| ended.is_some_and(|at| at >= stretch.from && at < stretch.to);
    let seen: HashMap<Uuid, &Seen> = ours.iter().map(|one| (one.id, one)).collect();
    let recorded: BTreeMap<Uuid, &Recorded> = theirs.iter().map(|one| (one.id, one)).collect();
    // A pair belongs to the stretch in which our record ended.
    let matches: Vec<&Match> = done.matches.iter().filter(|one| within(seen[&one.cdr].ended)).collect();
    let ours_alone: Vec<&Seen> =
        done.only_in_events.iter().map(|id| seen[id]).filter(|one| within(one.ended)).collect();
    let theirs_alone: Vec<&Recorded> =
        done.only_at_switch.iter().map(|id| recorded[id]).filter(|one| within(one.record.ended)).collect();
    let differing: Vec<&&Match> = matches.iter().filter(|one| !one.differences.is_empty()).collect();
    let count = |number: usize| number as u64;
    let ucids: HashSet<&str> = matches.iter().filter_map(|one| recorded[&one.record].record.ucid.as_deref()).collect();
    let view = ReconciliationView {
        day: None,
        zone: None,
        from: stretch.from,
        to: stretch.to,
        matched: count(matches.len()),
        differing: count(differing.len()),
        only_in_events: count(ours_alone.len()),
        only_at_switch: count(theirs_alone.len()),
        differences: differing.iter().take(NAMED).map(|one| match_view(one)).collect(),
        events: ours_alone.iter().take(NAMED).map(|one| seen_view(one)).collect(),
        switch: theirs_alone
            .iter()
            .take(NAMED)
            .map(|one| UnseenView {
                id: one.id,
                record: one.record.clone(),
                call_matched: one.record.ucid.as_deref().is_some_and(|ucid| ucids.contains(ucid)),
            })
            .collect(),
    };
    let news = matches
        .iter()
        .filter(|one| {
            known.get(&one.cdr).is_some_and(|known| {
                !known.sealed && known.switch.is_none_or(|(id, sure)| id != one.record && sure < one.confidence)
            })
        })
        .map(|one| news(one, recorded[&one.record]))
        .collect();
    Compared { view, news }
}

fn news(found: &Match, recorded: &Recorded) -> Reconciled {
    Reconciled {
        cdr: found.cdr,
        figures: SwitchFigures {
            id: found.record,
            record: recorded.record.clone(),
            confidence: found.confidence,
            reason: found.reason.clone(),
        },
    }
}

/// The event that tells a record what the switch's says: the same each time it is found.
fn found(news: &Reconciled, now: Timestamp) -> Event {
    let (cdr, turn) = (news.cdr.to_string(), format!("{} {}", news.figures.id, news.figures.confidence));
    let body = Body::CdrReconciled(news.clone());
    Event {
        id: EventId::derive(SOURCE, &cdr, body.event_type(), &turn),
        source: SOURCE.to_owned(),
        subject: Some(cdr.clone()),
        time: now,
        received: now,
        partition_key: cdr,
        causation: None,
        sequence: None,
        body,
    }
}

fn match_view(one: &Match) -> MatchView {
    MatchView {
        cdr: one.cdr,
        record: one.record,
        confidence: one.confidence,
        reason: one.reason.clone(),
        differences: one.differences.clone(),
    }
}

fn seen_view(one: &Seen) -> SeenView {
    SeenView {
        cdr: one.id,
        source: one.source.clone(),
        customer: one.customer.clone(),
        started: one.started,
        ended: one.ended,
        outcome: one.outcome,
    }
}

/// The longest stretch that is compared at once, since it is held in memory: the longest day of a zone.
pub const LONGEST: Duration = Duration::hours(25);
