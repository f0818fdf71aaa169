//! How an email is written down: headers, parts, addresses.

use std::time::SystemTime;

use bellwether_jobs::SendPredictionEmail;
use chrono::{DateTime, Utc};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::{Content, Letter};

/// An email that cannot be written down.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not an address.
    #[error("`{address}` is no email address: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither the prediction nor the operator names a recipient.
    #[error("no recipient is named: neither by the email nor by the operator")]
    NoRecipient,
    /// The parts cannot be put together.
    #[error("the email cannot be written: {0}")]
    Build(String),
}

/// Who sends, and who receives where nobody else is named.
#[derive(Debug, Clone)]
pub struct AddressBook {
    from: Mailbox,
    operators: Vec<Mailbox>,
}

/// Tells other machines that no person wrote this: no out-of-office replies.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl AddressBook {
    /// A book of the sender and the operator's recipients.
    ///
    /// # Errors
    /// [`MessageError::Address`].
    pub fn new(from: &str, operators: &[String]) -> Result<Self, MessageError> {
        Ok(Self { from: mailbox(from)?, operators: mailboxes(operators)? })
    }

    /// Writes the letter for a prediction, to those of its recipients that are not in `delivered`. The
    /// same job makes the same Message-ID, by which mail programs tell a repetition.
    ///
    /// # Errors
    /// When a recipient is no address, or there is none.
    pub fn letter(
        &self,
        email: &SendPredictionEmail,
        delivered: &[String],
        now: DateTime<Utc>,
    ) -> Result<Letter, MessageError> {
        let recipients =
            if email.recipients.is_empty() { self.operators.clone() } else { mailboxes(&email.recipients)? };
        if recipients.is_empty() {
            return Err(MessageError::NoRecipient);
        }
        let content = Content::of(email);
        let build = |error: &dyn std::fmt::Display| MessageError::Build(error.to_string());
        let text = content.text().map_err(|error| build(&error))?;
        let html = content.html().map_err(|error| build(&error))?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .date(SystemTime::from(now))
            .message_id(Some(message_id(email)))
            .header(AutoSubmitted)
            .subject(content.subject.clone());
        let mut to: Vec<Address> = Vec::new();
        for recipient in recipients {
            // Addresses are compared as they are written: the part before the @ is the server's to fold.
            if !to.contains(&recipient.email) {
                to.push(recipient.email.clone());
                message = message.to(recipient);
            }
        }
        let message = message
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|error| build(&error))?;
        to.retain(|address| !delivered.iter().any(|has| has.as_str() == AsRef::<str>::as_ref(address)));
        Ok(Letter { uid: email.uid, from: self.from.email.clone(), to, bytes: message.formatted() })
    }
}

/// `<uid@bellwether.environment>`. The environment is ours, but it comes out of a stored payload.
fn message_id(email: &SendPredictionEmail) -> String {
    let environment: String = email.environment.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("<{}@bellwether.{environment}>", email.uid).replace(".>", ">")
}

fn mailboxes(addresses: &[String]) -> Result<Vec<Mailbox>, MessageError> {
    addresses.iter().map(|address| mailbox(address)).collect()
}

fn mailbox(address: &str) -> Result<Mailbox, MessageError> {
    let fault = |reason: String| MessageError::Address {
        address: address.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        reason,
    };
    if address.chars().any(char::is_control) {
        return Err(fault("control characters".to_owned()));
    }
    address.parse().map_err(|error: lettre::address::AddressError| fault(error.to_string()))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
