//! The daemon killed with SIGKILL at random moments: between publish and confirm, between commit and ack, between publish
//! and the clearing of the outbox, while the spool is brought on.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};

use super::house::{House, SHARDS};
use super::load::Traffic;

/// More than the twenty that are asked for, in rounds that are each held against the ledgers.
const ROUNDS: usize = 3;
const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_daemon_is_killed_at_random_moments() {
    let mut house = House::open().await;
    let mut on_their_way = 0;
    for round in 1..=ROUNDS {
        let traffic = Traffic::round(&house, round);
        for _ in 0..KILLS {
            house.goes_on(200, 2_200).await;
            house.falls();
            house.daemon.kill().await;
            on_their_way += house.on_the_queues().await;
            house.daemon.start().await;
        }
        house.goes_on(500, 1_000).await;
        let sent = traffic.finish().await;
        let run = format!("daemon killed {} times", round * KILLS);
        house.verify(&run, &sent, Duration::from_secs(90)).await;
    }
    assert!(on_their_way > 0, "no kill met an event on its way: seed {}", house.dice.seed);
}

impl House {
    /// Events that are on the bus and not acknowledged, while no daemon lives.
    async fn on_the_queues(&self) -> u32 {
        let (user, password, port) = (self.broker.user(), self.broker.password(), self.broker.port());
        let uri = format!("amqp://{user}:{password}@127.0.0.1:{port}/{}", self.vhost);
        let connection = Connection::connect(&uri, ConnectionProperties::default()).await.expect("a connection");
        let channel = connection.create_channel().await.expect("a channel");
        let mut count = 0;
        for shard in 0..SHARDS {
            let name = format!("trunkline.mapping.{shard}");
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let queue = channel.queue_declare(name.as_str().into(), passive, FieldTable::default()).await;
            count += queue.expect("it was declared").message_count();
        }
        connection.close(200, "counted".into()).await.expect("closed");
        count
    }
}
