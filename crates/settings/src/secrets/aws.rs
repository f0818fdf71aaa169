//! Secrets in AWS Secrets Manager. Region and credentials are found as AWS's own tools find them: variables, web
//! identity (IRSA), container and instance roles; `AWS_ENDPOINT_URL` is honoured.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use secrecy::SecretString;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{SecretError, SecretSource};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// For a secret all in all, finding credentials included: a start without AWS says so within 10 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// Secrets Manager. Nothing is asked for before the first secret is.
#[derive(Debug, Default)]
pub struct AwsSecrets {
    client: OnceCell<Client>,
}

impl AwsSecrets {
    async fn get(&self, name: &str) -> Result<SecretString, SecretError> {
        let client = self.client.get_or_init(client).await;
        let answer = client.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|error| refusal(&error))?;
        let text = answer.secret_string.map(SecretString::from);
        text.ok_or_else(|| {
            SecretError::Unavailable("Secrets Manager has it as bytes, not as a text".to_owned())
        })
    }
}

#[async_trait]
impl SecretSource for AwsSecrets {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        timeout(PATIENCE, self.get(name)).await.unwrap_or_else(|_| {
            let patience = PATIENCE.as_secs();
            Err(SecretError::Unavailable(format!("Secrets Manager did not answer within {patience} s")))
        })
    }
}

async fn client() -> Client {
    // Named, because this build has no other: the SDK's default client is not in it.
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    Client::new(&config.load().await)
}

/// Why there is no secret, in one line. An error holds the question, never a value.
fn refusal(error: &SdkError<GetSecretValueError>) -> SecretError {
    let Some(answer) = error.as_service_error() else {
        return SecretError::Unavailable(causes(error));
    };
    if answer.is_resource_not_found_exception() {
        return SecretError::Missing("Secrets Manager knows none of that name".to_owned());
    }
    let told = [answer.code(), answer.message()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let told = if told.is_empty() { "no reason given".to_owned() } else { told };
    SecretError::Unavailable(format!("Secrets Manager refuses: {told}"))
}

/// An error and what caused it; each says only its own part.
fn causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    // Some causes are lists of lines.
    told.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}
