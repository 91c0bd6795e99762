//! The Avaya connector against the simulated AES: real sockets, the real driver, the shipped scenarios.
//!
//! Simulator and connector were written apart from each other from the same wire facts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use trunkline_connectors::contract::{Built, SourceId};
use trunkline_connectors::drive::{Host, Intake, IntakeClosed, Link, start};
use trunkline_events::agent::WorkState;
use trunkline_events::call::{Direction, Route};
use trunkline_events::{Body, Event, EventId};
use trunkline_simulators::avaya_dmcc::{AvayaDmcc, Listening, Misbehaviour, Scenario, Verb};

/// Remembers each event once, as an inbox does.
struct Inbox {
    events: watch::Sender<Vec<Event>>,
}

#[async_trait]
impl Intake for Inbox {
    async fn accept(&self, events: Vec<Event>) -> Result<(), IntakeClosed> {
        self.events.send_modify(|stored| {
            let known: BTreeSet<EventId> = stored.iter().map(|event| event.id).collect();
            stored.extend(events.into_iter().filter(|event| !known.contains(&event.id)));
        });
        Ok(())
    }
}

/// A played scenario.
struct Played {
    inbox: Arc<Inbox>,
    link: Link,
    aes: AvayaDmcc,
    scenario: Scenario,
    _data: tempfile::TempDir,
}

fn scenario_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/scenarios/avaya-{name}.toml"))
}

fn build(port: u16, scenario: &str) -> Built {
    build_with(port, scenario, "")
}

fn build_with(port: u16, scenario: &str, more: &str) -> Built {
    let read: toml::Table = toml::from_str(scenario).expect("TOML");
    let switch = &read["switch"];
    let list = |key: &str| switch.get(key).map_or_else(|| "[]".to_owned(), ToString::to_string);
    let user = &read["users"][0];
    let params = format!(
        "[params]\nhost = \"127.0.0.1\"\nport = {port}\nuser = {}\npassword = {}\nswitch_name = {}\nstations = {}\nskills = {}\nvdns = {}\nrecorder_devices = {}\nmonitor_rate_per_second = 100\nsession_duration_seconds = 30\n{more}[params.tls]\nenabled = false\n",
        user["name"],
        user["password"],
        switch["name"],
        list("stations"),
        list("skills"),
        list("vdns"),
        list("recorders"),
    );
    let value: config::Value = config::Config::builder()
        .add_source(config::File::from_str(&params, config::FileFormat::Toml))
        .build()
        .and_then(|built| built.get("params"))
        .expect("TOML");
    let kind = trunkline_connectors::kind("avaya-dmcc").expect("built in");
    kind.build(&SourceId::new("avaya-test").expect("name"), &value).expect("good parameters")
}

impl Played {
    /// Connects and waits until everything is monitored.
    async fn begin(name: &str) -> Self {
        Self::with(&std::fs::read_to_string(scenario_path(name)).expect("shipped")).await
    }

    async fn with(text: &str) -> Self {
        let scenario = Scenario::parse(text).expect("good");
        let aes = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("listens");
        let inbox = Arc::new(Inbox { events: watch::Sender::new(Vec::new()) });
        let data = tempfile::tempdir().expect("a folder");
        let mut host = Host::new(inbox.clone(), data.path());
        host.pace.back_off_first = Duration::from_millis(20);
        host.pace.back_off_most = Duration::from_millis(200);
        let link = start(SourceId::new("avaya-test").expect("name"), build(aes.addr().port(), text), host);
        within("monitors", aes.wait_all_monitored()).await;
        Self { inbox, link, aes, scenario, _data: data }
    }

    /// Waits until what was told is enough, and gives it.
    async fn told(&self, what: &str, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let mut events = self.inbox.events.subscribe();
        let waited = tokio::time::timeout(Duration::from_mins(1), events.wait_for(|events| enough(events))).await;
        let told = waited.map(|told| told.expect("inbox").clone());
        told.unwrap_or_else(|_| panic!("{what}: {:#?}", counts(&self.inbox.events.borrow())))
    }

