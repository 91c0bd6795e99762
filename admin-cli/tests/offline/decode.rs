//! `decode`: canonical events on stdout and nothing else, the same each time.

use std::fs;
use std::path::PathBuf;

use trunkline_events::Event;

use crate::command::{root, trunkctl};

fn recordings(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("connectors/src").join(folder).join("fixtures")).expect("fixtures");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin" || extension == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has fixtures");
    files
}

#[test]
fn every_committed_recording_gives_the_same_cloud_events_twice() {
    for (kind, folder) in [("avaya-dmcc", "avaya"), ("chat-webhook", "chat_webhook")] {
        for file in recordings(folder) {
            let file = file.to_str().expect("UTF-8");
            let once = trunkctl(&["decode", "--kind", kind, file]);
            assert!(!once.stdout.is_empty(), "{file} says nothing");
            for line in once.stdout.lines() {
                let event = Event::from_json(line.as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}: {line}"));
                assert_eq!(event.source, "/connectors/recording");
            }
            // What could not be read is told on stderr, and by the exit code.
            assert_eq!(once.code, i32::from(!once.stderr.is_empty()), "{file}: {}", once.stderr);
            let twice = trunkctl(&["decode", "--kind", kind, file]);
            assert_eq!(once.stdout, twice.stdout, "{file}");
        }
    }
}

#[test]
fn a_good_recording_is_decoded_without_a_word_on_stderr() {
    let file = root().join("connectors/src/avaya/fixtures/inbound.bin");
    let ended = trunkctl(&["decode", "--kind", "avaya-dmcc", "--source", "avaya-bj", file.to_str().expect("UTF-8")]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.contains("trunkline.call.ringing.v1") && ended.stdout.contains("/connectors/avaya-bj"));
}

#[test]
fn garbage_is_told_with_its_place_and_gives_no_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("garbage.jsonl");
    fs::write(&file, b"{\"type\":7}\n\x00\xff\xfe\nno json \x1b[31m\n").expect("written");
    let ended = trunkctl(&["decode", "--kind", "chat-webhook", file.to_str().expect("UTF-8")]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("line 2: "), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "a recording cannot steer the terminal");
}

#[test]
fn an_unknown_kind_an_absent_file_and_a_bad_name_are_told() {
    for (arguments, told) in [
        (["decode", "--kind", "avaya", "x.bin"].as_slice(), "\"avaya\" is no kind; see 'trunkctl connector kinds'"),
        (&["decode", "--kind", "avaya-dmcc", "/nowhere/x.bin"], "cannot read /nowhere/x.bin"),
        (&["decode", "--kind", "avaya-dmcc", "--source", "Avaya BJ", "x.bin"], "a connector's name has"),
        (&["decode", "--kind", "avaya-dmcc", "--start", "today", "x.bin"], "2026-11-21T08:00:00Z"),
    ] {
        let ended = trunkctl(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.stderr.contains(told), "{told:?} is not told in {}", ended.stderr);
    }
}

#[test]
fn what_record_wrote_is_decoded_without_a_kind_and_replay_takes_nothing_else() {
    let sample =
        fs::read_to_string(root().join("bus/events/samples/trunkline.chat.message.v1.json")).expect("a sample");
    let event = Event::from_json(sample.as_bytes()).expect("parses");
    let told = String::from_utf8(event.to_json().expect("JSON")).expect("UTF-8");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("recording.jsonl");
    let beginning =
        r#"{"trunkline_recording":1,"connector":"web","kind":"chat-webhook","began":"2026-11-20T07:00:00Z"}"#;
    let line = format!("{{\"at\":\"2026-11-20T07:00:01Z\",\"event\":{told}}}");
    fs::write(&file, format!("{beginning}\n{line}\n\n")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let decoded = trunkctl(&["decode", file]);
    assert_eq!((decoded.code, decoded.stdout.trim_end(), decoded.stderr.as_str()), (0, told.as_str(), ""));
    fs::write(file, format!("{beginning}\n{line}\n{{\"at\":1}}\n")).expect("written");
    let damaged = trunkctl(&["decode", file]);
    assert!(damaged.code == 1 && damaged.stderr.contains("line 3: no line of a recording"), "{}", damaged.stderr);
    let refused = trunkctl(&["replay", file, "--to", "http://127.0.0.1:1", "--token", "x"]);
    assert!(refused.code == 2 && refused.stderr.contains("line 3"), "nothing is played of it: {}", refused.stderr);
    let fixture = root().join("connectors/src/chat_webhook/fixtures/story.jsonl");
    let fixture = fixture.to_str().expect("UTF-8");
    let refused = trunkctl(&["replay", fixture, "--to", "http://127.0.0.1:1", "--token", "x"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let kindless = trunkctl(&["decode", fixture]);
    assert!(kindless.code == 2 && kindless.stderr.contains("--kind is missing"), "{}", kindless.stderr);
}
