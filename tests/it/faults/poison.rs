//! What an outside publisher puts on the bus that is no event.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use serde_json::{Value, json};

use super::house::House;
use super::load::Traffic;
use super::settle::bounded;

/// The outside publisher's own book of what it sent.
const SOURCE: &str = "/connectors/outside";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_is_put_aside_with_its_reason_and_everything_else_flows() {
    let mut house = House::open().await;
    let traffic = Traffic::start(&house);
    let poison = poison();
    house.publish(&poison).await;
    let letters = house.dead(poison.len()).await;
    // Killed and taken up again, read again, refused again: it is one letter and one line of the books each.
    house.falls();
    house.daemon.kill().await;
    house.daemon.start().await;
    house.stands().await;
    let done = house.post("/bus/dead/replay", &json!({ "all": true })).await;
    assert_eq!(done["done"], poison.len(), "{done}");
    let again = house.dead(poison.len()).await;
    assert_eq!(ids(&letters), ids(&again), "a replayed letter came back as another");
    for part in ["expected", "trunkline.unheard.of.v1", "trunkline.chat.closed.v2", "NUL"] {
        let told = again.iter().any(|letter| letter["reason"].as_str().is_some_and(|reason| reason.contains(part)));
        assert!(told, "no reason holds {part:?}: {again:#?}");
    }
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("poison", &sent, Duration::from_secs(60)).await;
    let books = house.books().await.expect("the books");
    let page = books.iter().find(|page| page["source"] == SOURCE).expect("a page of the outside publisher");
    let counts = [&page["taken"], &page["rejected"], &page["stored"]];
    assert_eq!(counts, [&json!(poison.len()), &json!(poison.len()), &json!(0)], "{page}");
}

/// Each is one thing that must not be taken for an event.
fn poison() -> Vec<Vec<u8>> {
    let event = |kind: &str, text: &str| {
        json!({
            "specversion": "1.0", "id": "a343c72a-1c01-5bb9-bbdb-f47a0bdad05c", "source": SOURCE, "type": kind,
            "time": "2026-11-20T06:25:02Z", "receivedtime": "2026-11-20T06:25:02Z", "partitionkey": "p",
            "data": { "chat": { "id": text, "channel": "web" }, "reason": text }
        })
        .to_string()
        .into_bytes()
    };
    vec![
        b"{ this is no JSON".to_vec(),
        event("trunkline.unheard.of.v1", "new"),
        event("trunkline.chat.closed.v2", "of a later release"),
        event("trunkline.chat.closed.v1", "nul \0 within"),
        vec![b'x'; 5 << 20],
        vec![b'['; 100_000],
    ]
}

fn ids(letters: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = letters.iter().map(|letter| letter["id"].to_string()).collect();
    ids.sort();
    ids
}

impl House {
    /// Publishes as an outside program would, with sequence numbers of its own.
    async fn publish(&self, bodies: &[Vec<u8>]) {
        let (user, password, port) = (self.broker.user(), self.broker.password(), self.broker.port());
        let uri = format!("amqp://{user}:{password}@127.0.0.1:{port}/{}", self.vhost);
        let connection = Connection::connect(&uri, ConnectionProperties::default()).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        for (number, body) in (1_i64..).zip(bodies) {
            let mut headers = FieldTable::default();
            let text = |text: String| AMQPValue::LongString(text.into());
            headers.insert("partitionkey".into(), text(format!("outside-{number}")));
            headers.insert("source".into(), text(SOURCE.to_owned()));
            headers.insert("epoch".into(), text("outside-1".to_owned()));
            headers.insert("sequence".into(), AMQPValue::LongLongInt(number));
            let properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
            let options = BasicPublishOptions::default();
            let publishing =
                channel.basic_publish("trunkline.events".into(), "chat.closed.v1".into(), options, body, properties);
            let confirm = publishing.await.expect("published").await.expect("confirmed");
            assert!(confirm.is_ack());
        }
    }

    /// Waits until so many letters are dead.
    async fn dead(&self, count: usize) -> Vec<Value> {
        bounded(Duration::from_secs(30), "every poison is a dead letter", async || {
            let letters = self.get("/bus/dead").await?["items"].as_array()?.clone();
            (letters.len() == count).then_some(letters)
        })
        .await
    }
}
