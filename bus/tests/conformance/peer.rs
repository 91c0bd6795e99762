//! An outside CloudEvents library reads what an integrator takes off the broker.

use std::path::{Path, PathBuf};
use std::process::Command;

use lapin::options::{BasicAckOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use trunkline_bus::{Exchange, Outgoing};
use trunkline_events::{Body, Event};

use crate::amqp_faults::operator;
use crate::harness::{Stage, sample};

/// Runs where `TRUNKLINE_PEERS` names the directory whose `venv/` holds `tests/peers/cloudevents/requirements.txt`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_cloudevents_library_reads_what_stands_in_a_queue() {
    let Some(peers) = std::env::var_os("TRUNKLINE_PEERS").map(PathBuf::from) else {
        return; // The peer is not installed; `./test` installs it.
    };
    let stage = Stage::amqp().await;
    let bus = stage.bus().await;
    // As docs/events.md tells an integrator.
    let channel = operator(&stage).await;
    let (queue, options) = ("integrator", QueueDeclareOptions::durable());
    channel.queue_declare(queue.into(), options, FieldTable::default()).await.expect("declared");
    let (exchange, options) = ("trunkline.events", QueueBindOptions::default());
    channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, FieldTable::default()).await.expect("bound");
    let events: Vec<Event> = Body::TYPES.iter().map(|name| sample(name)).collect();
    let messages = events.iter().map(|event| Outgoing::event(Exchange::Events, event).expect("a message"));
    bus.publisher().publish(messages.collect()).await.expect("confirmed");
    let taken = tempfile::tempdir().expect("a folder");
    for at in 0..events.len() {
        let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await;
        let message = got.expect("read").expect("a message");
        let kind = message.delivery.properties.content_type().as_ref().map(ToString::to_string);
        assert_eq!(kind.as_deref(), Some("application/cloudevents+json"), "what makes it structured mode");
        std::fs::write(taken.path().join(format!("{at:03}.json")), &message.delivery.data).expect("written");
        message.delivery.ack(BasicAckOptions::default()).await.expect("acknowledged");
    }
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/cloudevents/read.py");
    let output = Command::new(peers.join("venv/bin/python")).arg(reader).arg(taken.path()).output();
    let output = output.expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let read: Vec<Event> = told.lines().map(|line| Event::from_json(line.as_bytes()).expect("an event")).collect();
    assert_eq!(read, events);
}
