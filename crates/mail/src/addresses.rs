//! Who sends, and who receives where an email names nobody.

use lettre::message::Mailbox;

use crate::MessageError;

/// Who sends, and who receives where nobody else is named.
#[derive(Debug, Clone)]
pub struct AddressBook {
    pub(crate) from: Mailbox,
    operators: Vec<Mailbox>,
}

impl AddressBook {
    /// A book of the sender, as `a@example.org` or `Name <a@example.org>`, and the operator's recipients.
    ///
    /// # Errors
    /// [`MessageError::Address`].
    pub fn new(from: &str, operators: &[String]) -> Result<Self, MessageError> {
        Ok(Self { from: mailbox(from)?, operators: mailboxes(operators)? })
    }

    /// Those named, or the operator's recipients: each address once, in their order.
    pub(crate) fn recipients(&self, named: &[String]) -> Result<Vec<Mailbox>, MessageError> {
        let all = if named.is_empty() { self.operators.clone() } else { mailboxes(named)? };
        let mut recipients: Vec<Mailbox> = Vec::new();
        for recipient in all {
            // Addresses are compared as they are written: the part before the @ is the server's to fold.
            if !recipients.iter().any(|earlier| earlier.email == recipient.email) {
                recipients.push(recipient);
            }
        }
        if recipients.is_empty() { Err(MessageError::NoRecipient) } else { Ok(recipients) }
    }
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
