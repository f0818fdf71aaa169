//! Calls to an environment's api: bounded in time and size, with a token that may change, to nowhere else.

use std::time::{Duration, Instant};

use bellwether_settings::Rotating;
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::wire::{Answered, BundleStatistics, ParityRows, StageBundle};
use crate::console::Health;

/// No answer is larger: parity rows of a bundle are the largest.
const MAX_BYTES: usize = 8 << 20;
/// How long a look at `/ready` may take.
const READY_PATIENCE: Duration = Duration::from_secs(2);
/// So much of an answer that is an error is told.
const TOLD_CHARACTERS: usize = 300;

/// Why a call was not answered as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The settings name none.
    #[error("no api is set for it")]
    NotSet,
    /// It cannot be reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("it did not answer within {}", seconds(.0))]
    Late(Duration),
    /// It answered another status than 200.
    #[error("it answered {status}{}", with_detail(.detail))]
    Status {
        /// Which.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// Its answer cannot be read.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
}

impl ApiError {
    /// The same without a word of what it answered, which may be of what it was sent.
    pub(crate) fn without_its_words(&self) -> String {
        match self {
            Self::Status { status, .. } => format!("it answered {status}"),
            Self::Unreadable(_) => "its answer cannot be read".to_owned(),
            Self::NotSet | Self::Unreachable(_) | Self::Late(_) => self.to_string(),
        }
    }

    /// Whether it does not answer at all.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::NotSet | Self::Unreachable(_) | Self::Late(_))
    }
}

fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn with_detail(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

/// What is shown to an api to be let in.
#[derive(Clone)]
pub struct ApiToken {
    rotating: Rotating,
    key: String,
    first: SecretString,
}

impl ApiToken {
    /// The token of the setting `key`, as `environments.stage.api.token`, with the value it has at the start; empty
    /// where none is shown.
    pub fn new(rotating: Rotating, key: impl Into<String>, first: SecretString) -> Self {
        Self { rotating, key: key.into(), first }
    }

    fn current(&self) -> SecretString {
        self.rotating.current(&self.key).unwrap_or_else(|| self.first.clone())
    }

    async fn renewed(&self) -> Option<SecretString> {
        self.rotating.renewed(&self.key).await
    }
}

/// The api of one environment.
#[derive(Clone)]
pub struct EnvironmentApi {
    client: Client,
    url: String,
    token: ApiToken,
    patience: Duration,
}

/// A call's answer: its status, its body, and how long it took.
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    took: Duration,
}

impl EnvironmentApi {
    /// The api at `url` (empty where there is none), each call of which may take `patience`.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn new(url: &str, token: ApiToken, patience: Duration) -> Result<Self, ApiError> {
        // Another part of the process may have chosen the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            // A redirect could lead from https to http, and the token with it.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ApiError::Unreachable(error.to_string()))?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), token, patience })
    }

    /// What it says of itself. Never fails, and takes two seconds at most.
    pub(crate) async fn health(&self) -> Health {
        match self.call(Method::GET, "/ready", None, READY_PATIENCE.min(self.patience)).await {
            Ok(reply) if reply.status == StatusCode::OK => Health::Ready,
            Ok(reply) => Health::NotReady(error_of(&reply).to_string()),
            Err(error) => Health::Unreachable(error.to_string()),
        }
    }

    /// Every bundle in its models folder, loaded or not.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn bundles(&self) -> Result<Vec<StageBundle>, ApiError> {
        self.get("/bundles").await
    }

    /// A bundle's parity rows. `uid` is one that a document names: letters, digits, `-_.`.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn parity(&self, uid: &str) -> Result<ParityRows, ApiError> {
        self.get(&format!("/bundles/{uid}/parity")).await
    }

    /// What a bundle's training saw. `uid` is as for [`EnvironmentApi::parity`].
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn statistics(&self, uid: &str) -> Result<BundleStatistics, ApiError> {
        self.get(&format!("/bundles/{uid}/statistics")).await
    }

    /// Asks for a prediction as a trial; answers how long it took, too.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn predict(&self, input: &Map<String, Value>) -> Result<(Answered, Duration), ApiError> {
        let body = serde_json::to_vec(input).map_err(|error| ApiError::Unreadable(error.to_string()))?;
        let reply = self.call(Method::POST, "/predict", Some(&body), self.patience).await?;
        Ok((read(&reply)?, reply.took))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        read(&self.call(Method::GET, path, None, self.patience).await?)
    }

    /// One call; where the token is turned away, once more with one that is asked for anew.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        patience: Duration,
    ) -> Result<Reply, ApiError> {
        if self.url.is_empty() {
            return Err(ApiError::NotSet);
        }
        let shown = self.token.current();
        let reply = self.once(&method, path, body, &shown, patience).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        match self.token.renewed().await {
            Some(renewed) => self.once(&method, path, body, &renewed, patience).await,
            None => Ok(reply),
        }
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&[u8]>,
        token: &SecretString,
        patience: Duration,
    ) -> Result<Reply, ApiError> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.url))
            .header("x-bellwether-purpose", "trial");
        if !token.expose_secret().is_empty() {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_vec());
        }
        let begun = Instant::now();
        let answer = async {
            let mut response = request.send().await.map_err(unreachable)?;
            let status = response.status();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
                if body.len() + chunk.len() > MAX_BYTES {
                    return Err(ApiError::Unreadable(format!("it is larger than {MAX_BYTES} bytes")));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Reply { status, body, took: begun.elapsed() })
        };
        tokio::time::timeout(patience, answer).await.map_err(|_| ApiError::Late(patience))?
    }
}

/// The failure in words: without the address, which may hold a secret, and with its causes.
#[expect(clippy::needless_pass_by_value, reason = "to be given to map_err")]
fn unreachable(error: reqwest::Error) -> ApiError {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    let mut last = None;
    while let Some(error) = cause {
        last = Some(error.to_string());
        cause = error.source();
    }
    ApiError::Unreachable(last.unwrap_or_else(|| "the connection failed".to_owned()))
}

fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, ApiError> {
    if reply.status != StatusCode::OK {
        return Err(error_of(reply));
    }
    serde_json::from_slice(&reply.body).map_err(|error| ApiError::Unreadable(error.to_string()))
}

/// An answer that is an error, with what a problem+json says of it.
fn error_of(reply: &Reply) -> ApiError {
    let problem: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str()).unwrap_or_default();
    let printable = detail.chars().map(|c| if c.is_control() { ' ' } else { c });
    ApiError::Status { status: reply.status.as_u16(), detail: printable.take(TOLD_CHARACTERS).collect() }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
