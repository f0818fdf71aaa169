//! How a MySQL database is entered, and how patient its callers are.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::ExposeSecret as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::{LoginDetails, StoreError};

/// Whether the way to the database is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MysqlTls {
    /// Never.
    Off,
    /// Where the server can.
    Preferred,
    /// Always, whoever the server is.
    Required,
    /// Always, and the server's certificate and name are checked.
    Verify,
}

/// How a MySQL database is opened.
#[derive(Debug, Clone)]
pub struct MysqlOptions {
    /// Whether the way there is encrypted; default [`MysqlTls::Preferred`].
    pub tls: MysqlTls,
    /// A PEM file of certificates that [`MysqlTls::Verify`] trusts beside the public ones; default none.
    pub ca_file: Option<PathBuf>,
    /// The most connections at a time; default 10.
    pub max_connections: u32,
    /// How long a call waits for a connection; default 3 s.
    pub acquire_timeout: Duration,
    /// How long one statement may take before its connection is given up; default 10 s.
    pub statement_timeout: Duration,
}

impl Default for MysqlOptions {
    fn default() -> Self {
        Self {
            tls: MysqlTls::Preferred,
            ca_file: None,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
        }
    }
}

impl MysqlOptions {
    /// How the driver connects: what the login says, over the URL, over the driver's defaults.
    pub(super) fn connect(&self, login: &LoginDetails) -> Result<MySqlConnectOptions, StoreError> {
        let mut connect = MySqlConnectOptions::from_str(login.url.expose_secret())?
            .ssl_mode(match self.tls {
                MysqlTls::Off => MySqlSslMode::Disabled,
                MysqlTls::Preferred => MySqlSslMode::Preferred,
                MysqlTls::Required => MySqlSslMode::Required,
                MysqlTls::Verify => MySqlSslMode::VerifyIdentity,
            })
            // `session` sets the whole mode.
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(Some("+00:00".to_owned()));
        // The driver would look an IPv6 address up with its brackets.
        if let Some(address) = connect.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            connect = connect.clone().host(address);
        }
        if !login.user.expose_secret().is_empty() {
            connect = connect.username(login.user.expose_secret());
        }
        if !login.password.expose_secret().is_empty() {
            connect = connect.password(login.password.expose_secret());
        }
        if let Some(file) = &self.ca_file {
            connect = connect.ssl_ca_from_pem(certificates(file)?);
        }
        Ok(connect)
    }

    /// What every new connection is told: values that do not fit are errors, transactions see what is
    /// committed, and nobody waits for a lock for longer than for a statement.
    pub(super) fn session(&self) -> String {
        let seconds = self.statement_timeout.as_secs().max(1);
        format!(
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
             SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds},
                 sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
        )
    }
}

/// A PEM file's text, once it is known to hold certificates: the driver would take an empty one in silence.
fn certificates(file: &Path) -> Result<Vec<u8>, StoreError> {
    let unreadable = |reason: String| StoreError::Engine(format!("{}: {reason}", file.display()).into());
    let pem = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let mut certificates = CertificateDer::pem_slice_iter(&pem).peekable();
    if certificates.peek().is_none() {
        return Err(unreadable("no certificates in PEM form".to_owned()));
    }
    if certificates.any(|certificate| certificate.is_err()) {
        return Err(unreadable("a certificate that cannot be read".to_owned()));
    }
    Ok(pem)
}
