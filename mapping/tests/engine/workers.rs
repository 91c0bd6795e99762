//! Any order, duplication and split into 1 to 8 workers gives the customers, ids and records that the pure functions give.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::runtime::Handle as Runtime;
use trunkline_events::agent::WorkState;
use trunkline_events::cdr::Cdr;
use trunkline_events::customer::{Decision, Directive, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId};
use trunkline_mapping::cdr::{ConversationKey, conversation_keys, fold, known_from, root};
use trunkline_mapping::engine::Knowledge;
use trunkline_mapping::identity::{Evidence, Partition, Sighting, observe, partition};
use trunkline_mapping::view::CdrFilter;
use uuid::Uuid;

use crate::house::House;
use crate::told::{Source, avaya, evidence, handle, opened, profile, tag, transferred, web, whole_call, wraps_up};

/// One thing that is told, small so that conflicts abound.
#[derive(Debug, Clone)]
enum Told {
    Call { caller: u8, start: i64 },
    Transfer { from: u8, to: u8, seconds: i64 },
    Chat { visitor: u8, also: u8, seconds: i64 },
    Evidence { a: u8, b: u8, strength: Strength, seconds: i64 },
    Decision { a: u8, b: u8, include: bool, seconds: i64 },
    Undo { decision: u8, seconds: i64 },
    Profile { whose: u8, value: u8, seconds: i64 },
    Tag { whose: u8, set: bool, seconds: i64 },
}

fn person(number: u8) -> RawHandle {
    match number % 12 {
        phone @ 0..=3 => handle("phone", &format!("1380013800{phone}")),
        crm @ 4..=6 => handle("crm_id", &format!("crm-{crm}")),
        account @ 7..=8 => handle("account_no", &format!("A-{account}")),
        email @ 9..=10 => handle("email", &format!("wang{email}@example.com")),
        visitor => handle("web_visitor", &format!("v-{visitor}")),
    }
}

fn told() -> impl Strategy<Value = Told> {
    let strength = prop_oneof![
        Just(Strength::Weak),
        Just(Strength::Medium),
        Just(Strength::Strong),
        Just(Strength::Authoritative)
    ];
    let seconds = 0..200_i64;
    let who = any::<u8>();
    prop_oneof![
        2 => (0..4_u8, seconds.clone()).prop_map(|(caller, start)| Told::Call { caller, start }),
        1 => (any::<u8>(), any::<u8>(), seconds.clone())
            .prop_map(|(from, to, seconds)| Told::Transfer { from, to, seconds }),
        1 => (who, who, seconds.clone()).prop_map(|(visitor, also, seconds)| Told::Chat { visitor, also, seconds }),
        4 => (who, who, strength, seconds.clone())
            .prop_map(|(a, b, strength, seconds)| Told::Evidence { a, b, strength, seconds }),
        1 => (who, who, any::<bool>(), seconds.clone())
            .prop_map(|(a, b, include, seconds)| Told::Decision { a, b, include, seconds }),
        1 => (any::<u8>(), seconds.clone()).prop_map(|(decision, seconds)| Told::Undo { decision, seconds }),
        1 => (who, 0..3_u8, seconds.clone()).prop_map(|(whose, value, seconds)| Told::Profile { whose, value, seconds }),
        1 => (who, any::<bool>(), seconds).prop_map(|(whose, set, seconds)| Told::Tag { whose, set, seconds }),
    ]
}

fn events(story: &[Told]) -> Vec<Event> {
    let (switch, crm, admin) = (avaya(), web(), Source::new("/admin"));
    let (mut all, mut calls, mut decisions): (Vec<Event>, Vec<(String, String)>, Vec<EventId>) = Default::default();
    for (at, one) in story.iter().enumerate() {
        let mut new = match one {
            Told::Call { caller, start } => {
                let (id, ani) = (format!("c{at}"), person(*caller).value);
                calls.push((id.clone(), ani.clone()));
                let mut told = whole_call(&switch, *start, &id, &ani);
                told.push(wraps_up(&switch, *start + 60, &id, WorkState::AfterCall));
                told.push(wraps_up(&switch, *start + 90, &id, WorkState::Ready));
                told
            }
            Told::Transfer { from, to, seconds } if !calls.is_empty() => {
                let pick = |number: &u8| &calls[usize::from(*number) % calls.len()];
                vec![transferred(&switch, *seconds, &pick(to).0, &pick(from).0, &pick(from).1)]
            }
            Told::Chat { visitor, also, seconds } => {
                vec![opened(&crm, *seconds, &format!("chat{at}"), vec![person(*visitor), person(*also)], None)]
            }
            Told::Evidence { a, b, strength, seconds } => {
                vec![evidence(&crm, *seconds, person(*a), person(*b), *strength)]
            }
            Told::Decision { a, b, include, seconds } => {
                let (a, b) = (person(*a), person(*b));
                let decision = if *include { Decision::Include { a, b } } else { Decision::Exclude { a, b } };
                let event = decided(&admin, *seconds, at, decision);
                decisions.push(event.id);
                vec![event]
            }
            Told::Undo { decision, seconds } if !decisions.is_empty() => {
                let directive = decisions[usize::from(*decision) % decisions.len()];
                vec![decided(&admin, *seconds, at, Decision::Undo { directive })]
            }
            Told::Profile { whose, value, seconds } => {
                vec![profile(&crm, *seconds, person(*whose), &[("name", &format!("name {value}"))])]
            }
            Told::Tag { whose, set, seconds } => vec![tag(&crm, *seconds, person(*whose), "vip", *set)],
            Told::Transfer { .. } | Told::Undo { .. } => Vec::new(),
        };
        // What is told twice at one instant is still told twice.
        for event in &mut new {
            event.id = EventId::derive(&event.source, &event.id.to_string(), "told", &at.to_string());
        }
        if let (Told::Decision { .. }, Some(event), Some(last)) = (one, new.first(), decisions.last_mut()) {
            *last = event.id;
        }
        all.extend(new);
    }
    all
}

