//! How a container's health check asks the service beside it, in an image that has neither shell nor curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bellwether_settings::peek;

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much is told of what it says against itself, in characters.
const TOLD: usize = 500;

/// Why a service is not known to be well.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// The setting names no address.
    #[error("{0} names no address to ask")]
    NoAddress(String),
    /// Nobody answers.
    #[error("{url} does not answer: {why}")]
    Silent {
        /// What was asked.
        url: String,
        /// What happened.
        why: String,
    },
    /// It answers that it is not ready.
    #[error("{url} answers {status}: {told}")]
    NotReady {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// The answer's beginning.
        told: String,
    },
}

/// Asks `/ready` where `bind` says that the service listens, and answers what it said. Over TLS the certificate is not
/// checked, as a kubelet does not check it: it is asked over loopback, and names what clients call it by.
pub(crate) async fn ask(bind: &str) -> Result<String, Unhealthy> {
    let address: SocketAddr = peek(bind)
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| Unhealthy::NoAddress(bind.to_owned()))?;
    // The worker's endpoints have no TLS.
    let tls =
        bind != "worker.bind" && peek("server.tls_certificate_file").is_some_and(|file| !file.is_empty());
    let url = format!("{}://{}/ready", if tls { "https" } else { "http" }, within(address));
    let silent = |error: reqwest::Error| Unhealthy::Silent { url: url.clone(), why: innermost(&error) };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .map_err(silent)?;
    let answer = client.get(&url).send().await.map_err(silent)?;
    let status = answer.status();
    let told: String = answer.text().await.map_err(silent)?.chars().take(TOLD).collect();
    if status.is_success() {
        Ok(told)
    } else {
        Err(Unhealthy::NotReady { url, status: status.as_u16(), told })
    }
}

/// Where a process on the same machine reaches what listens on `address`.
fn within(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, address.port())
}

/// The cause at the bottom: what lies above it names the address once more.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_on_loopback() {
        let asked = |address: &str| within(address.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:8000"), "127.0.0.1:8000");
        assert_eq!(asked("[::]:8000"), "[::1]:8000");
        assert_eq!(asked("10.1.2.3:8000"), "10.1.2.3:8000");
    }
}
