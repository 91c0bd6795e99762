//! From the configuration to an open bus and store.

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use trunkline_bus as bus;
use trunkline_config::{Settings, StoreBackend, Transport};
use trunkline_mapping::store::{self, Store};

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
    bus::Bus::connect(&settings).await.context("the bus cannot be opened")
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
    Store::open(&to).await.context("the store cannot be opened")
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
