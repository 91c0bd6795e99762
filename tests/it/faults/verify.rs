//! The proof: the product's books add up, and what the simulated systems wrote down themselves stands in the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use trunkline_simulators::avaya_dmcc;
use trunkline_simulators::web_chat;

use super::house::House;
use super::load::Sent;

const EVENTS: &str = "SELECT coalesce(json_agg(json_build_array(type, body::json #>> '{data,call,ucid}', \
    body::json #>> '{data,message_id}')), '[]') FROM event WHERE type LIKE 'trunkline.call.%' OR type = \
    'trunkline.chat.message.v1'";
const CDRS: &str = "SELECT coalesce(json_agg(record::json), '[]') FROM cdr";
const LIVE_POPS: &str = "SELECT json_build_array((SELECT count(*) FROM live_pop))";

/// What is sent of a load's call by whoever watches from its start to its end.
const COURSE: [&str; 4] = ["DeliveredEvent", "QueuedEvent", "EstablishedEvent", "CallClearedEvent"];

/// What makes a call known that was not known before.
const OPENING: [&str; 3] = ["DeliveredEvent", "QueuedEvent", "EstablishedEvent"];

/// What stands in the store.
struct Stored {
    /// Types of call events by UCID.
    calls: HashMap<String, BTreeSet<String>>,
    /// How often each chat message stands.
    messages: HashMap<String, usize>,
    /// Voice records by UCID.
    voice: HashMap<String, Vec<Value>>,
    /// Chat records by the chat's id.
    chats: HashMap<String, Vec<Value>>,
}

/// Times in which the Avaya may have said what nobody heard.
struct Gaps(Vec<(OffsetDateTime, OffsetDateTime)>);

impl House {
    /// Waits until nothing waits, then holds the books against the ledgers. Prints one line.
    ///
    /// # Panics
    /// On anything lost, doubled, or left open, and on a gap that no fault explains, with the seed.
    pub(super) async fn verify(&mut self, run: &str, sent: &Sent, within: Duration) {
        let drained = self.settle(within).await;
        self.stands().await;
        let books = self.books().await.expect("the books");
        let mut faults = Vec::new();
        let totals = add_up(&books, &mut faults);
        let stored = self.stored();
        let gaps = Gaps::of(&books);
        for (from, to) in gaps.0.iter().filter(|(from, to)| !self.absences.explain(*from, *to)) {
            faults.push(format!("the gap from {from} to {to} is not of our doing: {:?}", self.absences));
        }
        let accepted_chats = check_chats(&sent.chats, &stored, &mut faults);
        let frames = sent.calls.entries();
        let accepted_calls = check_calls(&frames, &stored, &gaps, &mut faults);
        if self.sql(LIVE_POPS).as_ref().and_then(|count| count[0].as_u64()) != Some(0) {
            faults.push("a pop is open for a call that is over".to_owned());
        }
        let lost = faults.len();
        let dead = self.get("/bus/dead").await.map_or(0, |letters| letters["items"].as_array().map_or(0, Vec::len));
        tell(&format!(
            "{run}: sent {} frames + {} webhooks, accepted {accepted_calls} + {accepted_chats}, {totals}, dead {dead}, \
             gaps {}, lost {lost}, drained in {drained:.1?}, seed {}",
            frames.len(),
            sent.chats.len(),
            gaps.0.len(),
            self.dice.seed
        ));
        assert!(accepted_calls > 0 && accepted_chats > 0, "{run}: there was no load");
        faults.truncate(12);
        assert!(
            lost == 0,
            "{run}, seed {}: {lost} faults, the first {faults:#?}\n{}",
            self.dice.seed,
            self.daemon.output()
        );
    }

