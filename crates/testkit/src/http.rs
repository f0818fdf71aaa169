//! HTTP clients for tests. Of TLS, reqwest brings everything but the cryptography, which is ring's here as
//! everywhere.

use reqwest::{Client, ClientBuilder, Response};

/// A client to be configured further.
pub fn builder() -> ClientBuilder {
    // Another test of the process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

/// A client.
///
/// # Panics
/// If none can be made.
pub fn client() -> Client {
    builder().build().expect("a client can be made")
}

/// Asks once.
///
/// # Errors
/// Where there is no answer.
pub async fn get(url: &str) -> reqwest::Result<Response> {
    client().get(url).send().await
}
