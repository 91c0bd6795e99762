//! SIGTERM under load.

use std::time::Duration;

use super::house::House;
use super::load::Traffic;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_drains_within_thirty_seconds_and_loses_nothing() {
    let mut house = House::open().await;
    let traffic = Traffic::start(&house);
    for _ in 0..2 {
        house.dice.moment(1_000, 2_500).await;
        house.falls();
        let took = house.daemon.terminate().await;
        assert!(took < Duration::from_secs(30), "it took {took:?} to stop");
        house.daemon.start().await;
        house.stands().await;
    }
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("SIGTERM twice", &sent, Duration::from_secs(90)).await;
}