    fn stored(&self) -> Stored {
        let mut calls: HashMap<String, BTreeSet<String>> = HashMap::new();
        let mut messages: HashMap<String, usize> = HashMap::new();
        let events: Vec<(String, Option<String>, Option<String>)> =
            serde_json::from_value(self.sql(EVENTS).expect("events")).expect("rows of events");
        for (kind, ucid, message) in events {
            if let Some(ucid) = ucid {
                calls.entry(ucid).or_default().insert(kind);
            }
            if let Some(message) = message {
                *messages.entry(message).or_default() += 1;
            }
        }
        let (mut voice, mut chats): (HashMap<String, Vec<Value>>, HashMap<String, Vec<Value>>) = Default::default();
        let cdrs: Vec<Value> = serde_json::from_value(self.sql(CDRS).expect("records")).expect("rows of records");
        for cdr in cdrs {
            let (by, list) = if cdr["medium"] == "voice" { (&mut voice, "ucids") } else { (&mut chats, "calls") };
            for id in cdr[list].as_array().into_iter().flatten().filter_map(Value::as_str) {
                by.entry(id.to_owned()).or_default().push(cdr.clone());
            }
        }
        Stored { calls, messages, voice, chats }
    }
}

/// taken = stored + duplicate + rejected (+ waiting, which is 0), for every source and day.
fn add_up(books: &[Value], faults: &mut Vec<String>) -> String {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for page in books {
        let count = |key: &str| page[key].as_u64().unwrap_or(u64::MAX);
        let accounted = count("stored") + count("duplicate") + count("rejected");
        if count("taken") != accounted || count("waiting") != 0 || count("lost") != 0 {
            faults.push(format!("the books do not add up: {page}"));
        }
        for key in ["taken", "stored", "duplicate", "rejected", "redelivered"] {
            *totals.entry(key).or_default() += count(key);
        }
    }
    let words: Vec<String> = totals.iter().map(|(key, count)| format!("{key} {count}")).collect();
    words.join(", ")
}

/// Every accepted message stands once, every accepted chat has one record, closed, with as many messages.
fn check_chats(entries: &[web_chat::Entry], stored: &Stored, faults: &mut Vec<String>) -> usize {
    for entry in entries {
        let Some(message) = &entry.message else { continue };
        let times = stored.messages.get(message).copied().unwrap_or(0);
        if times > 1 || (entry.accepted && times == 0) {
            faults.push(format!("message {message} stands {times} times (statuses {:?})", entry.statuses));
        }
    }
    let mut chats: BTreeMap<&str, Vec<&web_chat::Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.accepted) {
        chats.entry(entry.chat.as_deref().unwrap_or_default()).or_default().push(entry);
    }
    for (chat, told) in chats {
        let records = stored.chats.get(chat).map(Vec::as_slice).unwrap_or_default();
        let [record] = records else {
            faults.push(format!("chat {chat} has {} records", records.len()));
            continue;
        };
        // A message whose answer was lost may stand all the same, but no more of them than were sent.
        let sent = entries
            .iter()
            .filter(|entry| entry.chat.as_deref() == Some(chat))
            .filter_map(|entry| entry.message.as_ref());
        let standing =
            sent.collect::<BTreeSet<_>>().into_iter().filter(|message| stored.messages.contains_key(*message));
        let standing = standing.count() as u64;
        if record["messages"].as_u64() != Some(standing) {
            faults
                .push(format!("chat {chat}: {standing} of its messages stand, its record has {}", record["messages"]));
        }
        if told.iter().any(|entry| entry.kind == "chat.closed") && record["ended"].is_null() {
            faults.push(format!("chat {chat} was closed, its record is open"));
        }
    }
    entries.iter().filter(|entry| entry.accepted).count()
}

