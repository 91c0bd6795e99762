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
        rabbit(&mut house).start_again().await;
    }
    house.dice.moment(500, 2_000).await;
    rabbit(&mut house).stop().await;
    house.spool_grows().await;
    // The daemon dies with a full spool and no broker: what is on its disk still counts.
    house.daemon.kill().await;
    house.daemon.start().await;
    house.dice.moment(3_000, 4_000).await;
    rabbit(&mut house).start_again().await;
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("broker killed twice, stopped once", &sent, Duration::from_secs(90)).await;
}

fn rabbit(house: &mut House) -> &mut trunkline_test_support::rabbit::Rabbit {
    match &mut house.broker {
        Broker::Own(rabbit) => rabbit,
        Broker::Shared(_) => unreachable!("this house has a broker of its own"),
    }
}

impl House {
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