    async fn step(&self, verb: Verb) {
        self.aes.step(verb).await.expect("possible");
    }

    /// Plays the scenario and waits until every call that was offered is over.
    async fn play(name: &str) -> Vec<Event> {
        Self::play_until(name, is_over).await
    }

    /// Plays the scenario and waits until what was told is enough.
    async fn play_until(name: &str, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let played = Self::begin(name).await;
        within("scenario", played.aes.play(&played.scenario)).await.expect("played");
        let mut events = played.inbox.events.subscribe();
        let told =
            within("all that was played", events.wait_for(|events| enough(events))).await.expect("inbox").clone();
        played.link.stop().await;
        played.aes.stop().await;
        told
    }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.unwrap_or_else(|_| panic!("{what}: not within a minute"))
}

/// Call references that are open: offered, not ended, not gone up in another.
fn open(events: &[Event]) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    let mut closed = BTreeSet::new();
    for event in events {
        let from = match &event.body {
            Body::CallOffered(body) => {
                open.insert(body.call.id.clone());
                continue;
            }
            Body::CallEnded(body) => vec![body.call.id.clone()],
            Body::CallTransferred(body) => body.from.iter().map(|call| call.id.clone()).collect(),
            Body::CallConferenced(body) => body.from.iter().map(|call| call.id.clone()).collect(),
            _ => continue,
        };
        closed.extend(from);
    }
    &open - &closed
}

fn is_over(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event.body, Body::CallOffered(_))) && open(events).is_empty()
}

fn counts(events: &[Event]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.event_type()).or_default() += 1;
    }
    counts
}

fn count(events: &[Event], kind: &str) -> usize {
    counts(events).get(format!("trunkline.call.{kind}.v1").as_str()).copied().unwrap_or_default()
}

/// States of agents that belong to a call.
fn wrap_ups(events: &[Event]) -> Vec<(WorkState, String)> {
    let states = events.iter().filter_map(|event| match &event.body {
        Body::AgentState(body) => Some((body.state, body.call.as_ref()?.id.clone())),
        _ => None,
    });
    states.collect()
}

fn rings(events: &[Event]) -> Vec<(String, Option<String>, Route)> {
    let ringing = events.iter().filter_map(|event| match &event.body {
        Body::CallRinging(body) => Some((body.device.extension.clone(), body.device.agent.clone(), body.route.clone())),
        _ => None,
    });
    ringing.collect()
}

#[tokio::test]
async fn the_story_of_ms_wang_is_two_calls_each_told_once() {
    let events = Played::play_until("c00", |events| is_over(events) && wrap_ups(events).len() == 4).await;
    let told = counts(&events);
    for kind in ["offered", "queued", "ringing", "answered", "leg_ended", "ended"] {
        assert_eq!(count(&events, kind), 2, "{kind}: {told:#?}");
    }
    for (extension, agent, route) in rings(&events) {
        assert_eq!((extension.as_str(), agent.as_deref()), ("4750", Some("1001")));
        assert_eq!((route.calling.number.as_deref(), route.vdn.as_deref()), (Some("13800138000"), Some("65067")));
        assert_eq!((route.queue.as_deref(), route.direction), (Some("601"), Direction::Inbound));
    }
    let ucids: BTreeSet<_> =
        events.iter().filter_map(|event| event.subject.clone().filter(|id| id.len() == 20)).collect();
    assert_eq!(ucids.len(), 2, "named by their UCIDs");
    let states: Vec<WorkState> = wrap_ups(&events).iter().map(|(state, _)| *state).collect();
    assert_eq!(states, [WorkState::AfterCall, WorkState::Ready, WorkState::AfterCall, WorkState::Ready]);
    let wrapped: BTreeSet<_> = wrap_ups(&events).into_iter().map(|(_, call)| call).collect();
    assert_eq!(wrapped, ucids, "each call has its wrap-up");
    assert_eq!(told.get("trunkline.opaque.v1"), None, "{told:#?}");
}

