//! An email ready to be handed over, and why one could not be written.

use lettre::Address;
use uuid::Uuid;

/// An email, written down and addressed.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Names it: the same email has the same, however often it is sent.
    pub uid: Uuid,
    /// Who sends it.
    pub from: Address,
    /// Who is to have it now: those named in its header, less those who have it already.
    pub to: Vec<Address>,
    /// Headers and body, as RFC 5322 has them.
    pub bytes: Vec<u8>,
}

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
    /// Neither the email nor the operator names a recipient.
    #[error("no recipient is named: neither by the email nor by the operator")]
    NoRecipient,
    /// The parts cannot be put together.
    #[error("the email cannot be written: {0}")]
    Build(String),
}
