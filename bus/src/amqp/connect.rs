//! Opening one connection: address, TLS, login.

use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use secrecy::ExposeSecret;

use crate::{AmqpSettings, BusError};

/// An answer must come within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a connection that does not recover by itself. `name` is shown by the broker.
pub(super) async fn open(settings: &AmqpSettings, name: &str) -> Result<Connection, BusError> {
    open_with_heartbeat(settings, name, settings.heartbeat_seconds).await
}

/// As [`open`], with its own time after which a silent link counts as broken.
pub(super) async fn open_with_heartbeat(
    settings: &AmqpSettings,
    name: &str,
    heartbeat: u16,
) -> Result<Connection, BusError> {
    let tls = tls_config(settings).await?;
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let runtime = lapin::runtime::default_runtime().map_err(failed("starting the client"))?;
    let opening = Connection::connect_uri_with_config(uri(settings, heartbeat), properties, tls, runtime);
    match tokio::time::timeout(PATIENCE, opening).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(explained(settings, &error)),
        Err(_) => Err(unreachable(settings, format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

pub(super) fn failed(doing: &'static str) -> impl FnOnce(lapin::Error) -> BusError {
    move |cause| BusError::Broker { doing, cause }
}

/// Whether the broker closed the channel or connection with this AMQP reply code.
pub(super) fn has_code(error: &lapin::Error, code: u16) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(amqp) if amqp.get_id() == code)
}

fn uri(settings: &AmqpSettings, heartbeat: u16) -> AMQPUri {
    AMQPUri {
        scheme: if settings.tls.is_some() { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: settings.user.clone(),
                password: settings.password.expose_secret().to_owned(),
            },
            host: settings.host.clone(),
            port: settings.port,
        },
        vhost: settings.vhost.clone(),
        query: AMQPQueryString { heartbeat: Some(heartbeat), ..AMQPQueryString::default() },
    }
}

async fn tls_config(settings: &AmqpSettings) -> Result<OwnedTLSConfig, BusError> {
    let Some(path) = settings.tls.as_ref().and_then(|tls| tls.ca_file.as_ref()) else {
        return Ok(OwnedTLSConfig::default());
    };
    match tokio::fs::read_to_string(path).await {
        Ok(pem) => Ok(OwnedTLSConfig { cert_chain: Some(pem), ..OwnedTLSConfig::default() }),
        Err(cause) => Err(BusError::CaFile { path: path.clone(), cause }),
    }
}

fn address(settings: &AmqpSettings) -> String {
    format!("{}:{}", settings.host, settings.port)
}

fn unreachable(settings: &AmqpSettings, cause: String) -> BusError {
    BusError::Unreachable { address: address(settings), cause }
}

fn explained(settings: &AmqpSettings, error: &lapin::Error) -> BusError {
    match error.kind() {
        // access-refused, not-found and not-allowed: user, password or vhost.
        ErrorKind::ProtocolError(amqp) if [403, 404, 530].contains(&amqp.get_id()) => BusError::Refused {
            address: address(settings),
            user: settings.user.clone(),
            vhost: settings.vhost.clone(),
            reason: amqp.get_message().to_string(),
        },
        _ => unreachable(settings, error.to_string()),
    }
}
