//! TLS as a client: who is believed and who is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use trunkline_connectors::contract::Tls;
use trunkline_connectors::drive::{LinkState, start};

use crate::line::{FarSide, Peer, client, id};
use crate::store::{Store, host, in_state};

pub(crate) type Ca = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn ca() -> Ca {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA")
}

pub(crate) fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

pub(crate) fn acceptor(params: &CertificateParams, ca: Option<&Ca>) -> TlsAcceptor {
    let key = KeyPair::generate().expect("a key");
    let certificate = match ca {
        Some(ca) => params.signed_by(&key, ca),
        None => params.self_signed(&key),
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate").der().clone()], key);
    TlsAcceptor::from(Arc::new(config.expect("a configuration")))
}

pub(crate) fn trusting(ca: &Ca, folder: &Path) -> Tls {
    let path: PathBuf = folder.join("ca.pem");
    std::fs::write(&path, ca.pem()).expect("written");
    Tls { ca_file: Some(path), ..Tls::default() }
}

/// What the link comes to with such a far side: its state once it is up or down.
async fn outcome(acceptor: TlsAcceptor, tls: Tls) -> LinkState {
    let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
    let link = start(id(), client(far.port(), Some(tls)), host(&store, data.path()));
    let serving = tokio::spawn(async move {
        loop {
            if let Ok(stream) = acceptor.accept(far.accept().await).await {
                let mut peer = Peer::new(stream);
                peer.say("say 1\n").await;
                while peer.hears().await.is_some() {}
            }
        }
    });
    let status = in_state(&link, |state| matches!(state, LinkState::Up | LinkState::Down { .. })).await;
    if status.state == LinkState::Up {
        assert_eq!(store.messages(1).await, ["1"], "and it works");
    }
    serving.abort();
    status.state
}

fn assert_refused(state: &LinkState, word: &str) {
    assert!(matches!(state, LinkState::Down { reason } if reason.contains(word)), "{state:?} should say {word}");
}

#[tokio::test]
async fn a_certificate_of_the_configured_ca_for_this_host_is_believed() {
    let (ca, folder) = (ca(), tempfile::tempdir().expect("a folder"));
    assert_eq!(outcome(acceptor(&params("localhost"), Some(&ca)), trusting(&ca, folder.path())).await, LinkState::Up);
}

#[tokio::test]
async fn expired_self_signed_and_foreign_certificates_are_refused() {
    let (ca, folder) = (ca(), tempfile::tempdir().expect("a folder"));
    let mut expired = params("localhost");
    expired.not_before = rcgen::date_time_ymd(2020, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let refused = outcome(acceptor(&expired, Some(&ca)), trusting(&ca, folder.path())).await;
    assert_refused(&refused, "expired");
    let refused = outcome(acceptor(&params("localhost"), None), trusting(&ca, folder.path())).await;
    assert_refused(&refused, "certificate");
    let foreign = self::ca();
    let refused = outcome(acceptor(&params("localhost"), Some(&foreign)), trusting(&ca, folder.path())).await;
    assert_refused(&refused, "certificate");
}

#[tokio::test]
async fn the_host_name_is_checked_unless_that_was_given_up_or_another_name_is_expected() {
    let (ca, folder) = (ca(), tempfile::tempdir().expect("a folder"));
    let elsewhere = || acceptor(&params("aes.example.com"), Some(&ca));
    let strict = trusting(&ca, folder.path());
    assert_refused(&outcome(elsewhere(), strict.clone()).await, "name");
    let named = Tls { server_name: Some("aes.example.com".to_owned()), ..strict.clone() };
    assert_eq!(outcome(elsewhere(), named).await, LinkState::Up);
    let lenient = Tls { insecure_skip_hostname: true, ..strict };
    assert_eq!(outcome(elsewhere(), lenient.clone()).await, LinkState::Up);
    let foreign = self::ca();
    let refused = outcome(acceptor(&params("aes.example.com"), Some(&foreign)), lenient).await;
    assert_refused(&refused, "certificate");
}

#[tokio::test]
async fn a_missing_ca_file_is_named_by_its_key() {
    let ca = ca();
    let tls = Tls { ca_file: Some("/nowhere/ca.pem".into()), ..Tls::default() };
    let refused = outcome(acceptor(&params("localhost"), Some(&ca)), tls).await;
    assert_refused(&refused, "tls.ca_file: /nowhere/ca.pem");
}

#[tokio::test]
async fn tls_1_1_and_plain_text_are_refused() {
    // A ServerHello of TLS 1.1 (RFC 4346 7.4.1.3): version 3.2, no session id, TLS_RSA_WITH_AES_128_CBC_SHA.
    let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend_from_slice(&[7; 32]);
    hello.extend_from_slice(&[0, 0, 0x2f, 0]);
    for greeting in [hello, b"220 plain text spoken here\r\n".to_vec()] {
        let (store, data, far) = (Store::new(), tempfile::tempdir().expect("a folder"), FarSide::new().await);
        let (ca, folder) = (ca(), tempfile::tempdir().expect("a folder"));
        let link = start(id(), client(far.port(), Some(trusting(&ca, folder.path()))), host(&store, data.path()));
        let mut stream = far.accept().await;
        stream.write_all(&greeting).await.expect("sent");
        let status = in_state(&link, |state| matches!(state, LinkState::Down { .. })).await;
        assert_refused(&status.state, "no TLS with localhost");
        let mut said = Vec::new();
        // The connection may be cut instead of closed.
        let _ = stream.read_to_end(&mut said).await;
        assert!(!String::from_utf8_lossy(&said).contains("hello"), "nothing was said in the clear");
    }
}
