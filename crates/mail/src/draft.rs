//! How an email is written down: headers and parts.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::{Address, Message};
use uuid::Uuid;

use crate::{AddressBook, Letter, MessageError};

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Names it. The same uid makes the same Message-ID, by which mail programs tell a repetition.
    pub uid: Uuid,
    /// Where it comes from: `prod`. Part of the Message-ID.
    pub environment: String,
    /// To whom, as `a@example.org` or `Name <a@example.org>`; empty for the operator's recipients.
    pub to: Vec<String>,
    /// The subject. Line breaks and other control characters become spaces.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML, where it is sent in both.
    pub html: Option<String>,
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

impl Draft {
    /// Writes the letter, to everyone it names.
    ///
    /// # Errors
    /// When a recipient is no address, or there is none.
    pub fn write(self, addresses: &AddressBook, now: DateTime<Utc>) -> Result<Letter, MessageError> {
        let recipients = addresses.recipients(&self.to)?;
        let to: Vec<Address> = recipients.iter().map(|recipient| recipient.email.clone()).collect();
        let subject: String = self.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut message = Message::builder()
            .from(addresses.from.clone())
            .date(SystemTime::from(now))
            .message_id(Some(self.message_id()))
            .header(AutoSubmitted)
            .subject(subject);
        for recipient in recipients {
            message = message.to(recipient);
        }
        let message = match self.html {
            Some(html) => message.multipart(MultiPart::alternative_plain_html(self.text, html)),
            None => message.singlepart(SinglePart::plain(self.text)),
        };
        let message = message.map_err(|error| MessageError::Build(error.to_string()))?;
        let from = addresses.from.email.clone();
        Ok(Letter { uid: self.uid, from, to, bytes: message.formatted() })
    }

    /// `<uid@bellwether.environment>`. The environment is ours, but it may come out of a stored payload.
    fn message_id(&self) -> String {
        let environment: String = self.environment.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("<{}@bellwether.{environment}>", self.uid).replace(".>", ">")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "draft_tests.rs"]
mod tests;
