//! PostgreSQL as it is configured: with TLS, and under names that a URL cannot hold as they are.

use std::path::PathBuf;

use anyhow::Result;
use trunkline_mapping::store::Store;
use trunkline_test_support::postgres::Postgres;

fn configured(server: &Postgres, ca_file: Option<PathBuf>) -> trunkline_config::Postgres {
    trunkline_config::Postgres {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        database: "postgres".to_owned(),
        user: "postgres".to_owned(),
        password: None,
        password_file: None,
        tls: true,
        ca_file,
        max_connections: 2,
    }
}

async fn open(settings: &trunkline_config::Postgres) -> Result<Store> {
    Ok(Store::open(&super::postgres(settings)?).await?)
}

async fn refusal(settings: &trunkline_config::Postgres) -> String {
    match open(settings).await {
        Ok(_) => panic!("the store opened"),
        Err(refused) => format!("{refused:#}"),
    }
}

#[tokio::test]
async fn a_store_with_tls_is_encrypted_and_its_server_verified() {
    let server = Postgres::start_with_tls().expect("starts");
    let store = open(&configured(&server, Some(server.ca_file()))).await.expect("the server is who it says");
    let encrypted = "SELECT count(*) > 0 AND bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                     WHERE a.application_name = 'trunkline'";
    assert_eq!(server.execute("postgres", encrypted).expect("reads").trim(), "t");
    store.close().await.expect("closes");

    let other = Postgres::start_with_tls().expect("starts");
    for unknown in [Some(other.ca_file()), None] {
        let said = refusal(&configured(&server, unknown)).await;
        assert!(said.contains("certificate") && said.contains("UnknownIssuer"), "{said}");
    }
    let said = refusal(&configured(&server, Some("/nowhere/ca.pem".into()))).await;
    assert!(said.starts_with("store.postgres.ca_file: /nowhere/ca.pem: No such file"), "{said}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let server = Postgres::start().expect("starts");
    let said = refusal(&configured(&server, None)).await;
    assert!(said.contains("server does not support TLS"), "{said}");
}

#[tokio::test]
async fn names_may_hold_any_character() {
    let server = Postgres::start().expect("starts");
    let (user, database) = ("site admin@bj/1?#:%41", "trunk line&x=1/2?");
    server.execute("postgres", &format!("CREATE ROLE \"{user}\" LOGIN SUPERUSER")).expect("makes a user");
    server.execute("postgres", &format!("CREATE DATABASE \"{database}\"")).expect("makes a database");
    let mut settings = configured(&server, None);
    settings.tls = false;
    settings.user = user.to_owned();
    settings.database = database.to_owned();
    let store = open(&settings).await.expect("opens");
    let seen = server.execute(
        "postgres",
        "SELECT DISTINCT usename || '|' || datname FROM pg_stat_activity WHERE application_name = 'trunkline'",
    );
    assert_eq!(seen.expect("reads").trim(), format!("{user}|{database}"));
    store.close().await.expect("closes");
}
