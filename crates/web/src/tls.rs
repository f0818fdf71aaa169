//! TLS on our own port, by rustls: 1.2 and 1.3. A certificate whose files change is taken up without a
//! restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A handshake looks at the files so often, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why TLS cannot be spoken, naming the setting.
#[derive(Debug, thiserror::Error)]
#[error("{key}: `{path}` cannot be used: {why}")]
pub struct TlsError {
    key: &'static str,
    path: String,
    why: String,
}

/// What a server needs to speak TLS with this certificate and key, both PEM.
///
/// # Errors
/// Where one of them cannot be read, or they do not belong together.
pub fn server_config(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
    let stamp = files.stamp();
    let current = ArcSwap::from(files.read(&provider)?);
    let looked = Mutex::new((Instant::now(), stamp));
    let certificate = Certificate { files, provider: Arc::clone(&provider), current, looked };
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| TlsError {
        key: "server.tls_certificate_file",
        path: certificate.files.certificate.display().to_string(),
        why: error.to_string(),
    })?;
    Ok(builder.with_no_client_auth().with_cert_resolver(Arc::new(certificate)))
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

type Stamp = [Option<SystemTime>; 2];

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).ok()?.modified().ok())
    }

    fn read(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let wrong = |key, path: &Path, why: String| TlsError { key, path: path.display().to_string(), why };
        let wrong_certificate = |why| wrong("server.tls_certificate_file", &self.certificate, why);
        let wrong_key = |why| wrong("server.tls_key_file", &self.key, why);
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| wrong_certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(wrong_certificate("it holds no certificate".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| wrong_key(error.to_string()))?;
        let pair = CertifiedKey::from_der(chain, key, provider);
        Ok(Arc::new(pair.map_err(|error| wrong_key(error.to_string()))?))
    }
}

/// The certificate that is shown at the moment.
struct Certificate {
    files: Files,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    /// When the files were looked at, and how they were when they were last read.
    looked: Mutex<(Instant, Stamp)>,
}

impl Certificate {
    /// Reads the files where they changed. Files that are half written are read again later; until then
    /// the certificate that is there is shown.
    fn look(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.0.elapsed() < LOOK_EVERY {
            return;
        }
        looked.0 = Instant::now();
        let stamp = self.files.stamp();
        if stamp == looked.1 {
            return;
        }
        match self.files.read(&self.provider) {
            Ok(pair) => {
                self.current.store(pair);
                looked.1 = stamp;
                tracing::info!("a changed certificate is shown from now on");
            }
            Err(error) => {
                tracing::warn!(%error, "a changed certificate cannot be used; the old one is shown");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.look();
        Some(self.current.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("file", &self.files.certificate).finish_non_exhaustive()
    }
}
