//! What a daemon under test is told: the private servers it works with, and its connectors.

use std::path::Path;

use crate::postgres::Postgres;
use crate::rabbit::Rabbit;

/// The configuration of a daemon that keeps its files in `data`, on a broker's virtual host and a database, as TOML
/// without `http`.
pub fn on_servers(data: &Path, rabbit: &Rabbit, vhost: &str, postgres: &Postgres, database: &str) -> String {
    format!(
        r#"
[daemon]
data_dir = "{data}"
[bus]
transport = "amqp"
[bus.amqp]
host = "127.0.0.1"
port = {amqp}
vhost = "{vhost}"
user = "{user}"
password = "{password}"
[store]
backend = "postgres"
[store.postgres]
host = "127.0.0.1"
port = {sql}
database = "{database}"
user = "postgres"
password = "unused: the server trusts this machine"
"#,
        data = data.display(),
        amqp = rabbit.port(),
        user = rabbit.user(),
        password = rabbit.password(),
        sql = postgres.port(),
    )
}

/// A connector to a simulated AES on this machine, with one skill and one VDN, where `trunkline` has `password`.
pub fn avaya(name: &str, port: u16, password: &str, stations: &str) -> String {
    format!(
        r#"
[connectors.{name}]
kind = "avaya-dmcc"
[connectors.{name}.params]
host = "127.0.0.1"
port = {port}
tls = {{ enabled = false }}
user = "trunkline"
password = "{password}"
switch_name = "CM1"
stations = ["{stations}"]
skills = ["601"]
vdns = ["65067"]
monitor_rate_per_second = 100
"#
    )
}
