//! TLS as a client: rustls with ring, version 1.2 or newer, the system's CAs or those of a file.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::contract::Tls;

/// Why TLS cannot be set up; each sentence names the key.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("tls.ca_file: {path} cannot be read as PEM certificates: {cause}")]
    CaFile { path: PathBuf, cause: rustls_pki_types::pem::Error },
    #[error("tls.ca_file: {path} holds no certificate")]
    NoCertificate { path: PathBuf },
    #[error("the system has no trusted certificates; install ca-certificates or set tls.ca_file")]
    NoSystemCertificates,
    #[error("tls.server_name: {name:?} is no host name or address")]
    ServerName { name: String },
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
    #[error("TLS cannot be set up: {0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

/// A client configuration. Reads files (blocking, small).
pub(super) fn client_config(tls: &Tls) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(roots(tls)?);
    let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
    let name = tls.server_name.as_deref().map(server_name).transpose()?;
    let verifier = Verifier { inner, name, any_name: tls.insecure_skip_hostname };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        // "Dangerous" is what rustls calls any verifier of one's own; this one only changes which name is checked.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// The name to ask for and to check.
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName { name: name.to_owned() })
}

fn roots(tls: &Tls) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &tls.ca_file {
        let broken = |cause| TlsError::CaFile { path: path.clone(), cause };
        for certificate in CertificateDer::pem_file_iter(path).map_err(broken)? {
            roots.add(certificate.map_err(broken)?)?;
        }
        return if roots.is_empty() { Err(TlsError::NoCertificate { path: path.clone() }) } else { Ok(roots) };
    }
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemCertificates) } else { Ok(roots) }
}

/// Checks the chain always, and the name unless that was explicitly given up.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    /// Checked instead of the name that was asked for.
    name: Option<ServerName<'static>>,
    any_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let name = self.name.as_ref().unwrap_or(server_name);
        // The chain is checked before the name, so a name error says that the chain is good.
        match self.inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
