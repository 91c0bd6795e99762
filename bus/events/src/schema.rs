//! JSON Schemas of whole events, and how types are spread over the bus.

use serde_json::{Map, Value, json};

use crate::Body;

/// Types that mapping makes out of other events, by the start of their routing key.
const DERIVED: [&str; 9] = [
    "customer.created.",
    "customer.merged.",
    "customer.split.",
    "customer.changed.",
    "customer.tag_wanted.",
    "cdr.completed.",
    "cdr.revised.",
    "pop.",
    "delivery.",
];

/// Attributes that every event has.
pub(crate) const REQUIRED: [&str; 8] =
    ["specversion", "id", "source", "type", "time", "receivedtime", "partitionkey", "data"];

/// The routing key of a type: without its first word, like `call.ringing.v1`.
pub fn routing_key(event_type: &str) -> &str {
    event_type.strip_prefix("trunkline.").unwrap_or(event_type)
}

/// Whether events of this type are derived: on exchange `trunkline.unified` instead of `trunkline.events`.
pub fn is_derived(event_type: &str) -> bool {
    let key = routing_key(event_type);
    DERIVED.iter().any(|start| key.starts_with(start))
}

/// The JSON Schema (2020-12) of a whole event of this type as it stands on the wire; `None` for an unknown type.
///
/// It admits attributes and fields that it does not name: additive change must not break a reader.
pub fn event_schema(event_type: &str) -> Option<Value> {
    let (data, definitions) = data_schema(event_type)?;
    Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event_type,
        "description": Body::description(event_type),
        "type": "object",
        "required": REQUIRED,
        "properties": envelope(event_type, &data),
        "$defs": definitions,
    }))
}

/// The schema of `data`, and the definitions it refers to.
pub(crate) fn data_schema(event_type: &str) -> Option<(Value, Map<String, Value>)> {
    let mut data = serde_json::to_value(Body::schema(event_type)?).ok()?;
    let root = data.as_object_mut()?;
    root.remove("$schema");
    let definitions = match root.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    Some((data, definitions))
}

/// The CloudEvents attributes with `data`.
pub(crate) fn envelope(event_type: &str, data: &Value) -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let instant = |description: &str| json!({ "type": "string", "format": "date-time", "description": description });
    let uuid = |description: &str| json!({ "type": "string", "format": "uuid", "description": description });
    json!({
        "specversion": { "const": "1.0" },
        "id": uuid("The same for every telling of the same happening."),
        "source": { "type": "string", "format": "uri-reference", "description": "Who tells it, like /connectors/avaya-bj." },
        "type": { "const": event_type },
        "subject": text("The call, chat, agent or customer it is about, in the source's own id."),
        "time": instant("When it happened, by the source's clock."),
        "datacontenttype": { "const": "application/json" },
        "receivedtime": instant("When Trunkline took it."),
        "partitionkey": text("Events of one key are delivered in order."),
        "causationid": uuid("The event that this one was derived from."),
        "epoch": text("The connector's run that numbered it."),
        "sequence": { "type": "string", "pattern": "^[0-9]+$", "description": "Its number within the epoch, from 1, without holes." },
        "data": data,
    })
}
