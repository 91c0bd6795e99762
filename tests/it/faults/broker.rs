//! The broker killed, stopped, and away for a while.

use std::time::Duration;

use super::house::{Broker, House};
use super::load::Traffic;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_broker_is_killed_twice_and_stopped_and_away_for_a_while() {
    let mut house = House::with_own_broker().await;
    let traffic = Traffic::start(&house);
    for _ in 0..2 {
        house.dice.moment(500, 2_000).await;
        rabbit(&mut house).kill().await;
        house.links_stay_up().await;
        rabbit(&mut house).start_again().await;
        house.links_stay_up().await;
    }
    house.dice.moment(500, 2_000).await;
    rabbit(&mut house).stop().await;
    house.spool_grows().await;
    house.dice.moment(5_000, 6_000).await;
    house.links_stay_up().await;
    rabbit(&mut house).start_again().await;
    // The daemon dies while it brings the spool on.
    house.spool_drains().await;
    house.falls();
    house.daemon.kill().await;
    house.daemon.start().await;
    house.spool_drains().await;
    house.stands().await;
    rabbit(&mut house).stop().await;
    house.spool_grows().await;
    // The daemon dies with a full spool and no broker: what is on its disk still counts.
    house.falls();
    house.daemon.kill().await;
    house.daemon.start().await;
    house.dice.moment(3_000, 4_000).await;
    rabbit(&mut house).start_again().await;
    house.stands().await;
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("broker killed twice, stopped twice", &sent, Duration::from_secs(90)).await;
}

fn rabbit(house: &mut House) -> &mut trunkline_test_support::rabbit::Rabbit {
    match &mut house.broker {
        Broker::Own(rabbit) => rabbit,
        Broker::Shared(_) => unreachable!("this house has a broker of its own"),
    }
}

impl House {
    /// Both links, whatever the broker does.
    async fn links_stay_up(&self) {
        for connector in ["avaya-bj", "web-chat"] {
            assert!(self.is_up(connector).await, "seed {}: {connector}\n{}", self.dice.seed, self.daemon.output());
        }
    }

    /// Waits until this life of the daemon has brought some of the spool on.
    async fn spool_drains(&self) {
        let address = format!("http://{}/metrics", self.daemon.address());
        tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                let metrics = self.client.get(&address).send().await.expect("metrics").text().await.expect("a body");
                let mut drained =
                    metrics.lines().filter_map(|line| line.strip_prefix("trunkline_spool_drained_events_total "));
                if drained.any(|count| count != "0") {
                    return;
                }
            }
        })
        .await
        .expect("something was on the spool and goes on");
    }

    /// Waits until something stands on the spool.
    async fn spool_grows(&self) {
        let spool = self.home.path().join("data/spool");
        let size = || -> u64 {
            let files = std::fs::read_dir(&spool).into_iter().flatten().filter_map(Result::ok);
            files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
        };
        let before = size();
        tokio::time::timeout(Duration::from_secs(20), async {
            while size() < before + 20_000 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("the spool grows while the broker is away");
    }
}
