//! Takes connections and bounds what a peer may cost.
//!
//! Every connection has a header, a body and a write deadline and a bounded header; their number is capped, further
//! ones wait in the listener's queue. One address may have so many; further ones of it are closed at once. A stop takes no more connections, lets running answers end, ends event streams by
//! the same token, and after a grace time drops what is left.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access::Peer;
use super::addresses::{Addresses, Presence};
use super::settings::Settings;
use super::stall::WriteDeadline;

/// Largest request line and header together, in bytes; more is answered 431 (414 for the line).
const MAX_HEADER: usize = 32 * 1024;
/// Header fields of one request; more are answered 431.
const MAX_FIELDS: usize = 100;

/// Serves `router` until `stop`, then until open connections ended or the grace time is over.
pub async fn serve(listener: TcpListener, router: Router, settings: &Settings, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
    let addresses = Addresses::new(settings.max_connections_per_address, &settings.proxies);
    let connections = TaskTracker::new();
    let dropped = CancellationToken::new();
    let service = TowerToHyperService::new(router);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { break };
        let Some(presence) = addresses.enter(peer.ip()) else {
            metrics::counter!("trunkline_http_connections_refused_total").increment(1);
            tracing::debug!(peer = %peer.ip(), "closed: this address has as many connections as it may");
            continue;
        };
        let (service, settings, stop) = (service.clone(), settings.clone(), stop.clone());
        let connection = Connection { service, settings, stop, _place: place, _presence: presence };
        let dropped = dropped.clone();
        connections.spawn(async move {
            tokio::select! {
                () = dropped.cancelled() => {}
                () = connection.serve(stream, peer.ip()) => {}
            }
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(settings.stop_timeout, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were still open at the end of the grace time");
        dropped.cancel();
        connections.wait().await;
    }
}

/// The next connection once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, place)),
            Err(error) if ends_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections (out of file descriptors?), trying again");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
        }
    }
}

fn ends_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Connection {
    service: TowerToHyperService<Router>,
    settings: Settings,
    stop: CancellationToken,
    /// Given back when the connection is over.
    _place: OwnedSemaphorePermit,
    _presence: Presence,
}

impl Connection {
    async fn serve(self, stream: TcpStream, peer: IpAddr) {
        let _open = Open::count();
        // Answers and events are small: each goes out at once.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(WriteDeadline::new(stream, self.settings.write_timeout));
        let service = self.service;
        let handle = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            service.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.header_timeout)
            .max_buf_size(MAX_HEADER)
            .max_headers(MAX_FIELDS)
            .serve_connection(io, handle);
        let mut connection = std::pin::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}

/// Counts one open connection for as long as it lives.
struct Open;

impl Open {
    fn count() -> Self {
        metrics::gauge!("trunkline_http_connections").increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("trunkline_http_connections").decrement(1.0);
    }
}
