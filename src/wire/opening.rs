//! From the configuration to an open bus and store. What fails says which key to mend and how.

use std::time::Duration;

use anyhow::{Context, Error, Result};
use secrecy::{ExposeSecret, SecretString};
use trunkline_bus::{self as bus, BusError};
use trunkline_config::{Settings, StoreBackend, Transport};
use trunkline_mapping::store::{self, OpenFault, Store, StoreError};

/// How long a host that gave no session is asked whether it is there at all.
const PROBE: Duration = Duration::from_secs(3);

/// Opens the bus. A broker that does not answer is no error: events wait on the spool.
pub(crate) async fn open_bus(settings: &Settings) -> Result<bus::Bus> {
    let data_dir = &settings.daemon.data_dir;
    let amqp = &settings.bus.amqp;
    let transport = match settings.bus.transport {
        Transport::Embedded => bus::Transport::Embedded(bus::EmbeddedSettings {
            path: data_dir.join(&settings.bus.embedded.path),
            shards: amqp.shards,
        }),
        Transport::Amqp => {
            let password = amqp.password.clone().unwrap_or_else(|| SecretString::from(String::new()));
            let mut to = bus::AmqpSettings::new(&amqp.host, amqp.port, &amqp.user, password);
            to.vhost.clone_from(&amqp.vhost);
            to.shards = amqp.shards;
            to.tls = amqp.tls.then(|| bus::TlsSettings { ca_file: amqp.ca_file.clone() });
            bus::Transport::Amqp(to)
        }
    };
    let spool = bus::SpoolSettings { dir: data_dir.join("spool"), max_bytes: settings.bus.spool.max_mib << 20 };
    let settings = bus::Settings { transport, spool, limits: bus::Limits::default() };
    bus::Bus::connect(&settings).await.map_err(|error| {
        let key = bus_key(&error);
        Error::new(error).context(format!("{key}: the bus cannot be opened"))
    })
}

/// The key that mends it; the bus's own sentence says how.
fn bus_key(error: &BusError) -> &'static str {
    match error {
        BusError::Refused { .. } => "bus.amqp.user",
        BusError::LeftOverShard { .. } | BusError::Mismatch { .. } => "bus.amqp.shards",
        BusError::CaFile { .. } => "bus.amqp.ca_file",
        BusError::QueueFile { .. } | BusError::InUse { .. } | BusError::Schema { .. } | BusError::Database { .. } => {
            "bus.embedded.path"
        }
        BusError::Spool(_) => "daemon.data_dir",
        _ => "bus",
    }
}

/// Opens the store and brings its schema up to date.
pub(crate) async fn open_store(settings: &Settings) -> Result<Store> {
    let to = match settings.store.backend {
        StoreBackend::Sqlite => {
            let path = settings.daemon.data_dir.join(&settings.store.sqlite.path);
            store::Settings::new(format!("sqlite:{}?mode=rwc", path.display()))
        }
        StoreBackend::Postgres => postgres(&settings.store.postgres)?,
    };
    match Store::open(&to).await {
        Ok(store) => Ok(store),
        Err(error) => {
            let mend = match settings.store.backend {
                StoreBackend::Sqlite => sqlite_mend(settings),
                StoreBackend::Postgres => postgres_mend(&settings.store.postgres, &error).await,
            };
            Err(Error::new(error).context(mend))
        }
    }
}

fn sqlite_mend(settings: &Settings) -> String {
    let path = settings.daemon.data_dir.join(&settings.store.sqlite.path);
    format!("store.sqlite.path: cannot open {}; check the path and its permissions", path.display())
}

/// The key and what to do, in front of what the driver said.
async fn postgres_mend(settings: &trunkline_config::Postgres, error: &StoreError) -> String {
    let trunkline_config::Postgres { host, port, database, user, .. } = settings;
    let (key, mend) = match error.open_fault() {
        OpenFault::Login => {
            ("password", format!("{host}:{port} refuses user {user:?}; mend user, password or pg_hba.conf"))
        }
        OpenFault::Database => {
            ("database", format!("{host}:{port} has no database {database:?}; create it, or mend the name"))
        }
        OpenFault::Rights => {
            ("user", format!("{user:?} may not make tables in {database:?}; make it the database's owner"))
        }
        OpenFault::Tls => ("tls", format!("no TLS with {host}:{port}; mend tls, ca_file or the server's certificate")),
        OpenFault::Other => match answers(host, *port).await {
            Ok(()) => {
                ("host", format!("{host}:{port} gives no session; is that PostgreSQL, and has it connections left?"))
            }
            Err(why) => {
                ("host", format!("nothing answers at {host}:{port} ({why}); start PostgreSQL, or mend host and port"))
            }
        },
    };
    format!("store.postgres.{key}: {mend}")
}

/// Whether anything listens there: the driver tells a refused connection and a silent one alike, as a time that is over.
async fn answers(host: &str, port: u16) -> Result<(), String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match tokio::time::timeout(PROBE, tokio::net::TcpStream::connect((bare, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PROBE.as_secs())),
    }
}

fn postgres(settings: &trunkline_config::Postgres) -> Result<store::Settings> {
    if let Some(file) = settings.ca_file.as_ref().filter(|_| settings.tls) {
        // The driver would only tell that some file is not there.
        std::fs::File::open(file).with_context(|| format!("store.postgres.ca_file: {}", file.display()))?;
    }
    let mut to = store::Settings::new(postgres_url(settings));
    to.password = settings.password.as_ref().map(|password| password.expose_secret().to_owned());
    to.writers = (settings.max_connections / 2).max(1);
    to.readers = (settings.max_connections - to.writers).max(1);
    Ok(to)
}

/// Everything stands in the query, where any character can be written: in the host's place an IPv6 address keeps its
/// brackets and a user's `@` would end the name.
///
/// TLS is all or nothing: with it the certificate must be the host's; without it a certificate that nobody checks is not asked for.
fn postgres_url(settings: &trunkline_config::Postgres) -> String {
    let trunkline_config::Postgres { host, port, database, user, .. } = settings;
    let mut query = form_urlencoded::Serializer::new(String::from("postgres:///?"));
    query.append_pair("host", host).append_pair("port", &port.to_string());
    query.append_pair("user", user).append_pair("dbname", database);
    query.append_pair("sslmode", if settings.tls { "verify-full" } else { "disable" });
    if let Some(file) = settings.ca_file.as_ref().filter(|_| settings.tls) {
        query.append_pair("sslrootcert", &file.display().to_string());
    }
    query.finish()
}

#[cfg(test)]
mod tests;
