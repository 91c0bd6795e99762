//! Certificates for the TLS ports of private servers.

use std::io;
use std::path::Path;

/// A certificate authority of one server alone (`ca.pem`), and that server's certificate and key (`server.pem`,
/// `server.key`) for `localhost` and 127.0.0.1.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    let (authority, certificate, key) = make().map_err(io::Error::other)?;
    std::fs::write(directory.join("ca.pem"), authority)?;
    std::fs::write(directory.join("server.pem"), certificate)?;
    std::fs::write(directory.join("server.key"), key)
}

/// PEM texts of the authority, the certificate and its key.
fn make() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Trunkline test authority");
    let authority_key = rcgen::KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let server_key = rcgen::KeyPair::generate()?;
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = server.signed_by(&server_key, &issuer)?.pem();
    Ok((authority_pem, certificate, server_key.serialize_pem()))
}
