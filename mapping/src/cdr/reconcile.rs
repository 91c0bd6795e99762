//! Our records held against the switch's own: which are of the same call, which only one side has.
//!
//! 1. The same UCID is the same call, whatever the times say.
//! 2. Else a pair must be of one source, end within the tolerance, last equally long within the tolerance where both say
//!    how long, and share a party; two UCIDs that differ are two calls. What agrees makes the confidence.
//! 3. The surest pairs come first; each record stands in one pair at most. Ids break ties, so that the order in which
//!    records are given does not show.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Duration;
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Cdr, Outcome, SwitchRecord};
use uuid::Uuid;

/// How far two clocks and two ways of counting may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Between two ends, or two beginnings.
    pub end: Duration,
    /// Between two durations.
    pub duration: Duration,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { end: Duration::seconds(5), duration: Duration::seconds(5) }
    }
}

/// What is compared of a record of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub id: Uuid,
    /// The connector that told its events.
    pub source: String,
    /// UCIDs of its calls.
    pub ucids: Vec<String>,
    /// The customer's number.
    pub customer: Option<String>,
    /// Numbers that lead to us: dialled, VDN, queues.
    pub entries: Vec<String>,
    /// Extensions of its legs.
    pub extensions: Vec<String>,
    /// Agents of its legs.
    pub agents: Vec<String>,
    /// First event.
    pub started: Option<Timestamp>,
    /// First answer.
    pub answered: Option<Timestamp>,
    /// End.
    pub ended: Option<Timestamp>,
    /// How it went.
    pub outcome: Outcome,
}

impl From<&Cdr> for Seen {
    fn from(cdr: &Cdr) -> Self {
        let entries = cdr.dialled.iter().chain(&cdr.vdn).chain(&cdr.queues).cloned().collect();
        Self {
            id: cdr.id,
            source: cdr.source.clone(),
            ucids: cdr.ucids.clone(),
            customer: cdr.customer_handle.clone(),
            entries,
            extensions: cdr.legs.iter().map(|leg| leg.extension.clone()).collect(),
            agents: cdr.legs.iter().filter_map(|leg| leg.agent.clone()).collect(),
            started: cdr.started,
            answered: cdr.answered,
            ended: cdr.ended,
            outcome: cdr.outcome,
        }
    }
}

impl Seen {
    /// From the first answer to the end; none while one of them is unknown, zero if nobody answered.
    fn duration_ms(&self) -> Option<u64> {
        let ended = self.ended?;
        let lasted = self.answered.map_or(Duration::ZERO, |answered| ended.since(answered));
        u64::try_from(lasted.whole_milliseconds()).ok()
    }

    fn has_party(&self, number: &str) -> bool {
        let parties = self.customer.iter().chain(&self.entries).chain(&self.extensions);
        parties.into_iter().any(|known| same_number(known, number))
    }
}

/// A record of the switch with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Follows from its content.
    pub id: Uuid,
    /// What it says.
    pub record: SwitchRecord,
}

/// A field that both sides tell, and not alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// `ended`, `duration_ms`, `extension`, …
    pub field: String,
    /// What the events say.
    pub events: String,
    /// What the switch's record says.
    pub switch: String,
}

/// Two records of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Ours.
    pub cdr: Uuid,
    /// The switch's.
    pub record: Uuid,
    /// 1 to 100; 100 for the same UCID.
    pub confidence: u8,
    /// Why they are taken for one call, in a sentence.
    pub reason: String,
    /// Where they differ by more than is tolerated.
    pub differences: Vec<Difference>,
}

/// What came of it; all lists in the order of ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Pairs.
    pub matches: Vec<Match>,
    /// Our records that the switch has none of.
    pub only_in_events: Vec<Uuid>,
    /// The switch's records that no events told of.
    pub only_at_switch: Vec<Uuid>,
}

/// A pair that may be, by place in the two lists.
struct Candidate {
    ours: usize,
    theirs: usize,
    confidence: u8,
    apart: Duration,
    reason: String,
}

