//! The AsyncAPI 3.0 document of what integrators can subscribe to.

use serde_json::{Map, Value, json};

use crate::schema::{REQUIRED, data_schema, envelope};
use crate::{Body, CONTENT_TYPE, is_derived, routing_key};

/// The document: two channels (topic exchanges), one message a type, all schemas.
pub fn asyncapi() -> Value {
    let mut messages = Map::new();
    let mut schemas = Map::new();
    for event_type in Body::TYPES {
        let Some((data, definitions)) = data_schema(event_type) else { continue };
        schemas.extend(definitions);
        schemas.insert((*event_type).to_owned(), data);
        messages.insert(routing_key(event_type).to_owned(), message(event_type));
    }
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trunkline events",
            "version": "1",
            "description": "What happens at the call centre and online (trunkline.events) and what Trunkline makes of it (trunkline.unified), as CloudEvents 1.0 structured JSON. Changes are additive; a breaking one is a new .v2 type.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            "events": channel("trunkline.events", "What happened, told by connectors and people.", false),
            "unified": channel("trunkline.unified", "What Trunkline derived.", true),
        },
        "operations": { "publishEvents": operation("events"), "publishUnified": operation("unified") },
        "components": { "messages": messages, "schemas": schemas },
    });
    point_to_components(&mut document);
    document
}

fn message(event_type: &str) -> Value {
    json!({
        "name": event_type,
        "title": routing_key(event_type),
        "summary": Body::description(event_type),
        "contentType": CONTENT_TYPE,
        "payload": {
            "type": "object",
            "required": REQUIRED,
            "properties": envelope(event_type, &json!({ "$ref": format!("#/components/schemas/{event_type}") })),
        },
        "bindings": { "amqp": { "bindingVersion": "0.3.0", "messageType": event_type } },
    })
}

fn channel(exchange: &str, description: &str, derived: bool) -> Value {
    let keys = Body::TYPES.iter().filter(|event_type| is_derived(event_type) == derived).map(|name| routing_key(name));
    let reference = |key: &str| json!({ "$ref": format!("#/components/messages/{key}") });
    let messages: Map<String, Value> = keys.map(|key| (key.to_owned(), reference(key))).collect();
    json!({
        "address": exchange,
        "description": description,
        "messages": messages,
        "bindings": {
            "amqp": {
                "bindingVersion": "0.3.0",
                "is": "routingKey",
                "exchange": { "name": exchange, "type": "topic", "durable": true, "autoDelete": false },
            },
        },
    })
}

fn operation(channel: &str) -> Value {
    json!({ "action": "send", "channel": { "$ref": format!("#/channels/{channel}") } })
}

/// The generated schemas refer to `$defs` beside them; here all definitions stand together.
fn point_to_components(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/components/schemas/{name}");
            }
            object.values_mut().for_each(point_to_components);
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_components),
        _ => {}
    }
}
