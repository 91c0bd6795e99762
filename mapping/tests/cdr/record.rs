//! A folded record in the words of a scenario file: what is nothing (0, empty, absent) is not written.

use toml::{Table, Value};
use trunkline_events::Timestamp;
use trunkline_events::cdr::{Leg, Medium, Outcome};
use trunkline_mapping::cdr::{Folded, LiveLeg};

use super::notation::instant;

pub(crate) fn table(folded: &Folded) -> Table {
    let cdr = &folded.cdr;
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| {
        let nothing = match &value {
            Value::Integer(number) => *number == 0,
            Value::Float(number) => *number == 0.0,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Boolean(flag) => !flag,
            Value::Table(_) | Value::Datetime(_) => false,
        };
        if !nothing {
            table.insert(key.to_owned(), value);
        }
    };
    put("outcome", word(cdr.outcome).into());
    put("medium", if cdr.medium == Medium::Chat { "chat" } else { "" }.into());
    put("direction", word(cdr.direction).into());
    put("channel", cdr.channel.clone().into());
    put("calls", cdr.calls.clone().into());
    put("ucids", cdr.ucids.clone().into());
    put("customer", customer(folded).into());
    put("dialled", cdr.dialled.clone().unwrap_or_default().into());
    put("vdn", cdr.vdn.clone().unwrap_or_default().into());
    put("queues", cdr.queues.clone().into());
    for (key, at) in [("started", cdr.started), ("answered", cdr.answered), ("ended", cdr.ended)] {
        put(key, at.map(clock).unwrap_or_default().into());
    }
    let durations = [
        ("queue", cdr.queue_ms),
        ("ring", cdr.ring_ms),
        ("talk", cdr.talk_ms),
        ("hold", cdr.hold_ms),
        ("wrap_up", cdr.wrap_up_ms),
    ];
    for (key, millis) in durations {
        put(key, seconds(millis));
    }
    put("messages", i64::from(cdr.messages).into());
    put("transfers", i64::from(cdr.transfers).into());
    put("conferences", i64::from(cdr.conferences).into());
    put("legs", cdr.legs.iter().map(leg).collect::<Vec<_>>().into());
    let remarks = cdr.remarks.iter().map(|remark| format!("{} {}: {}", clock(remark.at), remark.author, remark.text));
    put("remarks", remarks.collect::<Vec<_>>().into());
    put("reconstructed", cdr.reconstructed.into());
    put("live", folded.live.iter().map(live).collect::<Vec<_>>().into());
    table
}

fn word<T: serde::Serialize>(value: T) -> String {
    match toml::Value::try_from(value) {
        Ok(Value::String(word)) => word,
        other => panic!("not a word: {other:?}"),
    }
}

fn customer(folded: &Folded) -> String {
    let handle = folded.customer_handle.as_ref();
    let told = handle.map(|customer| customer.handle.value.as_str());
    assert_eq!(folded.cdr.customer_handle.as_deref(), told, "record and handle name the same customer");
    handle.map(|customer| format!("{}:{}", customer.handle.scheme, customer.handle.value)).unwrap_or_default()
}

fn leg(leg: &Leg) -> String {
    let mut words = vec![leg.extension.clone()];
    let agent = leg.agent.iter().filter(|agent| **agent != leg.extension);
    words.extend(agent.map(|agent| format!("agent={agent}")));
    for (word, at) in [("rang", leg.ringing), ("answered", leg.answered), ("ended", leg.ended)] {
        words.extend(at.map(|at| format!("{word} {}", clock(at))));
    }
    for (word, millis) in [("ring", leg.ring_ms), ("talk", leg.talk_ms), ("hold", leg.hold_ms)] {
        words.extend((millis > 0).then(|| format!("{word}={}", seconds(millis))));
    }
    words.extend(leg.end.clone());
    words.join(" ")
}

fn live(live: &LiveLeg) -> String {
    let phase = if live.answered.is_some() { "answered" } else { "ringing" };
    let calling = live.route.calling.number.as_deref().unwrap_or("withheld");
    format!("{} {phase} in {} from {calling}", live.device.extension, live.call.id)
}

fn seconds(millis: u64) -> Value {
    let millis = i64::try_from(millis).expect("small");
    if millis % 1000 == 0 {
        Value::Integer(millis / 1000)
    } else {
        format!("{}.{:03}", millis / 1000, millis % 1000).parse::<f64>().expect("a number").into()
    }
}

/// `10:00:05`, with `+1d` on the day after the scenario's.
fn clock(at: Timestamp) -> String {
    let days = at.since(instant("00:00:00")).whole_days();
    let text = at.to_string();
    let clock = text.split_once('T').map_or("", |(_, clock)| clock).trim_end_matches('Z');
    if days == 0 { clock.to_owned() } else { format!("{clock}+{days}d") }
}

/// So that an unknown outcome in a file is a clear mistake of the file.
pub(crate) fn check_words(expected: &Table) {
    let outcome = expected.get("outcome").cloned().expect("the record says its outcome");
    outcome.try_into::<Outcome>().expect("a known outcome");
}
