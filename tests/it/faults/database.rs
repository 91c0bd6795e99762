//! The database killed, stopped at once, and its sessions ended in the middle of batches.

use std::time::Duration;

use super::house::House;
use super::load::Traffic;

const END_SESSIONS: &str = "SELECT json_build_array(count(pg_terminate_backend(pid))) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_database_is_killed_stopped_at_once_and_its_sessions_ended() {
    let mut house = House::open().await;
    let traffic = Traffic::start(&house);
    for _ in 0..12 {
        house.dice.moment(30, 400).await;
        house.sql(END_SESSIONS).expect("sessions are ended");
    }
    for _ in 0..2 {
        house.dice.moment(300, 1_000).await;
        house.postgres.kill().expect("killed");
        house.dice.moment(300, 1_500).await;
        house.postgres.start_again().expect("recovered");
    }
    house.dice.moment(300, 1_000).await;
    house.postgres.stop_immediately().expect("stopped without a checkpoint");
    house.dice.moment(300, 1_500).await;
    house.postgres.start_again().expect("recovered");
    house.dice.moment(500, 1_000).await;
    let sent = traffic.finish().await;
    house
        .verify("database killed twice, stopped at once, 12 times all sessions ended", &sent, Duration::from_secs(90))
        .await;
}
