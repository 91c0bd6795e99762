//! What every kind of connector has to do, whoever wrote it. A new row in `KINDS` is tested here without a new line.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use config::{Config, File, FileFormat, Value, ValueKind};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use trunkline_connectors::KINDS;
use trunkline_connectors::contract::{Actions, Input, Kind, ParamsError, Recording, SourceId};
use trunkline_connectors::drive::replay::{Replay, decode};
use trunkline_events::{Body, Event, Timestamp};
use uuid::Uuid;

/// Cut and flipped bytes that are tried of one fixture; where it has more, each run begins elsewhere.
const TRIES: usize = 1500;

fn id() -> SourceId {
    SourceId::new("contract-test").expect("a name")
}

fn start() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().expect("an instant")
}

fn play(kind: &dyn Kind, recording: &[u8]) -> Replay {
    decode(kind, &id(), recording, start())
}

/// The folder of a kind: its name, or the first word of it.
fn folder(kind: &dyn Kind) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let whole = sources.join(kind.name().replace('-', "_"));
    let first = kind.name().split('-').next().unwrap_or_default();
    if whole.is_dir() { whole } else { sources.join(first) }
}

fn fixtures(kind: &dyn Kind) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder(kind).join("fixtures")).expect("every kind has fixtures");
    let mut fixtures: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "md"))
        .map(|path| (path.clone(), std::fs::read(&path).expect("readable")))
        .collect();
    fixtures.sort();
    assert!(!fixtures.is_empty(), "{} has no fixture", kind.name());
    fixtures
}

/// The one entry of a kind's example, with its name.
fn example(kind: &dyn Kind) -> (String, config::Map<String, Value>) {
    let config = Config::builder().add_source(File::from_str(kind.example(), FileFormat::Toml)).build();
    let entries = config.expect("TOML").get_table("connectors").expect("[connectors.<name>]");
    assert_eq!(entries.len(), 1, "{}: one entry", kind.name());
    let (name, entry) = entries.into_iter().next().expect("one entry");
    (name, entry.into_table().expect("a table"))
}

fn params(kind: &dyn Kind) -> config::Map<String, Value> {
    example(kind).1["params"].clone().into_table().expect("[connectors.<name>.params]")
}

fn build(kind: &dyn Kind, params: config::Map<String, Value>) -> Result<(), ParamsError> {
    kind.build(&id(), &Value::new(None, ValueKind::Table(params))).map(|_| ())
}

#[test]
fn names_are_unique_and_fit_for_configuration_and_metrics() {
    let names: HashSet<_> = KINDS.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), KINDS.len());
    for name in names {
        assert!(SourceId::new(name).is_ok(), "{name}");
    }
}

#[test]
fn every_kind_has_a_readme_and_fixtures_that_say_something() {
    for kind in KINDS {
        let readme = std::fs::read_to_string(folder(*kind).join("README.md")).unwrap_or_default();
        assert!(readme.len() > 500, "{} has no README.md to speak of", kind.name());
        let events: usize = fixtures(*kind).iter().map(|(_, bytes)| play(*kind, bytes).events.len()).sum();
        assert!(events > 0, "the fixtures of {} say nothing", kind.name());
    }
}

#[test]
fn the_example_builds_and_every_key_of_it_is_explained() {
    for kind in KINDS {
        let (name, entry) = example(*kind);
        assert_eq!(entry["kind"].clone().into_string().expect("a text"), kind.name());
        SourceId::new(&name).expect("a fitting name");
        build(*kind, params(*kind)).unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
        assert!(kind.example().lines().filter(|line| line.starts_with('#')).count() > 2, "{}", kind.name());
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_name() {
    for kind in KINDS {
        let known = params(*kind);
        let key = known.keys().max_by_key(|key| key.len()).expect("a key").clone();
        let mut misspelt = known;
        let stranger = format!("{key}x");
        misspelt.insert(stranger.clone(), Value::new(None, "1"));
        let error = build(*kind, misspelt).expect_err("refused");
        let problem = error.problems.iter().find(|problem| problem.key == stranger);
        let problem = problem.unwrap_or_else(|| panic!("{}: {error}", kind.name()));
        assert!(problem.problem.contains(&key), "{}: {problem} should name {key}", kind.name());
    }
}

#[test]
fn a_missing_secret_is_named() {
    for kind in KINDS {
        let all = params(*kind);
        for secret in all.keys().filter(|key| ["secret", "password", "token"].iter().any(|word| key.contains(word))) {
            let stem = secret.trim_end_matches("_file");
            let without: config::Map<_, _> = all
                .iter()
                .filter(|(key, _)| !key.starts_with(stem))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let error = build(*kind, without).expect_err("a secret is missing");
            assert!(error.to_string().contains(stem), "{}: {error}", kind.name());
        }
    }
}

#[test]
fn several_problems_are_told_at_once() {
    for kind in KINDS {
        let mut wrong = params(*kind);
        wrong.insert("first_stranger".to_owned(), Value::new(None, 1));
        wrong.insert("second_stranger".to_owned(), Value::new(None, 2));
        let error = build(*kind, wrong).expect_err("refused");
        let keys: BTreeSet<_> = error.problems.iter().map(|problem| problem.key.as_str()).collect();
        assert!(keys.contains("first_stranger") && keys.contains("second_stranger"), "{}: {error}", kind.name());
    }
}

/// An agent's state, a link that goes up or down, and what was not understood come again under no name of their own, and a
/// call that the source names by a number which it uses again is named after the moment too: there the time is part of
/// the id.
fn is_named(event: &Event) -> bool {
    let moment = start().unix_millis().to_string();
    let by_moment = event.subject.as_ref().is_some_and(|subject| subject.ends_with(&moment));
    let nameless = event.event_type().starts_with("trunkline.agent.")
        || matches!(event.body, Body::LinkUp(_) | Body::LinkDown(_) | Body::Opaque(_));
    !by_moment && !nameless
}

#[test]
fn the_same_fixture_twice_gives_the_same_ids() {
    for kind in KINDS {
        for (path, bytes) in fixtures(*kind) {
            let (first, second) = (play(*kind, &bytes), play(*kind, &bytes));
            assert_eq!(first.events, second.events, "{}", path.display());
            // Read at another time, as after a restart: who tells it again tells it under the same ids.
            let later = decode(*kind, &id(), &bytes, start().plus(time::Duration::days(1)));
            let moved = first.events.iter().zip(&later.events).filter(|(a, b)| a.id != b.id && is_named(a));
            let moved: Vec<_> = moved.map(|(event, _)| (event.event_type(), &event.subject)).collect();
            assert!(moved.is_empty(), "{}: the ids of {moved:?} depend on when they are read", path.display());
            let ids: HashSet<_> = first.events.iter().map(|event| event.id).collect();
            assert_eq!(ids.len(), first.events.len(), "{}: two events have one id", path.display());
        }
    }
}

/// Every event of every fixture goes through the wire form unchanged, so no connector makes one the bus cannot carry.
#[test]
fn every_event_survives_the_wire() {
    for kind in KINDS {
        for (path, bytes) in fixtures(*kind) {
            for event in play(*kind, &bytes).events {
                let json = event.to_json().expect("JSON");
                assert_eq!(trunkline_events::Event::from_json(&json).expect("ours"), event, "{}", path.display());
            }
        }
    }
}

fn positions(length: usize) -> impl Iterator<Item = usize> {
    let step = length.div_ceil(TRIES).max(1);
    // Named with a failure by the panic of whatever position it was.
    let first = Uuid::new_v4().as_u128() % step as u128;
    (usize::try_from(first).unwrap_or_default()..length).step_by(step)
}

/// Runs a try, and says which one it was when it panics.
fn survived(path: &Path, what: &str, at: usize, play: impl FnOnce()) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(play));
    assert!(outcome.is_ok(), "{}: {what} {at}", path.display());
}

