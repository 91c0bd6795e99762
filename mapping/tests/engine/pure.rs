//! What must come out of a set of events, by the pure functions alone, and what did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trunkline_events::cdr::{Cdr, Medium};
use trunkline_events::{Body, Event, EventId, Timestamp};
use trunkline_mapping::cdr::{ConversationKey, Folded, conversation_keys, fold, known_from, root};
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::identity::{Evidence, Handle, Partition, Sighting, observe, partition, subject_handle};
use trunkline_mapping::numbers::{DialPlan, DialPlans};
use trunkline_mapping::profile::{FieldValue, TagFact, settle, tags};
use trunkline_mapping::view::CdrFilter;
use uuid::Uuid;

use crate::house::House;

/// One site takes its lines with 9 on one trunk group.
pub(crate) fn knowledge() -> Knowledge {
    let site = "site = \"bj\"\nsources = [\"/connectors/avaya-bj\"]\n[trunks.tg9]\noutside_prefixes = [\"9\"]";
    let plan = DialPlan::from_toml(site).expect("a plan");
    let plans = DialPlans::new(DialPlan::default(), vec![plan]).expect("plans");
    Knowledge { plans, ..Knowledge::default() }
}

/// What must come out, whoever works.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Handle → customer, generic, shared.
    handles: BTreeMap<Uuid, (Uuid, bool, bool)>,
    /// With the customer; without what tells how often and by which other records they were told.
    records: BTreeMap<Uuid, Cdr>,
    /// Customer → field and value, tags.
    profiles: BTreeMap<Uuid, Profile>,
}

type Profile = (Vec<(String, String)>, Vec<String>);

/// By the pure functions alone.
pub(crate) fn expected(events: &[Event]) -> Outcome {
    let knowledge = knowledge();
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut pieces: HashMap<Uuid, Evidence> = HashMap::new();
    let mut undone: BTreeSet<Uuid> = BTreeSet::new();
    for event in events {
        let told = observe(event, &knowledge.rules, &knowledge.plans);
        sightings.extend(told.sightings);
        undone.extend(told.undone.map(EventId::uuid));
        for piece in told.evidence {
            let known = pieces.entry(piece.id).or_insert(piece);
            known.at = known.at.min(piece.at);
            known.last = known.last.max(piece.last);
        }
    }
    let counting: Vec<Evidence> = pieces.into_values().filter(|piece| !undone.contains(&piece.id)).collect();
    let judged: Partition = partition(&sightings, &counting, &knowledge.rules);
    let handles = judged.standings.iter().map(|(id, one)| (*id, (one.customer, one.generic, one.shared))).collect();
    let records = records(events, &judged, &knowledge);
    Outcome { handles, records, profiles: profiles(events, &judged, &knowledge) }
}

/// What hangs on a handle is its customer's, unless several share it or it was somebody else's then.
fn customer_of(handle: Uuid, at: Timestamp, judged: &Partition) -> Option<Uuid> {
    let standing = judged.standings.get(&handle).filter(|one| !one.generic && !one.shared)?;
    match standing.former.iter().find(|tenure| at < tenure.until) {
        Some(tenure) => judged.standings.get(&tenure.owner?).map(|owner| owner.customer),
        None => Some(standing.customer),
    }
}

fn records(events: &[Event], judged: &Partition, knowledge: &Knowledge) -> BTreeMap<Uuid, Cdr> {
    let mut records = BTreeMap::new();
    for events in conversations(events) {
        // A remark counts as a mention of its record's key, whose name another event tells.
        let mut keys: BTreeMap<Uuid, (ConversationKey, Timestamp)> = BTreeMap::new();
        for event in &events {
            for key in conversation_keys(event) {
                let known = keys.entry(key.id()).or_insert_with(|| (key.clone(), known_from(event)));
                known.1 = known.1.min(known_from(event));
                if key.text().is_some() {
                    known.0 = key;
                }
            }
        }
        let root = root(keys.values().map(|(key, at)| (key, *at))).expect("not empty").id();
        if let Some(folded) = fold(events.iter().copied()) {
            let subjects = subjects(&folded, &events, knowledge);
            let subject = subjects.into_iter().map(|handle| handle.id()).find(|id| judged.standings.contains_key(id));
            let started = folded.cdr.started.unwrap_or(Timestamp::EPOCH);
            let customer = subject.and_then(|subject| customer_of(subject, started, judged));
            records.insert(root, Cdr { id: root, customer, ..folded.cdr });
        }
    }
    records
}