/// Every accepted frame's event stands; every call of one has one record, closed; a call that no gap touched is whole.
fn check_calls(frames: &[avaya_dmcc::Entry], stored: &Stored, gaps: &Gaps, faults: &mut Vec<String>) -> usize {
    let mut calls: BTreeMap<&str, Vec<&avaya_dmcc::Entry>> = BTreeMap::new();
    for frame in frames.iter().filter(|frame| frame.fault.is_none()) {
        if let Some(ucid) = &frame.ucid {
            calls.entry(ucid).or_default().push(frame);
        }
    }
    let (mut accepted, mut untouched) = (0, 0);
    for (ucid, told) in calls {
        let heard: Vec<_> = told.iter().filter(|frame| !gaps.hold(frame.at, frame.at)).collect();
        accepted += heard.len();
        // Of a call that began in a gap, the end alone names nothing that could be recorded.
        let heard = if heard.iter().any(|frame| OPENING.contains(&frame.kind)) { heard } else { Vec::new() };
        for frame in &heard {
            let standing = stored.calls.get(ucid);
            let meant = meaning(frame.kind);
            if !meant.is_empty() && !meant.iter().any(|kind| standing.is_some_and(|kinds| kinds.contains(*kind))) {
                faults.push(format!("{} of call {ucid}, sent at {}, is not stored", frame.kind, frame.at));
            }
        }
        let records = stored.voice.get(ucid).map(Vec::as_slice).unwrap_or_default();
        if records.len() > 1 || (!heard.is_empty() && records.is_empty()) {
            faults.push(format!("call {ucid} has {} records", records.len()));
        }
        if records.iter().any(|record| record["ended"].is_null()) {
            faults.push(format!("the record of call {ucid} is open"));
        }
        let (first, last) = (told[0].at, told[told.len() - 1].at);
        let from_start_to_end = COURSE.iter().all(|root| told.iter().any(|frame| frame.kind == *root));
        if let ([record], true, false) = (records, from_start_to_end, gaps.hold(first, last)) {
            untouched += 1;
            whole(ucid, record, faults);
        }
    }
    if untouched == 0 {
        faults.push("not one call was heard from its start to its end".to_owned());
    }
    accepted
}

/// What a load's call comes to when nothing of it was missed: queue, one leg, answered.
fn whole(ucid: &str, record: &Value, faults: &mut Vec<String>) {
    let legs = record["legs"].as_array().map_or(0, Vec::len);
    let queued = record["queues"] == serde_json::json!(["601"]);
    let in_order = record["started"].as_str() <= record["answered"].as_str() && record["answered"].is_string();
    if record["outcome"] != "answered" || legs != 1 || !queued || !in_order {
        faults.push(format!("no gap touched call {ucid}, and its record is {record}"));
    }
}

/// The types one of which a frame becomes; none for what is about no call's course.
fn meaning(root: &str) -> &'static [&'static str] {
    match root {
        "DeliveredEvent" => &["trunkline.call.offered.v1", "trunkline.call.ringing.v1"],
        "QueuedEvent" => &["trunkline.call.queued.v1"],
        "EstablishedEvent" => &["trunkline.call.answered.v1"],
        "ConnectionClearedEvent" => &["trunkline.call.leg_ended.v1", "trunkline.call.ended.v1"],
        "CallClearedEvent" => &["trunkline.call.ended.v1"],
        _ => &[],
    }
}

impl Gaps {
    fn of(books: &[Value]) -> Self {
        let instant = |value: &Value| OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok();
        let pages = books.iter().filter(|page| page["source"] == "/connectors/avaya-bj");
        let gaps = pages.flat_map(|page| page["gaps"].as_array().into_iter().flatten());
        Self(gaps.filter_map(|gap| Some((instant(&gap["from"])?, instant(&gap["to"])?))).collect())
    }

    /// Whether a gap and this time have an instant in common.
    fn hold(&self, first: OffsetDateTime, last: OffsetDateTime) -> bool {
        self.0.iter().any(|(from, to)| *from <= last && first <= *to)
    }
}

#[expect(clippy::print_stdout, reason = "the one line that tells what a run came to")]
pub(super) fn tell(line: &str) {
    println!("{line}");
}
