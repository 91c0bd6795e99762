//! Settings that only a person can mend, told in one sentence.

use secrecy::SecretString;
use trunkline_bus::{AmqpSettings, Bus, BusError, TlsSettings, Transport};
use trunkline_test_support::rabbit::Rabbit;

use crate::harness::{Stage, event, everything, id, login, take};

fn change(stage: &mut Stage, change: impl FnOnce(&mut AmqpSettings)) {
    let Transport::Amqp(settings) = &mut stage.settings.transport else { panic!("not amqp") };
    change(settings);
}

async fn refusal(stage: &Stage) -> BusError {
    Bus::connect(&stage.settings).await.expect_err("refused")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_a_wrong_vhost_are_refused_and_named() {
    let mut stage = Stage::amqp().await;
    change(&mut stage, |settings| settings.password = SecretString::from("wrong"));
    let error = refusal(&stage).await;
    assert!(matches!(&error, BusError::Refused { .. }), "{error}");
    assert!(!error.to_string().contains("wrong"), "the password shows: {error}");
    let mut stage = Stage::amqp().await;
    change(&mut stage, |settings| settings.vhost = "no-such-vhost".to_owned());
    let error = refusal(&stage).await;
    assert!(error.to_string().contains("no-such-vhost"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_with_a_broker_whose_authority_is_trusted_and_with_no_other() {
    let rabbit = Rabbit::shared().await;
    let mut stage = Stage::amqp().await;
    let tls = Some(TlsSettings { ca_file: Some(rabbit.ca_file()) });
    change(&mut stage, |settings| (settings.port, settings.tls) = (rabbit.tls_port(), tls.clone()));
    let bus = stage.bus().await;
    assert!(bus.health().connected, "{:?}", bus.health().reason);
    let mut subscription = bus.subscribe(everything("all")).await.expect("subscribed");
    bus.publisher().publish(vec![event("a", 1)]).await.expect("confirmed");
    assert_eq!(take(&mut subscription, 1).await[0].id, id(1));
    bus.close().await;

    change(&mut stage, |settings| settings.tls = Some(TlsSettings::default()));
    assert!(!stage.bus().await.health().connected, "an unknown authority was trusted");
    let mut stage = Stage::amqp().await;
    change(&mut stage, |settings| (settings.port, settings.tls) = (rabbit.port(), tls));
    assert!(!stage.bus().await.health().connected, "plain text was spoken though TLS is set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_authority_file_is_named() {
    let mut stage = Stage::amqp().await;
    let missing = std::path::PathBuf::from("/no/such/ca.pem");
    change(&mut stage, |settings| settings.tls = Some(TlsSettings { ca_file: Some(missing) }));
    let error = refusal(&stage).await;
    assert!(error.to_string().contains("/no/such/ca.pem"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fewer_shards_than_there_are_queues_are_refused() {
    let mut stage = Stage::amqp().await;
    stage.bus().await.close().await;
    change(&mut stage, |settings| settings.shards = 2);
    let error = refusal(&stage).await;
    assert!(matches!(&error, BusError::LeftOverShard { shards: 2, .. }), "{error}");
    assert!(error.to_string().contains("trunkline.mapping.2"), "{error}");
    change(&mut stage, |settings| settings.shards = 0);
    assert!(matches!(refusal(&stage).await, BusError::Setting { key: "shards", .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_plugin_there_is_one_shard() {
    let rabbit = Rabbit::start_without_plugin().await;
    let mut stage = Stage::on(&rabbit).await;
    change(&mut stage, |settings| settings.port = login(&rabbit, rabbit.port()).port);
    let bus = stage.bus().await;
    assert_eq!(bus.shards().await.expect("known"), 1);
    let mut subscription = bus.subscribe(trunkline_bus::Queue::Mapping(0)).await.expect("subscribed");
    assert!(bus.subscribe(trunkline_bus::Queue::Mapping(1)).await.is_err());
    bus.publisher().publish(vec![event("a", 1), event("b", 2)]).await.expect("confirmed");
    assert_eq!(take(&mut subscription, 2).await[1].id, id(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_queue_serves_one_process() {
    let stage = Stage::embedded();
    let _bus = stage.bus().await;
    let mut second = stage.settings.clone();
    second.spool.dir = second.spool.dir.with_extension("second");
    let error = Bus::connect(&second).await.expect_err("in use");
    assert!(matches!(&error, BusError::InUse { .. }), "{error}");
}