/// Pairs records of both sides. The same sets give the same pairs, in whatever order they are given.
pub fn reconcile(ours: &[Seen], theirs: &[Recorded], tolerance: &Tolerance) -> Reconciliation {
    let mut candidates = by_ucid(ours, theirs);
    candidates.extend(by_parties(ours, theirs, tolerance));
    candidates.sort_by_key(|one| (Reverse(one.confidence), one.apart, ours[one.ours].id, theirs[one.theirs].id));
    let (mut taken, mut given) = (HashSet::new(), HashSet::new());
    let mut done = Reconciliation::default();
    for one in candidates {
        if taken.contains(&one.ours) || given.contains(&one.theirs) {
            continue;
        }
        taken.insert(one.ours);
        given.insert(one.theirs);
        let (seen, recorded) = (&ours[one.ours], &theirs[one.theirs]);
        done.matches.push(Match {
            cdr: seen.id,
            record: recorded.id,
            confidence: one.confidence,
            reason: one.reason,
            differences: differences(seen, &recorded.record, tolerance),
        });
    }
    done.matches.sort_by_key(|one| (one.cdr, one.record));
    done.only_in_events = (0..ours.len()).filter(|at| !taken.contains(at)).map(|at| ours[at].id).collect();
    done.only_at_switch = (0..theirs.len()).filter(|at| !given.contains(at)).map(|at| theirs[at].id).collect();
    done.only_in_events.sort_unstable();
    done.only_at_switch.sort_unstable();
    done
}

fn by_ucid(ours: &[Seen], theirs: &[Recorded]) -> Vec<Candidate> {
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, seen) in ours.iter().enumerate() {
        for ucid in &seen.ucids {
            known.entry(ucid).or_default().push(at);
        }
    }
    let mut candidates = Vec::new();
    for (theirs, recorded) in theirs.iter().enumerate() {
        let places = recorded.record.ucid.as_deref().and_then(|ucid| known.get(ucid));
        for ours_at in places.into_iter().flatten() {
            let apart = apart(ours[*ours_at].ended, recorded.record.ended).unwrap_or(Duration::MAX);
            let reason = "the same UCID".to_owned();
            candidates.push(Candidate { ours: *ours_at, theirs, confidence: 100, apart, reason });
        }
    }
    candidates
}

fn by_parties(ours: &[Seen], theirs: &[Recorded], tolerance: &Tolerance) -> Vec<Candidate> {
    let mut by_end: Vec<(Timestamp, usize)> =
        ours.iter().enumerate().filter_map(|(at, seen)| Some((seen.ended?, at))).collect();
    by_end.sort_unstable();
    let mut candidates = Vec::new();
    for (theirs, recorded) in theirs.iter().enumerate() {
        let Some(ended) = recorded.record.ended else { continue };
        let (from, to) = (ended.plus(-tolerance.end), ended.plus(tolerance.end));
        let begins = by_end.partition_point(|(at, _)| *at < from);
        for (_, ours_at) in by_end[begins..].iter().take_while(|(at, _)| *at <= to) {
            let pair = weigh(&ours[*ours_at], &recorded.record, tolerance);
            candidates.extend(pair.map(|(confidence, apart, reason)| Candidate {
                ours: *ours_at,
                theirs,
                confidence,
                apart,
                reason,
            }));
        }
    }
    candidates
}

/// How sure it is that both are of one call: what agrees counts, 99 at most. `None` where something says that they are not.
fn weigh(seen: &Seen, record: &SwitchRecord, tolerance: &Tolerance) -> Option<(u8, Duration, String)> {
    let two_ucids = record.ucid.as_ref().is_some_and(|_| !seen.ucids.is_empty());
    if two_ucids || record.source != seen.source {
        return None;
    }
    let ended_apart = apart(seen.ended, record.ended)?;
    let duration_apart = match (seen.duration_ms(), record.duration_ms) {
        (Some(ours), Some(theirs)) => Some(milliseconds(ours.abs_diff(theirs))),
        _ => None,
    };
    if duration_apart.is_some_and(|apart| apart > tolerance.duration) {
        return None;
    }
    let numbers = || [&record.calling, &record.called].into_iter().flatten();
    let customer = seen.customer.as_ref().is_some_and(|known| numbers().any(|number| same_number(known, number)));
    let extension = record.extension.as_ref().is_some_and(|extension| seen.extensions.contains(extension));
    let all_known = numbers().count() == 2 && numbers().all(|number| seen.has_party(number));
    if !customer && !all_known {
        return None;
    }
    let agent = record.agent.as_ref().is_some_and(|agent| seen.agents.contains(agent));
    let close = |apart: Duration, within: Duration, worth: f64| {
        let share = if within.is_zero() { 0.0 } else { apart.as_seconds_f64() / within.as_seconds_f64() };
        worth * (1.0 - share.min(1.0))
    };
    let mut sure = 50.0 + close(ended_apart, tolerance.end, 8.0);
    sure += duration_apart.map_or(0.0, |apart| 5.0 + close(apart, tolerance.duration, 6.0));
    for (agrees, worth) in [(customer, 15.0), (all_known, 5.0), (extension, 7.0), (agent, 3.0)] {
        sure += if agrees { worth } else { 0.0 };
    }
    Some((percent(sure), ended_apart, reason(ended_apart, duration_apart, customer, extension || agent)))
}

