//! What carries an email, whichever way.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bellwether_store::{Login, LoginDetails};
use lettre::Address;
use secrecy::ExposeSecret;

use crate::smtp::Renewal;
use crate::smtp_url::SmtpUrl;
use crate::{FolderMailer, Letter, MessageError, SmtpMailer};

/// How mail is handed over.
#[derive(Clone)]
pub struct MailOptions {
    /// `smtp://`, `smtp://…?tls=required` (STARTTLS), `smtps://`, or `file:///folder`; user and password
    /// percent-encoded, or beside it.
    pub login: LoginDetails,
    /// Asked for another user and password when the server turns these away.
    pub renewal: Arc<dyn Login>,
    /// A PEM file of certificates to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl MailOptions {
    /// A login that stays as it is, and the public certificates.
    pub fn new(login: LoginDetails) -> Self {
        Self { renewal: Arc::new(login.clone()), login, ca_file: None }
    }
}

/// What became of a letter that the server dealt with: each recipient is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// These have it.
    pub delivered: Vec<Address>,
    /// The server refused these for now, with its words.
    pub deferred: Vec<(Address, String)>,
    /// The server refused these for good, with its words.
    pub refused: Vec<(Address, String)>,
}

/// Why a letter as a whole went to nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no talking to the server: it is away, does not let us in, or the folder cannot be written.
    /// No letter's fault.
    #[error("cannot reach the mail server: {0}")]
    Unreachable(String),
    /// The server does not take it now.
    #[error("not taken for now: {0}")]
    Transient(String),
    /// The server will never take it.
    #[error("refused: {0}")]
    Permanent(String),
}

/// Carries letters.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Carries one letter. May be dropped at any moment, and then leaves nothing half done behind.
    ///
    /// # Errors
    /// When nobody has the letter.
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError>;

    /// Tells whether letters could be carried, without carrying one.
    ///
    /// # Errors
    /// [`SendError::Unreachable`] with the reason why not.
    async fn check(&self) -> Result<(), SendError>;
}

/// Email options that make no sense.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The URL; its words do not repeat it, since it may hold a password.
    #[error("the mail server's URL: {0}")]
    Url(String),
    /// The certificates to trust.
    #[error("the certificates to trust: {0}")]
    Certificates(String),
    /// An address.
    #[error(transparent)]
    Address(#[from] MessageError),
}

/// The mailer that the options name. Connects to nothing yet.
///
/// # Errors
/// When the URL or the certificate file makes no sense.
pub fn mailer(options: &MailOptions, connections: usize) -> Result<Arc<dyn Mailer>, MailerError> {
    let url = url::Url::parse(options.login.url.expose_secret())
        .map_err(|error| MailerError::Url(error.to_string()))?;
    if url.scheme() == "file" {
        let folder =
            url.to_file_path().map_err(|()| MailerError::Url("expected file:///folder".to_owned()))?;
        return Ok(Arc::new(FolderMailer::new(folder)));
    }
    let url = SmtpUrl::of(&options.login, options.ca_file.as_deref())?;
    let renewal = Renewal { login: options.renewal.clone(), ca_file: options.ca_file.clone() };
    Ok(Arc::new(SmtpMailer::new(url, renewal, connections)))
}
