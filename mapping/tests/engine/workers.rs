//! Any order, duplication and split into 1 to 8 workers gives the customers, ids, records, profiles and tags that the pure
//! functions give.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::runtime::Handle as Runtime;
use trunkline_events::agent::WorkState;
use trunkline_events::chat::Author;
use trunkline_events::customer::{Decision, Directive, RawHandle, Strength};
use trunkline_events::{Body, Event, EventId};
use trunkline_mapping::cdr::ConversationKey;

use crate::house::House;
use crate::pure::{expected, found, knowledge};
use crate::told::{
    Source, assigned, avaya, closed, evidence, handle, held, message, on_trunk, opened, profile, queued, remarked,
    resumed, tag, transferred, verified, web, whole_call, wraps_up,
};

/// One thing that is told, small so that conflicts abound.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// `course` is bits: 1 queued, 2 held, 4 only later events name the trunk, 8 not over, 16 the agent's states.
    Call {
        caller: u8,
        course: u8,
        start: i64,
    },
    Transfer {
        from: u8,
        to: u8,
        seconds: i64,
    },
    /// `course` is bits: 1 messages, 2 assigned, 4 assigned to another, 8 closed, 16 opened again.
    Chat {
        visitor: u8,
        also: u8,
        course: u8,
        seconds: i64,
    },
    /// On a call or chat, which may be told of later.
    Remark {
        on: u8,
        text: u8,
        seconds: i64,
    },
    Evidence {
        a: u8,
        b: u8,
        strength: Strength,
        seconds: i64,
    },
    Decision {
        a: u8,
        b: u8,
        include: bool,
        seconds: i64,
    },
    Undo {
        decision: u8,
        seconds: i64,
    },
    Profile {
        whose: u8,
        value: u8,
        seconds: i64,
    },
    Tag {
        whose: u8,
        set: bool,
        seconds: i64,
    },
}

fn person(number: u8) -> RawHandle {
    match number % 12 {
        phone @ 0..=3 => handle("phone", &format!("1380013800{phone}")),
        crm @ 4..=6 => handle("crm_id", &format!("crm-{crm}")),
        // One of them logs in, the other is typed.
        7 => verified("account_no", "A-7"),
        8 => handle("account_no", "A-8"),
        email @ 9..=10 => handle("email", &format!("wang{email}@example.com")),
        visitor => handle("web_visitor", &format!("v-{visitor}")),
    }
}

pub(crate) fn told() -> impl Strategy<Value = Told> {
    let strength = prop_oneof![
        Just(Strength::Weak),
        Just(Strength::Medium),
        Just(Strength::Strong),
        Just(Strength::Authoritative)
    ];
    // Now and then half a year or more lies between: numbers are given to somebody else.
    let rests = prop_oneof![8 => Just(0), 1 => 1..5_i64];
    let seconds = (0..200_i64, rests).prop_map(|(seconds, rests)| seconds + rests * 150 * 24 * 3_600).boxed();
    let who = any::<u8>();
    prop_oneof![
        3 => (0..4_u8, any::<u8>(), seconds.clone())
            .prop_map(|(caller, course, start)| Told::Call { caller, course, start }),
        1 => (any::<u8>(), any::<u8>(), seconds.clone())
            .prop_map(|(from, to, seconds)| Told::Transfer { from, to, seconds }),
        2 => (who, who, any::<u8>(), seconds.clone())
            .prop_map(|(visitor, also, course, seconds)| Told::Chat { visitor, also, course, seconds }),
        1 => (any::<u8>(), 0..3_u8, seconds.clone()).prop_map(|(on, text, seconds)| Told::Remark { on, text, seconds }),
        4 => (who, who, strength, seconds.clone())
            .prop_map(|(a, b, strength, seconds)| Told::Evidence { a, b, strength, seconds }),
        1 => (who, who, any::<bool>(), seconds.clone())
            .prop_map(|(a, b, include, seconds)| Told::Decision { a, b, include, seconds }),
        1 => (any::<u8>(), seconds.clone()).prop_map(|(decision, seconds)| Told::Undo { decision, seconds }),
        // Often at one instant.
        2 => (who, 0..3_u8, 0..3_i64).prop_map(|(whose, value, seconds)| Told::Profile { whose, value, seconds }),
        2 => (who, any::<bool>(), 0..3_i64).prop_map(|(whose, set, seconds)| Told::Tag { whose, set, seconds }),
    ]
}

