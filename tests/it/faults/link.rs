//! The link to the Avaya: cut, dead without a word, flapping, split at every byte, its session forgotten.

use std::time::Duration;

use trunkline_simulators::avaya_dmcc::Misbehaviour;

use super::house::House;
use super::load::Traffic;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_heard_is_kept_and_what_was_not_is_declared_when_the_link_is_cut_and_flaps() {
    let mut house = House::open().await;
    house.proxy.split(true);
    let traffic = Traffic::byte_by_byte(&house);
    house.dice.moment(500, 1_000).await;
    for _ in 0..5 {
        house.falls();
        house.proxy.cut();
        house.avaya.wait_all_monitored().await;
        house.stands().await;
        house.dice.moment(200, 1_500).await;
    }
    // The AES does not take us back at once.
    house.falls();
    house.proxy.refuse();
    house.proxy.cut();
    house.dice.moment(1_000, 2_000).await;
    house.proxy.admit();
    house.avaya.wait_all_monitored().await;
    house.stands().await;
    house.proxy.split(false);
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house.verify("link cut 6 times, bytes one by one", &sent, Duration::from_secs(90)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_session_and_duplicate_monitors_double_nothing() {
    let mut house = House::open().await;
    let traffic = Traffic::start(&house);
    house.avaya.misbehave(&Misbehaviour::DuplicateMonitors { on: true });
    for tell in [true, false] {
        house.dice.moment(500, 1_500).await;
        house.falls();
        house.avaya.misbehave(&Misbehaviour::ForgetSession { tell });
        if !tell {
            // A silent loss shows when the client next asks: on its next connection at the latest.
            house.avaya.misbehave(&Misbehaviour::Drop);
        }
        house.avaya.wait_all_monitored().await;
        house.stands().await;
    }
    house.falls();
    house.avaya.misbehave(&Misbehaviour::LinkDown);
    house.dice.moment(500, 1_000).await;
    house.avaya.misbehave(&Misbehaviour::LinkUp);
    house.dice.moment(1_000, 1_500).await;
    let sent = traffic.finish().await;
    house.verify("session forgotten twice, switch lost once, monitors doubled", &sent, Duration::from_secs(90)).await;
}