fn decided(admin: &Source, seconds: i64, at: usize, decision: Decision) -> Event {
    let body = Directive { decision, actor: "admin".into(), reason: "because".into() };
    admin.tell(seconds, &format!("decision-{at}"), Body::CustomerDirective(body))
}

/// What must come out, whoever works.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Handle → customer, generic, shared.
    handles: BTreeMap<Uuid, (Uuid, bool, bool)>,
    records: BTreeMap<Uuid, Cdr>,
}

/// By the pure functions alone.
fn expected(events: &[Event]) -> Outcome {
    let knowledge = Knowledge::default();
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
        }
    }
    let counting: Vec<Evidence> = pieces.into_values().filter(|piece| !undone.contains(&piece.id)).collect();
    let judged: Partition = partition(&sightings, &counting, &knowledge.rules);
    let handles = judged.standings.iter().map(|(id, one)| (*id, (one.customer, one.generic, one.shared))).collect();
    Outcome { handles, records: folded(events) }
}

fn folded(events: &[Event]) -> BTreeMap<Uuid, Cdr> {
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
    let mut records = BTreeMap::new();
    for (_, events) in sets {
        let keys: Vec<_> = events
            .iter()
            .flat_map(|event| conversation_keys(event).into_iter().map(|key| (key, known_from(event))))
            .collect();
        let root = root(keys.iter().map(|(key, at)| (key, *at))).expect("not empty").id();
        if let Some(folded) = fold(events) {
            records.insert(root, Cdr { id: root, ..folded.cdr });
        }
    }
    records
}

async fn found(house: &House) -> Outcome {
    let lines = house.execute("SELECT id, customer, generic, shared FROM handle");
    let mut handles = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('|').collect();
        let flag = |text: &str| text == "t" || text == "1";
        let id = |text: &str| Uuid::parse_str(text).expect("an id");
        handles.insert(id(fields[0]), (id(fields[1]), flag(fields[2]), flag(fields[3])));
    }
    let all = house.records().cdrs(&CdrFilter { limit: 10_000, ..CdrFilter::default() }).await.expect("reads");
    let records =
        all.into_iter().map(|cdr| (cdr.id, Cdr { revision: 0, customer: None, absorbed: Vec::new(), ..cdr })).collect();
    Outcome { handles, records }
}

/// Shuffles, doubles a fifth, cuts into batches, and lets the workers fight over them.
async fn work(house: &House, events: &[Event], workers: usize, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut all = events.to_vec();
    let doubled: Vec<Event> = events.iter().filter(|_| random.random_bool(0.2)).cloned().collect();
    all.extend(doubled);
    all.shuffle(&mut random);
    let mut shares: Vec<Vec<Vec<Event>>> = vec![Vec::new(); workers];
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(random.random_range(1..=rest.len().min(8)));
        shares[random.random_range(0..workers)].push(batch.to_vec());
        rest = later;
    }
    let mut running = tokio::task::JoinSet::new();
    for share in shares {
        let engine = house.engine.clone();
        running.spawn(async move {
            for batch in share {
                let applied = engine.apply(&batch).await.expect("applies");
                assert_eq!(applied.rejected, []);
            }
        });
    }
    running.join_all().await;
}

/// `lend` makes a fresh database for each case.
fn any_split_gives_the_same<F: Future<Output = House>>(lend: impl Fn() -> F, cases: u32) {
    let strategy = (prop::collection::vec(told(), 1..25), 1..=8_usize, any::<u64>());
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() });
    let result = tokio::task::block_in_place(|| {
        runner.run(&strategy, |(story, workers, seed)| {
            let events = events(&story);
            let came_out = Runtime::current().block_on(async {
                let house = lend().await;
                work(&house, &events, workers, seed).await;
                found(&house).await
            });
            let wanted = expected(&events);
            if came_out == wanted {
                return Ok(());
            }
            Err(TestCaseError::fail(format!("came out {came_out:#?}\n\nwanted {wanted:#?}")))
        })
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_and_split_gives_the_same_on_sqlite() {
    any_split_gives_the_same(House::sqlite, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_and_split_gives_the_same_on_postgres() {
    any_split_gives_the_same(House::postgres, 40);
}

/// Eight workers and two processes on a few people at once: nobody's update is lost, and nobody deadlocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_on_few_people_never_deadlock() {
    let house = House::postgres().await;
    let neighbour = house.neighbour().await;
    let mut random = StdRng::seed_from_u64(7);
    let story: Vec<Told> = (0..600)
        .map(|_| match random.random_range(0..4) {
            0 => Told::Call { caller: random.random_range(0..4), start: random.random_range(0..5_000) },
            1 => Told::Transfer { from: random.random(), to: random.random(), seconds: random.random_range(0..5_000) },
            _ => Told::Evidence {
                a: random.random(),
                b: random.random(),
                strength: if random.random() { Strength::Strong } else { Strength::Medium },
                seconds: random.random_range(0..5_000),
            },
        })
        .collect();
    let events = events(&story);
    let beside = async {
        for batch in events.chunks(30) {
            neighbour.apply(batch).await.expect("applies");
        }
    };
    tokio::join!(work(&house, &events, 8, 1), beside);
    assert_eq!(found(&house).await, expected(&events));
    // The server counts what its sessions tell it now and then: ask those that are done.
    let deadlocks = house.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(deadlocks.trim(), "0");
}
