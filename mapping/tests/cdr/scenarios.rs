//! Every `tests/scenarios/cdr-*.toml` is played, shuffled and doubled.

use std::fs;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use serde::Deserialize;
use toml::Table;
use trunkline_events::Event;
use trunkline_mapping::cdr::{Folded, conversation_keys, fold, known_from, root};
use uuid::Uuid;

use super::notation;
use super::record;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What happens, in a sentence; for readers.
    #[serde(rename = "story")]
    _story: String,
    events: String,
    record: Table,
    /// Records of calls that never became one with the first.
    #[serde(default)]
    others: Vec<Table>,
}

#[test]
fn every_scenario_gives_the_record_that_its_file_says() {
    let files = files();
    assert!(files.len() >= 66, "only {} scenarios found", files.len());
    let failures: Vec<String> = files.iter().filter_map(|file| play(file).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_scenario_gives_the_same_record_shuffled_and_doubled() {
    let mut random = StdRng::seed_from_u64(8);
    for file in files() {
        for events in conversations(&notation::events(&read(&file).events)) {
            let straight = fold(&events).expect("a record");
            for _ in 0..20 {
                let mut shuffled = events.clone();
                shuffled.extend(events.choose_multiple(&mut random, events.len() / 2).cloned());
                shuffled.shuffle(&mut random);
                assert_eq!(fold(&shuffled).expect("a record"), straight, "{}", file.display());
            }
        }
    }
}

fn play(file: &Path) -> Result<(), String> {
    let scenario = read(file);
    let conversations = conversations(&notation::events(&scenario.events));
    let mut expected = vec![scenario.record];
    expected.extend(scenario.others);
    let records = conversations.iter().map(|events| tell(events)).collect::<Vec<_>>();
    expected.iter().for_each(record::check_words);
    if records == expected {
        return Ok(());
    }
    let text = |tables: &[Table]| {
        let texts: Vec<String> = tables.iter().map(|table| toml::to_string(table).expect("toml")).collect();
        texts.join("\n")
    };
    let (want, got) = (text(&expected), text(&records));
    Err(format!("{}\n--- the file says\n{want}--- folded\n{got}", file.display()))
}

fn tell(events: &[Event]) -> Table {
    let folded = fold(events).expect("a record");
    assert_eq!(folded.complete, folded.cdr.ended.is_some());
    check_id(events, &folded);
    record::table(&folded)
}

/// The events of each conversation, in the order in which they are first named, as the engine tells them apart: by the
/// keys that one event names together. What names no call (an agent's state, a remark) is told to all of them.
fn conversations(events: &[Event]) -> Vec<Vec<Event>> {
    let named = |event: &Event| -> Vec<Uuid> {
        let keys = conversation_keys(event).into_iter().filter(|key| key.text().is_some());
        keys.map(|key| key.id()).collect()
    };
    let mut sets: Vec<Vec<Uuid>> = Vec::new();
    for set in events.iter().map(named).filter(|ids| !ids.is_empty()) {
        let meets = |known: &Vec<Uuid>| known.iter().any(|id| set.contains(id));
        let first = sets.iter().position(meets).unwrap_or(sets.len());
        let joined: Vec<Vec<Uuid>> = sets.extract_if(.., |known| meets(known)).collect();
        sets.insert(first, joined.into_iter().flatten().chain(set.iter().copied()).collect());
    }
    let of = |set: &Vec<Uuid>| -> Vec<Event> {
        let theirs = |event: &&Event| {
            let ids = named(event);
            ids.is_empty() || ids.iter().any(|id| set.contains(id))
        };
        events.iter().filter(theirs).cloned().collect()
    };
    sets.iter().map(of).collect()
}

/// The record is named as the engine would name it from the keys.
fn check_id(events: &[Event], folded: &Folded) {
    let keys: Vec<_> = events
        .iter()
        .flat_map(|event| conversation_keys(event).into_iter().map(|key| (key, known_from(event))))
        .filter(|(key, _)| key.text().is_some())
        .collect();
    let root = root(keys.iter().map(|(key, time)| (key, *time))).expect("a root");
    assert_eq!(folded.cdr.id, root.id());
}

fn read(file: &Path) -> Scenario {
    let text = fs::read_to_string(file).expect("readable");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios").map(|entry| entry.expect("an entry").path());
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("cdr-") && path.extension().is_some_and(|extension| extension == "toml")
    };
    let mut files: Vec<PathBuf> = entries.filter(ours).collect();
    files.sort();
    files
}
