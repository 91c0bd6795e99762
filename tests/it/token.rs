//! The first administrator's token cannot be lost for good.

use std::path::Path;
use std::process::{Command, Output};

use trunkline_test_support::daemon::Daemon;

fn configured(home: &Path) -> Daemon {
    let config = format!("[daemon]\ndata_dir = '{}'\n", home.join("data").display());
    Daemon::prepare(env!("CARGO_BIN_EXE_trunkline"), home, &config).expect("written")
}

/// How the API answers this token's bearer.
async fn status(daemon: &Daemon, secret: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asked = client.get(format!("http://{}/api/v1/tokens", daemon.address())).bearer_auth(secret).send().await;
    asked.expect("an answer").status().as_u16()
}

fn token(home: &Path, daemon: &Daemon) -> Output {
    let file = home.join(format!("trunkline-{}.toml", daemon.address().port()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(["token", "--name", "way back", "--config"]).arg(file).output().expect("it runs")
}

#[tokio::test]
async fn who_has_lost_every_token_makes_one_from_the_configuration() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().expect("a folder");
    let mut daemon = configured(home.path());
    let early = token(home.path(), &daemon);
    assert_eq!((early.status.code(), early.stdout.len()), (Some(2), 0));
    let told = String::from_utf8_lossy(&early.stderr);
    assert!(told.contains("daemon.data_dir: there is no store at"), "{told}");

    daemon.start().await;
    let file = home.path().join("data/admin.token");
    let first = std::fs::read_to_string(&file).expect("written");
    assert_eq!(status(&daemon, first.trim()).await, 200);
    std::fs::remove_file(&file).expect("lost");
    // Beside the running daemon, and it works at once.
    let made = token(home.path(), &daemon);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let secret = String::from_utf8(made.stdout).expect("UTF-8");
    assert_eq!(secret.lines().count(), 1, "the secret alone");
    assert_eq!(status(&daemon, secret.trim()).await, 200);
    let log = reqwest::Client::builder().no_proxy().build().expect("a client");
    let log = log.get(format!("http://{}/api/v1/audit-log", daemon.address())).bearer_auth(secret.trim()).send().await;
    let log = log.expect("an answer").text().await.expect("a body");
    assert!(log.contains("token.create") && log.contains("command line of the daemon"), "{log}");
    daemon.terminate().await;
}

#[tokio::test]
async fn a_first_token_whose_file_cannot_be_written_is_not_stored() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().expect("a folder");
    let mut daemon = configured(home.path());
    let file = home.path().join("data/admin.token");
    std::fs::create_dir_all(&file).expect("a folder stands in the way");
    let config = home.path().join(format!("trunkline-{}.toml", daemon.address().port()));
    let failed = Command::new(env!("CARGO_BIN_EXE_trunkline")).arg("run").arg("--config").arg(config).output();
    let failed = failed.expect("it runs");
    let told = String::from_utf8_lossy(&failed.stderr);
    assert!(failed.status.code() == Some(2) && told.contains("daemon.data_dir: cannot write"), "{told}");
    std::fs::remove_dir(&file).expect("out of the way");
    daemon.start().await;
    let secret = std::fs::read_to_string(&file).expect("written");
    assert_eq!(status(&daemon, secret.trim()).await, 200);
    daemon.terminate().await;
}
