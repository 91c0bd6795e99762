//! A silent link as the house's monitoring sees it: in the metrics and the log of a real process.

use std::time::Duration;

use trunkline_mapping::store::{LinkHour, Settings, Store};
use trunkline_test_support::daemon::Daemon;

const CONFIG: &str = r#"
[silence]
threshold = 2
least_minutes = 0
every_seconds = 1
[connectors.web-chat]
kind = "chat-webhook"
[connectors.web-chat.params]
secrets = ["whsec_ZW1iZWRkZWQtc2VjcmV0LW9mLXRydW5rbGluZS10ZXN0cw=="]
[connectors.new-chat]
kind = "chat-webhook"
[connectors.new-chat.params]
secrets = ["whsec_ZW1iZWRkZWQtc2VjcmV0LW9mLXRydW5rbGluZS10ZXN0cw=="]
"#;

/// One link told an event a second for four weeks, the other one is new.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_fell_silent_shows_in_the_metrics_and_the_log_and_a_new_one_does_not() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join("data");
    std::fs::create_dir(&data).expect("made");
    let url = format!("sqlite:{}", data.join("store.sqlite").display());
    let store = Store::open(&Settings::new(url)).await.expect("opens");
    let now = time::OffsetDateTime::now_utc().unix_timestamp() / 3600;
    let (source, epoch) = ("/connectors/web-chat".to_owned(), "the weeks before".to_owned());
    let hour = |ago: i64| {
        let (source, epoch) = (source.clone(), epoch.clone());
        LinkHour { source, epoch, hour: now - ago, told: 3600 * (700 - ago).unsigned_abs() }
    };
    store.keep_link_hours(&(1..700).map(hour).collect::<Vec<_>>()).await.expect("writes");
    store.close().await.expect("closes");

    let config = format!("[daemon]\ndata_dir = \"{}\"\n{CONFIG}", data.display());
    let mut daemon = Daemon::prepare(env!("CARGO_BIN_EXE_trunkline"), home.path(), &config).expect("a daemon");
    daemon.start().await;
    // The first one of this process stays; another is refused and not needed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let address = format!("http://{}/metrics", daemon.address());
    let silent = async {
        loop {
            let metrics = client.get(&address).send().await.expect("an answer").text().await.expect("text");
            if metrics.contains("trunkline_link_silent{source=\"web-chat\"} 1") {
                return metrics;
            }
        }
    };
    let metrics = tokio::time::timeout(Duration::from_secs(60), silent).await.expect("it is told");
    assert!(metrics.contains("trunkline_link_silent{source=\"new-chat\"} 0"), "{metrics}");
    daemon.terminate().await;
    let output = daemon.output();
    assert!(output.contains("a link that usually talks is silent") && output.contains("web-chat"), "{output}");
}
