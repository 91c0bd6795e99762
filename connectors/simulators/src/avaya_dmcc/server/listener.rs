//! Takes connections, plain or TLS, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Shared, connection};

/// Certificate chain and key of the server, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or holds no PEM of the right kind.
    #[error("cannot read {what} from {path}")]
    Pem {
        /// Certificate or key.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate and key do not go together.
    #[error("the certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::Pem { what, path, source }
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed("a certificate", &self.certificate))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(failed("a private key", &self.key))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// A bound listener, not yet serving.
pub(crate) struct Bound {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
}

/// Errors of [`listen`].
#[derive(Debug)]
pub(crate) enum ListenError {
    Tls(TlsError),
    Io(io::Error),
}

/// Binds the address; TLS files are read first.
pub(crate) async fn listen(address: SocketAddr, tls: Option<&Tls>) -> Result<Bound, ListenError> {
    let acceptor = tls.map(Tls::acceptor).transpose().map_err(ListenError::Tls)?;
    let listener = TcpListener::bind(address).await.map_err(ListenError::Io)?;
    let address = listener.local_addr().map_err(ListenError::Io)?;
    Ok(Bound { address, listener, acceptor })
}

impl Bound {
    /// Serves until `stop`. All tasks are tracked, so that stopping can wait for them.
    pub(crate) fn serve(self, shared: Shared, tracker: &TaskTracker, stop: &CancellationToken) {
        tracker.spawn(expire_sessions(shared.clone(), stop.clone()));
        let (tasks, stop) = (tracker.clone(), stop.clone());
        tracker.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = self.listener.accept() => accepted,
                };
                match accepted {
                    Ok((stream, _)) => {
                        tasks.spawn(greet(stream, self.acceptor.clone(), shared.clone(), stop.child_token()));
                    }
                    // Out of file descriptors and the like: others may end meanwhile.
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
    }
}

async fn greet(stream: TcpStream, acceptor: Option<TlsAcceptor>, shared: Shared, closing: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small frames may be late");
    }
    let Some(acceptor) = acceptor else {
        return connection::serve(stream, shared, closing).await;
    };
    match closing.run_until_cancelled(acceptor.accept(stream)).await {
        Some(Ok(stream)) => connection::serve(stream, shared, closing).await,
        Some(Err(error)) => tracing::info!(%error, "a client's TLS handshake failed"),
        None => {}
    }
}

/// Ends sessions when their time is over.
async fn expire_sessions(shared: Shared, stop: CancellationToken) {
    let mut changes = shared.changes();
    loop {
        changes.borrow_and_update();
        let next = shared.lock().expire(Instant::now());
        let due = async {
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = due => {}
            told = changes.changed() => if told.is_err() { return },
        }
    }
}