#[tokio::test]
async fn a_transferred_customer_stays_the_customer() {
    let events = Played::play("transfer").await;
    let told = counts(&events);
    assert_eq!(count(&events, "transferred"), 3, "{told:#?}");
    assert!(rings(&events).iter().all(|(_, _, route)| {
        route.calling.number.as_deref().is_some_and(|number| number.starts_with("138001380"))
    }));
    let held = (count(&events, "held"), count(&events, "leg_ended"));
    assert!(held.0 >= 1 && held.1 >= 6, "{told:#?}");
    assert_eq!(told.get("trunkline.opaque.v1"), None, "{told:#?}");
}

#[tokio::test]
async fn conferences_abandoned_and_outgoing_calls_end_and_leave_nothing_open() {
    let conference = Played::play("conference").await;
    assert!(count(&conference, "conferenced") >= 1, "{:#?}", counts(&conference));
    let abandoned = Played::play("abandon").await;
    assert!(count(&abandoned, "offered") >= 1 && count(&abandoned, "offered") == count(&abandoned, "ended"));
    let outbound = Played::play("outbound").await;
    let directions: BTreeSet<String> = outbound
        .iter()
        .filter_map(|event| match &event.body {
            Body::CallOffered(body) => Some(format!("{:?}", body.route.direction)),
            _ => None,
        })
        .collect();
    assert!(directions.contains("Outbound"), "{directions:?}");
    for events in [conference, abandoned, outbound] {
        assert_eq!(counts(&events).get("trunkline.opaque.v1"), None, "{:#?}", counts(&events));
    }
}

#[tokio::test]
async fn after_a_rough_day_no_call_is_left_open_and_none_is_told_twice() {
    let events = Played::play("rough").await;
    let mut ended = BTreeSet::new();
    for event in &events {
        if let Body::CallEnded(body) = &event.body {
            assert!(ended.insert(body.call.id.clone()), "{} ended twice", body.call.id);
        }
    }
    let calm = rings(&events).into_iter().find(|(_, _, route)| route.calling.number.as_deref() == Some("13800138017"));
    assert_eq!(
        calm.map(|(extension, agent, _)| (extension, agent)),
        Some(("4750".to_owned(), Some("1001".to_owned())))
    );
    let told = counts(&events);
    let resynced = told.get("trunkline.link.resynced.v1").copied().unwrap_or_default();
    assert!(resynced >= 4 && told.contains_key("trunkline.link.gap.v1"), "{told:#?}");
}

const SMALL: &str = r#"
[aes]
longest_session_seconds = 3
[switch]
name = "CM1"
stations = ["4750-4752"]
skills = ["601"]
vdns = ["65067"]
[[users]]
name = "trunkline"
password = "secret"
"#;

fn gaps(events: &[Event]) -> usize {
    counts(events).get("trunkline.link.gap.v1").copied().unwrap_or_default()
}

fn resyncs(events: &[Event]) -> usize {
    counts(events).get("trunkline.link.resynced.v1").copied().unwrap_or_default()
}

/// F10, half-open: the socket stands, and nothing comes or goes any more.
#[tokio::test]
async fn a_link_that_is_dead_without_being_closed_is_found_left_and_made_good() {
    let played = Played::with(SMALL).await;
    played.told("the first round", |events| resyncs(events) == 1).await;
    played.step(Verb::arrive("wang", "13800138000", "65067")).await;
    played.step(Verb::queue("wang", "601")).await;
    played.told("the waiting call", |events| count(events, "queued") == 1).await;
    played.aes.misbehave(&Misbehaviour::HalfOpen);
    // Nobody hears this.
    played.step(Verb::ring("wang", "4750")).await;
    played.step(Verb::arrive("li", "13800138001", "4751")).await;
    let events = played.told("the second round", |events| resyncs(events) == 2).await;
    let heard: BTreeSet<String> = rings(&events).into_iter().map(|(extension, ..)| extension).collect();
    assert_eq!(heard, BTreeSet::from(["4750".to_owned(), "4751".to_owned()]), "found by their state");
    assert!(gaps(&events) >= 1, "{:#?}", counts(&events));
    played.step(Verb::answer("wang")).await;
    played.step(Verb::drop("wang", "caller")).await;
    played.step(Verb::drop("li", "caller")).await;
    let events = played.told("the end of both calls", is_over).await;
    assert_eq!((count(&events, "ended"), count(&events, "ringing")), (2, 2), "{:#?}", counts(&events));
    played.link.stop().await;
    played.aes.stop().await;
}

