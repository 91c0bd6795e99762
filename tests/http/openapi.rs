//! The description of the API is complete and current.

use std::path::Path;

use serde_json::Value;

use crate::house::House;

#[test]
fn the_committed_description_is_what_the_handlers_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let current = serde_json::to_string_pretty(&trunkline::http::openapi::document()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "docs/openapi.json is stale: run UPDATE=1 cargo test --test http openapi");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = trunkline::http::openapi::document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 40);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            references.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(array) => array.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[tokio::test]
async fn no_described_address_answers_without_a_token() {
    let house = House::open().await;
    let document = trunkline::http::openapi::document();
    let paths = document["paths"].as_object().expect("paths");
    let mut tried = 0;
    for (path, operations) in paths {
        for method in operations.as_object().expect("operations").keys() {
            let path = path.replace("{id}", "00000000-0000-0000-0000-000000000001").replace("{name}", "avaya-bj");
            let method = method.to_uppercase().parse().expect("a method");
            let answer = house.request(method, &path, "").send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{path}");
            assert!(answer.headers().contains_key("www-authenticate"));
            tried += 1;
        }
    }
    assert!(tried >= 25, "{tried}");
}
