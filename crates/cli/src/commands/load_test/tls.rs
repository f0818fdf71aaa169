//! TLS to an api that speaks https.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes TLS connections to one host.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For a host whose certificate the public authorities vouch for, or those of a PEM file.
    ///
    /// # Errors
    /// Naming what cannot be used.
    pub(super) fn new(host: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(ca_file)?)
            .with_no_client_auth();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name =
            ServerName::try_from(host).context("--url: the host is no name that a certificate bears")?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Shakes hands over a connection.
    ///
    /// # Errors
    /// Where the certificate does not hold, or the connection breaks.
    pub(super) async fn connect(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

fn roots(ca_file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let Some(file) = ca_file else {
        return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
    };
    let shown = file.display();
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).with_context(|| format!("--ca-file: {shown} cannot be read"))?;
    for certificate in certificates {
        let certificate = certificate.with_context(|| format!("--ca-file: {shown} is no PEM file"))?;
        roots.add(certificate).with_context(|| format!("--ca-file: {shown} holds a wrong certificate"))?;
    }
    ensure!(!roots.is_empty(), "--ca-file: {shown} holds no certificate");
    Ok(roots)
}
