//! A committed sample of every type, which must parse for ever.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trunkline_events::{Body, Event, event_schema};

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every sample with its file name, in order of name.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder("samples")).expect("samples").map(|entry| entry.expect("an entry").path());
    let mut samples: Vec<_> = entries
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            (name, fs::read(&path).expect("readable"))
        })
        .collect();
    samples.sort();
    samples
}

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("JSON")
}

#[test]
fn every_type_has_its_sample_and_every_sample_its_type() {
    let told: Vec<String> = samples()
        .iter()
        .map(|(name, json)| {
            let event = Event::from_json(json).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(format!("{}.json", event.event_type()), *name);
            event.event_type().to_owned()
        })
        .collect();
    let mut types: Vec<&str> = Body::TYPES.to_vec();
    types.sort_unstable();
    assert_eq!(told, types);
}

#[test]
fn every_sample_is_written_as_it_was_read() {
    for (name, json) in samples() {
        let event = Event::from_json(&json).expect("parses");
        let again = event.to_json().expect("writes");
        assert_eq!(value(&again), value(&json), "{name}");
    }
}

#[test]
fn every_sample_fits_its_schema_and_no_other_types() {
    let all: Vec<_> = Body::TYPES
        .iter()
        .map(|name| {
            let schema = event_schema(name).expect("a schema");
            let options = jsonschema::options().should_validate_formats(true);
            (*name, options.build(&schema).unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    for (file, json) in samples() {
        let sample = value(&json);
        for (name, schema) in &all {
            let fits = sample["type"] == *name;
            let errors: Vec<String> = schema.iter_errors(&sample).map(|error| error.to_string()).collect();
            assert_eq!(errors.is_empty(), fits, "{file} against {name}: {errors:?}");
        }
    }
}

#[test]
fn attributes_and_fields_that_we_do_not_know_are_passed_over() {
    for (name, json) in samples() {
        let event = Event::from_json(&json).expect("parses");
        let mut wider = value(&json);
        wider["traceparent"] = json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        wider["data"]["field_of_tomorrow"] = json!({ "deep": [1, null, "\\u0000 is no NUL"] });
        let read = Event::from_json(wider.to_string().as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, event, "{name}");
        let schema = event_schema(event.event_type()).expect("a schema");
        assert!(jsonschema::is_valid(&schema, &wider), "{name}: its schema refuses additions");
    }
}

#[test]
fn samples_hold_no_number_that_could_be_somebodys() {
    for (name, json) in samples() {
        let text = String::from_utf8(json).expect("UTF-8");
        for number in text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| digits.len() == 11) {
            assert!(number.starts_with("13800138"), "{name}: {number}");
        }
    }
}
