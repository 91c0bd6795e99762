//! What the daemon says when it cannot start: the key and the mend.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use trunkline_test_support::postgres::Postgres;
use trunkline_test_support::rabbit::Rabbit;

/// Runs the daemon on a configuration that cannot work, and waits for its end.
fn run(folder: &Path, configuration: &str) -> Output {
    let file = folder.join("trunkline.toml");
    let data = folder.join("data");
    let configuration = format!("[daemon]\ndata_dir = '{}'\n{configuration}", data.display());
    std::fs::write(&file, configuration).expect("written");
    Command::new(env!("CARGO_BIN_EXE_trunkline")).args(["run", "--config"]).arg(file).output().expect("it runs")
}

fn refused(output: &Output, told: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in told {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn a_port_in_use_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("bound").to_string();
    let output = run(folder.path(), &format!("[http]\nlisten = '{listen}'\n"));
    refused(&output, &["http.listen: cannot listen on", &listen, "Set another address", "in use"]);
}

#[test]
fn all_problems_of_a_configuration_are_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let output =
        run(folder.path(), "[http]\nlisen = 1\n[connectors.a]\nkind = 'avaya-dmcc'\n[connectors.b]\nkind = 'x'\n");
    refused(
        &output,
        &["http.lisen: ", "connectors.a.params.host: ", "connectors.a.params.user: ", "connectors.b.kind: "],
    );
    assert!(!folder.path().join("data").exists(), "nothing is made before the configuration is good");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("data"), "a file stands in the way").expect("written");
    let output = run(folder.path(), "[http]\nlisten = '127.0.0.1:0'\n");
    refused(&output, &["daemon.data_dir: cannot make"]);
}

#[test]
fn files_that_mapping_reads_are_told_with_their_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let plans = folder.path().join("plans");
    std::fs::create_dir(&plans).expect("made");
    std::fs::write(plans.join("beijing.toml"), "site = 7\n").expect("written");
    let files = format!("[mapping]\nidentity_rules = '/nowhere/rules.toml'\ndial_plans = '{}'\n", plans.display());
    let output = run(folder.path(), &format!("[http]\nlisten = 'x'\n{files}"));
    refused(
        &output,
        &[
            "http.listen: ",
            "mapping.identity_rules: cannot read /nowhere/rules.toml",
            "mapping.dial_plans: ",
            "is no good",
        ],
    );
}

#[test]
fn a_store_that_cannot_be_opened_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("data/store.sqlite")).expect("a folder stands in the way");
    let output = run(folder.path(), "[http]\nlisten = '127.0.0.1:0'\n");
    refused(&output, &["store.sqlite.path: cannot open", "check the path"]);
}

/// A configuration whose store is PostgreSQL at `port`, with `more` keys of it.
fn on_postgres(port: u16, more: &str) -> String {
    format!("[http]\nlisten = '127.0.0.1:0'\n[store]\nbackend = 'postgres'\n[store.postgres]\nport = {port}\n{more}")
}

#[test]
fn a_postgresql_that_refuses_is_told_with_the_key_that_mends_it() {
    let server = Postgres::start().expect("starts");
    let hba = server.execute("postgres", "SHOW hba_file").expect("reads");
    let rules = format!(
        "COPY (VALUES ('host all secured 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) TO '{}'",
        hba.trim()
    );
    for sql in [
        "CREATE ROLE secured LOGIN PASSWORD 'right'",
        "CREATE ROLE guest LOGIN",
        "CREATE DATABASE guarded",
        "REVOKE ALL ON DATABASE guarded FROM PUBLIC",
        "GRANT CONNECT ON DATABASE guarded TO PUBLIC",
        &rules,
        "SELECT pg_reload_conf()",
    ] {
        server.execute("postgres", sql).expect(sql);
    }
    server.execute("guarded", "REVOKE ALL ON SCHEMA public FROM PUBLIC").expect("revoked");
    let keys = |user: &str, database: &str| format!("user = '{user}'\ndatabase = '{database}'\npassword = 'wrong'\n");
    for (user, database, told) in [
        ("secured", "postgres", "store.postgres.password: "),
        ("nobody", "postgres", "store.postgres.password: "),
        ("guest", "absent", "store.postgres.database: "),
        ("guest", "guarded", "store.postgres.user: "),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let output = run(folder.path(), &on_postgres(server.port(), &keys(user, database)));
        refused(&output, &[told, "; "]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("wrong"), "the password is not repeated");
    }
}

#[test]
fn a_postgresql_that_is_not_there_is_told_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let output = run(folder.path(), &on_postgres(free, "password = 'x'\n"));
    refused(&output, &["store.postgres.host: nothing answers at 127.0.0.1:", "refused", "mend host and port"]);
}

#[tokio::test]
async fn a_broker_that_refuses_the_login_is_told_with_its_key() {
    let broker = Rabbit::shared().await;
    let folder = tempfile::tempdir().expect("a folder");
    let amqp = format!("port = {}\nuser = '{}'\npassword = 'wrong'\n", broker.port(), broker.user());
    let output =
        run(folder.path(), &format!("[http]\nlisten = '127.0.0.1:0'\n[bus]\ntransport = 'amqp'\n[bus.amqp]\n{amqp}"));
    refused(&output, &["bus.amqp.user: ", "refuses the login of user", "check user, password, vhost"]);
}

/// What the daemon warns of on an address, until it is ready.
fn warnings(listen: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trunkline.toml");
    let data = folder.path().join("data");
    std::fs::write(&file, format!("[daemon]\ndata_dir = '{}'\n[http]\nlisten = '{listen}'\n", data.display()))
        .expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.args(["run", "--config"]).arg(file).env("NO_COLOR", "1").stderr(Stdio::piped());
    let mut daemon = command.spawn().expect("it runs");
    let lines = BufReader::new(daemon.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let warned =
        lines.take_while(|line| !line.contains("ready address=")).filter(|line| line.contains("WARN")).collect();
    daemon.kill().expect("killed");
    daemon.wait().expect("gone");
    warned
}

#[test]
fn http_in_the_open_without_tls_is_warned_of_once() {
    let warned = warnings("0.0.0.0:0");
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("put a TLS proxy before it"), "{warned:?}");
    assert_eq!(warnings("127.0.0.1:0"), [""; 0]);
}
