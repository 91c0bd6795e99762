//! We connect, stay connected, and connect again.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::desk::{Desk, Ending, Will};
use super::status::LinkState;
use super::{stream, tls};
use crate::contract::Tls;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Runs until the operator stops the link or the protocol calls its parameters no good. One of the hosts at a time, the
/// first one first.
pub(super) async fn run(desk: &mut Desk, mut hosts: VecDeque<(String, u16)>, tls: Option<&Tls>) -> Ending {
    loop {
        let Some((host, port)) = hosts.front().cloned() else {
            return Ending::Fatal("there is no host to connect to".to_owned());
        };
        let peer = format!("{host}:{port}");
        let (ending, stood) = connection(desk, &host, port, tls, &peer).await;
        if matches!(ending, Ending::Lost(_)) && stood < desk.trunk.host.pace.good_while {
            hosts.rotate_left(1);
        }
        if let Err(ending) = desk.reopen(&peer, ending, stood).await {
            return ending;
        }
    }
}

/// One attempt and, if it succeeds, the whole connection; how it ended and how long it stood.
async fn connection(desk: &mut Desk, host: &str, port: u16, tls: Option<&Tls>, peer: &str) -> (Ending, Duration) {
    if desk.will() != Will::Run {
        return (Ending::Leave, Duration::ZERO);
    }
    desk.trunk.board.state(LinkState::Connecting);
    let attempt = tokio::time::timeout(desk.trunk.host.pace.connect_within, connect(host, port, tls));
    let stream = match desk.attend_while(attempt).await {
        Err(ending) => return (ending, Duration::ZERO),
        Ok(Err(_)) => return (Ending::Lost(format!("{peer} did not answer in time")), Duration::ZERO),
        Ok(Ok(Err(reason))) => return (Ending::Lost(reason), Duration::ZERO),
        Ok(Ok(Ok(stream))) => stream,
    };
    let begun = Instant::now();
    let ending = stream::converse(desk, stream, peer).await;
    (ending, begun.elapsed())
}

/// A connected stream, or a sentence that says what is to be mended.
async fn connect(host: &str, port: u16, tls: Option<&Tls>) -> Result<Box<dyn Stream>, String> {
    let Some(tls) = tls else {
        let stream = reach(host, port).await.map_err(|error| format!("cannot connect to {host}:{port}: {error}"))?;
        return Ok(Box::new(stream));
    };
    // Read anew at each attempt, so that a mended CA file counts without a restart.
    let settings = tls.clone();
    let config = tokio::task::spawn_blocking(move || tls::client_config(&settings))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let name = tls::server_name(tls.server_name.as_deref().unwrap_or(host)).map_err(|error| error.to_string())?;
    let stream = reach(host, port).await.map_err(|error| format!("cannot connect to {host}:{port}: {error}"))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| format!("no TLS with {host}:{port}: {error}"))?;
    Ok(Box::new(stream))
}

/// The first address of the host that answers.
async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