/// A call and whatever of its course there is.
fn call(switch: &Source, start: i64, id: &str, caller: u8, course: u8) -> Vec<Event> {
    let has = |bit: u8| course & bit != 0;
    // Behind an outside prefix that only the trunk explains.
    let ani = if has(4) { format!("9{}", person(caller).value) } else { person(caller).value };
    let mut told = whole_call(switch, start, id, &ani);
    if has(1) {
        told.push(queued(switch, start, id, &ani, "601"));
    }
    if has(2) {
        told.extend([held(switch, start + 20, id, "1001"), resumed(switch, start + 30, id, "1001")]);
    }
    if has(4) {
        told[1..3].iter_mut().for_each(|event| *event = on_trunk(event.clone(), "tg9"));
    }
    if has(8) {
        told.retain(|event| !matches!(event.body, Body::CallEnded(_) | Body::CallLegEnded(_)));
    }
    if has(16) {
        told.push(wraps_up(switch, start + 60, id, WorkState::AfterCall));
        told.push(wraps_up(switch, start + 90, id, WorkState::Ready));
    }
    told
}

fn chat(web: &Source, start: i64, id: &str, handles: &[RawHandle], course: u8) -> Vec<Event> {
    let has = |bit: u8| course & bit != 0;
    let mut told = vec![opened(web, start, id, handles.to_vec(), Some("a visitor"))];
    if has(1) {
        told.push(message(web, start + 5, id, Author::Visitor, "hello?"));
        told.push(message(web, start + 15, id, Author::Agent, "hello"));
    }
    if has(2) {
        told.push(assigned(web, start + 10, id, "li.na"));
    }
    if has(4) {
        told.push(assigned(web, start + 20, id, "wang.wei"));
    }
    if has(8) {
        told.push(closed(web, start + 30, id));
    }
    if has(16) {
        told.push(opened(web, start + 40, id, handles.iter().rev().cloned().collect(), None));
    }
    told
}

pub(crate) fn events(story: &[Told]) -> Vec<Event> {
    let (switch, crm, admin, desk) = (avaya(), web(), Source::new("/admin"), Source::new("/agents"));
    let (mut all, mut calls, mut decisions): (Vec<Event>, Vec<(String, String)>, Vec<EventId>) = Default::default();
    for (at, one) in story.iter().enumerate() {
        let mut new = match one {
            Told::Call { caller, course, start } => {
                let id = format!("c{at}");
                calls.push((id.clone(), person(*caller).value));
                call(&switch, *start, &id, *caller, *course)
            }
            Told::Transfer { from, to, seconds } if !calls.is_empty() => {
                let pick = |number: &u8| &calls[usize::from(*number) % calls.len()];
                vec![transferred(&switch, *seconds, &pick(to).0, &pick(from).0, &pick(from).1)]
            }
            Told::Chat { visitor, also, course, seconds } => {
                chat(&crm, *seconds, &format!("chat{at}"), &[person(*visitor), person(*also)], *course)
            }
            Told::Remark { on, text, seconds } => {
                let on = usize::from(*on) % story.len();
                let key = match story[on] {
                    Told::Chat { .. } => ConversationKey::new(crm.name, &format!("chat{on}")),
                    _ => ConversationKey::new(switch.name, &format!("c{on}")),
                };
                vec![remarked(&desk, *seconds, key.id(), "Li", ["", "refund", "promised"][usize::from(*text)])]
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
                let name = ["a", "B", "\u{c4}"][usize::from(*value)];
                vec![profile(&crm, *seconds, person(*whose), &[("name", name)])]
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
                let house = lend().await.knowing(knowledge());
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
async fn rule_43_any_order_and_split_gives_the_same_on_sqlite() {
    any_split_gives_the_same(House::sqlite, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_43_any_order_and_split_gives_the_same_on_postgres() {
    any_split_gives_the_same(House::postgres, 40);
}

/// Eight workers and two processes on a few people at once: nobody's update is lost, and nobody deadlocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_54_many_workers_on_few_people_never_deadlock() {
    let house = House::postgres().await.knowing(knowledge());
    let neighbour = house.neighbour().await;
    let mut random = StdRng::seed_from_u64(7);
    let story: Vec<Told> = (0..600)
        .map(|_| match random.random_range(0..4) {
            0 => Told::Call {
                caller: random.random_range(0..4),
                course: random.random(),
                start: random.random_range(0..5_000),
            },
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
