//! Sends emails by SMTP, over connections that are kept.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bellwether_store::Login;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::time::{Instant, timeout};

use crate::smtp_url::{Encryption, SmtpUrl};
use crate::{Letter, Mailer, Outcome, SendError};

/// A connection idle for longer is closed rather than used: servers hang up after minutes.
const IDLE: Duration = Duration::from_secs(30);

/// Sends letters over kept connections of lettre's.
///
/// Not over lettre's own pool. That one takes a connection back whose command was dropped half way, as a
/// timeout drops it, and then reads the answer to one letter as the answer to the next: a letter counts
/// as sent that the server never took. Here a connection is back only after a letter is through. Speaking
/// the commands one by one also tells which recipient the server refuses, and lets the others have it.
pub struct SmtpMailer {
    url: ArcSwap<SmtpUrl>,
    renewal: Renewal,
    hello: ClientId,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    kept: usize,
}

impl SmtpMailer {
    /// A mailer that keeps up to `kept` connections. Connects to nothing yet.
    pub(crate) fn new(url: SmtpUrl, renewal: Renewal, kept: usize) -> Self {
        let url = ArcSwap::from_pointee(url);
        Self { url, renewal, hello: ClientId::default(), idle: Mutex::default(), kept }
    }

    /// A kept connection that still answers, or a new one. Whatever fails here is not the letter's fault,
    /// be it a refused password.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        // lettre bounds the connecting only: a server that accepts and says nothing would be waited for.
        let patience = self.url.load().connect_timeout;
        while let Some(mut connection) = self.take() {
            if timeout(patience, connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
        }
        match timeout(patience, self.enter()).await {
            Ok(entered) => entered.map_err(|error| SendError::Unreachable(said(&error))),
            Err(_) => Err(SendError::Unreachable(format!("no answer within {patience:?}"))),
        }
    }

    /// A connection; where the server turns the password away, one with a password read anew.
    async fn enter(&self) -> Result<AsyncSmtpConnection, Error> {
        let url = self.url.load_full();
        match self.connect(&url).await {
            Err(error) if is_refused_login(&error) => {}
            connected => return connected,
        }
        let renewed = self.renewal.login.renewed().await;
        match SmtpUrl::of(&renewed, self.renewal.ca_file.as_deref()) {
            Ok(renewed) => self.url.store(Arc::new(renewed)),
            Err(error) => tracing::error!(%error, "the mail server's renewed login makes no sense"),
        }
        let url = self.url.load_full();
        self.connect(&url).await
    }

    async fn connect(&self, url: &SmtpUrl) -> Result<AsyncSmtpConnection, Error> {
        let open = |tls: Option<TlsParameters>| {
            let server = (url.host.as_str(), url.port);
            AsyncSmtpConnection::connect_tokio1(server, Some(url.connect_timeout), &self.hello, tls, None)
        };
        let mut connection = match &url.encryption {
            Encryption::None => open(None).await?,
            Encryption::Wrapped(tls) => open(Some(tls.clone())).await?,
            Encryption::StartTls(tls) => {
                let mut connection = open(None).await?;
                connection.starttls(tls.clone(), &self.hello).await?;
                connection
            }
        };
        if let Some(credentials) = &url.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < self.kept && !connection.has_broken() {
            idle.push((connection, Instant::now()));
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &Letter) -> Result<Outcome, SendError> {
        let mut connection = self.connection().await?;
        let outcome = hand_over(&mut connection, letter).await?;
        self.keep(connection);
        Ok(outcome)
    }

    async fn check(&self) -> Result<(), SendError> {
        self.keep(self.connection().await?);
        Ok(())
    }
}

/// One letter's commands. An error leaves the connection in an unknown state: it is not kept.
async fn hand_over(connection: &mut AsyncSmtpConnection, letter: &Letter) -> Result<Outcome, SendError> {
    let international =
        letter.to.iter().chain([&letter.from]).any(|address| !AsRef::<str>::as_ref(address).is_ascii());
    let mut parameters = Vec::new();
    if international {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let message = "an address is not ASCII, and the server does not take such (SMTPUTF8)";
            return Err(SendError::Permanent(message.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let mail = Mail::new(Some(letter.from.clone()), parameters);
    connection.command(mail).await.map_err(verdict)?;

    let mut outcome = Outcome::default();
    for recipient in &letter.to {
        match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
            Ok(_) => outcome.delivered.push(recipient.clone()),
            Err(error) if error.is_permanent() => outcome.refused.push(with_words(recipient, &error)),
            Err(error) if error.is_transient() => outcome.deferred.push(with_words(recipient, &error)),
            Err(error) => return Err(verdict(error)),
        }
    }
    if outcome.delivered.is_empty() {
        connection.command(Rset).await.map_err(verdict)?;
    } else {
        connection.command(Data).await.map_err(verdict)?;
        connection.message(&letter.bytes).await.map_err(verdict)?;
    }
    Ok(outcome)
}

fn with_words(recipient: &Address, error: &Error) -> (Address, String) {
    (recipient.clone(), said(error))
}

/// Where another password comes from.
pub(crate) struct Renewal {
    pub(crate) login: Arc<dyn Login>,
    pub(crate) ca_file: Option<PathBuf>,
}

fn is_refused_login(error: &Error) -> bool {
    error.status().is_some_and(|code| [530, 534, 535, 538].contains(&u16::from(code)))
}

/// The server is closing down, or wants us to authenticate first: no letter's fault.
const NOT_LET_IN: [u16; 5] = [421, 530, 534, 535, 538];

/// What an error within a letter means for it. Only the server's own refusal is for good; a connection
/// that broke is not even known to have been refused.
#[expect(clippy::needless_pass_by_value, reason = "to be given to map_err")]
fn verdict(error: Error) -> SendError {
    if error.status().is_some_and(|code| NOT_LET_IN.contains(&code.into())) {
        SendError::Unreachable(said(&error))
    } else if error.is_permanent() {
        SendError::Permanent(said(&error))
    } else {
        SendError::Transient(said(&error))
    }
}

/// The error with its causes, on one line.
fn said(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words.replace(['\r', '\n'], " ")
}
