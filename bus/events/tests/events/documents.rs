//! Schemas, the AsyncAPI document and the table of types are what the types say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use trunkline_events::{Body, asyncapi, event_schema, is_derived, routing_key};

use super::samples::folder;

const TABLE_BEGINS: &str = "<!-- types: begin (written by UPDATE=1 cargo test -p trunkline-events) -->\n";
const TABLE_ENDS: &str = "<!-- types: end -->";

#[test]
fn the_schemas_on_disk_are_those_of_the_types() {
    let files = fs::read_dir(folder("schemas")).map(Iterator::count).unwrap_or_default();
    for name in Body::TYPES {
        let schema = event_schema(name).expect("a schema");
        check(&folder("schemas").join(format!("{name}.json")), &pretty(&schema));
    }
    assert!(updating() || files == Body::TYPES.len(), "a schema of no type lies in schemas/");
}

#[test]
fn the_asyncapi_document_is_current() {
    check(&folder("../../docs/asyncapi.json"), &pretty(&asyncapi()));
}

#[test]
fn the_table_of_types_in_the_integrators_page_is_current() {
    let page = folder("../../docs/events.md");
    let text = fs::read_to_string(&page).expect("docs/events.md");
    let (before, rest) = text.split_once(TABLE_BEGINS).expect("the begin mark");
    let (_, after) = rest.split_once(TABLE_ENDS).expect("the end mark");
    check(&page, &format!("{before}{TABLE_BEGINS}{}{TABLE_ENDS}{after}", table()));
}

#[test]
fn one_name_means_one_schema_in_every_type() {
    let mut known: BTreeMap<String, (Value, &str)> = BTreeMap::new();
    for event_type in Body::TYPES {
        let schema = event_schema(event_type).expect("a schema");
        for (name, definition) in schema["$defs"].as_object().expect("definitions") {
            let (first, told_by) = known.entry(name.clone()).or_insert_with(|| (definition.clone(), event_type));
            assert_eq!(first, definition, "{name} in {told_by} and {event_type}");
        }
    }
}

#[test]
fn every_reference_of_the_asyncapi_document_leads_somewhere() {
    let document = asyncapi();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 3 * Body::TYPES.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let listed = |channel: &str| document["channels"][channel]["messages"].as_object().expect("messages").len();
    assert_eq!(listed("events") + listed("unified"), Body::TYPES.len());
}

#[test]
fn a_routing_key_is_the_type_without_its_first_word() {
    assert_eq!(routing_key("trunkline.call.ringing.v1"), "call.ringing.v1");
    assert!(is_derived("trunkline.pop.ringing.v1") && is_derived("trunkline.cdr.completed.v1"));
    assert!(!is_derived("trunkline.cdr.remarked.v1") && !is_derived("trunkline.customer.tag.v1"));
}

fn table() -> String {
    let row = |name: &&str| {
        let exchange = if is_derived(name) { "unified" } else { "events" };
        format!("| `{}` | {exchange} | {} |\n", routing_key(name), Body::description(name).expect("a description"))
    };
    let rows: String = Body::TYPES.iter().map(row).collect();
    format!("| routing key (type without `trunkline.`) | exchange `trunkline.…` | tells |\n|---|---|---|\n{rows}")
}

fn collect_references<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            into.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("JSON"))
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// The file holds this text; with `UPDATE=1` it is made to.
fn check(path: &Path, text: &str) {
    if updating() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("writable");
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == text, "{} is not current: UPDATE=1 cargo test -p trunkline-events", path.display());
}