/// Events of one conversation each.
fn conversations(events: &[Event]) -> Vec<Vec<&Event>> {
    let mut sets: Vec<(BTreeSet<Uuid>, Vec<&Event>)> = Vec::new();
    for event in events {
        let keys: BTreeSet<Uuid> = conversation_keys(event).iter().map(ConversationKey::id).collect();
        if keys.is_empty() {
            continue;
        }
        let (touched, rest): (Vec<_>, Vec<_>) = sets.into_iter().partition(|(known, _)| !known.is_disjoint(&keys));
        let mut joined = (keys, vec![event]);
        for (keys, events) in touched {
            joined.0.extend(keys);
            joined.1.extend(events);
        }
        sets = rest;
        sets.push(joined);
    }
    sets.into_iter().map(|(_, events)| events).collect()
}

/// What a record may hang on: a chat's visitor by its first opening, a caller on the trunk of his call or without it.
fn subjects(folded: &Folded, events: &[&Event], knowledge: &Knowledge) -> Vec<Handle> {
    let (rules, plans) = (&knowledge.rules, &knowledge.plans);
    if folded.cdr.medium == Medium::Chat {
        let opened = events.iter().filter(|event| matches!(event.body, Body::ChatOpened(_)));
        let first = opened.min_by_key(|event| (event.time, event.id));
        return first.and_then(|event| subject_handle(event, rules, plans)).into_iter().collect();
    }
    let Some(caller) = &folded.customer_handle else { return Vec::new() };
    let read = |trunk| Handle::new("phone", "", &caller.handle.value, rules, plans.of(&caller.link), trunk).ok();
    [read(caller.trunk.as_deref()), read(None)].into_iter().flatten().collect()
}

fn profiles(events: &[Event], judged: &Partition, knowledge: &Knowledge) -> BTreeMap<Uuid, Profile> {
    let mut said: BTreeMap<Uuid, (Vec<FieldValue>, Vec<TagFact>)> =
        judged.customers.iter().map(|customer| (customer.id, Default::default())).collect();
    for event in events {
        let subject = subject_handle(event, &knowledge.rules, &knowledge.plans);
        let Some(subject) = subject.map(|handle| handle.id()) else { continue };
        // What was said of a number while it was somebody else's is said of nobody now.
        let since = judged.standings.get(&subject).and_then(|standing| standing.former.last());
        if since.is_some_and(|tenure| event.time < tenure.until) {
            continue;
        }
        let Some(customer) = customer_of(subject, event.time, judged) else { continue };
        let (values, facts) = said.get_mut(&customer).expect("a customer");
        let (at, source) = (event.time, event.source.clone());
        let value = |(field, value): (&String, &String)| FieldValue {
            field: field.clone(),
            at,
            source: source.clone(),
            value: value.clone(),
            handle: subject,
        };
        match &event.body {
            Body::CustomerProfile(body) => values.extend(body.fields.iter().map(value)),
            Body::ChatOpened(body) => values.extend(body.visitor.name.iter().map(|name| value((&"name".into(), name)))),
            Body::CustomerTag(body) => {
                facts.push(TagFact { tag: body.tag.clone(), source, at, set: body.set, echo: false });
            }
            _ => {}
        }
    }
    let settled = |(values, facts): (Vec<FieldValue>, Vec<TagFact>)| {
        let fields =
            settle(&values, &knowledge.profile).into_iter().map(|chosen| (chosen.field, chosen.value)).collect();
        (fields, tags(&facts, &knowledge.profile).into_iter().map(|set| set.tag).collect())
    };
    said.into_iter().map(|(customer, said)| (customer, settled(said))).collect()
}

/// What the store has.
pub(crate) async fn found(house: &House) -> Outcome {
    let lines = house.execute("SELECT id, customer, generic, shared FROM handle");
    let mut handles = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('|').collect();
        let flag = |text: &str| text == "t" || text == "1";
        let id = |text: &str| Uuid::parse_str(text).expect("an id");
        handles.insert(id(fields[0]), (id(fields[1]), flag(fields[2]), flag(fields[3])));
    }
    let all = house.records().cdrs(&CdrFilter { limit: 10_000, ..CdrFilter::default() }).await.expect("reads");
    let records = all.into_iter().map(|cdr| (cdr.id, Cdr { revision: 0, absorbed: Vec::new(), ..cdr })).collect();
    let mut profiles = BTreeMap::new();
    let customers: BTreeSet<Uuid> = handles.values().map(|(customer, ..)| *customer).collect();
    for customer in customers {
        let view = house.records().customer(customer).await.expect("reads").expect("is there");
        // What follows from records is no value that anybody said.
        let said = view.fields.into_iter().filter(|field| field.rule != "computed");
        let fields = said.map(|field| (field.name, field.value)).collect();
        profiles.insert(customer, (fields, view.tags.into_iter().map(|set| set.tag).collect()));
    }
    Outcome { handles, records, profiles }
}