/// F10, S1: frames whose length is wrong, too short and too long.
#[tokio::test]
async fn a_frame_of_a_wrong_length_costs_the_link_a_declared_gap_and_nothing_else() {
    let played = Played::with(SMALL).await;
    played.told("the first round", |events| resyncs(events) == 1).await;
    for (round, length) in [30_u16, 65_535].into_iter().enumerate() {
        let call = format!("call-{round}");
        played.step(Verb::arrive(&call, "13800138000", "65067")).await;
        played.told("the call", |events| count(events, "offered") == round + 1).await;
        let before = gaps(&played.inbox.events.borrow());
        played.aes.misbehave(&Misbehaviour::WrongLength { length });
        played.step(Verb::queue(&call, "601")).await;
        played.step(Verb::ring(&call, "4750")).await;
        let events = played.told("state read anew", |events| resyncs(events) >= round + 2).await;
        assert!(gaps(&events) > before, "{length}: {:#?}", counts(&events));
        assert_eq!(count(&events, "ringing"), round + 1, "{length}: found by its state");
        played.step(Verb::answer(&call)).await;
        played.step(Verb::drop(&call, "caller")).await;
        played.told("the end of the call", is_over).await;
    }
    played.link.stop().await;
    played.aes.stop().await;
}

/// F10, failover: the AES is gone for good, another one of the same switch takes over.
#[tokio::test]
async fn when_the_aes_is_gone_the_secondary_one_is_used_and_everything_is_monitored_there() {
    let text = SMALL.replace("4750-4752", "4750-4999").replace("[aes]\nlongest_session_seconds = 3\n", "");
    let scenario = Scenario::parse(&text).expect("good");
    let first = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("listens");
    let second = AvayaDmcc::start(Listening::loopback(), &scenario).await.expect("listens");
    let inbox = Arc::new(Inbox { events: watch::Sender::new(Vec::new()) });
    let data = tempfile::tempdir().expect("a folder");
    let mut host = Host::new(inbox.clone(), data.path());
    host.pace.back_off_first = Duration::from_millis(20);
    host.pace.back_off_most = Duration::from_millis(200);
    let others = format!("secondary_hosts = [\"127.0.0.1:{}\"]\n", second.addr().port());
    let built = build_with(first.addr().port(), &text, &others);
    let link = start(SourceId::new("avaya-test").expect("name"), built, host);
    within("monitors at the first", first.wait_all_monitored()).await;
    first.stop().await;
    within("monitors at the second", second.wait_all_monitored()).await;
    let mut events = inbox.events.subscribe();
    within("state read there", events.wait_for(|events| resyncs(events) >= 1 && gaps(events) >= 1))
        .await
        .expect("inbox");
    second.step(Verb::arrive("wang", "13800138000", "65067")).await.expect("possible");
    second.step(Verb::queue("wang", "601")).await.expect("possible");
    second.step(Verb::ring("wang", "4999")).await.expect("possible");
    second.step(Verb::drop("wang", "caller")).await.expect("possible");
    let told = within("the call", events.wait_for(|events| is_over(events))).await.expect("inbox").clone();
    assert_eq!(rings(&told).len(), 1);
    link.stop().await;
    second.stop().await;
}
