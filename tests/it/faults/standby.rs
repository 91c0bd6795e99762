//! Two daemons on the same connectors: one holds each link, the other takes it when the first is gone or frozen.

use std::time::Duration;

use super::house::House;
use super::load::Traffic;
use super::settle::bounded;
use trunkline_test_support::daemon::Daemon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_daemon_takes_the_link_when_the_first_is_frozen_or_killed() {
    let mut house = House::open().await;
    let mut other = house.another_daemon();
    other.start().await;
    let traffic = Traffic::start(&house);
    house.holds("avaya-bj", false, &other).await;
    house.dice.moment(500, 1_500).await;
    // Frozen until the broker gives its heartbeat up and hands the lease on; then it wakes with what it had in hand.
    house.daemon.freeze();
    house.holds("avaya-bj", true, &other).await;
    house.daemon.thaw();
    house.dice.moment(1_000, 2_000).await;
    other.kill().await;
    house.avaya.wait_all_monitored().await;
    house.dice.moment(1_000, 2_000).await;
    let sent = traffic.finish().await;
    house.verify("two daemons, one frozen, the other killed", &sent, Duration::from_secs(90)).await;
}

impl House {
    /// Waits until a daemon holds the link of a connector, or does not.
    async fn holds(&self, connector: &str, held: bool, daemon: &Daemon) {
        bounded(Duration::from_secs(60), "the lease is where it belongs", async || {
            let list = self.get_of(daemon, "/connectors").await?;
            let mut all = list["items"].as_array()?.iter();
            let state = all.find(|one| one["name"] == connector)?["state"].as_str()?.to_owned();
            ((state == "up") == held && (held || state == "standby")).then_some(())
        })
        .await;
    }
}
