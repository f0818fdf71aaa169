//! How an email is written down.

use bellwether_jobs::{SendFlaggedDigest, SendPredictionEmail};
use bellwether_mail::{AddressBook, Draft, Letter, MessageError};
use chrono::{DateTime, Utc};

use super::{Content, DigestContent};

/// Writes the letter for a prediction, to those of its recipients that are not in `delivered`. The
/// same job makes the same Message-ID, by which mail programs tell a repetition.
///
/// # Errors
/// When a recipient is no address, or there is none.
pub fn letter(
    addresses: &AddressBook,
    email: &SendPredictionEmail,
    delivered: &[String],
    now: DateTime<Utc>,
) -> Result<Letter, MessageError> {
    let content = Content::of(email);
    let build = |error: askama::Error| MessageError::Build(error.to_string());
    let (text, html) = (content.text().map_err(build)?, content.html().map_err(build)?);
    let draft = Draft {
        uid: email.uid,
        environment: email.environment.clone(),
        to: email.recipients.clone(),
        subject: content.subject,
        text,
        html: Some(html),
    };
    written(draft, addresses, delivered, now)
}

/// Writes the letter for a digest, as [`letter`] does.
///
/// # Errors
/// As [`letter`].
pub fn digest_letter(
    addresses: &AddressBook,
    digest: &SendFlaggedDigest,
    content: &DigestContent,
    delivered: &[String],
    now: DateTime<Utc>,
) -> Result<Letter, MessageError> {
    let build = |error: askama::Error| MessageError::Build(error.to_string());
    let (text, html) = (content.text().map_err(build)?, content.html().map_err(build)?);
    let draft = Draft {
        uid: digest.uid,
        environment: digest.environment.clone(),
        to: digest.recipients.clone(),
        subject: content.subject.clone(),
        text,
        html: Some(html),
    };
    written(draft, addresses, delivered, now)
}

fn written(
    draft: Draft,
    addresses: &AddressBook,
    delivered: &[String],
    now: DateTime<Utc>,
) -> Result<Letter, MessageError> {
    let mut letter = draft.write(addresses, now)?;
    letter.to.retain(|address| !delivered.iter().any(|has| has.as_str() == AsRef::<str>::as_ref(address)));
    Ok(letter)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[path = "message_tests.rs"]
mod tests;
