//! An archive in S3, or in what speaks like it.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore as _, ObjectStoreExt as _, RetryConfig};
use url::Url;

use super::{ArchiveError, ArchiveOperation, ArchiveStore, LIST_PAGE, is_key};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How an object is encrypted where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    BucketDefault,
    /// With keys of S3's own (SSE-S3).
    Aes256,
    /// With a key of the key management service: this one, or the bucket's.
    Kms(Option<String>),
}

/// Where the archive is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// `s3://bucket/prefix`.
    pub url: String,
    /// The region; none means as the environment says.
    pub region: Option<String>,
    /// Another endpoint than AWS's; one of `http://` is spoken to without TLS.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path, rather than in the host's name.
    pub path_style: bool,
    /// How objects are encrypted.
    pub encryption: Encryption,
    /// How long one request may take; default 10 s.
    pub timeout: Duration,
}

impl S3Options {
    /// Encrypted by S3's own keys, and found as the environment says.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            region: None,
            endpoint: None,
            path_style: false,
            encryption: Encryption::Aes256,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Why an S3 archive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum S3ArchiveError {
    /// The URL is not `s3://bucket/prefix`, or its prefix holds what no key may.
    #[error("expected s3://bucket/prefix, of letters, digits and -_=.")]
    Url,
    /// The endpoint is no URL of http or https.
    #[error("the endpoint: expected https://host or http://host; an address for a host needs path_style")]
    Endpoint,
    /// Anything else that makes no sense.
    #[error("S3 cannot be spoken to")]
    Options(#[source] object_store::Error),
}

/// Objects in a bucket, below a prefix.
#[derive(Debug)]
pub struct S3Archive {
    store: AmazonS3,
    prefix: String,
}

impl S3Archive {
    /// An archive as `options` say; credentials, and what they leave open, as the `AWS_…` variables among
    /// `variables` say, or as the instance's or the container's role does. Nothing is asked for yet.
    ///
    /// # Errors
    /// [`S3ArchiveError`].
    pub fn open(
        options: &S3Options,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, S3ArchiveError> {
        // The HTTP client takes the process's; only the first call sets it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = Url::parse(&options.url).map_err(|_| S3ArchiveError::Url)?;
        let (bucket, prefix) = (url.host_str().unwrap_or_default(), url.path().trim_matches('/'));
        if url.scheme() != "s3" || bucket.is_empty() || !(prefix.is_empty() || is_key(prefix)) {
            return Err(S3ArchiveError::Url);
        }
        let builder = configured(options, variables).with_bucket_name(bucket);
        let builder = placed(builder, bucket, options.path_style)?;
        let store = builder.build().map_err(S3ArchiveError::Options)?;
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { store, prefix })
    }

    fn path(&self, operation: ArchiveOperation, key: &str) -> Result<Path, ArchiveError> {
        if !is_key(key) {
            return Err(ArchiveError::new(operation, key, "not a key"));
        }
        Path::parse(format!("{}{key}", self.prefix)).map_err(|error| ArchiveError::new(operation, key, error))
    }
}

fn configured(options: &S3Options, variables: impl Iterator<Item = (String, String)>) -> AmazonS3Builder {
    let variables = variables.chain(encryption(&options.encryption));
    let builder = variables.filter(|(name, _)| name.starts_with("AWS_")).fold(
        AmazonS3Builder::new(),
        |builder, (name, value)| match name.to_ascii_lowercase().parse() {
            Ok(key) => builder.with_config(key, value),
            Err(_) => builder,
        },
    );
    let client = AmazonS3ConfigKey::Client;
    let seconds = |duration: Duration| format!("{} seconds", duration.as_secs_f64());
    let mut builder = builder
        .with_config(client(ClientConfigKey::Timeout), seconds(options.timeout))
        .with_config(client(ClientConfigKey::ConnectTimeout), seconds(options.timeout.min(CONNECT_TIMEOUT)))
        // One request an object: not every store that speaks like S3 takes many at once.
        .with_disable_bulk_delete(true)
        .with_retry(retries());
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    builder
}

/// Encryption as variables say it: the builder has no other way to name all its kinds.
fn encryption(encryption: &Encryption) -> Vec<(String, String)> {
    let (kind, key) = match encryption {
        Encryption::BucketDefault => return Vec::new(),
        Encryption::Aes256 => ("AES256", None),
        Encryption::Kms(key) => ("aws:kms", key.clone()),
    };
    let kind = ("AWS_SERVER_SIDE_ENCRYPTION".to_owned(), kind.to_owned());
    let key = key.map(|key| ("AWS_SSE_KMS_KEY_ID".to_owned(), key));
    [kind].into_iter().chain(key).collect()
}

/// Few and short: the relay has more patience, and tells of every failure.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        base: 2.0,
    };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) }
}

/// Where requests go: the bucket in the host's name or in the path, and without TLS only where that was said.
fn placed(
    mut builder: AmazonS3Builder,
    bucket: &str,
    path_style: bool,
) -> Result<AmazonS3Builder, S3ArchiveError> {
    builder = builder.with_virtual_hosted_style_request(!path_style);
    let named = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let Some(endpoint) = named.iter().find_map(|key| builder.get_config_value(key)) else {
        return Ok(builder);
    };
    let mut endpoint = Url::parse(&endpoint).map_err(|_| S3ArchiveError::Endpoint)?;
    let host = endpoint.host_str().ok_or(S3ArchiveError::Endpoint)?;
    if !["http", "https"].contains(&endpoint.scheme()) {
        return Err(S3ArchiveError::Endpoint);
    }
    if !path_style {
        let host = format!("{bucket}.{host}");
        endpoint.set_host(Some(&host)).map_err(|_| S3ArchiveError::Endpoint)?;
    }
    let plain = endpoint.scheme() == "http";
    let endpoint = endpoint.as_str().trim_end_matches('/').to_owned();
    Ok(builder.with_allow_http(plain).with_config(AmazonS3ConfigKey::S3Endpoint, endpoint))
}

#[async_trait]
impl ArchiveStore for S3Archive {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let path = self.path(ArchiveOperation::Put, key)?;
        let put = self.store.put(&path, bytes.into()).await;
        put.map(drop).map_err(|error| ArchiveError::new(ArchiveOperation::Put, key, error))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let path = self.path(ArchiveOperation::Get, key)?;
        let bytes = async { self.store.get(&path).await?.bytes().await };
        match bytes.await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(ArchiveError::new(ArchiveOperation::Get, key, error)),
        }
    }

    async fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<String>, ArchiveError> {
        let path = self.path(ArchiveOperation::List, folder)?;
        let found = match after {
            Some(after) => {
                self.store.list_with_offset(Some(&path), &self.path(ArchiveOperation::List, after)?)
            }
            None => self.store.list(Some(&path)),
        };
        let mut found = found.take(LIST_PAGE);
        let mut keys = Vec::new();
        while let Some(object) = found.next().await {
            let object = object.map_err(|error| ArchiveError::new(ArchiveOperation::List, folder, error))?;
            let key = object.location.as_ref().strip_prefix(&self.prefix);
            keys.extend(key.map(str::to_owned));
        }
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), ArchiveError> {
        let path = self.path(ArchiveOperation::Delete, key)?;
        match self.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ArchiveError::new(ArchiveOperation::Delete, key, error)),
        }
    }
}
