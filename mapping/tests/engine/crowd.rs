//! A hundred thousand random events over eight workers, on PostgreSQL of two processes: nobody deadlocks, no update is lost, and what
//! comes out is what the naive second opinion says of each family alone.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use trunkline_events::customer::{Decision, Directive, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId};
use trunkline_mapping::engine::Engine;
use trunkline_mapping::identity::{Evidence, Rules, Sighting, observe};
use trunkline_mapping::numbers::DialPlans;
use uuid::Uuid;

use crate::house::House;
use crate::naive::opinion;
use crate::told::{Source, avaya, evidence, handle, offered, verified, web};

const FAMILIES: u32 = 4_000;
/// Of each family.
const EVENTS: usize = 26;
const WORKERS: usize = 8;
const BATCH: usize = 100;
const HALF_A_YEAR: i64 = 183 * 24 * 3_600;

/// A family shares phones and mailboxes with one another, and with nobody else.
fn member(family: u32, number: u32) -> RawHandle {
    match number {
        phone @ 0..=2 => handle("phone", &format!("138{:08}", family * 10 + phone)),
        crm @ 3..=5 => handle("crm_id", &format!("crm-{family}-{crm}")),
        account @ 6..=7 => verified("account_no", &format!("account-{family}-{account}")),
        mail @ 8..=9 => handle("email", &format!("{mail}@{family}.example.com")),
        visitor => handle("web_visitor", &format!("visitor-{family}-{visitor}")),
    }
}

fn family(family: u32, random: &mut StdRng) -> Vec<Event> {
    let (crm, switch, admin) = (web(), avaya(), Source::new("/admin"));
    let mut decisions: Vec<EventId> = Vec::new();
    let mut told = Vec::with_capacity(EVENTS);
    while told.len() < EVENTS {
        let (a, b) = (member(family, random.random_range(0..11)), member(family, random.random_range(0..11)));
        let rests = if random.random_ratio(1, 8) { random.random_range(1..4) } else { 0 };
        let seconds = random.random_range(0..10_000) + rests * HALF_A_YEAR;
        let place = told.len();
        let mut event = match random.random_range(0..20) {
            0..=1 => offered(&switch, seconds, &format!("call-{family}-{place}"), &member(family, 0).value),
            2 => decide(&admin, seconds, Decision::Include { a, b }),
            3 => decide(&admin, seconds, Decision::Exclude { a, b }),
            4 if !decisions.is_empty() => {
                let directive = decisions[random.random_range(0..decisions.len())];
                decide(&admin, seconds, Decision::Undo { directive })
            }
            at => {
                let strengths = [Strength::Weak, Strength::Medium, Strength::Strong, Strength::Authoritative];
                evidence(&crm, seconds, a, b, strengths[at % 4])
            }
        };
        event.id = EventId::derive(&event.source, &event.id.to_string(), "told", &format!("{family}-{place}"));
        if matches!(&event.body, Body::CustomerDirective(body) if !matches!(body.decision, Decision::Undo { .. })) {
            decisions.push(event.id);
        }
        told.push(event);
    }
    told
}

fn decide(admin: &Source, seconds: i64, decision: Decision) -> Event {
    let body = Directive { decision, actor: "admin".into(), reason: "because".into() };
    admin.tell(seconds, "decision", Body::CustomerDirective(body))
}

/// Handle -> customer, generic, shared: by the naive second opinion of one family.
fn second_opinion(events: &[Event], rules: &Rules, plans: &DialPlans) -> BTreeMap<Uuid, (Uuid, bool, bool)> {
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut pieces: Vec<Evidence> = Vec::new();
    let mut undone: BTreeSet<Uuid> = BTreeSet::new();
    for event in events {
        let told = observe(event, rules, plans);
        sightings.extend(told.sightings);
        pieces.extend(told.evidence);
        undone.extend(told.undone.map(EventId::uuid));
    }
    pieces.retain(|piece| !undone.contains(&piece.id));
    let opinion = opinion(&sightings, &pieces, rules);
    let handles =
        opinion.customers.iter().flat_map(|(customer, his)| his.iter().map(move |handle| (*customer, handle)));
    handles
        .map(|(customer, handle)| {
            (handle.id(), (customer, opinion.generic.contains(handle), opinion.shared.contains(handle)))
        })
        .collect()
}

/// Each worker has its share, in no order.
async fn work(engines: [Engine; 2], mut all: Vec<Event>, random: &mut StdRng) {
    all.shuffle(random);
    let mut running = tokio::task::JoinSet::new();
    let share = all.len().div_ceil(WORKERS);
    for (worker, share) in all.chunks(share).map(<[Event]>::to_vec).enumerate() {
        let engine = engines[worker % 2].clone();
        running.spawn(async move {
            for batch in share.chunks(BATCH) {
                let applied = engine.apply(batch).await.expect("applies");
                assert_eq!(applied.rejected, []);
            }
        });
    }
    running.join_all().await;
}

async fn rule_54_a_hundred_thousand_events_come_out_as_the_second_opinion_says(house: &House) {
    let mut random = StdRng::seed_from_u64(3);
    let families: Vec<Vec<Event>> = (0..FAMILIES).map(|number| family(number, &mut random)).collect();
    let all: Vec<Event> = families.iter().flatten().cloned().collect();
    assert!(all.len() >= 100_000);
    // A SQLite file is one process's.
    let other = if house.is_postgres() { house.neighbour().await } else { house.engine.clone() };
    work([house.engine.clone(), other], all, &mut random).await;

    let (rules, plans) = (Rules::default(), DialPlans::default());
    let wanted: BTreeMap<Uuid, (Uuid, bool, bool)> =
        families.iter().flat_map(|events| second_opinion(events, &rules, &plans)).collect();
    let flag = |text: &str| text == "t" || text == "1";
    let id = |text: &str| Uuid::parse_str(text).expect("an id");
    let lines = house.execute("SELECT id, customer, generic, shared FROM handle");
    let found: BTreeMap<Uuid, (Uuid, bool, bool)> = lines
        .lines()
        .map(|line| line.split('|').collect::<Vec<_>>())
        .filter(|fields| fields.len() == 4)
        .map(|fields| (id(fields[0]), (id(fields[1]), flag(fields[2]), flag(fields[3]))))
        .collect();
    let wrong: Vec<_> = wanted.iter().filter(|(id, standing)| found.get(*id) != Some(*standing)).take(5).collect();
    assert!(wrong.is_empty() && found.len() == wanted.len(), "{} of {}: {wrong:?}", found.len(), wanted.len());
    if house.is_postgres() {
        let deadlocks = house.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
        assert_eq!(deadlocks.trim(), "0");
    }
}

crate::on_both! { rule_54_a_hundred_thousand_events_come_out_as_the_second_opinion_says }