fn reason(ended: Duration, duration: Option<Duration>, customer: bool, desk: bool) -> String {
    let mut agreeing = vec![if customer { "the customer's number" } else { "both parties" }];
    if desk {
        agreeing.push("the extension or agent");
    }
    let durations = duration.map(|apart| format!(", durations {} s", apart.as_seconds_f64())).unwrap_or_default();
    format!("{} agree; ends {} s apart{durations}", agreeing.join(" and "), ended.as_seconds_f64())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 99")]
fn percent(sure: f64) -> u8 {
    sure.round().clamp(0.0, 99.0) as u8
}

fn apart(ours: Option<Timestamp>, theirs: Option<Timestamp>) -> Option<Duration> {
    Some(ours?.since(theirs?).abs())
}

fn milliseconds(number: u64) -> Duration {
    Duration::milliseconds(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Whether two spellings mean one number: alike in their digits, or, without zeros before it, one is the end of the other
/// and long enough not to be anybody's.
fn same_number(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (a, b) = (digits(a), digits(b));
    let (tail, other) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    let long = tail.len().min(other.len()) >= 7;
    !a.is_empty() && (a == b || long && (tail.ends_with(other) || other.ends_with(tail)))
}

fn differences(seen: &Seen, record: &SwitchRecord, tolerance: &Tolerance) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differs = |field: &str, events: String, switch: String| {
        found.push(Difference { field: field.to_owned(), events, switch });
    };
    let times = [
        ("started", seen.started, record.started),
        ("answered", seen.answered, record.answered),
        ("ended", seen.ended, record.ended),
    ];
    for (field, ours, theirs) in times {
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours.since(theirs).abs() > tolerance.end
        {
            differs(field, ours.to_string(), theirs.to_string());
        }
    }
    if let (Some(ours), Some(theirs)) = (seen.duration_ms(), record.duration_ms)
        && milliseconds(ours.abs_diff(theirs)) > tolerance.duration
    {
        differs("duration_ms", ours.to_string(), theirs.to_string());
    }
    let parties = |own: &[String]| seen.customer.iter().chain(own).cloned().collect::<Vec<_>>().join(" ");
    for (field, number) in [("calling", &record.calling), ("called", &record.called)] {
        if let Some(number) = number.as_ref().filter(|number| !seen.has_party(number)) {
            differs(field, parties(&seen.entries), number.clone());
        }
    }
    for (field, ours, theirs) in
        [("extension", &seen.extensions, &record.extension), ("agent", &seen.agents, &record.agent)]
    {
        if let Some(theirs) = theirs.as_ref().filter(|theirs| !ours.contains(theirs)) {
            differs(field, ours.join(" "), theirs.clone());
        }
    }
    let word = |outcome: Outcome| serde_json::to_value(outcome).ok()?.as_str().map(str::to_owned);
    let theirs = record.disposition.as_deref().filter(|word| is_outcome(word));
    if let (Some(ours), Some(theirs)) = (word(seen.outcome), theirs)
        && ours != theirs
    {
        differs("disposition", ours, theirs.to_owned());
    }
    found
}

/// A switch's own word cannot be compared.
fn is_outcome(word: &str) -> bool {
    serde_json::from_value::<Outcome>(word.into()).is_ok()
}
