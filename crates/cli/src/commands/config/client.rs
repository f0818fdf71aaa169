//! Calls to the console's API: to this machine or over https, with the token and to nowhere else.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::{Method, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url};

use super::printed::plain;
use crate::args::ConsoleArgs;

/// Where the token is read from. Never from an argument, which every process of the machine could read.
const TOKEN_VARIABLE: &str = "BELLWETHER_CONSOLE_TOKEN";
/// How long a call may take beyond what it is asked to wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks one console.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

/// A call that the console refused, or could not answer.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    /// The HTTP status.
    #[serde(skip)]
    pub(super) status: u16,
    /// What the console says.
    #[serde(default)]
    detail: String,
    /// Which fields are at fault.
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    field: String,
    message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the console answered {}: {}", self.status, plain(&self.detail))?;
        for Fault { field, message } in &self.errors {
            write!(out, "\n  {}: {}", plain(field), plain(message))?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl Client {
    /// For the console meant, with the token of the environment.
    ///
    /// # Errors
    /// Where the token is missing, or would travel in the clear.
    pub(super) fn new(console: &ConsoleArgs) -> anyhow::Result<Self> {
        let url = &console.url;
        let here = is_here(url);
        ensure!(
            url.scheme() == "https" || url.scheme() == "http",
            "--url: expected http:// or https://, not {}://",
            url.scheme()
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "--url: expected no credentials: the token is read from {TOKEN_VARIABLE}"
        );
        if url.scheme() == "http" && !here {
            let host = url.host_str().unwrap_or_default();
            bail!("--url: the token is not sent over http to {host}, where others could read it: use https");
        }
        let token = std::env::var(TOKEN_VARIABLE).unwrap_or_default();
        ensure!(!token.is_empty(), "{TOKEN_VARIABLE}: expected a token of the console, as bwc_…");
        // Another part of the process may have chosen the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect could lead the token elsewhere.
        let mut http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        if here {
            // A proxy could, too.
            http = http.no_proxy();
        }
        let http = http.build().context("no calls can be made")?;
        Ok(Self { http, base: url.as_str().trim_end_matches('/').to_owned(), token: token.into() })
    }

    /// Reads something; `path` begins with `/api/`.
    ///
    /// # Errors
    /// [`Refused`], or why the console cannot be asked.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.call(Method::GET, path, None, PATIENCE).await
    }

    /// Reads something that is not answered before it is another, or before `wait` is over.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(super) async fn get_within<T: DeserializeOwned>(
        &self,
        path: &str,
        wait: Duration,
    ) -> anyhow::Result<T> {
        self.call(Method::GET, path, None, wait + PATIENCE).await
    }

    /// Does something.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        self.call(Method::POST, path, Some(body), PATIENCE).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        patience: Duration,
    ) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url).bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.timeout(patience).send().await;
        let answer = answer.with_context(|| format!("{} cannot be asked", self.base))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refused(answer).await.into());
        }
        let text = answer.bytes().await.with_context(|| format!("{} broke off", self.base))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} answered what no console of this version does", self.base))
    }
}

/// Whether a call to there does not leave the machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn refused(answer: Response) -> Refused {
    let status = answer.status();
    let text = answer.bytes().await.unwrap_or_default();
    let told = serde_json::from_slice::<Refused>(&text).unwrap_or_else(|_| Refused {
        status: 0,
        detail: status.canonical_reason().unwrap_or("no reason is given").to_owned(),
        errors: Vec::new(),
    });
    Refused { status: status.as_u16(), ..told }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_here() {
        for here in ["http://127.0.0.1:8001", "http://localhost:8001/", "http://[::1]:1", "http://127.9.9.9"]
        {
            assert!(is_here(&here.parse().unwrap()), "{here}");
        }
        for elsewhere in [
            "http://10.0.0.1",
            "http://console.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "http://[::2]",
            "http://0.0.0.0",
        ] {
            assert!(!is_here(&elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}
