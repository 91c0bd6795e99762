//! The daemon killed with SIGKILL at random moments: between publish and confirm, between commit and ack, between publish
//! and the clearing of the outbox, while the spool is brought on.

use std::time::Duration;

use super::house::House;
use super::load::Traffic;

/// More than the twenty that are asked for.
const KILLS: usize = 22;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_daemon_is_killed_at_random_moments() {
    let mut house = House::open().await;
    let traffic = Traffic::start(&house);
    for _ in 0..KILLS {
        house.dice.moment(200, 2_200).await;
        house.daemon.kill().await;
        house.daemon.start().await;
    }
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("daemon killed 22 times", &sent, Duration::from_secs(90)).await;
}
