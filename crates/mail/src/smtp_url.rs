//! What an SMTP URL says.

use std::path::Path;
use std::time::Duration;

use bellwether_store::LoginDetails;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::MailerError;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a connection is encrypted.
#[derive(Clone)]
pub(crate) enum Encryption {
    /// Not at all.
    None,
    /// From the first byte: `smtps://`.
    Wrapped(TlsParameters),
    /// By STARTTLS, or not used: `?tls=required`.
    StartTls(TlsParameters),
}

/// A mail server and how to enter it.
#[derive(Clone)]
pub(crate) struct SmtpUrl {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) connect_timeout: Duration,
}

impl SmtpUrl {
    /// What a login says: its URL, and user and password where they stand beside it.
    pub(crate) fn of(login: &LoginDetails, ca_file: Option<&Path>) -> Result<Self, MailerError> {
        let url =
            Url::parse(login.url.expose_secret()).map_err(|error| MailerError::Url(error.to_string()))?;
        let mut parsed = Self::parse(&url, ca_file)?;
        let (user, password) = (login.user.expose_secret(), login.password.expose_secret());
        if !user.is_empty() {
            parsed.credentials = Some(Credentials::new(user.to_owned(), password.to_owned()));
        }
        Ok(parsed)
    }

    pub(crate) fn parse(url: &Url, ca_file: Option<&Path>) -> Result<Self, MailerError> {
        let fault = |message: &str| MailerError::Url(message.to_owned());
        // A bracketed IPv6 address is a literal in a URL; the resolver and TLS want it bare.
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| fault("names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = url.query_pairs().find(|(key, _)| key == "tls");
        let (port, encryption) = match (url.scheme(), tls.as_ref().map(|(_, value)| value.as_ref())) {
            ("smtp", None) => (25, Encryption::None),
            ("smtp", Some("required")) => (587, Encryption::StartTls(parameters(&host, ca_file)?)),
            ("smtps", None | Some("required")) => (465, Encryption::Wrapped(parameters(&host, ca_file)?)),
            ("smtp" | "smtps", Some(_)) => return Err(fault("the only tls parameter is `tls=required`")),
            _ => return Err(fault("expected smtp://, smtps:// or file://")),
        };
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(String::from).map_err(|_| fault("user or password is not UTF-8"))
        };
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decode(url.username())?, decode(password)?)),
            None if url.username().is_empty() => None,
            None => return Err(fault("names a user without a password")),
        };
        Ok(Self {
            port: url.port().unwrap_or(port),
            host,
            encryption,
            credentials,
            connect_timeout: CONNECT_TIMEOUT,
        })
    }
}

fn parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, MailerError> {
    let fault = |error: &dyn std::fmt::Display| MailerError::Certificates(error.to_string());
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = ca_file {
        let pem = std::fs::read(file).map_err(|error| fault(&error))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| fault(&error))?);
    }
    builder.build().map_err(|error| fault(&error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "smtp_url_tests.rs"]
mod tests;