#[test]
fn any_prefix_of_a_fixture_is_survived() {
    for kind in KINDS {
        for (path, bytes) in fixtures(*kind) {
            for length in positions(bytes.len()) {
                survived(&path, "a prefix of", length, || drop(play(*kind, &bytes[..length])));
            }
        }
    }
}

#[test]
fn any_flipped_byte_of_a_fixture_is_survived() {
    for kind in KINDS {
        for (path, bytes) in fixtures(*kind) {
            for (turn, at) in positions(bytes.len()).enumerate() {
                let mut flipped = bytes.clone();
                flipped[at] ^= [0x01, 0x80, 0xff, 0x20][turn % 4];
                survived(&path, "a flip at", at, || drop(play(*kind, &flipped)));
                flipped[at] = 0;
                survived(&path, "a zero at", at, || drop(play(*kind, &flipped)));
            }
        }
    }
}

/// What the daemon runs: the protocol that the parameters build, met with bytes in the middle of nothing.
#[test]
fn a_built_protocol_survives_any_bytes_of_its_fixtures_before_any_login() {
    for kind in KINDS {
        for (path, bytes) in fixtures(*kind) {
            let whole = Value::new(None, ValueKind::Table(params(*kind)));
            let mut built = kind.build(&id(), &whole).expect("the example builds");
            let mut give = |input: Input<'_>| {
                // An error is an answer; a panic is not.
                let _ = built.protocol.on(input, &mut Actions::new(start()));
            };
            give(Input::Restored(None));
            give(Input::Opened { peer: "test" });
            for (at, piece) in bytes.chunks(97).enumerate() {
                survived(&path, "piece", at, || give(Input::Bytes(piece)));
            }
            give(Input::Closed { reason: "the end" });
            give(Input::Restored(Some(&bytes)));
            give(Input::Opened { peer: "test" });
            survived(&path, "piece", 0, || give(Input::Bytes(&bytes)));
        }
    }
}

/// The recording of a byte stream, read in pieces.
fn in_pieces(pieces: &[&[u8]]) -> Vec<u8> {
    let line = |piece: &&[u8]| format!("{}\n", serde_json::json!({ "bytes": STANDARD.encode(piece) }));
    pieces.iter().map(line).collect::<String>().into_bytes()
}

fn streams() -> impl Iterator<Item = (&'static dyn Kind, PathBuf, Vec<u8>)> {
    let kinds = KINDS.iter().copied().filter(|kind| kind.recording() == Recording::Stream);
    kinds.flat_map(|kind| fixtures(kind).into_iter().map(move |(path, bytes)| (kind, path, bytes)))
}

#[test]
fn a_stream_byte_by_byte_gives_equal_events() {
    for (kind, path, bytes) in streams() {
        let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(play(kind, &in_pieces(&pieces)).events, play(kind, &bytes).events, "{}", path.display());
    }
}

#[test]
fn any_split_of_a_stream_gives_equal_events() {
    for (kind, path, bytes) in streams() {
        let whole = play(kind, &bytes).events;
        let mut runner = TestRunner::new(Cases { failure_persistence: None, ..Cases::with_cases(48) });
        let cuts = prop::collection::btree_set(0..=bytes.len(), 0..24);
        let outcome = runner.run(&cuts, |cuts| {
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(&play(kind, &in_pieces(&pieces)).events, &whole);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
